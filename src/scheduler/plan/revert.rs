//! Revert: what an applied plan changed goes back to what it was, as far as nothing has happened since.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Cause, CauseKind, Dag, DagRun, MapIndex, RunState, TaskInstance, TiState};

use super::{
    Loaded, LoadedRun, Plan,
    clear::{cleared, requeued},
    mark::marked,
    named, select,
};

/// Reasons that are named one by one.
const MOST: usize = 5;

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

impl WasTi {
    fn is(&self, run: &DagRun, row: &TaskInstance) -> bool {
        self.run_id == run.run_id && self.task_id == row.key.task_id && self.map_index == row.key.map_index
    }
}

/// A run of the plan that is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct WasRun {
    /// Airflow's id.
    pub run_id: Arc<str>,
    /// State before the plan.
    pub from: RunState,
    /// State that the plan gave it; the one before, if it gave it none.
    pub to: RunState,
}

/// An applied plan that is taken back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// What it did to instances.
    pub instances: Vec<WasTi>,
    /// How their runs were, and what it did to them.
    pub runs: Vec<WasRun>,
    /// When.
    pub at: Timestamp,
}

/// What taking back an applied plan would do. An instance that went on since - it started, something below it started, or
/// somebody changed it - stays as it is, and with it the state of its run. What ended without running because of the plan
/// (below an instance that was marked failed) gets another chance with what it follows from.
pub fn plan_revert(loaded: &Loaded, was: &Applied, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut stays = Vec::new();
    for LoadedRun { run, dag, rows } in &loaded.runs {
        let (before, mut open, mut back) = (stays.len(), Vec::new(), 0);
        for one in was.instances.iter().filter(|one| one.run_id == run.run_id && one.from != one.to) {
            let Some(row) = rows.iter().find(|row| one.is(run, row)) else {
                stays.push(format!("{} isn't there any more", one.task_id));
                continue;
            };
            // Somebody, or the run itself, gave it its old state already.
            if row.state == one.from && one.from.is_finished() {
                continue;
            }
            if let Some(why) = went_on(row, one).or_else(|| began_below(was, run, dag, rows, row)) {
                stays.push(format!(
                    "{} of run {} went on since and stays {}: {why}",
                    named(&row.key),
                    run.run_id,
                    row.state
                ));
            } else if one.from.is_finished() {
                let cause = Cause::new(kind(one.from), format!("set back to {} by hand", one.from));
                let cause = Some(cause).filter(|_| one.from != TiState::Success);
                plan.add(run, row, marked(row, one.from, now), cause, ("reverted", now));
                back += 1;
            } else if one.from.is_active() || one.from.is_parked() {
                // Its process was ended, which nothing takes back.
                stays.push(format!(
                    "{} of run {} was ended by the plan and can't be brought back",
                    named(&row.key),
                    run.run_id
                ));
            } else {
                plan.add(run, row, cleared(dag, row, true), None, ("reverted", now));
                open.push((row.key.task_id.clone(), None));
                back += 1;
            }
        }
        let below = select::tasks(dag, &open, false, true);
        for row in rows.iter().filter(|row| is_decided(row) && row.end_date.is_some_and(|end| end >= was.at)) {
            let follows = below.get(&row.key.task_id).is_some_and(|(why, _)| *why == "downstream");
            if follows && !was.instances.iter().any(|one| one.is(run, row)) {
                plan.add(run, row, cleared(dag, row, true), None, ("followed", now));
            }
        }
        let all_back = stays.len() == before;
        let Some(old) = was.runs.iter().find(|old| old.run_id == run.run_id) else { continue };
        if old.from == run.state || old.from.is_finished() == run.state.is_finished() && !old.from.is_finished() {
            continue;
        }
        if old.from.is_finished() && all_back {
            let mut row = run.clone();
            row.state = old.from;
            row.end_date = Some(now);
            row.start_date = row.start_date.or(Some(now));
            plan.add_run(run, row, "reverted", now);
        } else if !old.from.is_finished() && (back > 0 || all_back) {
            plan.add_run(run, requeued(run, None, now), "reverted", now);
        } else {
            stays.push(format!("so run {} stays {}; it was {}", run.run_id, run.state, old.from));
        }
    }
    let followed = plan.task_instances.iter().filter(|ti| ti.reason == "followed").count();
    let back = plan.task_instances.len() - followed;
    plan.effect(back, "task instance gets its old state", "task instances get their old states");
    plan.effect(
        followed,
        "that ended without running gets another chance",
        "that ended without running get another chance",
    );
    let runs = plan.dag_runs.len();
    plan.effect(runs, "run gets its old state", "runs get their old states");
    let more = stays.len().saturating_sub(MOST);
    plan.effects.extend(stays.into_iter().take(MOST));
    plan.effect(more, "more stays as it is", "more stay as they are");
    plan
}

/// What has happened to an instance since the plan: cleared ones may have been looked at, but weren't handed out.
fn went_on(row: &TaskInstance, was: &WasTi) -> Option<String> {
    let untouched = match was.to {
        TiState::None => matches!(row.state, TiState::None | TiState::Scheduled),
        other => row.state == other,
    };
    (!untouched).then(|| format!("the plan made it {}", was.to))
}

/// Something below an instance that started since the plan.
fn began_below(was: &Applied, run: &DagRun, dag: &Dag, rows: &[TaskInstance], of: &TaskInstance) -> Option<String> {
    let below = dag.relatives(&of.key.task_id, false);
    let started = |row: &&TaskInstance| row.try_number > 0 && row.start_date.is_some_and(|start| start > was.at);
    let began = rows.iter().filter(started).filter(|row| below.contains(&row.key.task_id)).find(|row| {
        let planned = was.instances.iter().find(|one| one.is(run, row));
        // What the plan itself marked was given a start.
        !planned.is_some_and(|one| one.to.is_finished() && went_on(row, one).is_none())
    })?;
    Some(format!("{} has run since", named(&began.key)))
}

/// It ended without running, by a rule.
fn is_decided(row: &TaskInstance) -> bool {
    matches!(row.state, TiState::UpstreamFailed | TiState::Skipped)
}

fn kind(state: TiState) -> CauseKind {
    if state == TiState::Skipped { CauseKind::Skip } else { CauseKind::Killed }
}
