//! Clear: task instances get another try (semantics, section 11.1).

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Dag, DagRun, DagVersionId, RunId, RunState, TaskInstance, TiState};

use super::{Loaded, LoadedRun, Plan, TaskRef, is_busy, select, version};

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
    /// Tasks or groups by id, with map index or all.
    pub tasks: Vec<TaskRef>,
    /// Tasks or groups that stay as they are.
    pub exclude: Vec<TaskRef>,
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
    /// Instances get only the retries that they had left, not all of them again.
    pub keep_retries: bool,
    /// What is active stays as it is; else it is ended and starts again.
    pub skip_running: bool,
    /// The runs go on with the newest version of the DAG; else each with its own.
    pub latest_version: bool,
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
            exclude: Vec::new(),
            keep_retries: false,
            skip_running: false,
            latest_version: false,
        }
    }
}

/// What clearing would do.
pub fn plan_clear(loaded: &Loaded, request: &ClearRequest, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let (mut idle_runs, mut newer_runs) = (0, 0);
    // Runs of one version share what is selected.
    let mut known: Option<(Arc<Dag>, Chosen)> = None;
    for one in runs(loaded, request) {
        let newer = loaded.latest.as_ref().filter(|(id, _)| request.latest_version && *id != one.run.dag_version);
        let newer = newer.map(|(id, dag)| (*id, one.run.part_of(dag.clone())));
        let dag = newer.as_ref().map_or(&one.dag, |(_, dag)| dag);
        if known.as_ref().is_none_or(|(of, _)| !Arc::ptr_eq(of, dag)) {
            known = Some((dag.clone(), Chosen::of(dag, request)));
        }
        let Some((_, chosen)) = &known else { continue };
        let wanted = |row: &TaskInstance| chosen.reason(row).filter(|_| is_wanted(request, row.state));
        let mut any = false;
        for row in &one.rows {
            let Some(reason) = wanted(row) else { continue };
            if newer.is_some() && !dag.tasks.contains_key(&row.key.task_id) {
                continue;
            }
            any = true;
            let mut new = cleared(dag, row, request.keep_retries);
            if newer.is_some() {
                new = version::refreshed(dag, new);
            }
            plan.add(&one.run, row, new, None, (reason, now));
        }
        if !any {
            continue;
        }
        if let Some((_, dag)) = &newer {
            newer_runs += 1;
            let stays = |row: &TaskInstance| wanted(row).is_some() && dag.tasks.contains_key(&row.key.task_id);
            version::follow(&mut plan, one, dag, stays, now);
        }
        if request.reset_dag_runs {
            plan.add_run(&one.run, requeued(&one.run, newer.map(|(id, _)| id), now), "cleared", now);
        } else {
            idle_runs += usize::from(one.run.state.is_finished());
            if let Some((id, _)) = newer {
                plan.add_run(&one.run, DagRun { dag_version: id, ..one.run.clone() }, "version", now);
            }
        }
    }
    describe(&mut plan, idle_runs, newer_runs);
    plan
}

/// The row after a clear: no state, or `restarting` while its process is still there.
pub(super) fn cleared(dag: &Dag, old: &TaskInstance, keep_retries: bool) -> TaskInstance {
    let mut row = old.clone();
    if matches!(old.state, TiState::Running | TiState::Restarting) {
        row.state = TiState::Restarting;
        return row;
    }
    row.state = TiState::None;
    row.max_tries = match dag.tasks.get(&old.key.task_id).filter(|_| !keep_retries) {
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

pub(super) fn requeued(old: &DagRun, version: Option<DagVersionId>, now: Timestamp) -> DagRun {
    let mut row = old.clone();
    row.dag_version = version.unwrap_or(old.dag_version);
    row.clear_number += 1;
    row.queued_at = Some(now);
    if old.state.is_finished() {
        row.state = RunState::Queued;
        row.start_date = None;
        row.end_date = None;
    }
    row
}

/// What a request means in one version of the DAG.
struct Chosen {
    /// `None`: everything.
    selected: Option<select::Selected>,
    excluded: select::Selected,
}

impl Chosen {
    fn of(dag: &Dag, request: &ClearRequest) -> Self {
        let excluded = select::tasks(dag, &request.exclude, false, false);
        if request.tasks.is_empty() && request.text.is_none() {
            return Self { selected: None, excluded };
        }
        let mut named = request.tasks.clone();
        if let Some(text) = &request.text {
            let matching = dag.tasks.keys().filter(|id| id.contains(text.as_str()));
            named.extend(matching.map(|id: &Arc<str>| (id.clone(), None)));
        }
        let mut selected = select::tasks(dag, &named, request.upstream, request.downstream);
        select::with_setups(dag, &mut selected);
        Self { selected: Some(selected), excluded }
    }

    fn reason(&self, row: &TaskInstance) -> Option<&'static str> {
        if select::reason(&self.excluded, row).is_some() {
            return None;
        }
        self.selected.as_ref().map_or(Some("selected"), |selected| select::reason(selected, row))
    }
}

fn runs<'a>(loaded: &'a Loaded, request: &ClearRequest) -> Vec<&'a LoadedRun> {
    if let Some(run) = request.run {
        return select::around(loaded, run, request.past, request.future);
    }
    let (start, end) = (request.start_date.filter(|_| !request.past), request.end_date.filter(|_| !request.future));
    let inside = |date: Option<Timestamp>| match date {
        Some(date) => start.is_none_or(|start| date >= start) && end.is_none_or(|end| date <= end),
        None => start.is_none() && end.is_none(),
    };
    loaded.runs.iter().filter(|one| inside(one.run.logical_date)).collect()
}

fn is_wanted(request: &ClearRequest, state: TiState) -> bool {
    if request.skip_running && is_busy(state) {
        return false;
    }
    match (request.only_failed, request.only_running) {
        (false, false) => true,
        (failed, running) => (failed && state.is_failure()) || (running && state == TiState::Running),
    }
}

fn describe(plan: &mut Plan, idle_runs: usize, newer_runs: usize) {
    let count = |reason: &str| plan.task_instances.iter().filter(|ti| ti.reason == reason).count();
    let (added, gone, restored) = (count("added"), count("gone"), count("restored"));
    let cleared = plan.task_instances.len() - added - gone - restored;
    plan.effect(cleared, "task instance is cleared", "task instances are cleared");
    plan.effect(newer_runs, "run goes on with the newest version", "runs go on with the newest version");
    plan.effect(added + restored, "task instance is added by that version", "task instances are added by that version");
    plan.effect(gone, "task instance has no task in that version", "task instances have no task in that version");
    plan.effect(plan.kill.len(), "of them is active and is ended first", "of them are active and are ended first");
    let again = plan.dag_runs.iter().filter(|run| run.from != run.to).count();
    plan.effect(again, "finished run is queued again", "finished runs are queued again");
    plan.effect(
        idle_runs,
        "run stays finished: what is cleared in it does not run",
        "runs stay finished: what is cleared in them does not run",
    );
}
