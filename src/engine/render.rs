//! Rendering for native tasks: their context, and the arguments of mapped instances.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::{
    clock,
    config::Settings,
    model::{
        Cause, CauseKind, Dag, DagRun, Expand, MapIndex, Task, TaskInstance, UNMAPPED,
        mapping::{encoded_kind, is_xcom_arg},
        time::rfc3339,
    },
    secrets, store,
    template::{self, Context, Failure, Lookup},
};

/// What is rendered, and from where it is answered.
pub struct Place<'a> {
    /// DAG.
    pub dag: &'a Arc<Dag>,
    /// Run.
    pub run: &'a DagRun,
    /// Task instance.
    pub row: &'a TaskInstance,
    /// Settings.
    pub settings: &'a Settings,
    /// A reading connection.
    pub db: &'a Arc<Mutex<Connection>>,
}

impl Place<'_> {
    /// The context of a task here.
    pub fn context(&self, task: &Task) -> Context {
        let overrides = self.settings.flag("core", "dag_run_conf_overrides_params");
        Context {
            dag: self.dag.clone(),
            task: Arc::new(task.clone()),
            run: Arc::new(self.run.clone()),
            ti: Arc::new(self.row.clone()),
            params: Arc::new(template::merge_params(self.dag, Some(task), &self.run.conf, overrides)),
            lookup: Arc::new(StoreLookup { db: self.db.clone(), run: self.run.clone(), dag: self.dag.clone() }),
        }
    }
}

/// All arguments of a native task instance, rendered where they are templates.
pub fn arguments(place: &Place<'_>, task: &Task) -> Result<Map<String, Value>, Cause> {
    let mut task = task.clone();
    let mut as_they_are: Vec<String> = Vec::new();
    if place.row.key.map_index != UNMAPPED
        && let Some(expand) = task.expand.clone()
    {
        let lookup = StoreLookup { db: place.db.clone(), run: place.run.clone(), dag: place.dag.clone() };
        for (name, value, rendered) in mapped(&expand, place.row.key.map_index, &lookup).map_err(|e| value_cause(&e))? {
            if !rendered {
                as_they_are.push(name.clone());
            }
            task.args.insert(name, value);
        }
    }
    let context = place.context(&task);
    let mut out = Map::new();
    for (name, value) in &task.args {
        let is_template = task.template_fields.contains(name) && !as_they_are.contains(name);
        let value = if is_template || is_xcom_arg(value) {
            let value = from_file(value, &task, &context)?;
            template::render_value(&value, &context).map_err(|f| template_cause(name, &f))?
        } else {
            value.clone()
        };
        out.insert(name.clone(), value);
    }
    Ok(out)
}

/// A text that ends in one of the operator's endings names a template file.
fn from_file(value: &Value, task: &Task, context: &Context) -> Result<Value, Cause> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    if !task.template_ext.iter().any(|ending| text.ends_with(ending.as_str())) {
        return Ok(value.clone());
    }
    context
        .lookup
        .file(text)
        .map(Value::String)
        .map_err(|e| Cause::new(CauseKind::Template, format!("template file {e}")).exception("TemplateNotFound"))
}

fn template_cause(field: &str, failure: &Failure) -> Cause {
    let line = failure.line.map(|n| format!(" (line {n})")).unwrap_or_default();
    Cause::new(CauseKind::Template, format!("template of {field}{line}: {}", failure.message))
        .exception(&failure.exception)
}

fn value_cause(message: &str) -> Cause {
    Cause::new(CauseKind::Value, message).exception("ValueError")
}

/// Arguments that a map index brings: name, value, and whether it is rendered (literals are, XComs are not).
fn mapped(expand: &Expand, index: MapIndex, lookup: &StoreLookup) -> Result<Vec<(String, Value, bool)>, String> {
    let mut index = usize::try_from(index).map_err(|_| "the task instance has no map index".to_string())?;
    match expand {
        Expand::ExpandKwargs { value } => {
            let item = element(&value.0, index, lookup)?;
            let Value::Object(kwargs) = item else { return Err(format!("expand_kwargs needs dicts, got {item}")) };
            // Plain values of the dicts are rendered, wherever the dicts came from.
            Ok(kwargs.into_iter().map(|(name, value)| (name, value, true)).collect())
        }
        Expand::Expand { args } => {
            let mut found = Vec::new();
            for (name, value) in args.iter().rev() {
                let length = elements(&value.0, lookup)?.len().max(1);
                let item = element(&value.0, index % length, lookup)?;
                index /= length;
                found.push((name.clone(), item, !is_xcom_arg(&value.0)));
            }
            Ok(found)
        }
    }
}

fn element(value: &Value, index: usize, lookup: &StoreLookup) -> Result<Value, String> {
    elements(value, lookup)?
        .into_iter()
        .nth(index)
        .ok_or_else(|| format!("map index {index} is beyond the values that were pushed"))
}

