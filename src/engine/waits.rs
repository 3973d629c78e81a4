//! Native sensors: conditions with a clock, without a process.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{adopt::failed, core::Engine};
use crate::{
    clock,
    error::{Result, say},
    model::{Cause, CauseKind, TiKey, time::plus_seconds, time::seconds_between},
    operators::DEFAULT_CONNECTION,
    scheduler::Report,
    secrets,
    store::{wait, xcom::RETURN_VALUE},
    workload::{Condition, External, Wait},
};

/// A sensor that waits.
#[derive(Debug)]
struct Waiting {
    epoch: u32,
    wait: Wait,
    since: Timestamp,
    next: Timestamp,
}

/// All sensors that wait.
#[derive(Debug, Default)]
pub struct Waits {
    waiting: HashMap<TiKey, Waiting>,
}

/// What a look found out.
enum Look {
    NotYet,
    Done,
    Skip(String),
    Fail(&'static str, String),
    /// The look itself failed: `soft_fail` doesn't cover that.
    Error(&'static str, String),
}

impl Waits {
    /// When the next one is to be looked at.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.waiting.values().map(|w| w.next).min()
    }
    /// Forgets one; true if it was there.
    pub fn remove(&mut self, key: &TiKey) -> bool {
        self.waiting.remove(key).is_some()
    }
    /// True if this one waits.
    pub fn contains(&self, key: &TiKey) -> bool {
        self.waiting.contains_key(key)
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }
    fn due(&self, now: Timestamp) -> Vec<TiKey> {
        self.waiting.iter().filter(|(_, w)| w.next <= now).map(|(key, _)| key.clone()).collect()
    }
    /// Those that wait for another run, or for tasks of one, are looked at when any run ends.
    pub fn a_run_ended(&mut self, now: Timestamp) {
        for waiting in self.waiting.values_mut() {
            if matches!(waiting.wait.condition, Condition::RunEnds { .. } | Condition::External(_)) {
                waiting.next = now;
            }
        }
    }
}

impl Engine {
    /// Begins a wait, with a first look at once.
    pub(super) fn begin_wait(&mut self, key: &TiKey, epoch: u32, wait: Wait) {
        self.begin_here(key, epoch);
        let now = clock::now();
        // Adopted waits go on from where they began.
        let since = self.world.instance(key).and_then(|row| row.start_date).unwrap_or(now);
        self.waits.waiting.insert(key.clone(), Waiting { epoch, wait, since, next: now });
    }

    /// Looks at the sensors that are due.
    pub(super) fn poke(&mut self, now: Timestamp) -> Result<()> {
        for key in self.waits.due(now) {
            let Some(waiting) = self.waits.waiting.get(&key) else { continue };
            let epoch = waiting.epoch;
            if !self.is_current(&key, epoch) {
                self.waits.remove(&key);
                continue;
            }
            // What is wrong for one sensor (a broken connection, say) must not end the scheduler.
            let look = self
                .look(&waiting.wait.condition, now)
                .unwrap_or_else(|e| Look::Error("AirflowException", e.to_string()));
            let Wait { timeout, never_fail, silent_fail, .. } = waiting.wait;
            let soft_fail = waiting.wait.soft_fail || never_fail;
            let result = waiting.wait.result.clone();
            let look = match look {
                Look::Error(_, why) if silent_fail => {
                    say(format_args!("scheduler: sensor {key} looks again later: {why}"));
                    Look::NotYet
                }
                look => look,
            };
            let waited = seconds_between(waiting.since, now);
            let end = now;
            let report = match look {
                Look::Done => {
                    if let Some(value) = result {
                        self.push(&key, epoch, RETURN_VALUE, value);
                    }
                    Report::Success { start: None, end }
                }
                Look::Skip(why) => skipped(&why, now),
                Look::Fail(_, why) if soft_fail => skipped(&why, now),
                Look::Error(_, why) if never_fail => skipped(&why, now),
                Look::Error(class, why) => failed(Cause::new(CauseKind::Value, why).exception(class), true),
                Look::Fail(class, why) => failed(Cause::new(CauseKind::Upstream, why).exception(class), true),
                Look::NotYet if waited >= timeout => {
                    let why = format!("sensor timed out after {waited:.0} s (timeout {timeout} s)");
                    if soft_fail {
                        skipped(&why, now)
                    } else {
                        failed(Cause::new(CauseKind::Timeout, why).exception("AirflowSensorTimeout"), false)
                    }
                }
                Look::NotYet => {
                    self.wait_on(&key, now);
                    continue;
                }
            };
            self.waits.remove(&key);
            self.report(&key, epoch, report);
        }
        Ok(())
    }

