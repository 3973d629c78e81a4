//! Runs: starting queued ones, ending those whose work is over.

use std::ops::Bound;

use jiff::Timestamp;

use crate::model::{BackfillId, BackfillPlace, Cause, CauseKind, RunChange, RunId, RunState, TiState};

use super::{
    run_memory::RunMemory,
    world::{DagMemory, World},
};

impl World {
    /// Runs of a DAG that may be running at one time.
    pub(super) fn max_active_runs(&self, dag: &crate::model::Dag) -> u32 {
        dag.max_active_runs.unwrap_or(self.limits.max_active_runs_per_dag)
    }

    /// After so many failed runs in a row a DAG is paused; 0 never.
    pub fn most_failures(&self, dag: &crate::model::Dag) -> u32 {
        match dag.max_consecutive_failed_dag_runs {
            0 => self.limits.max_consecutive_failed_dag_runs_per_dag,
            own => own,
        }
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
        let mut start = Vec::new();
        let mut from = Bound::Unbounded;
        // One group after the other: the runs of the DAG's own, then those of each backfill.
        while let Some((place, ..)) = memory.queued.range((from, Bound::Unbounded)).next() {
            let group = place.map(|place| place.id);
            let first = place.map(|place| BackfillPlace { ordinal: 0, ..place });
            let ready = memory
                .queued
                .range((first, Timestamp::MIN, RunId(i64::MIN))..)
                .take_while(|(other, run_after, _)| other.map(|p| p.id) == group && *run_after <= now);
            start.extend(ready.take(self.room(memory, group) as usize).map(|(_, _, run)| *run));
            let last = place.map(|place| BackfillPlace { ordinal: u32::MAX, ..place });
            from = Bound::Excluded((last, Timestamp::MAX, RunId(i64::MAX)));
        }
        start
    }

    /// How many more runs of a DAG, or of one of its backfills, may start.
    fn room(&self, memory: &DagMemory, group: Option<BackfillId>) -> u32 {
        let Some(facts) = &memory.facts else { return 0 };
        let backfill = group.map(|id| self.backfills.get(&id));
        let limit = match backfill {
            None if !facts.is_paused => self.max_active_runs(&facts.dag),
            Some(Some(backfill)) if !backfill.is_paused && (!facts.is_paused || backfill.while_paused) => {
                backfill.max_active_runs
            }
            _ => 0,
        };
        limit.saturating_sub(memory.running.get(&group).copied().unwrap_or(0))
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
        self.note_recent(run);
    }

    /// Ends the touched runs whose work is over.
    pub(super) fn end_runs(&mut self, now: Timestamp) {
        for run in std::mem::take(&mut self.touched_runs) {
            self.remove_orphans(run);
            let Some(memory) = self.runs.get(&run) else { continue };
            let Some((state, reason)) = ending(memory, self.is_held(memory)) else { continue };
            self.set_run(run, state, reason, now);
            if reason == "task_failure" {
                self.pause_failing(run);
            }
        }
    }

    /// Runs of paused or unknown DAGs are not examined, unless their backfill goes on while the DAG is paused.
    pub(super) fn is_held(&self, memory: &RunMemory) -> bool {
        let goes_on = |place: BackfillPlace| self.backfills.get(&place.id).is_some_and(|b| b.while_paused);
        match self.dag(&memory.run.dag_id) {
            None => true,
            Some(facts) => facts.is_paused && !memory.run.backfill.is_some_and(goes_on),
        }
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

    /// Keeps what is known of a DAG's newest runs.
    pub(super) fn note_recent(&mut self, run: RunId) {
        let Some(row) = self.runs.get(&run).map(|memory| &memory.run) else { return };
        let Some(limit) = self.dag(&row.dag_id).map(|facts| self.most_failures(&facts.dag) as usize) else { return };
        let Some(facts) = self.dags.get_mut(&row.dag_id).and_then(|memory| memory.facts.as_mut()) else { return };
        if limit > 0 {
            facts.recent.insert((row.run_after, run), row.state);
            while facts.recent.len() > limit {
                facts.recent.pop_first();
            }
        }
    }

    /// Pauses a DAG whose newest runs have all failed (`max_consecutive_failed_dag_runs`). As in Airflow only a run that
    /// ends by the failure of a task asks, and the newest runs are those with the latest `run_after`.
    fn pause_failing(&mut self, run: RunId) {
        let Some(dag_id) = self.runs.get(&run).map(|memory| memory.run.dag_id.clone()) else { return };
        let Some(limit) = self.dag(&dag_id).map(|facts| self.most_failures(&facts.dag) as usize) else { return };
        let Some(facts) = self.dags.get_mut(&dag_id).and_then(|memory| memory.facts.as_mut()) else { return };
        let all_failed = facts.recent.len() >= limit && facts.recent.values().all(|state| *state == RunState::Failed);
        if limit > 0 && all_failed && !facts.is_paused {
            facts.is_paused = true;
            self.journal.pause(dag_id.clone(), format!("{limit} runs in a row failed"));
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
fn ending(memory: &RunMemory, is_held: bool) -> Option<(RunState, &'static str)> {
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
