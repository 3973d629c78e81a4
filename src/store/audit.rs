//! The audit log: who did what, with what result.

use rusqlite::{Transaction, params};

use super::failed;
use crate::error::Result;

/// What an act is about, as far as that is work of a DAG.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct About {
    /// DAG.
    pub dag_id: Option<String>,
    /// Runs; none: no run in particular.
    pub run_ids: Vec<String>,
    /// `task` or `task[3]`; none: no task in particular.
    pub tasks: Vec<String>,
}

/// One row to be written.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Unix user, with hints about where from.
    pub who: &'a str,
    /// `tui`, `cli`, `scheduler`.
    pub via: &'a str,
    /// Verb.
    pub action: &'a str,
    /// On what.
    pub target: &'a str,
    /// What it is about.
    pub about: About,
    /// State before, JSON.
    pub before: Option<String>,
    /// State after, JSON.
    pub after: Option<String>,
    /// The same act as a shell command.
    pub command: &'a str,
    /// `ok`, or why not.
    pub result: &'a str,
}

fn list(all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| serde_json::Value::from(all).to_string())
}

/// Writes a row with the current time.
pub fn insert(tx: &Transaction<'_>, entry: &Entry<'_>) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO audit (at, who, via, action, target, before, after, command, result, dag_id, run_ids, tasks) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )
    .and_then(|mut s| {
        s.execute(params![
            crate::clock::now().as_microsecond(),
            entry.who,
            entry.via,
            entry.action,
            entry.target,
            entry.before,
            entry.after,
            entry.command,
            entry.result,
            entry.about.dag_id,
            list(&entry.about.run_ids),
            list(&entry.about.tasks),
        ])
    })
    .map_err(|e| failed("cannot write the audit log", e))?;
    Ok(())
}
