//! Standard triggers that need no Python: what they wait for, and what they say when it is there.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    model::time::stored,
    workload::{Condition, External},
};

/// A trigger that dagdeck runs itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Native {
    /// What it waits for.
    pub condition: Condition,
    /// Seconds between two looks.
    pub poke_interval: f64,
    /// Payload of its event, in the stored form of XComs.
    pub event: Value,
    /// It ends the task by itself.
    pub ends_task: bool,
}

const TEMPORAL: &str = "airflow.providers.standard.triggers.temporal.";
const FILE: &str = "airflow.providers.standard.triggers.file.";
const EXTERNAL: &str = "airflow.providers.standard.triggers.external_task.";

/// The native form of a trigger; `None` for an author's own, and for arguments that only Python understands.
pub fn native(classpath: &str, kwargs: &Value) -> Option<Native> {
    let class = |prefix: &str| classpath.strip_prefix(prefix);
    match (class(TEMPORAL), class(FILE), class(EXTERNAL)) {
        (Some("DateTimeTrigger"), ..) => at_instant(kwargs),
        (_, Some("FileTrigger"), _) => file(kwargs),
        (.., Some("WorkflowTrigger")) => workflow(kwargs),
        (.., Some("DagStateTrigger")) => dag_state(classpath, kwargs),
        _ => None,
    }
}

fn at_instant(kwargs: &Value) -> Option<Native> {
    let given = kwargs.get("moment")?;
    let moment = instant(given)?;
    // Whatever class the moment had: on its way to the task it becomes a plain one.
    let event = stored(moment);
    let ends_task = kwargs.get("end_from_trigger").and_then(Value::as_bool).unwrap_or(false);
    Some(Native { condition: Condition::Until(moment), poke_interval: 1.0, event, ends_task })
}

fn file(kwargs: &Value) -> Option<Native> {
    let condition = Condition::File {
        path: kwargs.get("filepath")?.as_str()?.to_string(),
        conn_id: String::new(),
        recursive: kwargs.get("recursive").and_then(Value::as_bool).unwrap_or(false),
    };
    Some(Native {
        condition,
        poke_interval: seconds(kwargs, "poke_interval", 5.0),
        event: json!(true),
        ends_task: false,
    })
}

fn workflow(kwargs: &Value) -> Option<Native> {
    if has(kwargs, "run_ids") || has(kwargs, "execution_dates") {
        return None;
    }
    let dates = items(kwargs.get("logical_dates")?)?;
    let external = External {
        dag_id: kwargs.get("external_dag_id")?.as_str()?.to_string(),
        task_ids: texts(kwargs, "external_task_ids")?,
        task_group_id: kwargs.get("external_task_group_id").and_then(Value::as_str).map(str::to_string),
        logical_dates: dates.iter().map(instant).collect::<Option<_>>()?,
        allowed_states: texts(kwargs, "allowed_states")?,
        skipped_states: texts(kwargs, "skipped_states")?,
        failed_states: texts(kwargs, "failed_states")?,
    };
    Some(Native {
        condition: Condition::External(external),
        poke_interval: seconds(kwargs, "poke_interval", 2.0),
        event: json!({"status": "success"}),
        ends_task: false,
    })
}

fn dag_state(classpath: &str, kwargs: &Value) -> Option<Native> {
    let run_ids = texts(kwargs, "run_ids")?;
    if run_ids.is_empty() {
        return None;
    }
    let condition = Condition::Runs {
        dag_id: kwargs.get("dag_id")?.as_str()?.to_string(),
        run_ids,
        states: texts(kwargs, "states")?,
    };
    // The states of the runs are added when they are known.
    let event = json!({"__classname__": "builtins.tuple", "__version__": 1, "__data__": [classpath, kwargs]});
    Some(Native { condition, poke_interval: seconds(kwargs, "poll_interval", 5.0), event, ends_task: false })
}

fn has(kwargs: &Value, name: &str) -> bool {
    kwargs.get(name).is_some_and(|value| !value.is_null())
}

fn seconds(kwargs: &Value, name: &str, default: f64) -> f64 {
    kwargs.get(name).and_then(Value::as_f64).unwrap_or(default)
}

/// Elements of a list, or of a stored tuple or set.
fn items(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().or_else(|| value.get("__data__").and_then(Value::as_array))
}

/// A list of texts; none if it isn't given.
fn texts(kwargs: &Value, name: &str) -> Option<Vec<String>> {
    if !has(kwargs, name) {
        return Some(Vec::new());
    }
    items(&kwargs[name])?.iter().map(|item| item.as_str().map(str::to_string)).collect()
}

/// A stored datetime.
fn instant(stored: &Value) -> Option<Timestamp> {
    let seconds = stored.get("__data__")?.get("timestamp")?.as_f64()?;
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_native_and_says_itself() {
        let moment =
            json!({"__classname__": "datetime.datetime", "__version__": 2, "__data__": {"timestamp": 1.5, "tz": null}});
        let found = native(&format!("{TEMPORAL}DateTimeTrigger"), &json!({"moment": moment, "end_from_trigger": true}));
        let found = found.unwrap();
        assert_eq!(found.condition, Condition::Until(Timestamp::from_millisecond(1500).unwrap()));
        assert_eq!(found.event["__data__"]["timestamp"], json!(1.5));
        assert!(found.ends_task);
    }

    #[test]
    fn what_only_python_understands_is_left_to_it() {
        assert_eq!(native(&format!("{TEMPORAL}DateTimeTrigger"), &json!({"target_time": "{{ ds }}"})), None);
        assert_eq!(native(&format!("{FILE}FileDeleteTrigger"), &json!({"filepath": "/x"})), None);
        assert_eq!(native("mine.FileTrigger", &json!({"filepath": "/x"})), None);
    }
}
