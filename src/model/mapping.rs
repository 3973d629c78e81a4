//! Dynamic task mapping as data: what `expand()` and `expand_kwargs()` were given.
//!
//! A value that comes from another task is an *XComArg*, encoded in any JSON position as
//! `{"__dagdeck__": "xcom", "task_id": "a", "key": "return_value"}`; derived ones are
//! `{"__dagdeck__": "map", "of": X, "callables": [..]}`, `{"__dagdeck__": "zip", "of": [X, ..], "fillvalue": V}` (no
//! `fillvalue`: shortest) and `{"__dagdeck__": "concat", "of": [X, ..]}`. Other values that JSON lacks are
//! `{"__dagdeck__": "datetime", "value": "2026-01-01T00:00:00+00:00"}`, `"time"` (of day), `"timedelta"` (seconds), `"tuple"`, `"set"` (lists),
//! `"v1"` (a Kubernetes object of which only parts are templates: `"model"` names its class, `"value"` is plain),
//! `"callable"` (a name; only Python can call it) and `"object"` (class name and repr; only Python can make it).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Key under which an encoded non-JSON value names its kind.
pub const MARK: &str = "__dagdeck__";

/// What a mapped task (or group) is expanded over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expand {
    /// `expand(a=.., b=..)`: cross product, the last argument varies fastest.
    Expand {
        /// Argument name to values, in the order written.
        args: IndexMap<String, ExpandValue>,
    },
    /// `expand_kwargs(..)`: one instance per element.
    ExpandKwargs {
        /// List of dicts, or an XComArg.
        value: ExpandValue,
    },
}

/// A literal list or dict, or an encoded XComArg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExpandValue(pub Value);

/// The kind of an encoded non-JSON value, if `value` is one.
pub fn encoded_kind(value: &Value) -> Option<&str> {
    value.as_object()?.get(MARK)?.as_str()
}

/// True if `value` is an XComArg or a value derived from one.
pub fn is_xcom_arg(value: &Value) -> bool {
    matches!(encoded_kind(value), Some("xcom" | "map" | "zip" | "concat"))
}

/// Calls `found(task_id, key)` for every XCom reference inside `value`, depth first.
pub fn for_each_xcom<'a>(value: &'a Value, found: &mut dyn FnMut(&'a str, &'a str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| for_each_xcom(item, found)),
        Value::Object(map) => {
            if map.get(MARK).and_then(Value::as_str) == Some("xcom") {
                let text = |key| map.get(key).and_then(Value::as_str).unwrap_or("");
                found(text("task_id"), text("key"));
            } else {
                map.values().for_each(|item| for_each_xcom(item, found));
            }
        }
        _ => {}
    }
}

impl ExpandValue {
    /// Number of elements if it is a literal.
    pub fn literal_len(&self) -> Option<usize> {
        match &self.0 {
            Value::Array(items) => Some(items.len()),
            Value::Object(map) if !is_xcom_arg(&self.0) => Some(map.len()),
            _ => None,
        }
    }

    /// Number of elements, given the mapped lengths of upstream tasks; `None` while one is unknown.
    pub fn len(&self, of: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
        length(&self.0, of)
    }
}

fn length(value: &Value, of: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let parts = || value.get("of").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match encoded_kind(value) {
        Some("xcom") => of(value.get("task_id")?.as_str()?),
        Some("map") => length(value.get("of")?, of),
        Some("zip") => {
            let lengths = parts().iter().map(|part| length(part, of)).collect::<Option<Vec<_>>>()?;
            if value.get("fillvalue").is_some() { lengths.into_iter().max() } else { lengths.into_iter().min() }
        }
        Some("concat") => parts().iter().map(|part| length(part, of)).sum(),
        _ => ExpandValue(value.clone()).literal_len(),
    }
}

impl Expand {
    /// Number of instances, given the mapped lengths of upstream tasks; `None` while one is unknown.
    pub fn len(&self, of: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
        match self {
            Self::Expand { args } => args.values().map(|value| value.len(of)).product(),
            Self::ExpandKwargs { value } => value.len(of),
        }
    }

    /// Ids of the tasks whose XComs it is expanded over, without repeats, in order of first use.
    pub fn upstream_task_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        let values: Vec<&Value> = match self {
            Self::Expand { args } => args.values().map(|v| &v.0).collect(),
            Self::ExpandKwargs { value } => vec![&value.0],
        };
        for value in values {
            for_each_xcom(value, &mut |task_id, _| {
                if !ids.contains(&task_id) {
                    ids.push(task_id);
                }
            });
        }
        ids
    }
}
