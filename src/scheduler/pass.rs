//! One pass: everything that follows from what is known now.

use std::{
    collections::{BTreeSet, HashSet},
    ops::Bound,
};

use jiff::Timestamp;

use crate::model::{Cause, CauseKind, Change, MapIndex, RunId, RunState, TiState, UNMAPPED};

use super::{
    examine::Verdict,
    explain::Limit,
    pools::Place,
    world::{ALL, Timer, World},
};

impl World {
    /// Everything that follows from what is known: queued runs start, dependencies are decided, mapped tasks expand,
    /// instances are queued within the limits (these are what the engine starts), runs end. A second call with nothing
    /// new returns nothing. A finished run is dropped from memory.
    ///
    /// A change that takes an instance out of `queued`, `running` or `deferred` without a report of its own (time limit of
    /// the run, `fail_fast`, a branch's skips) leaves a process or trigger behind, which the caller ends.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Change> {
        self.fire_timers(now);
        self.start_runs(now);
        // A run's end may let another run start; what can start is examined in the same pass.
        loop {
            while !self.dirty.is_empty() {
                self.wave(now);
            }
            self.end_runs(now);
            self.start_runs(now);
            if self.dirty.is_empty() && self.touched_runs.is_empty() {
                break;
            }
        }
        self.queue(now);
        let changes = self.answer(now);
        for run in std::mem::take(&mut self.finished) {
            self.drop_run(run);
        }
        changes
    }

    fn fire_timers(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.timers.first()
            && *at <= now
        {
            let Some((_, timer)) = self.timers.pop_first() else { break };
            match timer {
                Timer::Instance(run, task, index) => {
                    if let Some(memory) = self.runs.get_mut(&run) {
                        memory.tasks[task].open.insert(index);
                        self.dirty.insert((run, task, ALL));
                    }
                }
                Timer::RunAfter(run) => {
                    if let Some(memory) = self.runs.get(&run) {
                        self.dirty_dags.insert(memory.run.dag_id.clone());
                    }
                }
                Timer::Timeout(run) => self.time_out(run, now),
                Timer::Follow(dag_id) => {
                    self.unasked.insert(dag_id);
                }
            }
        }
    }

    /// Examines what is dirty against the states before the wave, then applies what follows. So everything at the same
    /// distance from a change is decided alike, whatever the order in which it is looked at.
    fn wave(&mut self, now: Timestamp) {
        let mut verdicts: Vec<(RunId, usize, Vec<MapIndex>, Verdict)> = Vec::new();
        for (run, task, index) in std::mem::take(&mut self.dirty) {
            let Some(memory) = self.runs.get(&run) else { continue };
            if memory.run.state != RunState::Running || self.is_held(memory) {
                continue;
            }
            let open = &memory.tasks[task].open;
            if index != ALL {
                if open.contains(&index) {
                    verdicts.push((run, task, vec![index], self.verdict(memory, task, index)));
                }
                continue;
            }
            let Some(&first) = open.first() else { continue };
            // Instances differ only inside a mapped group, or where instances above are gone.
            if memory.graph.nodes[task].by_index || memory.above[task].all.removed > 0 {
                for &each in open {
                    verdicts.push((run, task, vec![each], self.verdict(memory, task, each)));
                }
            } else {
                match self.verdict(memory, task, first) {
                    Verdict::Wait(_) => {}
                    verdict => verdicts.push((run, task, open.iter().copied().collect(), verdict)),
                }
            }
        }
        for (run, task, indexes, verdict) in verdicts {
            self.apply(run, task, indexes, verdict, now);
        }
    }

    fn apply(&mut self, run: RunId, task: usize, indexes: Vec<MapIndex>, verdict: Verdict, now: Timestamp) {
        match verdict {
            Verdict::Wait(_) => {}
            Verdict::Set(state, cause) => {
                for index in indexes {
                    self.decide((run, task, index), state, cause.clone(), now);
                }
            }
            Verdict::Ready => {
                let Some(memory) = self.runs.get(&run) else { return };
                let node = &memory.graph.nodes[task];
                let (is_empty, maps) = (node.is_empty, node.is_mapped || !node.chain.is_empty());
                if maps && indexes == [UNMAPPED] {
                    return self.expand(run, task, now);
                }
                let removed = self.fit(run, task, now);
                for index in indexes {
                    let gone = |w: &Self| {
                        let memory = w.runs.get(&run);
                        memory.is_some_and(|m| m.tasks[task].rows.get(&index).is_some_and(|r| r.state.is_finished()))
                    };
                    if removed && gone(self) {
                        continue;
                    }
                    if is_empty {
                        self.succeed_empty(run, task, index, now);
                    } else {
                        self.schedule(run, task, index, now);
                    }
                }
            }
        }
    }

    /// An instance gets its final state without running.
    pub(super) fn decide(&mut self, place: (RunId, usize, MapIndex), to: TiState, cause: Cause, now: Timestamp) {
        self.transition(place, to, Some(cause), |row| {
            row.start_date = row.start_date.or(Some(now));
            end_at(row, now);
        });
    }

    /// An `EmptyOperator` succeeds without being executed.
    fn succeed_empty(&mut self, run: RunId, task: usize, index: MapIndex, now: Timestamp) {
        self.transition((run, task, index), TiState::Success, None, |row| {
            row.try_number += 1;
            row.scheduled_when = Some(now);
            row.start_date = Some(now);
            row.end_date = Some(now);
            row.duration = Some(0.0);
        });
    }

    fn schedule(&mut self, run: RunId, task: usize, index: MapIndex, now: Timestamp) {
        let same_try = |row: &crate::model::TaskInstance| row.state == TiState::UpForReschedule;
        let memory = self.runs.get(&run);
        let keeps = memory.and_then(|m| m.tasks[task].rows.get(&index)).is_some_and(same_try);
        if let Some(memory) = self.runs.get_mut(&run).filter(|_| !keeps) {
            memory.forget_pushed(task, index);
        }
        self.transition((run, task, index), TiState::Scheduled, None, |row| {
            row.scheduled_when = Some(now);
            row.end_date = None;
            row.duration = None;
            if !keeps {
                row.try_number += 1;
                row.start_date = None;
                row.external_id = None;
                row.rendered_map_index = None;
            }
        });
    }

    /// Hands scheduled instances to executors, by priority, as far as the limits allow. Looks only at the first waiting
    /// instance of tasks, and leaves a run or pool at the first sign that it is full.
    fn queue(&mut self, now: Timestamp) {
        if !std::mem::take(&mut self.slots.is_changed) || self.slots.active >= self.limits.parallelism {
            return;
        }
        let mut full_runs: HashSet<RunId> = HashSet::new();
        // Lanes whose first can't be queued while a later one may.
        let mut passed: BTreeSet<Place> = BTreeSet::new();
        let mut last: Option<Place> = None;
        loop {
            let from = last.map_or(Bound::Unbounded, Bound::Excluded);
            let head = self.slots.heads.range((from, Bound::Unbounded)).next().copied();
            let Some(next) = head.into_iter().chain(passed.first().copied()).min() else { break };
            let was_passed = passed.remove(&next);
            last = Some(next);
            let (_, _, index, run, task) = next;
            if full_runs.contains(&run) {
                continue;
            }
            match self.limit(run, task, index) {
                Some(Limit::Parallelism { .. }) => break,
                Some(limit) if limit.stops_run() => {
                    full_runs.insert(run);
                }
                Some(limit) if limit.stops_pool() => {}
                Some(_) => passed.extend(self.behind(next)),
                None => {
                    self.transition((run, task, index), TiState::Queued, None, |row| {
                        row.queued_when = Some(now);
                        row.epoch += 1;
                        row.pid = None;
                        row.hostname = None;
                    });
                    if was_passed {
                        passed.extend(self.behind(next));
                    }
                }
            }
        }
        // Queueing itself frees nothing.
        self.slots.is_changed = false;
    }

    /// The next waiting task of the same run and pool.
    fn behind(&self, (weight, date, index, run, task): Place) -> Option<Place> {
        let memory = self.runs.get(&run)?;
        let pool = &memory.tasks[task].rows.get(&index)?.pool;
        let lane = self.slots.lanes.get(&(run, pool.clone()))?;
        let (weight, index, task) = *lane.range((Bound::Excluded((weight, index, task)), Bound::Unbounded)).next()?;
        Some((weight, date, index, run, task))
    }

    /// Ends everything unfinished of a run but what `keeps` says.
    pub(super) fn stop_unfinished(
        &mut self,
        run: RunId,
        now: Timestamp,
        why: &str,
        to: impl Fn(&Self, usize, TiState) -> Option<TiState>,
    ) {
        let Some(memory) = self.runs.get(&run) else { return };
        let rows = memory.tasks.iter().enumerate();
        let rows: Vec<(usize, MapIndex, TiState)> =
            rows.flat_map(|(t, m)| m.rows.iter().map(move |(i, row)| (t, *i, row.state))).collect();
        for (task, index, state) in rows {
            if let Some(end) = to(self, task, state) {
                let kind = if end == TiState::Skipped { CauseKind::Skip } else { CauseKind::Killed };
                self.transition((run, task, index), end, Some(Cause::new(kind, why)), |row| end_at(row, now));
            }
        }
    }
}

/// Sets end and duration.
pub(super) fn end_at(row: &mut crate::model::TaskInstance, end: Timestamp) {
    row.end_date = Some(end);
    row.duration = row.start_date.map(|start| crate::model::time::seconds_between(start, end).max(0.0));
    row.pid = None;
}
