//! Why a template could not be rendered, in jinja2's and Airflow's words.

use std::fmt;

use minijinja::{Error, ErrorKind, Value};

/// A failed rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Class that Airflow would have raised: `UndefinedError`, `TemplateSyntaxError`, `AirflowNotFoundException`, ..
    pub exception: String,
    /// One sentence.
    pub message: String,
    /// Line in the template, from 1.
    pub line: Option<usize>,
    /// True if our engine can't do it but jinja2 could.
    pub unsupported: bool,
}

impl Failure {
    /// A failure without a line.
    pub fn new(exception: &str, message: impl Into<String>) -> Self {
        Self { exception: exception.into(), message: message.into(), line: None, unsupported: false }
    }
    /// Something that jinja2 could do and we can't.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self { exception: "TemplateError".into(), message: message.into(), line: None, unsupported: true }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception, self.message)
    }
}

impl std::error::Error for Failure {}

/// An engine error that carries a Python exception.
pub(super) fn raise(exception: &str, message: impl Into<String>) -> Error {
    carry(Failure::new(exception, message))
}

/// An engine error for what only jinja2 can do.
pub(super) fn unsupported(message: impl Into<String>) -> Error {
    carry(Failure::unsupported(message))
}

fn carry(failure: Failure) -> Error {
    Error::new(ErrorKind::InvalidOperation, failure.message.clone()).with_source(failure)
}

/// A value that raises when the template touches it.
pub(super) fn raising(exception: &str, message: impl Into<String>) -> Value {
    Value::from(raise(exception, message))
}

/// Filters and functions of jinja2 that the engine lacks.
const JINJA_ONLY: &[&str] =
    &["xmlattr", "filesizeformat", "forceescape", "striptags", "urlize", "cycler", "joiner", "lipsum"];

/// Translates an engine error; `parent` tells the jinja2 type of an expression (`dict object`), for undefined attributes.
pub(super) fn translate(error: &Error, parent: &dyn Fn(&str) -> Option<String>) -> Failure {
    let line = error.line();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(failure) = inner.downcast_ref::<Failure>() {
            return Failure { line, ..failure.clone() };
        }
        source = inner.source();
    }
    let detail = error.detail().unwrap_or_default();
    let undefined = undefined_expression(detail);
    let (exception, message, unsupported) = match error.kind() {
        ErrorKind::SyntaxError => return syntax(detail, line),
        ErrorKind::UndefinedError => ("UndefinedError", undefined_message(undefined, parent), false),
        _ if undefined.is_some() => ("UndefinedError", undefined_message(undefined, parent), false),
        ErrorKind::UnknownFunction => {
            let name = detail.split(' ').next().unwrap_or(detail);
            ("UndefinedError", with_replacement(name), JINJA_ONLY.contains(&name))
        }
        ErrorKind::UnknownMethod => ("UndefinedError", unknown_method(detail), false),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
            let what = if error.kind() == ErrorKind::UnknownFilter { "filter" } else { "test" };
            let name = detail.split(' ').nth(1).unwrap_or(detail).trim_matches('\'');
            ("TemplateAssertionError", format!("No {what} named '{name}'."), JINJA_ONLY.contains(&name))
        }
        ErrorKind::TemplateNotFound | ErrorKind::BadInclude => ("TemplateNotFound", detail.to_owned(), true),
        ErrorKind::TooManyArguments | ErrorKind::MissingArgument => ("TypeError", error.to_string(), true),
        _ => ("TypeError", if detail.is_empty() { error.kind().to_string() } else { detail.to_owned() }, true),
    };
    // The model doesn't hold every attribute that Airflow's DAG and operator objects have, nor the macros of plugins.
    let unsupported = unsupported || PARTLY_KNOWN.iter().any(|kind| message.starts_with(&format!("'{kind}'")));
    Failure { exception: exception.into(), message, line, unsupported }
}

const PARTLY_KNOWN: &[&str] = &[
    "airflow.sdk.definitions.dag.DAG object",
    "airflow.sdk.bases.operator.BaseOperator object",
    "MacrosAccessor object",
];

