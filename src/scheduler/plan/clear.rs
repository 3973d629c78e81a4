//! Clear: task instances get another try (semantics, section 11.1).

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Dag, DagRun, RunId, RunState, TaskInstance, TiState};

use super::{Loaded, Plan, TaskRef, select};

/// What is to be cleared. Without tasks and text: everything of the runs.
#[derive(Debug, Clone)]
pub struct ClearRequest {
    /// One run; else those of the dates.
    pub run: Option<RunId>,
    /// Runs from this logical date, inclusive.
    pub start_date: Option<Timestamp>,
    /// Runs to this logical date, inclusive.
    pub end_date: Option<Timestamp>,
    /// Tasks whose id contains this text (Airflow's `--task-regex` is no regular expression).
    pub text: Option<String>,
    /// Tasks by id, with map index or all.
    pub tasks: Vec<TaskRef>,
    /// Also everything above the tasks.
    pub upstream: bool,
    /// Also everything below the tasks.
    pub downstream: bool,
    /// Only failed and upstream_failed instances.
    pub only_failed: bool,
    /// Only running instances.
    pub only_running: bool,
    /// Also in earlier runs.
    pub past: bool,
    /// Also in later runs.
    pub future: bool,
    /// The runs start again; else a finished run stays finished and nothing runs.
    pub reset_dag_runs: bool,
}

impl Default for ClearRequest {
    fn default() -> Self {
        Self {
            run: None,
            start_date: None,
            end_date: None,
            text: None,
            tasks: Vec::new(),
            upstream: false,
            downstream: false,
            only_failed: false,
            only_running: false,
            past: false,
            future: false,
            reset_dag_runs: true,
        }
    }
}

/// What clearing would do.
pub fn plan_clear(loaded: &Loaded, request: &ClearRequest, now: Timestamp) -> Plan {
    let dag = &loaded.dag;
    let selected = selection(dag, request);
    let mut plan = Plan::default();
    let mut idle_runs = 0;
    for (run, rows) in runs(loaded, request) {
        let mut any = false;
        for row in rows {
            let reason = match &selected {
                Some(selected) => select::reason(selected, row),
                None => Some("selected"),
            };
            let Some(reason) = reason.filter(|_| is_wanted(request, row.state)) else { continue };
            any = true;
            plan.add(run, row, cleared(dag, row), None, (reason, now));
        }
        if any && request.reset_dag_runs {
            plan.add_run(run, requeued(run, now), "cleared", now);
        } else if any && run.state.is_finished() {
            idle_runs += 1;
        }
    }
    describe(&mut plan, idle_runs);
    plan
}

/// The row after a clear: no state, or `restarting` while its process is still there.
pub(super) fn cleared(dag: &Dag, old: &TaskInstance) -> TaskInstance {
    let mut row = old.clone();
    if matches!(old.state, TiState::Running | TiState::Restarting) {
        row.state = TiState::Restarting;
        return row;
    }
    row.state = TiState::None;
    row.max_tries = match dag.tasks.get(&old.key.task_id) {
        Some(task) => old.try_number + task.retries,
        None => old.max_tries.max(old.try_number),
    };
    row.queued_when = None;
    row.scheduled_when = None;
    row.start_date = None;
    row.end_date = None;
    row.duration = None;
    row.hostname = None;
    row.pid = None;
    row.external_id = None;
    row.wake_at = None;
    row
}

fn requeued(old: &DagRun, now: Timestamp) -> DagRun {
    let mut row = old.clone();
    row.clear_number += 1;
    row.queued_at = Some(now);
    if old.state.is_finished() {
        row.state = RunState::Queued;
        row.start_date = None;
        row.end_date = None;
    }
    row
}

fn selection(dag: &Dag, request: &ClearRequest) -> Option<select::Selected> {
    if request.tasks.is_empty() && request.text.is_none() {
        return None;
    }
    let mut named = request.tasks.clone();
    if let Some(text) = &request.text {
        let matching = dag.tasks.keys().filter(|id| id.contains(text.as_str()));
        named.extend(matching.map(|id: &Arc<str>| (id.clone(), None)));
    }
    let mut selected = select::tasks(dag, &named, request.upstream, request.downstream);
    select::with_setups(dag, &mut selected);
    Some(selected)
}

fn runs<'a>(loaded: &'a Loaded, request: &ClearRequest) -> Vec<&'a (DagRun, Vec<TaskInstance>)> {
    if let Some(run) = request.run {
        return select::around(loaded, run, request.past, request.future);
    }
    let (start, end) = (request.start_date.filter(|_| !request.past), request.end_date.filter(|_| !request.future));
    let inside = |date: Option<Timestamp>| match date {
        Some(date) => start.is_none_or(|start| date >= start) && end.is_none_or(|end| date <= end),
        None => start.is_none() && end.is_none(),
    };
    loaded.runs.iter().filter(|(run, _)| inside(run.logical_date)).collect()
}

fn is_wanted(request: &ClearRequest, state: TiState) -> bool {
    match (request.only_failed, request.only_running) {
        (false, false) => true,
        (failed, running) => (failed && state.is_failure()) || (running && state == TiState::Running),
    }
}

fn describe(plan: &mut Plan, idle_runs: usize) {
    plan.effect(plan.task_instances.len(), "task instance is cleared", "task instances are cleared");
    plan.effect(plan.kill.len(), "of them is active and is ended first", "of them are active and are ended first");
    let again = plan.dag_runs.iter().filter(|run| run.from != run.to).count();
    plan.effect(again, "finished run is queued again", "finished runs are queued again");
    plan.effect(
        idle_runs,
        "run stays finished: what is cleared in it does not run",
        "runs stay finished: what is cleared in them does not run",
    );
}
