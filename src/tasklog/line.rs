//! One line of a log, and which lines are wanted.

use regex::Regex;
use serde_json::Value;

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details.
    Debug,
    /// The usual.
    Info,
    /// Something to know.
    Warning,
    /// Something went wrong.
    Error,
    /// Nothing works.
    Critical,
}

impl Level {
    /// A level by its name, in any case, with the usual short forms.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "debug" | "trace" => Self::Debug,
            "info" | "notice" => Self::Info,
            "warning" | "warn" => Self::Warning,
            "error" | "exception" => Self::Error,
            "critical" | "fatal" => Self::Critical,
            _ => return None,
        })
    }
    /// Upper case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }
}

/// One line as read; a line that is no JSON object is its own event.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// When, as written.
    pub timestamp: Option<String>,
    /// How serious; unknown names are `Info`.
    pub level: Level,
    /// The message.
    pub event: String,
    /// Who logged it.
    pub logger: Option<String>,
    /// Airflow's list of exceptions with their frames, if there is one.
    pub error_detail: Option<Value>,
}

impl Line {
    /// Reads a line, without its end.
    pub fn read(text: &str) -> Self {
        let Some(Value::Object(fields)) = text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
        else {
            return Self { timestamp: None, level: Level::Info, event: text.into(), logger: None, error_detail: None };
        };
        let get = |key: &str| fields.get(key).and_then(Value::as_str);
        Self {
            timestamp: get("timestamp").map(Into::into),
            level: get("level").and_then(Level::from_name).unwrap_or(Level::Info),
            event: get("event")
                .map_or_else(|| fields.get("event").map(Value::to_string).unwrap_or_default(), Into::into),
            logger: get("logger").map(Into::into),
            error_detail: fields.get("error_detail").filter(|v| !v.is_null()).cloned(),
        }
    }

    /// `[time] LEVEL event`, followed by the exceptions as Python prints them.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        if let Some(time) = &self.timestamp {
            text.push_str(&format!("[{time}] "));
        }
        text.push_str(&format!("{} {}", self.level.name(), self.event));
        for exception in self.error_detail.iter().flat_map(|d| d.as_array()).flatten() {
            text.push_str(&traceback(exception));
        }
        text
    }
}

fn traceback(exception: &Value) -> String {
    let mut text = String::new();
    let frames = exception["frames"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !frames.is_empty() {
        text.push_str("\nTraceback (most recent call last):");
    }
    for frame in frames {
        let word = |key: &str| frame[key].as_str().unwrap_or("?");
        text.push_str(&format!("\n  File \"{}\", line {}, in {}", word("filename"), frame["lineno"], word("name")));
        if let Some(line) = frame["line"].as_str().filter(|l| !l.is_empty()) {
            text.push_str(&format!("\n    {}", line.trim()));
        }
    }
    let class = exception["exc_type"].as_str().unwrap_or("");
    let value = exception["exc_value"].as_str().unwrap_or("");
    if !class.is_empty() {
        text.push_str(&format!("\n{class}{}{value}", if value.is_empty() { "" } else { ": " }));
    }
    text
}

/// Which lines are wanted.
#[derive(Debug, Default)]
pub struct Filter {
    /// Matches the event.
    pub grep: Option<Regex>,
    /// At least so serious.
    pub level: Option<Level>,
}

impl Filter {
    /// True if the line is wanted.
    pub fn wants(&self, line: &Line) -> bool {
        self.level.is_none_or(|level| line.level >= level)
            && self.grep.as_ref().is_none_or(|grep| grep.is_match(&line.plain()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_airflow_writes_them() {
        let text = r#"{"timestamp": "2026-01-01T00:00:00Z", "level": "error", "event": "Task failed",
            "error_detail": [{"exc_type": "ValueError", "exc_value": "no", "frames": [{"filename": "a.py", "lineno": 3, "name": "f"}]}]}"#;
        let line = Line::read(&text.replace('\n', " "));
        assert_eq!(line.level, Level::Error);
        let expected = "[2026-01-01T00:00:00Z] ERROR Task failed\nTraceback (most recent call last):\n  \
                        File \"a.py\", line 3, in f\nValueError: no";
        assert_eq!(line.plain(), expected);
        assert_eq!(Line::read("not json").plain(), "INFO not json");
        let filter = Filter { grep: Regex::new("ValueE").ok(), level: Some(Level::Warning) };
        assert!(filter.wants(&line));
        assert!(!filter.wants(&Line::read("ValueError")));
    }
}
