//! Plans of commands: computed from rows, shown to people, then applied as they are.

mod backfill;
mod clear;
mod mark;
mod revert;
mod select;
mod version;

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{
    Cause, Change, Dag, DagRun, DagVersionId, MapIndex, RunChange, RunId, RunState, TaskInstance, TiChange, TiKey,
    TiState, UNMAPPED,
};

pub use backfill::{BackfillDate, BackfillDeed, BackfillEntry, BackfillSpec, left_alone, plan_backfill, some_tasks};
pub use clear::{ClearRequest, plan_clear};
pub use mark::{MarkRequest, plan_mark, plan_set_run_state};
pub use revert::{Applied, WasRun, WasTi, plan_revert};

/// A run that a command may touch.
#[derive(Debug, Clone)]
pub struct LoadedRun {
    /// Its row.
    pub run: DagRun,
    /// The DAG in the version that the run has.
    pub dag: Arc<Dag>,
    /// All its task instances.
    pub rows: Vec<TaskInstance>,
}

/// Those runs of a DAG that a command may touch.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The DAG's newest version, for commands that ask for it.
    pub latest: Option<(DagVersionId, Arc<Dag>)>,
    /// The runs.
    pub runs: Vec<LoadedRun>,
}

/// A task or group named by a person: id, and one map index or all.
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
    /// `selected`, `upstream`, `downstream`, `setup`, `failed_below`, `run`; with another version of the DAG also `added`,
    /// `gone` and `restored`.
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
    /// A line for everything that the plan follows from: as long as these are the same, so is the plan.
    pub basis: Vec<String>,
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
        self.basis.push(format!("{} of run {} is {from} after {} tries", named(&old.key), run.run_id, old.try_number));
        if is_busy(from) {
            self.kill.push(old.key.clone());
        }
        if row != *old {
            self.changes.push(Change::Ti(Box::new(TiChange { from, row, cause, at })));
        }
    }

    /// Adds one run. `row` is its new row.
    fn add_run(&mut self, old: &DagRun, row: DagRun, reason: &'static str, at: Timestamp) {
        let (run, run_id, from, to) = (old.id, old.run_id.clone(), old.state, row.state);
        self.basis.push(format!("run {run_id} is {from}, cleared {} times", old.clear_number));
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

/// A process, pod or trigger belongs to an instance in this state.
fn is_busy(state: TiState) -> bool {
    state.is_active() || state.is_parked()
}

/// `task` or `task[3]`.
fn named(key: &TiKey) -> String {
    if key.map_index == UNMAPPED { key.task_id.to_string() } else { format!("{}[{}]", key.task_id, key.map_index) }
}
