//! Sensors that wait for an instant or a day, and what all native sensors have in common.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{Arguments, Place, Refusal};
use crate::{
    model::{mapping::encoded_kind, time::plus_seconds},
    workload::{Condition, Mode, Wait, Workload},
};

/// Airflow's default for sensors, seconds.
const POKE_INTERVAL: f64 = 60.0;
/// `[sensors] default_timeout`, seconds.
const TIMEOUT: f64 = 604_800.0;

const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/// The workload of a sensor that waits for an instant.
pub fn until(args: &Arguments<'_>, place: &Place<'_>) -> Result<Workload, Refusal> {
    let name = place.task.operator.as_str();
    let began = place.row.start_date.unwrap_or(place.now);
    let at = match name {
        "DateTimeSensor" | "DateTimeSensorAsync" => {
            let found = args.instant("target_time").map_err(|text| Refusal { class: "ParserError", text })?;
            found.ok_or_else(|| format!("{name}: target_time is missing"))?
        }
        "TimeSensor" | "TimeSensorAsync" => time_of_day(args, place, began)?,
        "WaitSensor" => plus_seconds(began, delta(args, place, "time_to_wait")?),
        _ => {
            let from = place.run.data_interval_end.unwrap_or(place.run.run_after);
            plus_seconds(from, delta(args, place, "delta")?)
        }
    };
    let mut wait = sensor(args, place, Condition::Until(at))?;
    if name.ends_with("Async") {
        wait.mode = Mode::Deferrable;
    }
    // These have no time limit in Airflow, where they wait for a trigger (or only sleep).
    if name == "WaitSensor" || (wait.mode == Mode::Deferrable && !name.starts_with("TimeDelta")) {
        wait.timeout = f64::INFINITY;
    }
    // Airflow's returns a value where it is deferrable and finds that the time is over already.
    if name.starts_with("TimeDelta") && wait.mode == Mode::Deferrable && place.task.do_xcom_push {
        wait.result = Some(true.into());
    }
    Ok(Workload::Wait(wait))
}

/// A length of time: a timedelta; in a Python file a bare number is minutes, in TOML seconds.
fn delta(args: &Arguments<'_>, place: &Place<'_>, name: &str) -> Result<f64, String> {
    let operator = &place.task.operator;
    let given = args.get(name).ok_or_else(|| format!("{operator}: {name} is missing"))?;
    if encoded_kind(given).is_some() || place.dag.fileloc.ends_with(".toml") {
        return args.seconds(name)?.ok_or_else(|| format!("{operator}: {name} is missing"));
    }
    let minutes =
        given.as_f64().or_else(|| given.as_str().and_then(|text| text.trim().parse::<i64>().ok().map(|n| n as f64)));
    minutes
        .map(|n| n.trunc() * 60.0)
        .ok_or_else(|| format!("{operator}: {name} must be a whole number of minutes, not {given}"))
}

/// Today's instant of a time of day, in the DAG's zone.
fn time_of_day(args: &Arguments<'_>, place: &Place<'_>, began: Timestamp) -> Result<Timestamp, String> {
    let operator = &place.task.operator;
    let given = args.get("target_time").ok_or_else(|| format!("{operator}: target_time is missing"))?;
    let text = given.as_str().or_else(|| given.get("value").and_then(Value::as_str)).unwrap_or("");
    let time: jiff::civil::Time =
        text.parse().map_err(|_| format!("{operator}: target_time must be a time of day, not {given}"))?;
    let zone = TimeZone::get(&place.dag.timezone).unwrap_or(TimeZone::UTC);
    let day = began.to_zoned(zone.clone()).date();
    day.to_datetime(time).to_zoned(zone).map(|moment| moment.timestamp()).map_err(|e| format!("{operator}: {e}"))
}

/// The workload of a `DayOfWeekSensor`.
pub fn weekday(args: &Arguments<'_>, place: &Place<'_>) -> Result<Workload, String> {
    let names = args.texts("week_day")?.ok_or("DayOfWeekSensor: week_day is missing")?;
    let number = |name: &String| {
        let found = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
        found.map(|n| n as u8 + 1).ok_or_else(|| format!("Invalid Week Day passed: \"{name}\""))
    };
    let days = names.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    let of_run = args.flag("use_task_logical_date", false)?;
    let at = of_run.then(|| place.run.logical_date.unwrap_or(place.run.run_after));
    Ok(Workload::Wait(sensor(args, place, Condition::Weekday { days, at })?))
}

/// A sensor with the arguments that all sensors have.
pub fn sensor(args: &Arguments<'_>, place: &Place<'_>, condition: Condition) -> Result<Wait, String> {
    let mode = match args.text("mode")?.as_deref() {
        _ if args.flag("deferrable", false)? => Mode::Deferrable,
        Some("reschedule") => Mode::Reschedule,
        _ => Mode::Poke,
    };
    Ok(Wait {
        condition,
        poke_interval: args.seconds("poke_interval")?.unwrap_or(POKE_INTERVAL).max(0.0),
        timeout: args.seconds("timeout")?.unwrap_or(TIMEOUT),
        soft_fail: args.flag("soft_fail", false)?,
        never_fail: args.flag("never_fail", false)?,
        silent_fail: args.flag("silent_fail", false)?,
        mode,
        backoff: args.flag("exponential_backoff", false)?,
        max_wait: args.seconds("max_wait")?,
        name: format!("{}#{}", place.dag.dag_id, place.task.task_id),
        result: None,
    })
}
