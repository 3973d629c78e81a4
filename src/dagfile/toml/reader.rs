//! Typed values out of a TOML tree, with a finding at its place for everything that doesn't fit.

use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    super::{graph::finding, nearest::nearest, units},
    asset,
};
use crate::model::{
    Diagnostic, Severity, TriggerRule,
    mapping::MARK,
    operator_table::{Arg, ArgKind},
};

/// A key with its place.
pub(super) type Key<'i> = Spanned<DeString<'i>>;
/// A value with its place.
pub(super) type Item<'i> = Spanned<DeValue<'i>>;

/// Keys of other tools and older Airflows, and what they are called here.
const ALIASES: &[(&str, &str)] = &[
    ("depends_on", "depends"),
    ("dependencies", "depends"),
    ("upstream", "depends"),
    ("command", "bash_command"),
    ("schedule_interval", "schedule"),
    ("timetable", "schedule"),
    ("id", "dag_id"),
    ("concurrency", "max_active_tasks"),
    ("task_concurrency", "max_active_tis_per_dag"),
    ("type", "operator"),
    ("python_file", "callable"),
    ("function", "callable"),
    ("timeout", "execution_timeout"),
    ("environment", "env"),
];

/// The file being read, and what was found so far.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    /// Zone of times without offset.
    pub zone: TimeZone,
    pub diagnostics: Vec<Diagnostic>,
    /// Tasks that `{xcom = ".."}` named since the list was last taken.
    pub xcoms: Vec<(String, Range<usize>)>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Self { file, text, line_starts, zone: TimeZone::UTC, diagnostics: Vec::new(), xcoms: Vec::new() }
    }

    /// Line and column of a byte, from 1; the column counts characters.
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1];
        let column = self.text.get(start..offset).map_or(0, |t| t.chars().count()) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    pub fn error(&mut self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.push(Severity::Error, span, message.into(), hint);
    }

    pub fn warning(&mut self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.push(Severity::Warning, span, message.into(), hint);
    }

    fn push(&mut self, severity: Severity, span: &Range<usize>, message: String, hint: Option<String>) {
        let new = finding(self.file, severity, self.place(span.start), message, hint);
        // A wrong default argument would be reported once per task.
        if !self.diagnostics.contains(&new) {
            self.diagnostics.push(new);
        }
    }

    /// A word that isn't one of `known`.
    pub fn unknown<'k>(
        &mut self,
        span: &Range<usize>,
        what: &str,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let alias = ALIASES.iter().find(|(old, new)| *old == word && known.contains(new)).map(|(_, new)| *new);
        let hint =
            alias.or_else(|| nearest(word, known.iter().copied())).map(|meant| format!("did you mean `{meant}`?"));
        let hint =
            hint.or_else(|| (known.len() <= 16 && !known.is_empty()).then(|| format!("one of {}", known.join(", "))));
        self.error(span, format!("unknown {what} `{word}`"), hint);
    }

    /// A value of the wrong type.
    pub fn mismatch(&mut self, item: &Item<'_>, name: &str, expected: &str) {
        let found = match item.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let hint = match item.get_ref() {
            DeValue::Array(_) if expected == "a table" => {
                Some("write its name between single brackets: [ and ]".into())
            }
            _ => None,
        };
        self.error(&item.span(), format!("`{name}` must be {expected}, found {found}"), hint);
    }

    /// The entries of a table, or a finding.
    pub fn table<'t, 'i>(&mut self, item: &'t Item<'i>, name: &str) -> Option<&'t DeTable<'i>> {
        if item.get_ref().as_table().is_none() {
            self.mismatch(item, name, "a table");
        }
        item.get_ref().as_table()
    }

    /// A text, or a finding.
    pub fn text<'t>(&mut self, item: &'t Item<'_>, name: &str) -> Option<&'t str> {
        if item.get_ref().as_str().is_none() {
            self.mismatch(item, name, "text");
        }
        item.get_ref().as_str()
    }

    /// Texts with their places: `"a"` or `["a", "b"]`.
    pub fn texts(&mut self, item: &Item<'_>, name: &str) -> Vec<(String, Range<usize>)> {
        match item.get_ref() {
            DeValue::String(text) => vec![(text.to_string(), item.span())],
            DeValue::Array(items) => {
                items.iter().filter_map(|i| self.text(i, name).map(|t| (t.to_owned(), i.span()))).collect()
            }
            _ => {
                self.mismatch(item, name, &ArgKind::Texts.describe());
                Vec::new()
            }
        }
    }

    /// The value as JSON, untyped; `{xcom = "task"}` becomes the mark of an XComArg.
    pub fn any(&mut self, item: &Item<'_>) -> Json {
        match item.get_ref() {
            DeValue::String(text) => json!(text.as_ref()),
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).map_or_else(
                |_| {
                    self.error(&item.span(), "the number is too large", None);
                    Json::Null
                },
                Json::from,
            ),
            DeValue::Float(f) => f.as_str().parse::<f64>().map_or(Json::Null, Json::from),
            DeValue::Boolean(b) => json!(b),
            DeValue::Datetime(t) => json!(t.to_string()),
            DeValue::Array(items) => Json::Array(items.iter().map(|i| self.any(i)).collect()),
            DeValue::Table(table) => self.xcom(table).unwrap_or_else(|| {
                let entries = table.iter().map(|(k, v)| (k.get_ref().to_string(), self.any(v)));
                Json::Object(entries.collect::<Map<_, _>>())
            }),
        }
    }

    /// `{xcom = "task", key = "k"}` as a mark.
    fn xcom(&mut self, table: &DeTable<'_>) -> Option<Json> {
        let (mut task, mut key) = (None, "return_value".to_owned());
        for (name, value) in table.iter() {
            match (name.get_ref().as_ref(), value.get_ref().as_str()) {
                ("xcom", Some(id)) => task = Some((id.to_owned(), value.span())),
                ("key", Some(text)) => text.clone_into(&mut key),
                _ => return None,
            }
        }
        let (task_id, span) = task?;
        self.xcoms.push((task_id.clone(), span));
        Some(json!({MARK: "xcom", "task_id": task_id, "key": key}))
    }

    /// The value of an argument in the model's form. `templated`: a text with `{{` fits every kind.
    pub fn argument(&mut self, item: &Item<'_>, arg: &Arg, templated: bool) -> Option<Json> {
        if let DeValue::Table(table) = item.get_ref()
            && let Some(mark) = self.xcom(table)
        {
            return Some(mark);
        }
        let text = item.get_ref().as_str();
        if templated && text.is_some_and(|t| t.contains("{{") || t.contains("{%")) {
            return text.map(|t| json!(t));
        }
        let value = item.get_ref();
        let fits = match arg.kind {
            ArgKind::Any => true,
            ArgKind::Text => value.is_str(),
            ArgKind::Integer => value.is_integer(),
            ArgKind::Number => value.is_integer() || value.is_float(),
            ArgKind::Boolean => value.is_bool(),
            ArgKind::List => value.is_array(),
            ArgKind::Map => value.is_table(),
            ArgKind::Texts => {
                value.is_str() || value.as_array().is_some_and(|a| a.iter().all(|i| i.get_ref().is_str()))
            }
            ArgKind::Integers => {
                value.is_integer() || value.as_array().is_some_and(|a| a.iter().all(|i| i.get_ref().is_integer()))
            }
            ArgKind::Duration | ArgKind::Timedelta => return self.duration(item, arg),
            ArgKind::Time | ArgKind::TimeOrText => return self.time(item, arg),
            ArgKind::OneOf(words) => return self.one_of(item, arg.name, words),
            ArgKind::TriggerRule => return self.trigger_rule(item),
            ArgKind::Assets => return asset::list(self, item, arg.name),
            ArgKind::Callable => return self.callable(item, arg.name),
        };
        if fits {
            return Some(self.any(item));
        }
        self.mismatch(item, arg.name, &arg.kind.describe());
        None
    }

    fn duration(&mut self, item: &Item<'_>, arg: &Arg) -> Option<Json> {
        let text = match item.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(n) => n.as_str().to_owned(),
            DeValue::Float(f) => f.as_str().to_owned(),
            _ => {
                self.mismatch(item, arg.name, &arg.kind.describe());
                return None;
            }
        };
        let Some(seconds) = units::duration(&text).filter(|s| *s >= 0.0) else {
            let hint = "seconds, or text such as \"5m\", \"1h30m\", \"2d\"";
            self.error(&item.span(), format!("`{}`: `{text}` isn't a duration", arg.name), Some(hint.into()));
            return None;
        };
        let whole = seconds.fract() == 0.0 && item.get_ref().is_integer();
        let seconds = if whole { json!(seconds as i64) } else { json!(seconds) };
        Some(if arg.kind == ArgKind::Timedelta { json!({MARK: "timedelta", "value": seconds}) } else { seconds })
    }

    /// An instant; for operators (`TimeOrText`) as the mark of a datetime.
    fn time(&mut self, item: &Item<'_>, arg: &Arg) -> Option<Json> {
        let text = match item.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(t) => t.to_string(),
            _ => {
                self.mismatch(item, arg.name, &arg.kind.describe());
                return None;
            }
        };
        let Some(t) = units::instant(&text, &self.zone) else {
            let message = format!("`{}`: `{text}` isn't a date or time", arg.name);
            self.error(&item.span(), message, Some("such as 2026-01-31 or 2026-01-31T06:00:00Z".into()));
            return None;
        };
        Some(match arg.kind {
            // DateTimeSensor keeps text.
            ArgKind::TimeOrText if arg.name == "target_time" => json!(crate::model::time::isoformat(t)),
            ArgKind::TimeOrText => json!({MARK: "datetime", "value": crate::model::time::isoformat(t)}),
            _ => json!(t.to_string()),
        })
    }

    fn one_of(&mut self, item: &Item<'_>, name: &str, words: &[&str]) -> Option<Json> {
        let text = self.text(item, name)?;
        if !words.contains(&text) {
            self.unknown(&item.span(), name, text, words.iter().copied());
            return None;
        }
        Some(json!(text))
    }

    fn trigger_rule(&mut self, item: &Item<'_>) -> Option<Json> {
        let text = self.text(item, "trigger_rule")?;
        if let Some(rule) = TriggerRule::from_removed_name(text) {
            let message = format!("trigger rule `{text}` is an old name");
            self.warning(&item.span(), message, Some(format!("write `{rule}`")));
            return Some(json!(rule.as_str()));
        }
        let names: Vec<&str> = TriggerRule::ALL.iter().map(|rule| rule.as_str()).collect();
        self.one_of(item, "trigger_rule", &names)
    }

    fn callable(&mut self, item: &Item<'_>, name: &str) -> Option<Json> {
        let text = self.text(item, name)?;
        let is_name = |s: &str| {
            !s.is_empty()
                && s.split('.').all(|p| {
                    !p.is_empty()
                        && !p.starts_with(|c: char| c.is_ascii_digit())
                        && p.chars().all(|c| c.is_alphanumeric() || c == '_')
                })
        };
        match text.split_once(':') {
            Some((module, function)) if is_name(module) && is_name(function) => {
                Some(json!({MARK: "callable", "name": text}))
            }
            _ => {
                let meant = text.rsplit_once('.').filter(|(m, f)| is_name(m) && is_name(f));
                let hint = meant.map(|(m, f)| format!("did you mean `{m}:{f}`?"));
                let hint =
                    hint.unwrap_or_else(|| "write \"package.module:function\"; code can't stand in a TOML file".into());
                self.error(&item.span(), format!("`{text}` doesn't name a function"), Some(hint));
                None
            }
        }
    }
}
