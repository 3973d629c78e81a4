//! `xcoms`: list, get, set, delete.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    nearest, plan,
    shell::Shell,
    target::{TaskAndValue, TaskName},
};
use crate::{
    error::{Error, Result},
    model::{MapIndex, UNMAPPED},
    protocol::Command,
    store::pages,
};

/// Verbs of `xcoms`.
#[derive(Debug, Subcommand)]
pub enum XcomVerb {
    /// XComs of a run, or of one of its tasks
    #[command(after_help = "Example:\n  dagdeck xcoms list churn latest train -o json")]
    List {
        /// Which; TASK may be left out
        #[command(flatten)]
        of: TaskName,
        /// Only this index
        #[arg(long, value_name = "N")]
        map_index: Option<MapIndex>,
    },
    /// The value of one XCom, as JSON
    #[command(after_help = "Example:\n  dagdeck xcoms get churn latest train --key accuracy")]
    Get {
        /// Which
        #[command(flatten)]
        of: TaskName,
        /// Key
        #[arg(short, long, value_name = "K", default_value = "return_value")]
        key: String,
        /// Index of a mapped task
        #[arg(long, value_name = "N")]
        map_index: Option<MapIndex>,
    },
    /// Write an XCom by hand; VALUE is JSON
    #[command(after_help = "Example:\n  dagdeck xcoms set churn latest gate --key ok true")]
    Set {
        /// Which, and the value
        #[command(flatten)]
        of: TaskAndValue,
        /// Key
        #[arg(short, long, value_name = "K", default_value = "return_value")]
        key: String,
        /// Index of a mapped task
        #[arg(long, value_name = "N")]
        map_index: Option<MapIndex>,
        /// Now or later
        #[command(flatten)]
        later: plan::LaterFlags,
    },
    /// Delete an XCom
    #[command(after_help = "Example:\n  dagdeck xcoms delete churn latest gate --key ok")]
    Delete {
        /// Which
        #[command(flatten)]
        of: TaskName,
        /// Key
        #[arg(short, long, value_name = "K", default_value = "return_value")]
        key: String,
        /// Index of a mapped task
        #[arg(long, value_name = "N")]
        map_index: Option<MapIndex>,
        /// Now or later
        #[command(flatten)]
        later: plan::LaterFlags,
    },
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: XcomVerb, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    match verb {
        XcomVerb::List { of, map_index } => {
            let (run, task) = of.names().run_and_maybe_task(shell, &conn)?;
            let (task_id, index) = task.unzip();
            let index = map_index.or(index.flatten());
            let mut rows = pages::xcom::list(&conn, run.row, task_id.as_deref(), index, None)?;
            let mask = shell.mask(&conn)?;
            rows.iter_mut().for_each(|row| mask.hide(row));
            if !shell.format().is_document() {
                as_text(&mut rows);
            }
            shell.show_rows(rows, &["task_id", "map_index", "key", "value", "timestamp", "source"])?;
        }
        XcomVerb::Get { of, key, map_index } => {
            let of = of.names().instance(shell, &conn)?;
            let index = map_index.or(of.map_index);
            let found = pages::xcom::list(&conn, of.run.row, Some(&of.task_id), index, Some(&key))?;
            let mut value = match &found[..] {
                [one] => one["value"].clone(),
                [] => {
                    let all = pages::xcom::list(&conn, of.run.row, Some(&of.task_id), index, None)?;
                    let mut known: Vec<String> =
                        all.iter().filter_map(|row| row["key"].as_str().map(Into::into)).collect();
                    known.dedup();
                    let what = format!("{} of run {} has no XCom {key:?}", of.task_id, of.run.run_id);
                    return Err(Error::not_found(what).hint(nearest::hint(&key, &known, "it has none at all")));
                }
                // Like Airflow's xcom_pull of a mapped task: the values in order of their index.
                many => many.iter().map(|row| row["value"].clone()).collect(),
            };
            shell.mask(&conn)?.hide(&mut value);
            if value.is_string() && !shell.format().is_document() {
                let text = value.as_str().unwrap_or("").to_owned();
                shell.line(&text)?;
            } else if shell.format().is_document() {
                shell.document(&value)?;
            } else {
                shell.line(&value.to_string())?;
            }
        }
        XcomVerb::Set { of, key, map_index, later } => {
            let mut names = of.names();
            let text = names.take_last("VALUE")?;
            let value: Value = serde_json::from_str(&text).map_err(|e| {
                Error::usage(format!("{text:?} isn't JSON")).because(e).hint(r#"a text is written '"text"'"#)
            })?;
            let of = names.instance(shell, &conn)?;
            change(of, key, map_index, Some(value), later, shell)?;
        }
        XcomVerb::Delete { of, key, map_index, later } => {
            let of = of.names().instance(shell, &conn)?;
            change(of, key, map_index, None, later, shell)?;
        }
    }
    Ok(0)
}

/// A value is shown as the JSON that it is.
pub fn as_text(rows: &mut [Value]) {
    for row in rows {
        row["value"] = row["value"].to_string().into();
    }
}

fn change(
    of: super::target::Instance,
    key: String,
    map_index: Option<MapIndex>,
    value: Option<Value>,
    later: plan::LaterFlags,
    shell: &mut Shell,
) -> Result<()> {
    let (delete, value) = (value.is_none(), value.unwrap_or_default());
    let map_index = map_index.or(of.map_index).unwrap_or(UNMAPPED);
    let document = json!({
        "dag_id": of.run.dag_id, "dag_run_id": of.run.run_id, "task_id": of.task_id, "map_index": map_index, "key": key,
        "deleted": delete,
    });
    let (dag_id, run_id, task_id) = (of.run.dag_id, of.run.run_id, of.task_id);
    let command = Command::SetXcom { dag_id, run_id, task_id, map_index, key, value, delete };
    if plan::write(shell, later, command)?.is_some() {
        shell.show(&document)?;
    }
    Ok(())
}
