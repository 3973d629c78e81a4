//! `--where`: the filter language of console and command line, asked about documents.

use std::{cell::Cell, collections::HashMap};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    clock,
    error::{Error, Result},
    model::{
        filter::{Lookup, rank},
        time::seconds_between,
    },
};

/// Rows that fit the filter.
///
/// # Errors
/// `Usage` for a filter that can't be read, or that asks for what these rows don't have.
pub fn keep(rows: Vec<Value>, filter: Option<&str>) -> Result<Vec<Value>> {
    keep_at(rows, filter, clock::now())
}

fn keep_at(rows: Vec<Value>, filter: Option<&str>, now: Timestamp) -> Result<Vec<Value>> {
    let Some(source) = filter else { return Ok(rows) };
    let filter = crate::command::filter(source).map_err(|e| {
        Error::usage(format!("--where {source:?} can't be read"))
            .because(e)
            .hint("for example: state:failed,retry tag:ml dag:churn* dur>p95 since:7d owner:me !paused text")
    })?;
    let usual = if filter.asks_usual() { successes(&rows) } else { HashMap::new() };
    // A key that the rows don't have would silently match nothing.
    let unknown: Cell<bool> = Cell::new(false);
    let mut kept = Vec::new();
    for row in rows {
        let text = |key: &str| {
            let found = text(&row, key);
            unknown.set(unknown.get() || found.is_none());
            found
        };
        let seconds = |key: &str| match key.strip_prefix('p') {
            Some(percent) => usual.get(&kind(&row)).and_then(|all| rank(all, percent.parse().ok()?)),
            None => seconds(&row, key, now),
        };
        if filter.matches(&Lookup(text, seconds)) {
            kept.push(row);
        }
    }
    if unknown.get() {
        return Err(Error::usage(format!("--where {source:?} asks for something that these rows don't have"))
            .hint("`-o json` shows the fields of the rows"));
    }
    Ok(kept)
}

/// What rows are compared among: the runs of a DAG, or the instances of a task of it.
fn kind(row: &Value) -> (String, String) {
    (words(&row["dag_id"]), words(&row["task_id"]))
}

/// How long the successes among the rows took, by their kind, shortest first.
fn successes(rows: &[Value]) -> HashMap<(String, String), Vec<f64>> {
    let mut all: HashMap<(String, String), Vec<f64>> = HashMap::new();
    for row in rows.iter().filter(|row| row["state"] == "success") {
        if let Some(took) = row["duration"].as_f64() {
            all.entry(kind(row)).or_default().push(took);
        }
    }
    all.values_mut().for_each(|took| took.sort_by(f64::total_cmp));
    all
}

/// What a row says under a filter's key; `None` if rows of this kind don't have it.
fn text(row: &Value, key: &str) -> Option<String> {
    let names: &[&str] = match key {
        "dag" => &["dag_id"],
        "task" => &["task_id", "task_ids"],
        "run" => &["dag_run_id", "last_dag_run_id", "dag_run_ids"],
        "state" => &["state", "last_run_state"],
        "tag" => &["tags"],
        "owner" => &["owners", "owner"],
        "operator" => &["operator", "operator_name"],
        "type" => &["run_type"],
        "paused" => &["is_paused"],
        "stale" => &["is_stale"],
        "mapped" => &["is_mapped"],
        "error" => &["has_import_errors"],
        "text" => {
            let fields = row.as_object()?.values();
            return Some(fields.map(words).collect::<Vec<_>>().join(" "));
        }
        other => return row.get(other).map(words),
    };
    let value = names.iter().find_map(|name| row.get(*name))?;
    Some(if key == "state" && value.is_null() { "none".into() } else { words(value) })
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn seconds(row: &Value, key: &str, now: Timestamp) -> Option<f64> {
    match key {
        "dur" => row["duration"].as_f64(),
        _ => {
            let times = ["when", "start_date", "run_after", "last_parsed_time"];
            let time = times.iter().find_map(|name| row[*name].as_str())?;
            time.parse().ok().map(|t| seconds_between(t, now))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_answer_for_themselves() {
        let now: Timestamp = "2026-03-10T00:00:00Z".parse().unwrap();
        let rows = vec![
            json!({"dag_id": "churn", "tags": ["ml"], "is_paused": false, "last_run_state": "failed",
                "last_parsed_time": "2026-03-09T00:00:00Z"}),
            json!({"dag_id": "ctr", "tags": ["ml", "x"], "is_paused": true, "last_run_state": null,
                "last_parsed_time": "2026-03-01T00:00:00Z"}),
        ];
        let ids = |filter: &str| -> Vec<String> {
            let kept = keep_at(rows.clone(), Some(filter), now).unwrap();
            kept.iter().map(|r| r["dag_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids("tag:ml"), ["churn", "ctr"]);
        assert_eq!(ids("tag:ml !paused"), ["churn"]);
        assert_eq!(ids("dag:c*r"), ["ctr"]);
        assert_eq!(ids("state:none"), ["ctr"]);
        assert_eq!(ids("since:2d"), ["churn"]);
        let runs: Vec<Value> = (1..=20)
            .map(|n| json!({"dag_id": "churn", "dag_run_id": n.to_string(), "state": "success", "duration": n}))
            .collect();
        let kept = keep_at(runs, Some("dur>p95"), now).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0]["duration"], 20);
        assert!(keep_at(rows.clone(), Some("bogus:1"), now).is_err());
        assert!(keep_at(rows.clone(), Some("pool:gpu"), now).is_err());
    }
}
