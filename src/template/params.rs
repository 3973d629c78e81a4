//! Params: what a run was given on top of the DAG's and the task's, and whether it is allowed.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::model::{Dag, Param, Task};

/// What is wrong with one param.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamError {
    /// Name of the param, then the place inside it: `window/days`.
    pub path: String,
    /// One sentence.
    pub message: String,
}

/// DAG params, overridden by task params, overridden by the run's conf (if `[core] dag_run_conf_overrides_params`).
pub fn merge_params(dag: &Dag, task: Option<&Task>, conf: &Value, conf_overrides: bool) -> Value {
    let mut merged: Map<String, Value> = dag.params.iter().map(|(k, p)| (k.clone(), p.value.clone())).collect();
    for (name, given) in task.iter().flat_map(|t| &t.params) {
        merged.insert(name.clone(), param_value(given).clone());
    }
    if let (true, Some(conf)) = (conf_overrides, conf.as_object()) {
        merged.extend(conf.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    Value::Object(merged)
}

/// A task's param is a plain value, or a whole param with its schema.
fn param_value(given: &Value) -> &Value {
    match (given.get("value"), given.get("schema")) {
        (Some(value), Some(_)) => value,
        _ => given,
    }
}

/// Checks what a task with params of its own would get: the DAG's params, the task's over them, and `conf` on top (if it
/// overrides), each against the last schema that was given for it. Without params of its own there is nothing new to check.
pub fn validate_task(dag: &Dag, task: &Task, conf: &Value, conf_overrides: bool) -> Result<(), Vec<ParamError>> {
    if task.params.is_empty() {
        return Ok(());
    }
    let mut params = dag.params.clone();
    for (name, given) in &task.params {
        let schema = given.get("value").and(given.get("schema")).cloned();
        let param = params.entry(name.clone()).or_insert_with(|| Param {
            value: Value::Null,
            required: false,
            description: None,
            schema: Value::Null,
        });
        param.value = param_value(given).clone();
        param.required = given["required"] == true && schema.is_some();
        if let Some(schema) = schema {
            param.schema = schema;
        }
    }
    validate_values(&params, if conf_overrides { conf } else { &Value::Null })
}

/// Checks the DAG's params, with `conf` on top, against their JSON schemas.
pub fn validate_params(dag: &Dag, conf: &Value) -> Result<(), Vec<ParamError>> {
    validate_values(&dag.params, conf)
}

/// Checks values of params (those that aren't given have their defaults) against their JSON schemas.
pub fn validate_values(params: &IndexMap<String, Param>, conf: &Value) -> Result<(), Vec<ParamError>> {
    let mut errors = Vec::new();
    for (name, param) in params {
        let given = conf.get(name);
        if given.is_none() && param.required {
            errors.push(ParamError {
                path: name.clone(),
                message: "No value passed and Param has no default value".into(),
            });
            continue;
        }
        if !matches!(&param.schema, Value::Object(schema) if !schema.is_empty()) {
            continue;
        }
        let validator = match formats(jsonschema::draft202012::options()).build(&param.schema) {
            Ok(validator) => validator,
            Err(e) => {
                errors.push(ParamError { path: name.clone(), message: format!("its schema is wrong: {e}") });
                continue;
            }
        };
        for error in validator.iter_errors(given.unwrap_or(&param.value)) {
            errors.push(ParamError { path: format!("{name}{}", error.instance_path()), message: error.to_string() });
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Which `format`s are checked, and how: those for which Python's `jsonschema` needs no further package. The others say
/// what a text means and refuse nothing, as in Airflow.
fn formats(options: jsonschema::ValidationOptions<'_>) -> jsonschema::ValidationOptions<'_> {
    const UNCHECKED: &[&str] = &[
        "date-time",
        "hostname",
        "idn-hostname",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
    ];
    let options = UNCHECKED.iter().fold(options, |options, name| options.with_format(*name, |_: &str| true));
    let is_email = |text: &str| text.contains('@');
    options
        .with_format("email", is_email)
        .with_format("idn-email", is_email)
        .with_format("time", |text: &str| jiff::civil::Time::strptime("%H:%M:%S", text).is_ok())
        .should_validate_formats(true)
}
