//! Typed access to an operator's rendered arguments.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Task, mapping::encoded_kind};

/// Rendered arguments of one task instance; an error names the argument and what was expected.
pub struct Arguments<'a> {
    task: &'a Task,
    rendered: &'a IndexMap<String, Value>,
}

impl<'a> Arguments<'a> {
    /// Arguments of an instance: the rendered ones first, then the task's own.
    pub fn new(task: &'a Task, rendered: &'a IndexMap<String, Value>) -> Self {
        Self { task, rendered }
    }

    /// The raw value; `None` if absent or null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.rendered.get(name).or_else(|| self.task.args.get(name)).filter(|v| !v.is_null())
    }

    /// True if the author wrote it, `None` too.
    pub fn is_given(&self, name: &str) -> bool {
        self.task.args.contains_key(name)
    }

    /// The task's result is to be stored (`do_xcom_push`).
    pub fn pushes_xcom(&self) -> bool {
        self.task.do_xcom_push
    }

    fn wrong(&self, name: &str, expected: &str, value: &Value) -> String {
        format!("{}: {name} must be {expected}, not {value}", self.task.operator)
    }

    /// A text; numbers and booleans are written out.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(v @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(v.to_string())),
            Some(other) => Err(self.wrong(name, "a text", other)),
        }
    }

    /// A text that must be there.
    pub fn required(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{}: {name} is missing", self.task.operator))
    }

    /// A flag with its default.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(b)) => Ok(*b),
            Some(other) => Err(self.wrong(name, "true or false", other)),
        }
    }

    /// Seconds: a number or an encoded timedelta.
    pub fn seconds(&self, name: &str) -> Result<Option<f64>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = if encoded_kind(value) == Some("timedelta") { value.get("value") } else { Some(value) };
        number.and_then(Value::as_f64).map(Some).ok_or_else(|| self.wrong(name, "a number of seconds", value))
    }

    /// An instant: an encoded datetime or a text (ISO 8601; UTC where it names no zone).
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_str().or_else(|| value.get("value").and_then(Value::as_str)).unwrap_or("");
        parse_instant(text).map(Some).ok_or_else(|| self.wrong(name, "a date and time", value))
    }

    /// A list of texts; one text is a list of one.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let value = if encoded_kind(value).is_some() { value.get("value").unwrap_or(value) } else { value };
        match value {
            Value::String(s) => Ok(Some(vec![s.clone()])),
            Value::Array(items) => items
                .iter()
                .map(|i| i.as_str().map(str::to_string).ok_or_else(|| self.wrong(name, "a list of texts", value)))
                .collect::<Result<Vec<_>, _>>()
                .map(Some),
            other => Err(self.wrong(name, "a list of texts", other)),
        }
    }

    /// A dict of texts.
    pub fn text_map(&self, name: &str) -> Result<Option<IndexMap<String, String>>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(
                map.iter()
                    .map(|(k, v)| (k.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_string)))
                    .collect(),
            )),
            Some(other) => Err(self.wrong(name, "a dict of texts", other)),
        }
    }
}

/// Reads an instant in the forms that DAG files use: RFC 3339, `2026-01-01 00:00:00+00:00`, without zone (UTC), a date.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(t) = text.parse::<Timestamp>() {
        return Some(t);
    }
    let civil: jiff::civil::DateTime =
        text.parse().or_else(|_| text.parse().map(|d: jiff::civil::Date| d.at(0, 0, 0, 0))).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
}
