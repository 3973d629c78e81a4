//! What Airflow's scheduler did with each schedule, recorded, against `dagdeck::timetable`.

use dagdeck::{
    model::{RunType, Schedule, Span, time},
    timetable::{Bounds, DataInterval, DueRun, Settings, Timetable, run_id},
};
use jiff::Timestamp;
use serde_json::{Value, json};

fn timestamp(value: &Value) -> Option<Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn schedule(row: &Value) -> Schedule {
    let Some(text) = row["schedule"].as_str() else { return Schedule::None };
    let inside = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
    if let Some(seconds) = inside("timedelta(seconds=") {
        return Schedule::Delta {
            seconds: seconds.parse().unwrap(),
            months: 0,
            data_interval: None,
            interval: Span::default(),
        };
    }
    if let Some(months) = inside("relativedelta(months=") {
        return Schedule::Delta {
            seconds: 0.0,
            months: months.parse().unwrap(),
            data_interval: None,
            interval: Span::default(),
        };
    }
    let timezone = row["timezone"].as_str().unwrap().to_owned();
    Schedule::Cron {
        expression: text.to_owned(),
        timezone,
        data_interval: None,
        interval: Span::default(),
        run_immediately: None,
    }
}

fn interval_json(interval: Option<DataInterval>) -> Value {
    json!({
        "data_interval_start": interval.map(|interval| time::rfc3339(interval.start)),
        "data_interval_end": interval.map(|interval| time::rfc3339(interval.end)),
    })
}

fn run_json(run: &DueRun, with_id: bool) -> Value {
    let mut json = interval_json(run.data_interval);
    json["logical_date"] = json!(run.logical_date.map(time::rfc3339));
    json["run_after"] = json!(time::rfc3339(run.run_after));
    if with_id {
        json["run_id"] = json!(run_id(RunType::Scheduled, run.run_after));
    }
    json
}

/// Differences between a recorded row and what we do.
fn of_row(row: &Value) -> Vec<String> {
    let settings = Settings {
        create_cron_data_intervals: row["create_cron_data_intervals"].as_bool().unwrap(),
        catchup_by_default: false,
    };
    let compiled = Timetable::compile(&schedule(row), row["timezone"].as_str().unwrap(), &settings);
    let timetable = match (compiled, row["error"].as_str()) {
        (Ok(_), Some(error)) => return vec![format!("accepted, but Airflow says {error}")],
        (Err(ours), Some(error)) => {
            let theirs = error.split_once(": ").unwrap().1;
            return if ours.starts_with(theirs) { vec![] } else { vec![format!("error {ours:?}, not {theirs:?}")] };
        }
        (Err(ours), None) => return vec![format!("refused: {ours}")],
        (Ok(timetable), None) => timetable,
    };
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: Value, theirs: &Value| {
        if ours != *theirs {
            found.push(format!("{what}: {ours}, not {theirs}"));
        }
    };
    compare("summary", json!(timetable.summary()), &row["summary"]);
    compare("class", json!(timetable.class_name()), &row["timetable"]);
    compare("description", json!(timetable.description()), &row["description"]);
    let bounds = Bounds {
        start_date: timestamp(&row["start_date"]),
        end_date: timestamp(&row["end_date"]),
        catchup: row["catchup"].as_bool().unwrap(),
    };
    let mut last: Option<DueRun> = None;
    for check in row["checks"].as_array().unwrap() {
        let now = timestamp(&check["now"]).unwrap();
        let mut created = Vec::new();
        let next = loop {
            match timetable.next(last.as_ref(), &bounds, now) {
                Some(run) if run.run_after <= now => {
                    created.push(run_json(&run, true));
                    last = Some(run);
                }
                next => break next,
            }
        };
        let at = |what: &str| format!("{what} at {now}");
        compare(&at("total"), json!(created.len()), &check["created_total"]);
        if check["created_elided"].is_string() {
            created.drain(created.len().min(12)..created.len().saturating_sub(2));
        }
        compare(&at("created"), json!(created), &check["created"]);
        compare(&at("next"), json!(next.map(|run| run_json(&run, false))), &check["next"]);
        compare(&at("manual"), interval_json(timetable.manual_interval(now)), &check["manual_run_now"]);
    }
    found
}

/// Compares the table of schedules; a line for each row that differs.
pub fn differences(table: &Value) -> (usize, Vec<String>) {
    let rows = table["rows"].as_array().unwrap();
    let line = |row: &Value, found: Vec<String>| {
        format!("{} [{}]: {}", row["name"], row["create_cron_data_intervals"], found.join("; "))
    };
    let wrong = rows.iter().map(|row| (row, of_row(row))).filter(|(_, found)| !found.is_empty());
    (rows.len(), wrong.map(|(row, found)| line(row, found)).collect())
}
