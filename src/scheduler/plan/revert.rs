//! Revert: what an applied plan changed goes back to what it was, as far as nothing has happened since.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Cause, CauseKind, MapIndex, RunState, TaskInstance, TiState};

use super::{
    Loaded, LoadedRun, Plan,
    clear::{cleared, requeued},
    mark::marked,
};

/// An instance of the plan that is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct WasTi {
    /// Airflow's id of its run.
    pub run_id: Arc<str>,
    /// Task.
    pub task_id: Arc<str>,
    /// Index.
    pub map_index: MapIndex,
    /// State before the plan.
    pub from: TiState,
    /// State that the plan gave it.
    pub to: TiState,
}

/// A run of the plan that is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct WasRun {
    /// Airflow's id.
    pub run_id: Arc<str>,
    /// State before the plan.
    pub from: RunState,
    /// State that the plan gave it.
    pub to: RunState,
}

/// What taking back an applied plan would do. An instance that went on since - it started, or somebody changed it - stays as it
/// is, and with it the state of its run.
pub fn plan_revert(loaded: &Loaded, instances: &[WasTi], runs: &[WasRun], now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let (mut went_on, mut ended) = (0, 0);
    for LoadedRun { run, dag, rows } in &loaded.runs {
        let (mut stay, mut back) = (0, 0);
        for was in instances.iter().filter(|was| was.run_id == run.run_id && was.from != was.to) {
            let row = rows.iter().find(|r| r.key.task_id == was.task_id && r.key.map_index == was.map_index);
            let Some(row) = row.filter(|row| is_untouched(row, was.to)) else {
                went_on += 1;
                stay += 1;
                continue;
            };
            if was.from.is_finished() {
                let cause = Cause::new(kind(was.from), format!("set back to {} by hand", was.from));
                let cause = Some(cause).filter(|_| was.from != TiState::Success);
                plan.add(run, row, marked(row, was.from, now), cause, ("reverted", now));
                back += 1;
            } else if was.from.is_active() || was.from.is_parked() {
                // Its process was ended, which nothing takes back.
                ended += 1;
                stay += 1;
            } else {
                plan.add(run, row, cleared(dag, row, true), None, ("reverted", now));
                back += 1;
            }
        }
        let was = runs.iter().find(|was| was.run_id == run.run_id && was.from != was.to);
        let Some(was) = was.filter(|_| stay == 0 || back > 0) else { continue };
        if was.from.is_finished() && !run.state.is_finished() && stay == 0 {
            let mut row = run.clone();
            row.state = was.from;
            row.end_date = Some(now);
            row.start_date = row.start_date.or(Some(now));
            plan.add_run(run, row, "reverted", now);
        } else if !was.from.is_finished() && run.state == was.to {
            plan.add_run(run, requeued(run, None, now), "reverted", now);
        }
    }
    let back = plan.task_instances.len();
    plan.effect(back, "task instance gets its old state", "task instances get their old states");
    let runs = plan.dag_runs.len();
    plan.effect(runs, "run gets its old state", "runs get their old states");
    plan.effect(went_on, "went on since and stays as it is", "went on since and stay as they are");
    plan.effect(
        ended,
        "was ended by the plan and can't be brought back",
        "were ended by the plan and can't be brought back",
    );
    plan
}

/// Nothing has happened to it since the plan: cleared ones may have been looked at, but weren't handed out.
fn is_untouched(row: &TaskInstance, to: TiState) -> bool {
    match to {
        TiState::None => matches!(row.state, TiState::None | TiState::Scheduled),
        other => row.state == other,
    }
}

fn kind(state: TiState) -> CauseKind {
    if state == TiState::Skipped { CauseKind::Skip } else { CauseKind::Killed }
}
