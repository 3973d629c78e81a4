//! Takes back what an applied plan did: its document names every state before and after.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::Value;

use super::{acts::find_run, backfill, plans::with_rows, prepared::Prepared};
use crate::{
    error::{Error, Kind, Result},
    protocol::Command,
    scheduler::{WasRun, WasTi, plan_revert},
    store::plan,
};

/// The plan that takes an applied plan back.
///
/// # Errors
/// `NotFound` if there is no such plan; `Refused` if it wasn't applied, or if nothing takes back what it did.
pub fn prepare(tx: &Transaction<'_>, plan_id: &str, now: Timestamp) -> Result<Prepared> {
    let saved = plan::get(tx, plan_id)?.ok_or_else(|| {
        Error::not_found(format!("there is no plan {plan_id:?}")).hint("`dagdeck plans list` names them")
    })?;
    if saved.state != "applied" {
        let hint = format!("`dagdeck plans discard {plan_id}` throws away what isn't applied yet");
        return Err(Error::refused(format!("plan {plan_id} is {}, not applied", saved.state)).hint(hint));
    }
    let broken = |e| Error::system(format!("plan {plan_id} is of another version of dagdeck"), e);
    let command: Command = serde_json::from_str(&saved.command).map_err(broken)?;
    let document: Value = serde_json::from_str(&saved.document).map_err(broken)?;
    match command {
        Command::Clear { .. } | Command::Mark { .. } | Command::SetRunState { .. } => {}
        Command::CreateBackfill { .. } => {
            let id = plan::result(tx, plan_id)?.and_then(|text| text.parse().ok());
            let id = id.ok_or_else(|| Error::refused(format!("plan {plan_id} doesn't say which backfill it began")))?;
            return backfill::cancel(tx, id, now);
        }
        _ => {
            let why = "what is deleted or cancelled is gone";
            return Err(Error::refused(format!("nothing takes back: {}", saved.command_line)).because(why));
        }
    }
    let (instances, runs) = (instances(&document), runs(&document));
    let named = |list: &str| document[list].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<(String, String)> = named("task_instances")
        .iter()
        .chain(&named("dag_runs"))
        .map(|row| (text(row, "dag_id"), text(row, "dag_run_id")))
        .collect();
    rows.sort();
    rows.dedup();
    let Some((dag_id, _)) = rows.first().cloned() else {
        return Err(Error::refused(format!("plan {plan_id} changed nothing")));
    };
    let mut found = Vec::new();
    for (dag_id, run_id) in &rows {
        match find_run(tx, dag_id, run_id) {
            Ok(run) => found.push(run),
            // What is deleted meanwhile needs no old state.
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    let loaded = with_rows(tx, &dag_id, found)?;
    let plan = plan_revert(&loaded, &instances, &runs, now);
    Ok(Prepared::of_changes(&loaded, &dag_id, plan, "set back"))
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn instances(document: &Value) -> Vec<WasTi> {
    // Airflow writes the state of an instance without one as null.
    let state = |row: &Value, name: &str| row[name].as_str().unwrap_or("none").parse().ok();
    let one = |row: &Value| {
        Some(WasTi {
            run_id: text(row, "dag_run_id").into(),
            task_id: text(row, "task_id").into(),
            map_index: i32::try_from(row["map_index"].as_i64()?).ok()?,
            from: state(row, "from")?,
            to: state(row, "to")?,
        })
    };
    document["task_instances"].as_array().into_iter().flatten().filter_map(one).collect()
}

fn runs(document: &Value) -> Vec<WasRun> {
    let one = |row: &Value| {
        let state = |name: &str| row[name].as_str()?.parse().ok();
        Some(WasRun { run_id: text(row, "dag_run_id").into(), from: state("from")?, to: state("to")? })
    };
    document["dag_runs"].as_array().into_iter().flatten().filter_map(one).collect()
}
