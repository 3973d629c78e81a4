//! `runs show`: one document with everything about a run, read as of one moment.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{shell::Shell, table, target::Names};
use crate::{error::Result, store::pages};

/// Runs the verb; its exit code.
///
/// # Errors
/// What finding and reading the run says.
pub fn run(names: Names, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let run = names.run(shell, &conn)?;
    let mut document = pages::at_one_moment(&conn, |conn| document(conn, run.row))?;
    shell.mask(&conn)?.hide(&mut document);
    if shell.format().is_document() {
        shell.document(&document)?;
    } else {
        let text = text(&document, shell.width);
        shell.text(&text)?;
    }
    Ok(0)
}

/// Everything about a run; nothing is masked yet.
///
/// # Errors
/// `System` if the store can't be read.
pub fn document(conn: &Connection, run: i64) -> Result<Value> {
    Ok(json!({
        "dag_run": pages::run::one(conn, run)?,
        "task_instances": pages::task_instance::list(conn, run, None, None)?,
        "tries": pages::task_instance::tries(conn, run)?,
        "xcoms": pages::xcom::list(conn, run, None, None, None)?,
        "rendered_fields": pages::task_instance::rendered(conn, run, None, None)?,
        "events": pages::run::events(conn, run)?,
    }))
}

fn text(document: &Value, width: Option<usize>) -> String {
    let rows = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    let mut text = table::fields(&document["dag_run"], true);
    let instances: Vec<Value> = rows("task_instances")
        .into_iter()
        .map(|mut row| {
            row["task"] = match row["map_index"].as_i64() {
                Some(index) if index >= 0 => format!("{}[{index}]", table::cell(&row["task_id"], false)).into(),
                _ => row["task_id"].clone(),
            };
            row["state"] = if row["state"].is_null() { "none".into() } else { row["state"].clone() };
            row["try"] = row["try_number"].clone();
            row["why"] = row["cause"]["summary"].clone();
            row
        })
        .collect();
    text.push('\n');
    let columns = ["task", "state", "try", "start_date", "duration", "why"];
    let has_causes = instances.iter().any(|row| !row["why"].is_null());
    text.push_str(&table::aligned(&instances, if has_causes { &columns } else { &columns[..5] }, width));
    let xcoms = rows("xcoms");
    if !xcoms.is_empty() {
        text.push('\n');
        text.push_str(&table::aligned(&xcoms, &["task_id", "map_index", "key", "value"], Some(width.unwrap_or(160))));
    }
    text
}
