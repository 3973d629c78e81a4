//! One look of a native sensor or trigger: what is there, and what a sensor makes of it.

use jiff::{Timestamp, tz::TimeZone};

use super::{adopt::failed, core::Engine, files};
use crate::{
    clock,
    error::Result,
    model::{Cause, CauseKind, TiKey},
    operators::DEFAULT_CONNECTION,
    scheduler::Report,
    secrets,
    store::{count, wait, xcom::RETURN_VALUE},
    workload::{Condition, External, Mode, Wait},
};

/// What a look found out.
#[derive(Debug)]
pub enum Look {
    /// Nothing.
    NotYet,
    /// It is there.
    Done,
    /// It will not come, and the sensor is to be skipped.
    Skip(String),
    /// It will not come: exception, reason.
    Fail(&'static str, String),
    /// The look itself failed: `soft_fail` doesn't cover that.
    Error(&'static str, String),
    /// Its time is over, after so many seconds.
    TimedOut(f64),
}

impl Engine {
    /// Ends a sensor's try by what its last look found.
    pub(super) fn finish_wait(&mut self, key: &TiKey, epoch: u32, wait: &Wait, look: Look) {
        let end = clock::now();
        let soft_fail = wait.soft_fail || wait.never_fail;
        let skip = |why: &str| Report::Skipped { cause: Cause::new(CauseKind::Skip, why), end };
        let report = match look {
            Look::NotYet => return,
            Look::Done => {
                if let Some(value) = wait.result.clone() {
                    self.push(key, epoch, RETURN_VALUE, value);
                }
                Report::Success { start: None, end }
            }
            Look::Skip(why) => skip(&why),
            Look::Fail(_, why) if soft_fail => skip(&why),
            Look::Error(_, why) if wait.never_fail => skip(&why),
            Look::Error(class, why) => failed(Cause::new(CauseKind::Value, why).exception(class), true),
            Look::Fail(class, why) => {
                // Behind its trigger, Airflow's sensor no longer tells which kind of thing failed.
                let class = match (&wait.condition, wait.mode) {
                    (Condition::External(_), Mode::Deferrable) => Some("ExternalDagFailedError"),
                    // A worker that waits for the run that it triggered fails without an exception.
                    (Condition::RunEnds { .. }, Mode::Poke) => None,
                    _ => Some(class),
                };
                failed(class.into_iter().fold(Cause::new(CauseKind::Upstream, why), Cause::exception), true)
            }
            Look::TimedOut(waited) => {
                let why = format!("sensor timed out after {waited:.0} s (timeout {} s)", wait.timeout);
                if soft_fail {
                    skip(&why)
                } else {
                    failed(Cause::new(CauseKind::Timeout, why).exception("AirflowSensorTimeout"), false)
                }
            }
        };
        self.report(key, epoch, report);
    }

    pub(super) fn look(&self, condition: &Condition, now: Timestamp) -> Result<Look> {
        let there = |is: bool| if is { Look::Done } else { Look::NotYet };
        Ok(match condition {
            Condition::Until(at) => there(*at <= now),
            Condition::Weekday { days, at } => {
                let date = at.unwrap_or(now).to_zoned(TimeZone::UTC);
                there(days.contains(&(date.weekday().to_monday_one_offset() as u8)))
            }
            Condition::File { path, conn_id, recursive } => self.look_at_file(path, conn_id, *recursive)?,
            Condition::External(external) => self.look_at_external(external)?,
            Condition::Runs { dag_id, run_ids, states } => {
                let which = count::Which {
                    dag_id: dag_id.clone(),
                    run_ids: Some(run_ids.clone()),
                    states: Some(states.clone()),
                    ..count::Which::default()
                };
                there(count::runs(self.store.reader(), &which)? == run_ids.len() as i64)
            }
            Condition::RunEnds { dag_id, run_id, allowed_states, failed_states } => {
                match self.run_state(dag_id, run_id).map(|s| s.as_str().to_string()) {
                    Some(state) if failed_states.contains(&state) => {
                        Look::Fail("AirflowException", format!("run {run_id} of {dag_id} ended {state}"))
                    }
                    Some(state) => there(allowed_states.contains(&state)),
                    None => Look::Fail("AirflowException", format!("run {run_id} of {dag_id} is gone")),
                }
            }
        })
    }

    /// The connection's folder is `path` of its extra, as for Airflow's hook.
    fn look_at_file(&self, path: &str, conn_id: &str, recursive: bool) -> Result<Look> {
        let mut folder = String::new();
        if !conn_id.is_empty() {
            let connection = secrets::connection(self.store.reader(), conn_id)?;
            if connection.is_none() && conn_id != DEFAULT_CONNECTION {
                return Ok(Look::Error("AirflowNotFoundException", format!("the connection {conn_id} isn't defined")));
            }
            let extra = connection.as_ref().and_then(|fields| fields["extra"].as_str());
            let extra: Option<serde_json::Value> = extra.and_then(|text| serde_json::from_str(text).ok());
            folder = extra.and_then(|e| e["path"].as_str().map(str::to_owned)).unwrap_or_default();
        }
        let path = std::path::Path::new(&folder).join(path);
        Ok(if files::any_file(&path.to_string_lossy(), recursive) { Look::Done } else { Look::NotYet })
    }

    fn look_at_external(&self, e: &External) -> Result<Look> {
        let db = self.store.reader();
        let count = |states: &[String]| -> Result<usize> { wait::external_matches(db, e, states) };
        let wanted = e.logical_dates.len();
        if wanted == 0 {
            return Ok(Look::NotYet);
        }
        if let Some(group) = &e.task_group_id
            && !self.world.dag(&e.dag_id).is_some_and(|facts| facts.dag.task_groups.contains_key(group.as_str()))
        {
            let why = format!("Task group {group} not found in DAG {}", e.dag_id);
            return Ok(Look::Error("AirflowRuntimeError", why));
        }
        if !e.failed_states.is_empty() && count(&e.failed_states)? > 0 {
            let (class, what) = match &e.task_group_id {
                _ if !e.task_ids.is_empty() => ("ExternalTaskFailedError", format!("task {}", e.task_ids.join(", "))),
                Some(group) => ("ExternalTaskGroupFailedError", format!("group {group}")),
                None => ("ExternalDagFailedError", "the run".to_string()),
            };
            return Ok(Look::Fail(class, format!("{what} of {} is in a failed state", e.dag_id)));
        }
        if !e.skipped_states.is_empty() && count(&e.skipped_states)? > 0 {
            return Ok(Look::Skip(format!("what it waits for in {} was skipped", e.dag_id)));
        }
        let needed = wanted * e.task_ids.len().max(1);
        let have = count(&e.allowed_states)?;
        Ok(if have >= needed && have > 0 { Look::Done } else { Look::NotYet })
    }
}
