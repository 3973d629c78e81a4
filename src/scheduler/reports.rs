//! What supervisors say, applied.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Cause, CauseKind, Change, MapIndex, RunId, TaskInstance, TiKey, TiState, time::plus_seconds};

use super::{graph::shared, pass::end_at, report::Report, retry::retry_delay, world::World};

/// Run, number of the task, map index.
type Place = (RunId, usize, MapIndex);

impl World {
    /// Applies what a supervisor says of a try. A report of another try (`epoch`), or one that doesn't fit the state, is
    /// ignored: nothing changes.
    pub fn report(&mut self, key: &TiKey, epoch: u32, report: Report, now: Timestamp) -> Vec<Change> {
        let Some(memory) = self.runs.get(&key.run) else { return Vec::new() };
        let Some(task) = memory.task_number(&key.task_id) else { return Vec::new() };
        let Some(row) = memory.tasks[task].rows.get(&key.map_index).filter(|row| row.epoch == epoch) else {
            return Vec::new();
        };
        let place = (key.run, task, key.map_index);
        self.apply_report(place, row.state, report, now);
        self.answer(now)
    }

    fn apply_report(&mut self, place: Place, state: TiState, report: Report, now: Timestamp) {
        let runs = matches!(state, TiState::Queued | TiState::Running);
        match report {
            Report::Started { pid, hostname, at } if state == TiState::Queued => {
                self.transition(place, TiState::Running, None, |row| {
                    row.start_date = row.start_date.or(Some(at));
                    row.pid = pid;
                    row.hostname = Some(hostname);
                });
            }
            Report::Pushed { length } if runs => self.note_pushed(place, length),
            Report::RenderedMapIndex(text) if runs => {
                self.transition(place, state, None, |row| row.rendered_map_index = Some(text));
            }
            Report::ExternalId(id) if runs => {
                self.transition(place, state, None, |row| row.external_id = Some(id));
            }
            Report::Skips { tasks, decision } if runs => self.skip_below(place, &tasks, decision, now),
            Report::Resume if state.is_parked() => {
                self.transition(place, TiState::Scheduled, None, |row| {
                    row.scheduled_when = Some(now);
                    row.end_date = None;
                    row.duration = None;
                });
            }
            Report::TriggerEnded { state: to, cause, end } if state.is_parked() => {
                self.end(place, to, cause, None, end);
                if to == TiState::Failed {
                    self.fail_fast(place.0, place.1, now);
                }
            }
            Report::Stop { state: end, cause } if !state.is_finished() => self.stop(place, state, end, cause, now),
            Report::Success { .. }
            | Report::Skipped { .. }
            | Report::Failed { .. }
            | Report::Reschedule { .. }
            | Report::Deferred { .. }
                if state == TiState::Restarting =>
            {
                self.start_over(place);
            }
            Report::Success { start, end } if runs => self.end(place, TiState::Success, None, start, end),
            Report::Skipped { cause, end } if runs => self.end(place, TiState::Skipped, Some(cause), None, end),
            Report::Failed { cause, retryable, retry_delay, start, end } if runs => {
                self.fail(place, cause, retryable, retry_delay, start, end, now);
            }
            Report::Reschedule { until, end } if runs => {
                self.transition(place, TiState::UpForReschedule, None, |row| {
                    end_at(row, end);
                    row.wake_at = Some(until);
                });
            }
            Report::Deferred { state: to, until, end } if runs => {
                self.transition(place, to, None, |row| {
                    row.start_date = row.start_date.or(Some(end));
                    row.wake_at = until;
                    row.pid = None;
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, place: Place, to: TiState, cause: Option<Cause>, start: Option<Timestamp>, end: Timestamp) {
        self.transition(place, to, cause, |row| {
            row.start_date = row.start_date.or(start).or(Some(end));
            end_at(row, end);
        });
    }

    #[allow(clippy::too_many_arguments)]
    fn fail(
        &mut self,
        place: Place,
        cause: Cause,
        retryable: bool,
        delay: Option<f64>,
        start: Option<Timestamp>,
        end: Timestamp,
        now: Timestamp,
    ) {
        let Some(memory) = self.runs.get(&place.0) else { return };
        let Some(row) = memory.tasks[place.1].rows.get(&place.2) else { return };
        if !(retryable && may_retry(row)) {
            self.end(place, TiState::Failed, Some(cause), start, end);
            return self.fail_fast(place.0, place.1, now);
        }
        let (dag, run, longest) = (&memory.dag, &memory.run, self.limits.max_task_retry_delay);
        let own = || retry_delay(&run.dag_id, &dag.tasks[place.1], run.logical_date, row.try_number, longest);
        let wake = plus_seconds(end, delay.unwrap_or_else(own));
        self.transition(place, TiState::UpForRetry, Some(cause), |row| {
            row.start_date = row.start_date.or(start).or(Some(end));
            end_at(row, end);
            row.wake_at = Some(wake);
        });
    }

    fn stop(&mut self, place: Place, state: TiState, end: TiState, cause: Cause, now: Timestamp) {
        if state == TiState::Restarting {
            return self.start_over(place);
        }
        self.end(place, end, Some(cause), None, now);
        if end == TiState::Failed {
            self.fail_fast(place.0, place.1, now);
        }
    }

    /// Cleared while it was running, and its process is gone now: ready for a new try.
    fn start_over(&mut self, place: Place) {
        let retries = self.runs.get(&place.0).map_or(0, |memory| memory.dag.tasks[place.1].retries);
        self.transition(place, TiState::None, None, |row| {
            row.max_tries = row.try_number + retries;
            row.start_date = None;
            row.end_date = None;
            row.duration = None;
            row.pid = None;
            row.external_id = None;
        });
        self.dirty.insert(place);
    }

    fn note_pushed(&mut self, (run, task, index): Place, length: Option<usize>) {
        let Some(memory) = self.runs.get_mut(&run) else { return };
        let id = memory.task_id(task);
        // Without mapped dependants only the fact that it pushed counts, for those who map over a mapped task.
        memory.facts.mapped_lengths.entry(id).or_default().insert(index, length.unwrap_or(1));
    }

    fn skip_below(&mut self, (run, task, index): Place, tasks: &[Arc<str>], decision: Value, now: Timestamp) {
        let Some(memory) = self.runs.get_mut(&run) else { return };
        let own = memory.task_id(task);
        let verb = if decision.get("followed").is_some() { "not chosen" } else { "skipped" };
        memory.facts.skip_decisions.insert((own.clone(), index), decision);
        let memory = &self.runs[&run];
        let nodes = &memory.graph.nodes;
        let mut places = Vec::new();
        for other in tasks.iter().filter_map(|id| memory.task_number(id)) {
            let in_group = index >= 0 && shared(&nodes[task].chain, &nodes[other].chain) > 0;
            let range = if in_group { memory.partners(other, task, index) } else { None };
            let rows = memory.tasks[other].rows.range(range.unwrap_or(MapIndex::MIN..MapIndex::MAX));
            let stays = |row: &TaskInstance| {
                matches!(row.state, TiState::Running | TiState::Success | TiState::Failed | TiState::Skipped)
            };
            places.extend(rows.filter(|(_, row)| !stays(row)).map(|(i, _)| (run, other, *i)));
        }
        for place in places {
            let cause = Cause::new(CauseKind::Skip, format!("{verb} by `{own}`"));
            self.transition(place, TiState::Skipped, Some(cause), |row| {
                row.start_date = row.start_date.or(Some(now));
                end_at(row, now);
            });
        }
    }
}

/// One more try is left.
fn may_retry(row: &TaskInstance) -> bool {
    row.max_tries != 0 && row.try_number <= row.max_tries
}
