//! `ti.xcom_pull`, `var` and `conn`: what a template asks the caller for.

use std::sync::Arc;

use minijinja::{
    Error, ErrorKind, Value,
    value::{Kwargs, ValueKind, from_args},
};
use serde_json::Value as Json;

use super::{
    entities::{Entity, Kind},
    failure::{raise, raising},
    values::{from_json, python_str},
};

/// Methods of `ti`.
pub(super) fn ti_method(entity: &Entity, name: &str, args: &[Value]) -> Result<Value, Error> {
    match name {
        "xcom_pull" => xcom_pull(entity, args),
        "xcom_push" => Err(super::failure::unsupported("ti.xcom_push() in a template")),
        "get_template_context"
        | "get_previous_dagrun"
        | "get_previous_ti"
        | "get_dr_count"
        | "get_ti_count"
        | "get_task_states"
        | "get_dagrun_state"
        | "get_first_reschedule_date"
        | "get_dag" => Err(super::failure::unsupported(format!("ti.{name}() in a template"))),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// `xcom_pull(task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, *, map_indexes, default, run_id)`
/// with the rules of Airflow 3: without `map_indexes` all indexes are taken and `default` is ignored.
fn xcom_pull(entity: &Entity, args: &[Value]) -> Result<Value, Error> {
    let (task_ids, dag_id, key, prior, kwargs): (Option<Value>, Option<Value>, Option<Value>, Option<bool>, Kwargs) =
        from_args(args)?;
    let pick = |given: Option<Value>, name: &str| -> Result<Option<Value>, Error> {
        let value = if kwargs.has(name) { Some(kwargs.get::<Value>(name)?) } else { given };
        Ok(value.filter(|v| !v.is_none()))
    };
    let task_ids = pick(task_ids, "task_ids")?;
    let dag_id = pick(dag_id, "dag_id")?.map(|v| python_str(&v));
    let key = match (kwargs.has("key"), pick(key, "key")?) {
        (true, None) => return Err(raise("ValueError", "key must not be None")),
        (_, key) => key.map_or_else(|| "return_value".to_owned(), |k| python_str(&k)),
    };
    let prior = kwargs.get::<Option<bool>>("include_prior_dates")?.or(prior).unwrap_or(false);
    let run_id = pick(None, "run_id")?.map(|v| python_str(&v));
    let default = if kwargs.has("default") { kwargs.get::<Value>("default")? } else { Value::from(()) };
    let indexes = if kwargs.has("map_indexes") { Some(kwargs.get::<Value>("map_indexes")?) } else { None };
    kwargs.assert_all_used()?;

    let (tasks, single) = match &task_ids {
        None => (vec![entity.ctx.task.task_id.to_string()], true),
        Some(v) if v.as_str().is_some() => (vec![python_str(v)], true),
        Some(v) => (v.try_iter()?.map(|id| python_str(&id)).collect(), false),
    };
    let ask = |task: &str, index: Option<i32>| {
        let found = entity.ctx.lookup.xcom(dag_id.as_deref(), run_id.as_deref(), task, index, &key, prior);
        found.map_err(|e| raise("AirflowRuntimeError", e))
    };
    let mut out: Vec<Value> = Vec::new();
    let Some(indexes) = indexes else {
        for task in &tasks {
            let found = ask(task, None)?;
            if found.is_empty() {
                out.push(Value::from(()));
            }
            out.extend(found.iter().map(|(_, value)| from_json(value)));
        }
        return Ok(if single && out.len() == 1 { out.swap_remove(0) } else { Value::from(out) });
    };
    // None as an index asks for the unmapped value.
    let index_of = |v: &Value| v.as_i64().and_then(|i| i32::try_from(i).ok()).unwrap_or(-1);
    let (wanted, one) = match indexes.kind() {
        ValueKind::None | ValueKind::Number => (vec![index_of(&indexes)], true),
        _ => (indexes.try_iter()?.map(|v| index_of(&v)).collect(), false),
    };
    for task in &tasks {
        for index in &wanted {
            let found = ask(task, Some(*index))?;
            out.push(found.first().map_or_else(|| default.clone(), |(_, value)| from_json(value)));
        }
    }
    Ok(if single && one { out.swap_remove(0) } else { Value::from(out) })
}

/// `var.value.x`, `var.json.x`; a missing variable raises when it is touched.
pub(super) fn variable(entity: &Entity, key: &str) -> Value {
    match find_variable(entity, key) {
        Ok(Some(value)) => value,
        Ok(None) => {
            raising("AirflowRuntimeError", format!("VARIABLE_NOT_FOUND: {{'message': 'Variable {key} not found'}}"))
        }
        Err(e) => raising("AirflowRuntimeError", e),
    }
}

/// A variable that isn't JSON counts as missing in `var.json`, as in Airflow.
fn find_variable(entity: &Entity, key: &str) -> Result<Option<Value>, String> {
    let Some(text) = entity.ctx.lookup.variable(key)? else { return Ok(None) };
    if entity.kind == Kind::VarValue {
        return Ok(Some(Value::from(text)));
    }
    Ok(serde_json::from_str::<Json>(&text).ok().map(|json| from_json(&json)))
}

/// `conn.x`; a missing connection raises when it is touched.
pub(super) fn connection(entity: &Entity, conn_id: &str) -> Value {
    match entity.ctx.lookup.connection(conn_id) {
        Ok(Some(data)) => entity.other(Kind::Connection(Arc::new(data))),
        Ok(None) => raising("AirflowNotFoundException", format!("The conn_id `{conn_id}` isn't defined")),
        Err(e) => raising("AirflowRuntimeError", e),
    }
}

/// `.get(name, default)` of `var.value`, `var.json` and `conn`.
pub(super) fn get(entity: &Entity, args: &[Value]) -> Result<Value, Error> {
    let (key, default, kwargs): (&str, Option<Value>, Kwargs) = from_args(args)?;
    let named = ["default", "default_var", "default_conn"].iter().find(|name| kwargs.has(name));
    let default = named.map(|name| kwargs.get::<Value>(name)).transpose()?.or(default);
    let raised = |e: String| raise("AirflowRuntimeError", e);
    let found = if entity.kind == Kind::Conn {
        let data = entity.ctx.lookup.connection(key).map_err(raised)?;
        data.map(|data| entity.other(Kind::Connection(Arc::new(data))))
    } else {
        find_variable(entity, key).map_err(raised)?
    };
    match (found, default) {
        (Some(value), _) | (None, Some(value)) => Ok(value),
        // `conn.get` without a default gives None, a variable raises.
        (None, None) if entity.kind == Kind::Conn => Ok(Value::from(())),
        (None, None) => Ok(variable(entity, key)),
    }
}

/// One attribute of a connection.
pub(super) fn connection_part(data: &Json, key: &str) -> Option<Value> {
    match key {
        "conn_id" | "conn_type" | "host" | "login" | "password" | "port" | "schema" | "description" => {
            Some(data.get(key).map_or(Value::from(()), from_json))
        }
        "extra" => Some(match data.get("extra") {
            None | Some(Json::Null) => Value::from(()),
            Some(Json::String(text)) => Value::from(text.as_str()),
            Some(other) => Value::from(other.to_string()),
        }),
        "extra_dejson" => Some(from_json(&extra(data))),
        _ => None,
    }
}

fn extra(data: &Json) -> Json {
    let parsed = match data.get("extra") {
        Some(Json::String(text)) => serde_json::from_str(text).unwrap_or(Json::Null),
        Some(other) => other.clone(),
        None => Json::Null,
    };
    if parsed.is_null() { Json::Object(serde_json::Map::new()) } else { parsed }
}

/// Methods of a connection.
pub(super) fn connection_method(data: &Json, name: &str) -> Result<Value, Error> {
    match name {
        "get_uri" => Ok(Value::from(uri(data))),
        "get_password" => Ok(data.get("password").map_or(Value::from(()), from_json)),
        "get_extra_dejson" => Ok(from_json(&extra(data))),
        "get_hook" => Err(super::failure::unsupported("conn.get_hook() in a template")),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// `type://login:password@host:port/schema?k=v`, parts percent-encoded as Airflow does.
fn uri(data: &Json) -> String {
    let text = |key: &str| match data.get(key) {
        Some(Json::String(s)) => s.clone(),
        Some(Json::Number(n)) => n.to_string(),
        _ => String::new(),
    };
    let mut host = text("host");
    let mut out = format!("{}://", text("conn_type").to_lowercase().replace('_', "-"));
    if let Some((protocol, rest)) = host.clone().split_once("://") {
        out.push_str(&format!("{protocol}://"));
        host = rest.to_owned();
    }
    let (login, password) = (text("login"), text("password"));
    if !login.is_empty() || !password.is_empty() {
        out.push_str(&quote(&login));
        if !password.is_empty() {
            out.push_str(&format!(":{}", quote(&password)));
        }
        out.push('@');
    }
    out.push_str(&quote(&host));
    let (port, schema) = (text("port"), text("schema"));
    if !port.is_empty() {
        out.push_str(&format!("{}:{port}", if host.is_empty() { "@" } else { "" }));
    }
    if !schema.is_empty() {
        out.push_str(&format!("/{}", quote(&schema)));
    }
    if let Json::Object(map) = extra(data)
        && !map.is_empty()
    {
        if !out.contains('/') || schema.is_empty() {
            out.push('/');
        }
        let flat = map.values().all(|v| v.is_string());
        let pairs: Vec<String> = if flat {
            map.iter().map(|(k, v)| format!("{}={}", quote(k), quote(v.as_str().unwrap_or_default()))).collect()
        } else {
            vec![format!("__extra__={}", quote(&Json::Object(map).to_string()))]
        };
        out.push_str(&format!("?{}", pairs.join("&")));
    }
    out
}

fn quote(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}