fn syntax(detail: &str, line: Option<usize>) -> Failure {
    let (detail, unsupported) = match detail {
        d if d.contains("unexpected end of input") => {
            let end =
                if d.contains("block") && !d.contains("variable") { "statement block" } else { "print statement" };
            (format!("unexpected end of template, expected 'end of {end}'."), false)
        }
        d if d.starts_with("unknown statement do") => {
            (format!("{d}: `do` changes values, which this engine can't"), true)
        }
        d => (d.to_owned(), true),
    };
    Failure { exception: "TemplateSyntaxError".into(), message: detail, line, unsupported }
}

/// The expression in "`a.b` is undefined", which the engine writes in debug mode.
fn undefined_expression(detail: &str) -> Option<&str> {
    let end = detail.find("` is undefined")?;
    let start = detail[..end].find('`')?;
    Some(&detail[start + 1..end])
}

pub(super) fn undefined_message(expression: Option<&str>, parent: &dyn Fn(&str) -> Option<String>) -> String {
    let Some(expression) = expression else { return "a value is undefined".into() };
    if let Some(inner) = expression.strip_suffix(']')
        && let Some((base, key)) = inner.rsplit_once('[')
        && let Some(kind) = parent(base)
    {
        let key = key.replace('"', "'");
        if key.starts_with('\'') {
            return format!("'{kind}' has no attribute {key}");
        }
        return format!("{kind} has no element {key}");
    }
    if let Some((base, name)) = expression.rsplit_once('.')
        && let Some(kind) = parent(base)
    {
        return format!("'{kind}' has no attribute '{name}'");
    }
    with_replacement(expression)
}

fn unknown_method(detail: &str) -> String {
    match detail.split_once(" has no method named ") {
        Some((kind, name)) => {
            let kind = match kind {
                "map" => "dict",
                "sequence" => "list",
                "string" => "str",
                "none" => return format!("'None' has no attribute '{name}'"),
                other => other,
            };
            format!("'{kind} object' has no attribute '{name}'")
        }
        None => detail.to_owned(),
    }
}

/// Names that Airflow 3 dropped from the context, and what stands for them now.
const DROPPED: &[(&str, &str)] = &[
    ("execution_date", "logical_date"),
    ("next_execution_date", "data_interval_end"),
    ("prev_execution_date", "prev_data_interval_start_success"),
    ("prev_execution_date_success", "prev_data_interval_start_success"),
    ("next_ds", "data_interval_end | ds"),
    ("next_ds_nodash", "data_interval_end | ds_nodash"),
    ("prev_ds", "macros.ds_add(ds, -1)"),
    ("prev_ds_nodash", "macros.ds_add(ds, -1) | replace('-', '')"),
    ("yesterday_ds", "macros.ds_add(ds, -1)"),
    ("yesterday_ds_nodash", "macros.ds_add(ds, -1) | replace('-', '')"),
    ("tomorrow_ds", "macros.ds_add(ds, 1)"),
    ("tomorrow_ds_nodash", "macros.ds_add(ds, 1) | replace('-', '')"),
    ("conf", "dag_run.conf (what the run was triggered with) or an environment variable"),
    ("test_mode", "nothing"),
    ("expanded_ti_count", "ti.xcom_pull(..) | length"),
    ("triggering_dataset_events", "triggering_asset_events"),
];

/// Names that exist only if the run has a logical date.
const DATED: &[&str] = &[
    "ds",
    "ds_nodash",
    "ts",
    "ts_nodash",
    "ts_nodash_with_tz",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "prev_data_interval_start_success",
    "prev_data_interval_end_success",
];

fn with_replacement(name: &str) -> String {
    if let Some((_, new)) = DROPPED.iter().find(|(old, _)| *old == name) {
        return format!("'{name}' is undefined (Airflow 3 dropped it; use {new})");
    }
    if DATED.contains(&name) {
        return format!("'{name}' is undefined (the run has no logical date)");
    }
    format!("'{name}' is undefined")
}