    fn wait_on(&mut self, key: &TiKey, now: Timestamp) {
        if let Some(waiting) = self.waits.waiting.get_mut(key) {
            let until_poke = plus_seconds(now, waiting.wait.poke_interval.max(0.05));
            let until_timeout = plus_seconds(waiting.since, waiting.wait.timeout.min(1e10));
            waiting.next = match waiting.wait.condition {
                Condition::Until(at) => at.min(until_timeout),
                _ => until_poke.min(until_timeout.max(now)),
            };
        }
    }

    fn look(&self, condition: &Condition, now: Timestamp) -> Result<Look> {
        Ok(match condition {
            Condition::Until(at) if *at <= now => Look::Done,
            Condition::Until(_) => Look::NotYet,
            Condition::File { path, conn_id } => self.look_at_file(path, conn_id)?,
            Condition::External(external) => self.look_at_external(external)?,
            Condition::RunEnds { dag_id, run_id, allowed_states, failed_states } => {
                match self.run_state(dag_id, run_id).map(|s| s.as_str().to_string()) {
                    Some(state) if failed_states.contains(&state) => {
                        Look::Fail("AirflowException", format!("run {run_id} of {dag_id} ended {state}"))
                    }
                    Some(state) if allowed_states.contains(&state) => Look::Done,
                    Some(_) => Look::NotYet,
                    None => Look::Fail("AirflowException", format!("run {run_id} of {dag_id} is gone")),
                }
            }
        })
    }

    /// The connection's folder is `path` of its extra, as for Airflow's hook.
    fn look_at_file(&self, path: &str, conn_id: &str) -> Result<Look> {
        let connection = secrets::connection(self.store.reader(), conn_id)?;
        if connection.is_none() && conn_id != DEFAULT_CONNECTION {
            return Ok(Look::Error("AirflowNotFoundException", format!("the connection {conn_id} isn't defined")));
        }
        let extra = connection.as_ref().and_then(|fields| fields["extra"].as_str());
        let extra: Option<serde_json::Value> = extra.and_then(|text| serde_json::from_str(text).ok());
        let folder = extra.and_then(|e| e["path"].as_str().map(str::to_owned)).unwrap_or_default();
        let path = std::path::Path::new(&folder).join(path);
        Ok(if file_exists(&path.to_string_lossy()) { Look::Done } else { Look::NotYet })
    }

    fn look_at_external(&self, e: &External) -> Result<Look> {
        let db = self.store.reader();
        let count = |states: &[String]| -> Result<usize> { wait::external_matches(db, e, states) };
        let wanted = e.logical_dates.len();
        if wanted == 0 {
            return Ok(Look::NotYet);
        }
        if !e.failed_states.is_empty() && count(&e.failed_states)? > 0 {
            let what = if e.task_ids.is_empty() { "the run".to_string() } else { e.task_ids.join(", ") };
            return Ok(Look::Fail("ExternalTaskFailedError", format!("{what} of {} is in a failed state", e.dag_id)));
        }
        if !e.skipped_states.is_empty() && count(&e.skipped_states)? > 0 {
            return Ok(Look::Skip(format!("the external task of {} was skipped", e.dag_id)));
        }
        let needed = wanted * e.task_ids.len().max(1);
        let have = count(&e.allowed_states)?;
        Ok(if have >= needed && have > 0 { Look::Done } else { Look::NotYet })
    }
}

fn skipped(why: &str, end: Timestamp) -> Report {
    Report::Skipped { cause: Cause::new(CauseKind::Skip, why), end }
}

/// True if the path exists; `*` and `?` in the last part match names in its folder.
fn file_exists(path: &str) -> bool {
    let path = std::path::Path::new(path);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?']) {
        return path.exists();
    }
    let pattern = regex::escape(&name).replace("\\*", ".*").replace("\\?", ".");
    let Ok(pattern) = regex::Regex::new(&format!("^{pattern}$")) else { return false };
    let folder = path.parent().unwrap_or(std::path::Path::new("."));
    std::fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|e| pattern.is_match(&e.file_name().to_string_lossy())))
}
