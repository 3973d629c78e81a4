//! Deferred tasks: what they wait for is stored, then waited for (here, in a triggerer, or by a person), and what comes of it
//! lets the same try go on.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::core::{Engine, Write};
use crate::{
    clock,
    error::Result,
    model::{Cause, CauseKind, Change, Deferral, TiChange, TiKey, TiState, time::plus_seconds},
    operators,
    scheduler::Report,
    store,
};

/// Airflow's texts for why a task goes on only to fail (`TriggerFailureReason`).
const TIMEOUT: &str = "Trigger timeout";
const FAILURE: &str = "Trigger failure";

/// All deferrals of the home, and when their time is over.
#[derive(Debug, Default)]
pub struct Deferrals {
    all: HashMap<TiKey, Deferral>,
    until: HashMap<TiKey, Timestamp>,
    limits: BTreeSet<(Timestamp, TiKey)>,
}

impl Deferrals {
    /// When the next one's time is over.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.limits.first().map(|(at, _)| *at)
    }
    /// How a try goes on, if its trigger is over.
    pub fn over(&self, key: &TiKey, try_number: u32) -> Option<&Deferral> {
        self.all.get(key).filter(|d| d.is_over && d.try_number == try_number)
    }
    fn set_limit(&mut self, key: &TiKey, at: Option<Timestamp>) {
        if let Some(before) = self.until.remove(key) {
            self.limits.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.until.insert(key.clone(), at);
            self.limits.insert((at, key.clone()));
        }
    }
    /// An instance's deferral.
    pub fn get(&self, key: &TiKey) -> Option<&Deferral> {
        self.all.get(key)
    }
}

impl Engine {
    /// Takes a try's wish to be deferred; its trigger runs after the commit.
    pub(super) fn defer(&mut self, key: &TiKey, epoch: u32, said: &Value, end: Timestamp) {
        let Some(try_number) = self.world.instance(key).map(|row| row.try_number) else { return };
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or("").to_string();
        let object = |name: &str| said.get(name).filter(|v| v.is_object()).cloned().unwrap_or_else(|| json!({}));
        let deferral = Deferral {
            key: key.clone(),
            try_number,
            classpath: text("classpath"),
            kwargs: object("trigger_kwargs"),
            next_method: text("next_method"),
            next_kwargs: object("next_kwargs"),
            is_over: false,
        };
        let state = if deferral.awaits_input() { TiState::AwaitingInput } else { TiState::Deferred };
        let until = said.get("timeout").and_then(Value::as_f64).map(|timeout| plus_seconds(end, timeout.min(1e10)));
        self.writes.push(Write::Deferral(Box::new(deferral.clone())));
        self.deferrals.all.insert(key.clone(), deferral);
        self.report(key, epoch, Report::Deferred { state, until, end });
    }

    /// An instance's row changed; its deferral may begin (`committed`), or count for nothing any more.
    pub(super) fn note_deferral(&mut self, change: &TiChange) {
        let (key, to) = (&change.row.key, change.row.state);
        if !self.deferrals.all.contains_key(key) {
            return;
        }
        let goes_on = to.is_parked() || matches!(to, TiState::Scheduled | TiState::Queued | TiState::Running);
        if !goes_on {
            self.drop_deferral(key, false);
        }
    }

    /// Runs the triggers of those whose deferral was just committed.
    pub(super) fn begin_deferral(&mut self, change: &TiChange) {
        let row = &change.row;
        if !row.state.is_parked() {
            return;
        }
        if self.deferrals.all.contains_key(&row.key) {
            self.deferrals.set_limit(&row.key, row.wake_at);
        }
        self.run_trigger(&row.key.clone());
    }

    fn run_trigger(&mut self, key: &TiKey) {
        let Some(deferral) = self.deferrals.all.get(key).filter(|d| !d.is_over && !d.awaits_input()).cloned() else {
            return;
        };
        let Some(epoch) = self.world.instance(key).map(|row| row.epoch) else { return };
        match operators::native_trigger(&deferral.classpath, &deferral.kwargs) {
            Some(native) => self.wait_for_trigger(key, epoch, native),
            None => self.run_in_triggerer(&deferral),
        }
    }

    /// A trigger fired: the task goes on with its method.
    pub(super) fn trigger_fired(&mut self, key: &TiKey, event: Value) {
        self.resume(key, |deferral| deferral.fire(event));
    }

    /// A trigger failed: the task goes on to fail.
    pub(super) fn trigger_failed(&mut self, key: &TiKey, traceback: &str) {
        self.resume(key, |deferral| deferral.fail(FAILURE, Some(traceback)));
    }

    /// A trigger ended its task by itself.
    pub(super) fn trigger_ended(&mut self, key: &TiKey, state: TiState, cause: Option<Cause>) {
        let Some(epoch) = self.waiting_epoch(key) else { return };
        let callback = match state {
            TiState::Success => "on_success_callback",
            TiState::Failed => "on_failure_callback",
            _ => "on_skipped_callback",
        };
        let error = cause.as_ref().map(|cause| cause.summary.clone()).unwrap_or_default();
        self.report(key, epoch, Report::TriggerEnded { state, cause, end: clock::now() });
        self.call_task_back(key, epoch, callback, &error);
    }

