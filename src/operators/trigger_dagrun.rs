//! `TriggerDagRunOperator`: semantics 9.4.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Arguments, Refusal, arguments::parse_instant};
use crate::model::mapping::encoded_kind;
use crate::workload::{Inline, TriggerDagRun, Workload};

/// The workload of a `TriggerDagRunOperator`. Without `logical_date` it is now, unless there is a `run_after`; `None` means a
/// run without one.
pub fn workload(args: &Arguments<'_>, now: Timestamp) -> Result<Workload, Refusal> {
    let date = |name: &str| match args.get(name) {
        Some(Value::String(text)) if text.is_empty() || text == "None" => Ok(None),
        Some(Value::String(text)) => parse_instant(text)
            .map(Some)
            .ok_or_else(|| format!("TriggerDagRunOperator: {name} {text:?} is no date and time")),
        _ => args.instant(name),
    };
    let run_after = date("run_after")?;
    let logical_date = match ["logical_date", "execution_date"].into_iter().find(|name| args.is_given(name)) {
        Some(name) => date(name)?,
        None => Some(now).filter(|_| run_after.is_none()),
    };
    let states = |name: &str, default: &str| -> Result<Vec<String>, String> {
        Ok(args.texts(name)?.unwrap_or_else(|| vec![default.to_string()]))
    };
    // An empty list of good states is none, an empty list of bad ones is meant.
    let mut allowed_states = states("allowed_states", "success")?;
    if allowed_states.is_empty() {
        allowed_states.push("success".into());
    }
    Ok(Workload::Inline(Inline::TriggerDagRun(Box::new(TriggerDagRun {
        trigger_dag_id: args.required("trigger_dag_id")?,
        trigger_run_id: args.text("trigger_run_id")?,
        conf: conf(args.get("conf"))?,
        logical_date,
        run_after,
        fail_when_dag_is_paused: args.flag("fail_when_dag_is_paused", false)?,
        reset_dag_run: args.flag("reset_dag_run", false)?,
        skip_when_already_exists: args.flag("skip_when_already_exists", false)?,
        wait_for_completion: args.flag("wait_for_completion", false)?,
        deferrable: args.flag("deferrable", false)?,
        poke_interval: args.seconds("poke_interval")?.unwrap_or(60.0),
        allowed_states,
        failed_states: states("failed_states", "failed")?,
        note: args.text("note")?,
    }))))
}

/// `conf` as JSON: a text is read as JSON, and what JSON lacks is refused, as in Airflow.
fn conf(given: Option<&Value>) -> Result<Value, Refusal> {
    let made = match given {
        None => Some(json!({})),
        Some(Value::String(text)) if text.is_empty() => Some(json!({})),
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(value) => plain(value),
    };
    made.ok_or_else(|| {
        let shown = given.map(Value::to_string).unwrap_or_default();
        Refusal { class: "ValueError", text: format!("conf parameter should be JSON Serializable: {shown}") }
    })
}

/// The value as Python's `json` would write it; `None` if it can't.
fn plain(value: &Value) -> Option<Value> {
    match (encoded_kind(value), value) {
        (Some("tuple"), encoded) => plain(encoded.get("value")?),
        (Some(_), _) => None,
        (None, Value::Array(items)) => items.iter().map(plain).collect::<Option<Vec<_>>>().map(Value::Array),
        (None, Value::Object(map)) => {
            let each = map.iter().map(|(name, value)| Some((name.clone(), plain(value)?)));
            each.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
        }
        (None, other) => Some(other.clone()),
    }
}
