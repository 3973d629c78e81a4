//! Mark: states set by hand, without running anything (semantics, section 11.2).

use jiff::Timestamp;

use crate::model::{Cause, CauseKind, RunId, RunState, TaskInstance, TiState};

use super::{
    super::pass::end_at,
    Loaded, LoadedRun, Plan, TaskRef,
    clear::{cleared, requeued},
    select,
};

/// Which instances are to get which state.
#[derive(Debug, Clone)]
pub struct MarkRequest {
    /// The run.
    pub run: RunId,
    /// Tasks by id, with map index or all.
    pub tasks: Vec<TaskRef>,
    /// `success`, `failed` or `skipped`.
    pub state: TiState,
    /// Also everything above the tasks.
    pub upstream: bool,
    /// Also everything below the tasks, but no teardowns.
    pub downstream: bool,
    /// Also in earlier runs.
    pub past: bool,
    /// Also in later runs.
    pub future: bool,
}

/// What marking task instances would do. As in Airflow what failed below gets another chance (also what was marked failed
/// with it), and so does its run, if it had ended.
pub fn plan_mark(loaded: &Loaded, request: &MarkRequest, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut again = 0;
    for one in select::around(loaded, request.run, request.past, request.future) {
        let LoadedRun { run, dag, rows } = one;
        let mut selected = select::tasks(dag, &request.tasks, request.upstream, request.downstream);
        let stays = |id: &str| dag.tasks.get(id).is_none_or(|task| !task.is_teardown);
        selected.retain(|id, (reason, _)| *reason != "downstream" || stays(id));
        let mut below = select::tasks(dag, &request.tasks, false, true);
        select::with_setups(dag, &mut below);
        let before = again;
        for row in rows {
            let new = select::reason(&selected, row)
                .filter(|_| row.state != request.state)
                .map(|reason| (reason, marked(row, request.state, now)));
            let is_below = below.get(&row.key.task_id).is_some_and(|(why, _)| *why != "selected");
            if is_below && new.as_ref().map_or(row.state, |(_, row)| row.state).is_failure() {
                again += 1;
                plan.add(run, row, cleared(dag, row, false), None, ("failed_below", now));
            } else if let Some((reason, new)) = new {
                plan.add(run, row, new, cause(request.state), (reason, now));
            }
        }
        if again > before {
            plan.add_run(run, requeued(run, None, now), "cleared", now);
        }
    }
    let count = plan.task_instances.len() - again;
    let state = request.state;
    plan.effect(count, &format!("task instance is marked {state}"), &format!("task instances are marked {state}"));
    plan.effect(plan.kill.len(), "of them is active and is ended", "of them are active and are ended");
    plan.effect(again, "failed task instance below is cleared", "failed task instances below are cleared");
    let runs = plan.dag_runs.iter().filter(|run| run.from != run.to).count();
    plan.effect(runs, "finished run is queued again", "finished runs are queued again");
    plan
}

/// What setting the state of the loaded runs would do.
pub fn plan_set_run_state(loaded: &Loaded, state: RunState, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    for LoadedRun { run, dag, rows } in &loaded.runs {
        let mut waits = false;
        if state.is_finished() {
            let end = if state == RunState::Success { TiState::Success } else { TiState::Failed };
            for row in rows.iter().filter(|row| !row.state.is_finished()) {
                if dag.tasks.get(&row.key.task_id).is_some_and(|task| task.is_teardown) {
                    waits = true;
                    continue;
                }
                let to = match row.state {
                    TiState::Running | TiState::Deferred | TiState::AwaitingInput | TiState::UpForReschedule => end,
                    _ => TiState::Skipped,
                };
                plan.add(run, row, marked(row, to, now), cause(to), ("run", now));
            }
        }
        if waits {
            plan.effects.push(format!("{} keeps its state until its teardowns have run", run.run_id));
        } else if run.state != state {
            let mut new = run.clone();
            new.state = state;
            if state.is_finished() {
                new.end_date = Some(now);
            } else {
                new.end_date = None;
                new.start_date = (state == RunState::Running).then_some(now);
                new.queued_at = Some(now);
            }
            plan.add_run(run, new, "marked", now);
        }
    }
    plan.effect(plan.task_instances.len(), "task instance is ended", "task instances are ended");
    plan.effect(plan.kill.len(), "of them is active and is stopped", "of them are active and are stopped");
    let runs = plan.dag_runs.len();
    plan.effect(runs, &format!("run is marked {state}"), &format!("runs are marked {state}"));
    plan
}

/// The row of an instance that gets a state by hand.
pub(super) fn marked(old: &TaskInstance, state: TiState, now: Timestamp) -> TaskInstance {
    let mut row = old.clone();
    row.state = state;
    row.start_date = row.start_date.or(Some(now));
    // What has ended keeps its end, as in Airflow's `TaskInstance.set_state`.
    let end = row.end_date.filter(|_| !super::is_busy(old.state)).unwrap_or(now);
    end_at(&mut row, end);
    row.wake_at = None;
    row
}

fn cause(state: TiState) -> Option<Cause> {
    match state {
        TiState::Success => None,
        TiState::Skipped => Some(Cause::new(CauseKind::Skip, "marked skipped by hand")),
        _ => Some(Cause::new(CauseKind::Killed, format!("marked {state} by hand"))),
    }
}