    fn resume(&mut self, key: &TiKey, change: impl FnOnce(&mut Deferral)) {
        let Some(epoch) = self.waiting_epoch(key) else { return };
        let Some(deferral) = self.deferrals.all.get_mut(key) else { return };
        change(deferral);
        self.writes.push(Write::Deferral(Box::new(deferral.clone())));
        self.deferrals.set_limit(key, None);
        self.end_trigger(key, false);
        self.report(key, epoch, Report::Resume);
    }

    /// Epoch of an instance that is parked and whose trigger isn't over: an event counts once.
    fn waiting_epoch(&self, key: &TiKey) -> Option<u32> {
        let row = self.world.instance(key).filter(|row| row.state.is_parked())?;
        let deferral = self.deferrals.all.get(key)?;
        (!deferral.is_over && deferral.try_number == row.try_number).then_some(row.epoch)
    }

    /// Forgets a deferral. `killed`: a person ended the task, so its trigger may end what it started elsewhere.
    pub(super) fn drop_deferral(&mut self, key: &TiKey, killed: bool) {
        if self.deferrals.all.remove(key).is_some() {
            self.writes.push(Write::DropDeferral(key.clone()));
            self.deferrals.set_limit(key, None);
            self.end_trigger(key, killed);
        }
    }

    fn end_trigger(&mut self, key: &TiKey, killed: bool) {
        self.waits.remove(key);
        self.cancel_in_triggerer(key, killed);
    }

    /// A person cleared or marked a parked instance. True if there was one.
    pub(super) fn kill_parked(&mut self, key: &TiKey) -> bool {
        let known = self.deferrals.all.contains_key(key);
        let goes_on = self.waiting_epoch(key).is_some();
        if known && !goes_on {
            self.drop_deferral(key, true);
        }
        known
    }

    /// Ends the wait of those whose time is over.
    pub(super) fn end_late_deferrals(&mut self, now: Timestamp) {
        let late: Vec<TiKey> =
            self.deferrals.limits.iter().take_while(|(at, _)| *at <= now).map(|(_, key)| key.clone()).collect();
        for key in late {
            self.deferrals.set_limit(&key, None);
            let Some(deferral) = self.deferrals.all.get(&key) else { continue };
            if deferral.awaits_input() {
                self.input_timed_out(&key, now);
            } else {
                self.resume(&key, |deferral| deferral.fail(TIMEOUT, None));
            }
        }
    }

    /// Takes the deferrals of an earlier scheduler's life: triggers run again, what counts for nothing is forgotten.
    pub(super) fn adopt_deferrals(&mut self) -> Result<()> {
        let stored = store::deferral::all(self.store.reader())?;
        for deferral in stored {
            let row = self.world.instance(&deferral.key).filter(|row| row.try_number == deferral.try_number);
            let waits = row.filter(|row| row.state.is_parked() && !deferral.is_over).cloned();
            let goes_on = row.is_some_and(|row| {
                deferral.is_over && matches!(row.state, TiState::Scheduled | TiState::Queued | TiState::Running)
            });
            let key = deferral.key.clone();
            if waits.is_none() && !goes_on {
                self.writes.push(Write::DropDeferral(key));
                continue;
            }
            self.deferrals.all.insert(key.clone(), deferral);
            if let Some(row) = waits {
                self.deferrals.set_limit(&key, row.wake_at);
                self.run_trigger(&key);
                if row.state == TiState::AwaitingInput {
                    self.input_answered(&key);
                }
            }
        }
        self.adopt_parked_sensors();
        Ok(())
    }

    /// Deferrable native sensors have no stored trigger: what they wait for follows from their arguments.
    fn adopt_parked_sensors(&mut self) {
        let ids: Vec<_> = self.world.runs().map(|run| run.id).collect();
        let mut parked = Vec::new();
        for id in ids {
            let rows = self.world.instances(id).filter(|row| row.state == TiState::Deferred);
            parked.extend(rows.filter(|row| self.deferrals.get(&row.key).is_none()).cloned());
        }
        for row in parked {
            self.wait_again(&row);
        }
    }
}

/// The change of an instance, if it is one.
pub(super) fn of_instance(change: &Change) -> Option<&TiChange> {
    match change {
        Change::Ti(change) => Some(change),
        _ => None,
    }
}

/// Why a trigger's own end of its task is a failure or a skip.
pub(super) fn end_cause(state: TiState) -> Option<Cause> {
    match state {
        TiState::Failed => Some(Cause::new(CauseKind::Exception, "its trigger ended it as failed")),
        TiState::Skipped => Some(Cause::new(CauseKind::Skip, "its trigger ended it as skipped")),
        _ => None,
    }
}
