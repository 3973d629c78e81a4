//! `tasks render`: the template fields of a task, as a try has rendered them, or as they would be.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{
    refresh,
    shell::{Format, Shell},
    target::{self, Instance},
    task::{OfTask, complete},
};
use crate::{
    command::RunOrDate,
    config::Place,
    error::{Error, Kind, Result},
    model::{MapIndex, UNMAPPED},
    store::pages,
};

/// Renders the fields of a task: of a DAG, of a run or for a date, with a map index.
pub type FieldRenderer = fn(&Place, &str, &str, RunOrDate, MapIndex) -> Result<Map<String, Value>>;

/// Runs the verb; its exit code.
///
/// # Errors
/// `NotFound` for an unknown DAG, run or task, `Refused` for a task that can't be rendered.
pub fn run(of: OfTask, shell: &mut Shell) -> Result<i32> {
    if !shell.place()?.db().exists() {
        refresh::now(shell, None)?;
    }
    let conn = shell.store()?;
    let (task_id, rows) = match of.clone().find(shell, &conn) {
        Ok(of) => (of.task_id.clone(), of_run(&of, &conn, shell)?),
        Err(error) if error.kind == Kind::NotFound => match of.at_a_date(shell, &conn)? {
            Some((dag_id, task_id, map_index, date)) => {
                let row = of_date(shell, &dag_id, &task_id, map_index, date)?;
                (task_id, vec![row])
            }
            None => return Err(error),
        },
        Err(error) => return Err(error),
    };
    print(&task_id, rows, &conn, shell)
}

/// What tries have rendered; else what the next one would.
fn of_run(of: &Instance, conn: &Connection, shell: &Shell) -> Result<Vec<Value>> {
    let stored = pages::task_instance::rendered(conn, of.run.row, Some(&of.task_id), of.map_index)?;
    let mut rows = match (stored.is_empty(), shell.renders) {
        (false, _) => stored,
        (true, Some(renders)) => {
            let index = of.map_index.unwrap_or(UNMAPPED);
            let run = RunOrDate::Run(of.run.row);
            let fields = renders(shell.place()?, &of.run.dag_id, &of.task_id, run, index)?;
            vec![json!({"task_id": of.task_id, "map_index": index, "fields": fields})]
        }
        (true, None) => {
            return Err(Error::not_found(format!("{} has not been rendered in run {} yet", of.task_id, of.run.run_id))
                .hint("fields are rendered when a try starts; `dagdeck tasks explain` says why it hasn't"));
        }
    };
    for row in &mut rows {
        complete(row, &of.run);
    }
    Ok(rows)
}

fn of_date(shell: &Shell, dag_id: &str, task_id: &str, index: MapIndex, date: Timestamp) -> Result<Value> {
    target::fresh_dag(shell, dag_id)?;
    let Some(renders) = shell.renders else {
        return Err(Error::not_found(format!("DAG {dag_id} has no run of {date}")));
    };
    let fields = renders(shell.place()?, dag_id, task_id, RunOrDate::Date(date), index)?;
    Ok(json!({"dag_id": dag_id, "dag_run_id": null, "task_id": task_id, "map_index": index, "fields": fields}))
}

fn print(task_id: &str, mut rows: Vec<Value>, conn: &Connection, shell: &mut Shell) -> Result<i32> {
    let mask = shell.mask(conn)?;
    for row in &mut rows {
        mask.hide(row);
        mask.hide_under_names(&mut row["fields"]);
    }
    if shell.format().is_document() {
        let document = if rows.len() == 1 { rows.remove(0) } else { Value::Array(rows) };
        shell.document(&document)?;
        return Ok(0);
    }
    for row in &rows {
        for (name, value) in row["fields"].as_object().into_iter().flatten() {
            // Airflow's layout: long values keep their lines.
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let index = row["map_index"].as_i64().filter(|i| *i >= 0).map(|i| format!("[{i}]")).unwrap_or_default();
            shell.line(&format!("# {task_id}{index} {name}"))?;
            shell.line(&text)?;
            if shell.format() == Format::Table {
                shell.line("")?;
            }
        }
    }
    Ok(0)
}
