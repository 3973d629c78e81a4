//! The vocabulary of the one gate: everything that may happen to stored runs and task instances.
//!
//! The scheduler produces changes, applies them to its memory, and the store writes the same ones in one transaction.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    cause::Cause,
    ids::{RunId, TiKey},
    run::DagRun,
    state::{RunState, TiState},
    task_instance::TaskInstance,
};

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A task instance goes from one state to another.
    Ti(Box<TiChange>),
    /// A run goes from one state to another.
    Run(Box<RunChange>),
    /// A mapped task's instance -1 is replaced by instances 0.. (in `rows`), or missing indexes are added.
    Expand {
        /// Run.
        run: RunId,
        /// Task.
        task_id: Arc<str>,
        /// True: the row with index -1 is deleted first.
        replaces_unmapped: bool,
        /// Rows to insert.
        rows: Vec<TaskInstance>,
    },
    /// A DAG is paused by the scheduler (`max_consecutive_failed_dag_runs`).
    PauseDag {
        /// DAG.
        dag_id: Arc<str>,
        /// Why, for the audit log.
        why: String,
    },
}

/// A task instance's new row, guarded by the state that it expects to replace.
#[derive(Debug, Clone, PartialEq)]
pub struct TiChange {
    /// State that must be stored now; else the change doesn't stick.
    pub from: TiState,
    /// The whole new row; `row.state` is the new state.
    pub row: TaskInstance,
    /// Reason, for every finished instance and for a failed try that is retried.
    pub cause: Option<Cause>,
    /// When.
    pub at: Timestamp,
}

impl TiChange {
    /// Which instance.
    pub fn key(&self) -> &TiKey {
        &self.row.key
    }
}

/// A run's new row, guarded by the state that it expects to replace.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChange {
    /// State that must be stored now.
    pub from: RunState,
    /// The whole new row.
    pub row: DagRun,
    /// `task_failure`, `all_tasks_deadlocked`, `timed_out`, `success`, or a person's act.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
