//! Runs: starting queued ones, ending those whose work is over.

use jiff::Timestamp;

use crate::model::{Cause, CauseKind, RunChange, RunId, RunState, TiState};

use super::world::World;

/// Limit of a backfill's running runs (Airflow's default for `--max-active-runs`).
const BACKFILL_RUNS: u32 = 10;

impl World {
    /// Runs of a DAG that may be running at one time.
    pub(super) fn max_active_runs(&self, dag: &crate::model::Dag) -> u32 {
        dag.max_active_runs.unwrap_or(self.limits.max_active_runs_per_dag)
    }

    /// Queued runs start where the DAG has room.
    pub(super) fn start_runs(&mut self, now: Timestamp) {
        while let Some(dag_id) = self.dirty_dags.pop_first() {
            for run in self.startable(&dag_id, now) {
                self.set_run(run, RunState::Running, "started", now);
                self.examine_all(run);
                self.touched_runs.insert(run);
            }
            // Starting them marked the DAG again, which tells nothing new.
            self.dirty_dags.remove(&dag_id);
        }
    }

    fn startable(&self, dag_id: &str, now: Timestamp) -> Vec<RunId> {
        let Some(memory) = self.dags.get(dag_id) else { return Vec::new() };
        let Some(facts) = memory.facts.as_ref().filter(|facts| !facts.is_paused) else { return Vec::new() };
        let limits = [self.max_active_runs(&facts.dag), BACKFILL_RUNS];
        let mut start = Vec::new();
        for (kind, is_backfill) in [false, true].into_iter().enumerate() {
            let room = limits[kind].saturating_sub(memory.running[kind]) as usize;
            let from = (is_backfill, Timestamp::MIN, RunId(i64::MIN));
            let ready =
                memory.queued.range(from..).take_while(|(b, run_after, _)| *b == is_backfill && *run_after <= now);
            start.extend(ready.take(room).map(|(_, _, run)| *run));
        }
        start
    }

    /// The only way in which a run's row changes.
    pub(super) fn set_run(&mut self, run: RunId, to: RunState, reason: &str, now: Timestamp) {
        self.count_run(run, false);
        if let Some(memory) = self.runs.get_mut(&run) {
            let from = memory.run.state;
            memory.run.state = to;
            if to == RunState::Running {
                memory.run.start_date = memory.run.start_date.or(Some(now));
                memory.run.end_date = None;
            } else if to.is_finished() {
                memory.run.end_date = Some(now);
                self.finished.push(run);
            }
            let row = memory.run.clone();
            self.journal.run(RunChange { from, row, reason: reason.to_owned(), at: now });
        }
        self.count_run(run, true);
    }

    /// Ends the touched runs whose work is over.
    pub(super) fn end_runs(&mut self, now: Timestamp) {
        for run in std::mem::take(&mut self.touched_runs) {
            self.remove_orphans(run);
            let Some(memory) = self.runs.get(&run) else { continue };
            let Some((state, reason)) = ending(memory, self.is_held(&memory.run.dag_id)) else { continue };
            self.set_run(run, state, reason, now);
            self.note_end(run, state);
        }
    }

    /// Paused or unknown DAGs: their runs are not examined.
    pub(super) fn is_held(&self, dag_id: &str) -> bool {
        self.dag(dag_id).is_none_or(|facts| facts.is_paused)
    }

    /// Unfinished rows whose task is gone from the DAG are removed.
    fn remove_orphans(&mut self, run: RunId) {
        let Some(memory) = self.runs.get_mut(&run) else { return };
        for row in memory.orphans.values_mut().filter(|row| !row.state.is_finished()) {
            let cause = Cause::new(CauseKind::Skip, "its task is gone from the DAG");
            self.journal.touch(row.key.clone(), row.state, Some(cause));
            row.state = TiState::Removed;
        }
    }

    /// Counts failed runs in a row; pauses the DAG when it has had enough.
    fn note_end(&mut self, run: RunId, state: RunState) {
        let Some(dag_id) = self.runs.get(&run).map(|memory| memory.run.dag_id.clone()) else { return };
        let Some(facts) = self.dags.get_mut(&dag_id).and_then(|memory| memory.facts.as_mut()) else { return };
        facts.consecutive_failures = if state == RunState::Failed { facts.consecutive_failures + 1 } else { 0 };
        let limit = facts.dag.max_consecutive_failed_dag_runs;
        if limit > 0 && facts.consecutive_failures >= limit && !facts.is_paused {
            facts.is_paused = true;
            self.journal.pause(dag_id.clone(), format!("{} runs in a row failed", facts.consecutive_failures));
            self.ask_timetable(&dag_id);
        }
    }

    /// `dagrun_timeout`: the run fails, what is unfinished is skipped.
    pub(super) fn time_out(&mut self, run: RunId, now: Timestamp) {
        if self.runs.get(&run).is_none_or(|memory| memory.run.state != RunState::Running) {
            return;
        }
        self.stop_unfinished(run, now, "the run's time limit (dagrun_timeout) ran out", |_, _, state| {
            (!state.is_finished()).then_some(TiState::Skipped)
        });
        self.set_run(run, RunState::Failed, "timed_out", now);
        self.note_end(run, RunState::Failed);
    }

    /// `fail_fast`: the rest of the run is ended because `task` failed. Teardowns still run.
    pub(super) fn fail_fast(&mut self, run: RunId, failed: usize, now: Timestamp) {
        let Some(memory) = self.runs.get(&run).filter(|memory| memory.dag.fail_fast) else { return };
        let why = format!("the DAG is fail_fast and `{}` failed", memory.task_id(failed));
        self.stop_unfinished(run, now, &why, |world, task, state| {
            let memory = world.runs.get(&run)?;
            match state {
                _ if task == failed || memory.graph.nodes[task].is_teardown => None,
                TiState::Success | TiState::Failed | TiState::Skipped | TiState::Removed => None,
                TiState::Running => Some(TiState::Failed),
                _ => Some(TiState::Skipped),
            }
        });
    }

    /// Runs due, retries, reschedules, time limits: the earliest moment at which `due_runs` or `advance` has work. It may
    /// lie in the past: then both have work now.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let due = self.due.first().map(|(at, _)| *at);
        // A timetable that is to be asked again (a run of its DAG ended, or the loop's limit was reached) can't wait.
        let asks = self.unasked.iter().any(|id| self.may_create(id) || self.may_follow(id)).then_some(Timestamp::MIN);
        timer.into_iter().chain(due).chain(asks).min()
    }
}

/// How a running run ends, if it does (semantics, section 2).
fn ending(memory: &super::run_memory::RunMemory, is_held: bool) -> Option<(RunState, &'static str)> {
    if memory.run.state != RunState::Running {
        return None;
    }
    if memory.unfinished == 0 {
        let failed = memory.graph.leaves.iter().any(|leaf| memory.tasks[*leaf].counts.failures() > 0);
        return Some(if failed { (RunState::Failed, "task_failure") } else { (RunState::Success, "success") });
    }
    if memory.unfinished > memory.unexamined || is_held {
        return None;
    }
    // Everything was examined and nothing changed: nothing ever will, unless from outside the run.
    let outside = memory.dag.tasks.values().zip(&memory.tasks).any(|(task, rows)| {
        !rows.open.is_empty()
            && (task.depends_on_past
                || task.wait_for_downstream
                || task.max_active_tis_per_dag.is_some()
                || task.max_active_tis_per_dagrun.is_some())
    });
    (!outside).then_some((RunState::Failed, "all_tasks_deadlocked"))
}
