//! Numbers and indexes that follow from rows, and the one way in which an instance's row changes.

use std::{cmp::Reverse, collections::BTreeSet};

use jiff::Timestamp;

use crate::model::{Cause, Change, MapIndex, RunId, RunState, TaskInstance, TiState, time::plus_seconds};

use super::{
    graph::shared,
    world::{ALL, Timer, World},
};

impl World {
    /// Everything of a run is to be examined.
    pub(super) fn examine_all(&mut self, run: RunId) {
        if let Some(memory) = self.runs.get(&run) {
            let open = memory.tasks.iter().enumerate().filter(|(_, task)| !task.open.is_empty());
            self.dirty.extend(open.map(|(task, _)| (run, task, ALL)));
        }
    }

    /// Counts an instance in or out of every number and index that depends on its state.
    pub(super) fn count(&mut self, run: RunId, task: usize, index: MapIndex, enters: bool) {
        let Some(memory) = self.runs.get_mut(&run) else { return };
        let Some(row) = memory.tasks[task].rows.get(&index) else { return };
        let state = row.state;
        self.slots.count(&memory.run.dag_id, row, enters);
        let step = |n: &mut u32| *n = if enters { *n + 1 } else { n.saturating_sub(1) };
        match state {
            TiState::None => {
                step(&mut memory.unexamined);
                let open = &mut memory.tasks[task].open;
                if enters {
                    open.insert(index)
                } else {
                    open.remove(&index)
                };
            }
            TiState::UpForRetry | TiState::UpForReschedule => {
                let timer = (row.wake_at.unwrap_or(Timestamp::MIN), Timer::Instance(run, task, index));
                if enters {
                    self.timers.insert(timer);
                } else {
                    self.timers.remove(&timer);
                    memory.tasks[task].open.remove(&index);
                }
            }
            TiState::Scheduled => {
                let (pool, weight) = (row.pool.clone(), row.priority_weight);
                let scheduled = &mut memory.tasks[task].scheduled;
                let head = |set: &BTreeSet<MapIndex>| set.first().map(|first| (Reverse(weight), *first, task));
                let old = head(scheduled);
                if enters {
                    scheduled.insert(index)
                } else {
                    scheduled.remove(&index)
                };
                let new = head(scheduled);
                self.slots.move_head((run, &pool), memory.run.logical_date, old, new);
            }
            _ => {}
        }
        if state.is_active() {
            step(&mut memory.active);
        }
        // A parked instance still counts for its task's own limits (`ACTIVE_STATES` of Airflow 3.3.2), not for the run's.
        if state.is_active() || state.is_parked() {
            step(&mut memory.tasks[task].active);
        }
        if state.is_finished() {
            memory.recount(task, |c| if enters { c.enter(state) } else { c.leave(state) });
        } else {
            step(&mut memory.unfinished);
        }
    }

    /// Counts a run in or out of its DAG's numbers.
    pub(super) fn count_run(&mut self, run: RunId, enters: bool) {
        let Some(memory) = self.runs.get(&run) else { return };
        let row = &memory.run;
        let dag = self.dags.entry(row.dag_id.clone()).or_default();
        let step = |n: &mut u32| *n = if enters { *n + 1 } else { n.saturating_sub(1) };
        if !row.state.is_finished() && row.backfill.is_none() {
            step(&mut dag.active);
        }
        let mut timer = None;
        if row.state == RunState::Queued {
            let place = (row.backfill, row.run_after, run);
            if enters {
                dag.queued.insert(place)
            } else {
                dag.queued.remove(&place)
            };
            timer = Some((row.run_after, Timer::RunAfter(run)));
        } else if row.state == RunState::Running {
            step(dag.running.entry(row.backfill.map(|place| place.id)).or_default());
            let limit = memory.dag.dagrun_timeout;
            timer = row.start_date.zip(limit).map(|(s, limit)| (plus_seconds(s, limit), Timer::Timeout(run)));
        }
        if let Some(timer) = timer {
            if enters {
                self.timers.insert(timer)
            } else {
                self.timers.remove(&timer)
            };
        }
        let id = row.dag_id.clone();
        self.dirty_dags.insert(id.clone());
        if !enters {
            self.ask_timetable(&id);
        }
    }

    /// The only way in which an instance's row changes.
    pub(super) fn transition(
        &mut self,
        (run, task, index): (RunId, usize, MapIndex),
        to: TiState,
        cause: Option<Cause>,
        edit: impl FnOnce(&mut TaskInstance),
    ) {
        self.count(run, task, index, false);
        let Some(memory) = self.runs.get_mut(&run) else { return };
        let Some(row) = memory.tasks[task].rows.get_mut(&index) else { return };
        let from = row.state;
        row.state = to;
        if !(to.is_parked() || matches!(to, TiState::UpForRetry | TiState::UpForReschedule)) {
            row.wake_at = None;
        }
        edit(row);
        let key = row.key.clone();
        self.journal.touch(key, from, cause);
        self.count(run, task, index, true);
        if from.is_finished() != to.is_finished() {
            self.wake_dependants(run, task, index);
        }
        let updates = self.runs.get(&run).and_then(|memory| memory.dag.tasks.get_index(task));
        if from.is_active() && !to.is_active() && updates.is_some_and(|(_, task)| !task.outlets.is_empty()) {
            self.ask_followers();
        }
        self.touched_runs.insert(run);
    }

    /// An instance finished (or is no longer finished): who depends on it must be examined.
    fn wake_dependants(&mut self, run: RunId, task: usize, index: MapIndex) {
        let Some(memory) = self.runs.get(&run) else { return };
        let nodes = &memory.graph.nodes;
        for &below in &nodes[task].down {
            if memory.tasks[below].open.is_empty() {
                continue;
            }
            let is_parallel = index >= 0 && nodes[below].chain == nodes[task].chain && !nodes[below].is_mapped;
            let by_index = is_parallel && shared(&nodes[below].chain, &nodes[task].chain) > 0;
            self.dirty.insert((run, below, if by_index { index } else { ALL }));
        }
        let open = nodes[task].watchers.iter().filter(|other| !memory.tasks[**other].open.is_empty());
        self.dirty.extend(open.map(|other| (run, *other, ALL)));
        self.wake_successors(run, Some(task));
    }

    /// The runs that look back on this one examine a task (all without one), and those that wait for it downstream.
    pub(super) fn wake_successors(&mut self, run: RunId, task: Option<usize>) {
        let Some(later) = self.successors.get(&run) else { return };
        let Some(id) = self.runs.get(&run).map(|memory| task.map(|t| memory.task_id(t))) else { return };
        for successor in later {
            let Some(memory) = self.runs.get(successor) else { continue };
            let concerned: Vec<usize> = match id.as_deref().map(|id| memory.task_number(id)) {
                None => (0..memory.tasks.len()).collect(),
                Some(Some(task)) => std::iter::once(task).chain(memory.graph.nodes[task].up.iter().copied()).collect(),
                Some(None) => continue,
            };
            let open = |t: &usize| memory.graph.nodes[*t].past && !memory.tasks[*t].open.is_empty();
            self.dirty.extend(concerned.into_iter().filter(open).map(|t| (*successor, t, ALL)));
        }
    }

    /// What was collected in the journal.
    pub(super) fn answer(&mut self, now: Timestamp) -> Vec<Change> {
        let mut journal = std::mem::take(&mut self.journal);
        let changes = journal.drain(now, |key| self.instance(key));
        self.journal = journal;
        changes
    }
}
