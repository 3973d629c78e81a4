//! Plans of commands: computed from rows, shown to people, then applied as they are.

mod clear;
mod mark;
mod select;

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{
    Cause, Change, Dag, DagRun, MapIndex, RunChange, RunId, RunState, TaskInstance, TiChange, TiKey, TiState,
};

pub use clear::{ClearRequest, plan_clear};
pub use mark::{MarkRequest, plan_mark, plan_set_run_state};

/// A DAG with those of its runs that a command may touch.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The DAG (its newest version, or the one that the runs have).
    pub dag: Arc<Dag>,
    /// Runs with all their rows.
    pub runs: Vec<(DagRun, Vec<TaskInstance>)>,
}

/// A task named by a person: id, and one map index or all.
pub type TaskRef = (Arc<str>, Option<MapIndex>);

/// One instance of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedTi {
    /// Airflow's id of its run.
    pub run_id: Arc<str>,
    /// Which one.
    pub key: TiKey,
    /// State now.
    pub from: TiState,
    /// State after.
    pub to: TiState,
    /// `selected`, `upstream`, `downstream`, `setup`, `failed_below` or `run`.
    pub reason: &'static str,
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRun {
    /// Which one.
    pub run: RunId,
    /// Airflow's id.
    pub run_id: Arc<str>,
    /// State now.
    pub from: RunState,
    /// State after.
    pub to: RunState,
    /// `cleared` or `marked`.
    pub reason: &'static str,
}

/// What a command will do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Task instances that change.
    pub task_instances: Vec<PlannedTi>,
    /// Runs that change.
    pub dag_runs: Vec<PlannedRun>,
    /// Sentences for people.
    pub effects: Vec<String>,
    /// The same as changes.
    pub changes: Vec<Change>,
    /// Instances whose process, pod or trigger must be ended.
    pub kill: Vec<TiKey>,
}

impl Plan {
    /// Adds one instance. `row` is its new row.
    fn add(
        &mut self,
        run: &DagRun,
        old: &TaskInstance,
        row: TaskInstance,
        cause: Option<Cause>,
        why: (&'static str, Timestamp),
    ) {
        let (reason, at) = why;
        let (from, to) = (old.state, row.state);
        self.task_instances.push(PlannedTi { run_id: run.run_id.clone(), key: old.key.clone(), from, to, reason });
        if old.state.is_active() || old.state.is_parked() {
            self.kill.push(old.key.clone());
        }
        if row != *old {
            self.changes.push(Change::Ti(Box::new(TiChange { from, row, cause, at })));
        }
    }

    /// Adds one run. `row` is its new row.
    fn add_run(&mut self, old: &DagRun, row: DagRun, reason: &'static str, at: Timestamp) {
        let (run, run_id, from, to) = (old.id, old.run_id.clone(), old.state, row.state);
        self.dag_runs.push(PlannedRun { run, run_id, from, to, reason });
        self.changes.push(Change::Run(Box::new(RunChange { from, row, reason: reason.into(), at })));
    }

    fn effect(&mut self, count: usize, one: &str, many: &str) {
        match count {
            0 => {}
            1 => self.effects.push(format!("1 {one}")),
            n => self.effects.push(format!("{n} {many}")),
        }
    }
}
