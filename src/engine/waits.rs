//! Native sensors and native triggers: conditions with a clock, without a process.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;

use super::{core::Engine, looks::Look};
use crate::{
    clock,
    error::{Result, say},
    model::{TiKey, TiState, time::plus_seconds, time::seconds_between},
    operators::Native,
    scheduler::Report,
    workload::{Condition, Mode, Wait},
};

/// A sensor or a trigger that waits.
#[derive(Debug)]
struct Waiting {
    epoch: u32,
    wait: Wait,
    since: Timestamp,
    next: Timestamp,
    /// Looks that found nothing.
    looks: u32,
    role: Role,
}

/// For whom it waits.
#[derive(Debug)]
enum Role {
    /// A sensor that is `running`.
    Sensor,
    /// A deferrable sensor that is `deferred`, with what it found: that is told as soon as it has its slots again.
    Parked(Option<Look>),
    /// A deferred task's trigger, with what it says when it is there.
    Trigger(Box<Native>),
}

/// All that wait.
#[derive(Debug, Default)]
pub struct Waits {
    waiting: HashMap<TiKey, Waiting>,
    due: BTreeSet<(Timestamp, TiKey)>,
}

impl Waits {
    /// When the next one is to be looked at.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }
    /// Forgets one; true if it was there.
    pub fn remove(&mut self, key: &TiKey) -> bool {
        let gone = self.waiting.remove(key);
        if let Some(gone) = &gone {
            self.due.remove(&(gone.next, key.clone()));
        }
        gone.is_some()
    }
    /// True if this one waits.
    pub fn contains(&self, key: &TiKey) -> bool {
        self.waiting.contains_key(key)
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }
    fn insert(&mut self, key: TiKey, waiting: Waiting) {
        self.remove(&key);
        self.due.insert((waiting.next, key.clone()));
        self.waiting.insert(key, waiting);
    }
    fn set_next(&mut self, key: &TiKey, at: Timestamp) {
        if let Some(waiting) = self.waiting.get_mut(key) {
            self.due.remove(&(waiting.next, key.clone()));
            waiting.next = at;
            self.due.insert((at, key.clone()));
        }
    }
    fn due(&self, now: Timestamp) -> Vec<TiKey> {
        self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, key)| key.clone()).collect()
    }
    /// Those that wait for another run, or for tasks of one, are looked at when any run ends.
    pub fn a_run_ended(&mut self, now: Timestamp) {
        let concerned = |w: &Waiting| {
            !matches!(w.role, Role::Parked(Some(_)))
                && matches!(
                    w.wait.condition,
                    Condition::RunEnds { .. } | Condition::Runs { .. } | Condition::External(_)
                )
        };
        let keys: Vec<TiKey> = self.waiting.iter().filter(|(_, w)| concerned(w)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.set_next(&key, now);
        }
    }
    /// What a deferrable sensor found before it was queued again as `epoch`.
    fn take_found(&mut self, key: &TiKey, epoch: u32) -> Option<(Wait, Look)> {
        let waiting = self.waiting.get(key)?;
        let found = matches!(waiting.role, Role::Parked(Some(_))) && waiting.epoch + 1 == epoch;
        if !found {
            return None;
        }
        self.due.remove(&(waiting.next, key.clone()));
        match self.waiting.remove(key)? {
            Waiting { wait, role: Role::Parked(Some(look)), .. } => Some((wait, look)),
            _ => None,
        }
    }
}

/// Far enough for what only someone else ends.
fn never() -> Timestamp {
    Timestamp::MAX
}

impl Engine {
    /// Begins a wait, with a first look at once.
    pub(super) fn begin_wait(&mut self, key: &TiKey, epoch: u32, wait: Wait) {
        self.begin_here(key, epoch);
        if let Some((mut wait, look)) = self.waits.take_found(key, epoch) {
            // Airflow's sensors return nothing when they go on behind their trigger.
            wait.result = None;
            self.finish_wait(key, epoch, &wait, look);
            return;
        }
        self.wait_for(key, epoch, wait, Role::Sensor);
    }

    /// A deferrable native sensor was `deferred` when an earlier scheduler ended.
    pub(super) fn wait_parked(&mut self, key: &TiKey, epoch: u32, wait: Wait) {
        self.wait_for(key, epoch, wait, Role::Parked(None));
    }

    /// Runs a deferred task's native trigger.
    pub(super) fn wait_for_trigger(&mut self, key: &TiKey, epoch: u32, native: Native) {
        let wait = Wait {
            condition: native.condition.clone(),
            poke_interval: native.poke_interval,
            timeout: f64::INFINITY,
            soft_fail: false,
            never_fail: false,
            silent_fail: false,
            mode: Mode::Poke,
            backoff: false,
            max_wait: None,
            name: String::new(),
            result: None,
        };
        self.wait_for(key, epoch, wait, Role::Trigger(Box::new(native)));
    }

    fn wait_for(&mut self, key: &TiKey, epoch: u32, wait: Wait, role: Role) {
        let now = clock::now();
        // Adopted waits go on from where they began.
        let since = self.world.instance(key).and_then(|row| row.start_date).unwrap_or(now);
        self.waits.insert(key.clone(), Waiting { epoch, wait, since, next: now, looks: 0, role });
    }

