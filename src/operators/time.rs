//! Sensors that wait for an instant, and what all native sensors have in common.

use jiff::Timestamp;

use super::Arguments;
use crate::{
    model::{DagRun, Task, time::plus_seconds},
    workload::{Condition, Wait, Workload},
};

/// Airflow's default for sensors, seconds.
const POKE_INTERVAL: f64 = 60.0;
/// `[sensors] default_timeout`, seconds.
const TIMEOUT: f64 = 604_800.0;

/// The workload of a `TimeDeltaSensor` or `DateTimeSensor`.
pub fn workload(args: &Arguments<'_>, task: &Task, run: &DagRun, now: Timestamp) -> Result<Workload, String> {
    let until = if task.operator == "DateTimeSensor" {
        args.instant("target_time")?.ok_or("DateTimeSensor: target_time is missing")?
    } else {
        let delta = args.seconds("delta")?.ok_or("TimeDeltaSensor: delta is missing")?;
        plus_seconds(run.data_interval_end.unwrap_or(now), delta)
    };
    let workload = sensor(args, Condition::Until(until))?;
    // Where it is deferrable, Airflow's returns a value, else it doesn't.
    match workload {
        Workload::Wait(wait) if task.operator == "TimeDeltaSensor" && args.flag("deferrable", false)? => {
            Ok(Workload::Wait(Wait { result: task.do_xcom_push.then_some(true.into()), ..wait }))
        }
        other => Ok(other),
    }
}

/// A sensor's workload with the arguments that all sensors have.
pub fn sensor(args: &Arguments<'_>, condition: Condition) -> Result<Workload, String> {
    Ok(Workload::Wait(Wait {
        condition,
        poke_interval: args.seconds("poke_interval")?.unwrap_or(POKE_INTERVAL).max(0.0),
        timeout: args.seconds("timeout")?.unwrap_or(TIMEOUT),
        soft_fail: args.flag("soft_fail", false)?,
        never_fail: args.flag("never_fail", false)?,
        silent_fail: args.flag("silent_fail", false)?,
        result: None,
    }))
}