/// The elements that a mapped value stands for.
fn elements(value: &Value, lookup: &StoreLookup) -> Result<Vec<Value>, String> {
    let part = |v: &Value| elements(v, lookup);
    let parts = || value.get("of").and_then(Value::as_array).cloned().unwrap_or_default();
    match encoded_kind(value) {
        Some("xcom") => {
            let task_id = value.get("task_id").and_then(Value::as_str).unwrap_or("");
            let key = value.get("key").and_then(Value::as_str).unwrap_or("return_value");
            let found = lookup.xcom(None, None, task_id, None, key, false)?;
            match <[(MapIndex, Value); 1]>::try_from(found) {
                Ok([(UNMAPPED, only)]) => {
                    items(&only).ok_or_else(|| format!("XCom {key} of {task_id} cannot be mapped over"))
                }
                Ok([(_, only)]) => Ok(vec![only]),
                Err(found) => Ok(found.into_iter().map(|(_, v)| v).collect()),
            }
        }
        Some("zip") => {
            let lists = parts().iter().map(part).collect::<Result<Vec<_>, _>>()?;
            let fill = value.get("fillvalue");
            let lengths = lists.iter().map(Vec::len);
            let length = if fill.is_some() { lengths.max() } else { lengths.min() }.unwrap_or(0);
            let at = |list: &Vec<Value>, i: usize| list.get(i).or(fill).cloned().unwrap_or(Value::Null);
            Ok((0..length).map(|i| Value::Array(lists.iter().map(|list| at(list, i)).collect())).collect())
        }
        Some("concat") => Ok(parts().iter().map(part).collect::<Result<Vec<_>, _>>()?.concat()),
        _ => items(value).ok_or_else(|| format!("{value} cannot be mapped over")),
    }
}

/// A list's elements; a dict's pairs; those of an encoded tuple or set.
fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::Object(map) if encoded_kind(value).is_some() => map.get("value")?.as_array().cloned(),
        Value::Object(map) if map.contains_key("__classname__") => map.get("__data__")?.as_array().cloned(),
        Value::Object(map) => Some(map.iter().map(|(k, v)| json!([k, v])).collect()),
        _ => None,
    }
}

/// Rendered fields as they are stored: encoded tuples and sets are lists, other encoded values their text.
pub fn for_people(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(for_people).collect()),
        Value::Object(map) => {
            let whole = Value::Object(map);
            match encoded_kind(&whole) {
                Some("tuple" | "set") => for_people(whole.get("value").cloned().unwrap_or(Value::Null)),
                Some(_) => whole.get("value").or_else(|| whole.get("repr")).cloned().unwrap_or(Value::Null),
                None => match whole {
                    Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, for_people(v))).collect()),
                    other => other,
                },
            }
        }
        other => other,
    }
}

/// A run as Python tasks get it.
pub fn run_document(run: &DagRun) -> Value {
    let time = |t: Option<jiff::Timestamp>| t.map(rfc3339);
    json!({
        "dag_id": &*run.dag_id, "run_id": &*run.run_id, "logical_date": time(run.logical_date),
        "data_interval_start": time(run.data_interval_start), "data_interval_end": time(run.data_interval_end),
        "run_after": rfc3339(run.run_after), "start_date": time(run.start_date), "end_date": time(run.end_date),
        "run_type": run.run_type.as_str(), "triggered_by": run.triggered_by.as_str(), "conf": run.conf, "note": run.note,
        "state": run.state.as_str(), "clear_number": run.clear_number,
    })
}

/// Answers templates from the committed store.
pub struct StoreLookup {
    /// Connection.
    pub db: Arc<Mutex<Connection>>,
    /// The run that is rendered for.
    pub run: DagRun,
    /// Its DAG.
    pub dag: Arc<Dag>,
}

impl StoreLookup {
    fn with<T>(&self, read: impl FnOnce(&Connection) -> crate::error::Result<T>) -> Result<T, String> {
        let db = self.db.lock().map_err(|_| "the store's reader is broken".to_string())?;
        read(&db).map_err(|e| e.to_string())
    }
}

impl Lookup for StoreLookup {
    fn xcom(
        &self,
        dag_id: Option<&str>,
        run_id: Option<&str>,
        task_id: &str,
        map_index: Option<i32>,
        key: &str,
        include_prior_dates: bool,
    ) -> Result<Vec<(i32, Value)>, String> {
        self.with(|db| {
            let dag_id = dag_id.unwrap_or(&self.run.dag_id);
            let run_id = run_id.unwrap_or(&self.run.run_id);
            let run = if dag_id == &*self.run.dag_id && run_id == &*self.run.run_id {
                self.run.id
            } else {
                match store::run::find(db, dag_id, run_id)? {
                    Some(run) => run.id,
                    None => return Ok(Vec::new()),
                }
            };
            let mut found = if include_prior_dates {
                let all = store::xcom::with_prior_dates(db, run, task_id, key)?;
                all.into_iter().map(|(_, index, value)| (index, value)).collect()
            } else {
                store::xcom::all(db, run, task_id, key)?
            };
            if let Some(wanted) = map_index {
                found.retain(|(index, _)| *index == wanted);
            }
            Ok(found)
        })
    }

    fn variable(&self, key: &str) -> Result<Option<String>, String> {
        self.with(|db| secrets::variable(db, key))
    }

    fn connection(&self, conn_id: &str) -> Result<Option<Value>, String> {
        self.with(|db| secrets::connection(db, conn_id))
    }

    fn now(&self) -> jiff::Timestamp {
        clock::now()
    }

    fn random(&self) -> u64 {
        uuid::Uuid::new_v4().as_u64_pair().0
    }

    fn previous_success(&self) -> Result<Option<DagRun>, String> {
        match self.run.logical_date {
            Some(date) => self.with(|db| store::run::previous(db, &self.run.dag_id, date, Some("success"))),
            None => Ok(None),
        }
    }

    fn file(&self, name: &str) -> Result<String, String> {
        let own = std::path::Path::new(&self.dag.fileloc).parent().map(|p| p.to_string_lossy().into_owned());
        let folders: Vec<String> = own.into_iter().chain(self.dag.template_searchpath.iter().cloned()).collect();
        for folder in &folders {
            if let Ok(text) = std::fs::read_to_string(std::path::Path::new(folder).join(name)) {
                return Ok(text);
            }
        }
        let listed: Vec<String> = folders.iter().map(|f| format!("'{f}'")).collect();
        Err(format!("'{name}' not found in search paths: {}", listed.join(", ")))
    }
}