    /// Looks at what is due.
    pub(super) fn poke(&mut self, now: Timestamp) -> Result<()> {
        for key in self.waits.due(now) {
            let Some(waiting) = self.waits.waiting.get(&key) else { continue };
            let epoch = waiting.epoch;
            let still = match waiting.role {
                Role::Sensor => self.is_current(&key, epoch),
                Role::Parked(_) | Role::Trigger(_) => self.is_deferred(&key, epoch),
            };
            if !still {
                self.waits.remove(&key);
                continue;
            }
            let condition = waiting.wait.condition.clone();
            // What is wrong for one sensor (a broken connection, say) must not end the scheduler.
            let look = self.look(&condition, now).unwrap_or_else(|e| Look::Error("AirflowException", e.to_string()));
            self.take_look(&key, look, now);
        }
        Ok(())
    }

    fn take_look(&mut self, key: &TiKey, look: Look, now: Timestamp) {
        let Some(waiting) = self.waits.waiting.get_mut(key) else { return };
        let (epoch, waited) = (waiting.epoch, seconds_between(waiting.since, now));
        let look = match look {
            Look::Error(_, why) if waiting.wait.silent_fail => {
                say(format_args!("scheduler: sensor {key} looks again later: {why}"));
                Look::NotYet
            }
            Look::NotYet if waited >= waiting.wait.timeout => Look::TimedOut(waited),
            look => look,
        };
        match (&mut waiting.role, look) {
            (Role::Trigger(_), Look::NotYet) | (Role::Parked(_), Look::NotYet) => self.wait_on(key, now),
            (Role::Sensor, Look::NotYet) => self.pause(key, epoch, now),
            (Role::Parked(found), look) => {
                *found = Some(look);
                self.waits.set_next(key, never());
                self.report(key, epoch, Report::Resume);
            }
            (Role::Trigger(native), look) => {
                let native = native.clone();
                self.waits.remove(key);
                self.take_trigger_look(key, *native, look);
            }
            (Role::Sensor, look) => {
                let wait = waiting.wait.clone();
                self.waits.remove(key);
                self.finish_wait(key, epoch, &wait, look);
            }
        }
    }

    /// A running sensor found nothing: what it does until the next look depends on its mode.
    fn pause(&mut self, key: &TiKey, epoch: u32, now: Timestamp) {
        let Some(waiting) = self.waits.waiting.get_mut(key) else { return };
        match waiting.wait.mode {
            Mode::Poke => self.wait_on(key, now),
            Mode::Reschedule => {
                let until = plus_seconds(now, waiting.seconds_to_next(now));
                self.waits.remove(key);
                self.report(key, epoch, Report::Reschedule { until, end: now });
            }
            Mode::Deferrable => {
                waiting.role = Role::Parked(None);
                let until = Some(waiting.wait.timeout).filter(|t| t.is_finite());
                let until = until.map(|timeout| plus_seconds(waiting.since, timeout.min(1e10)));
                self.report(key, epoch, Report::Deferred { state: TiState::Deferred, until, end: now });
                self.wait_on(key, now);
            }
        }
    }

    fn wait_on(&mut self, key: &TiKey, now: Timestamp) {
        let Some(waiting) = self.waits.waiting.get_mut(key) else { return };
        waiting.looks += 1;
        let until_look = plus_seconds(now, waiting.seconds_to_next(now).max(0.05));
        let until_timeout = plus_seconds(waiting.since, waiting.wait.timeout.min(1e10));
        let next = match waiting.wait.condition {
            Condition::Until(at) => at.min(until_timeout),
            _ => until_look.min(until_timeout.max(now)),
        };
        self.waits.set_next(key, next);
    }

    fn take_trigger_look(&mut self, key: &TiKey, native: Native, look: Look) {
        match look {
            Look::Done if native.ends_task => self.trigger_ended(key, TiState::Success, None),
            Look::Done => {
                let event = self.with_run_states(native);
                self.trigger_fired(key, event);
            }
            Look::Skip(_) => self.trigger_fired(key, serde_json::json!({"status": "skipped"})),
            Look::Fail(..) => self.trigger_fired(key, serde_json::json!({"status": "failed"})),
            Look::Error(_, why) => self.trigger_failed(key, &why),
            Look::NotYet | Look::TimedOut(_) => {}
        }
    }

    /// The event of a `DagStateTrigger` holds the state of its first run, as Airflow's does.
    fn with_run_states(&self, native: Native) -> Value {
        let mut event = native.event;
        if let Condition::Runs { dag_id, run_ids, .. } = &native.condition
            && let Some(run_id) = run_ids.first()
        {
            let state = self.run_state(dag_id, run_id).map(|state| state.as_str());
            event["__data__"][1][run_id.as_str()] = state.into();
        }
        event
    }

    /// True if the instance is deferred and has this epoch.
    pub(super) fn is_deferred(&self, key: &TiKey, epoch: u32) -> bool {
        self.world.instance(key).is_some_and(|row| row.epoch == epoch && row.state == TiState::Deferred)
    }
}

impl Waiting {
    fn seconds_to_next(&self, now: Timestamp) -> f64 {
        self.wait.pause(&self.since.to_string(), seconds_between(self.since, now), self.looks.max(1))
    }
}
