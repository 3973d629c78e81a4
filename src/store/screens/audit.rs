//! The audit log: who did what, before and after.

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{MapIndex, UNMAPPED},
    store::audit::About,
};

use super::{Micros, label, reading};

/// One act.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Row id.
    pub id: i64,
    /// When.
    pub at: Micros,
    /// Who.
    pub who: String,
    /// Through what.
    pub via: String,
    /// Verb.
    pub action: String,
    /// On what.
    pub target: String,
    /// Which work of a DAG that is.
    pub about: About,
    /// How it ended.
    pub result: String,
    /// State before, JSON.
    pub before: Option<String>,
    /// State after, JSON.
    pub after: Option<String>,
    /// The same as a shell command.
    pub command: String,
}

/// What acts are looked for about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// All about a DAG; a run of it; a task instance of that.
    Work {
        /// DAG.
        dag_id: String,
        /// Run; `None`: any, and the DAG itself.
        run_id: Option<String>,
        /// Task and index; `None`: any, and the run itself.
        task: Option<(String, MapIndex)>,
        /// What was said about the group of failures it belongs to.
        fingerprint: Option<String>,
    },
    /// A pool, connection, variable or backfill: what their actions begin with, and the name.
    Named(&'static str, String),
}

impl Subject {
    fn has(&self, row: &AuditRow) -> bool {
        let one_of = |all: &[String], one: &str| all.iter().any(|a| a == one);
        match self {
            Self::Named(kind, name) => row.action.starts_with(kind) && row.target == *name,
            Self::Work { fingerprint: Some(said), .. } if row.target == *said => true,
            Self::Work { dag_id, run_id, task, .. } => {
                let pauses =
                    || matches!(&*row.action, "pause" | "unpause") && row.target.split(' ').any(|d| d == dag_id);
                let Some(run_id) = run_id else { return row.about.dag_id.as_ref() == Some(dag_id) || pauses() };
                row.about.dag_id.as_ref() == Some(dag_id)
                    && one_of(&row.about.run_ids, run_id)
                    && task.as_ref().is_none_or(|(task, index)| {
                        row.about.tasks.is_empty()
                            || one_of(&row.about.tasks, task)
                            || *index != UNMAPPED && one_of(&row.about.tasks, &label(task, *index))
                    })
            }
        }
    }
}

/// The newest acts, newest first; of those about an object only, if it is given.
pub fn load(conn: &Connection, about: Option<&Subject>, limit: usize) -> Result<Vec<AuditRow>> {
    let list = |text: Option<String>| text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default();
    let mut statement = conn
        .prepare_cached(
            "SELECT id, at, who, via, action, target, result, before, after, command, dag_id, run_ids, tasks
             FROM audit ORDER BY id DESC",
        )
        .map_err(reading)?;
    let all = statement
        .query_map([], |r| {
            Ok(AuditRow {
                id: r.get(0)?,
                at: r.get(1)?,
                who: r.get(2)?,
                via: r.get(3)?,
                action: r.get(4)?,
                target: r.get(5)?,
                result: r.get(6)?,
                before: r.get(7)?,
                after: r.get(8)?,
                command: r.get(9)?,
                about: About { dag_id: r.get(10)?, run_ids: list(r.get(11)?), tasks: list(r.get(12)?) },
            })
        })
        .map_err(reading)?;
    let mut found = Vec::new();
    for row in all {
        let row = row.map_err(reading)?;
        if about.is_none_or(|subject| subject.has(&row)) {
            found.push(row);
            if found.len() == limit {
                break;
            }
        }
    }
    Ok(found)
}
