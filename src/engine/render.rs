//! Rendering for native tasks: their context, and the arguments of mapped instances.

use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    clock,
    config::Settings,
    error::Error,
    model::{
        AssetCondition, Cause, CauseKind, Dag, DagRun, RunId, Task, TaskInstance,
        mapping::{MARK, encoded_kind},
        time::rfc3339,
    },
    operators::kubernetes_pod,
    secrets,
    store::{
        self,
        asset::{EventQuery, Named},
    },
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
    /// It is only looked at what a try would do: what isn't there yet is an error, where a try would take it for nothing.
    pub is_draft: bool,
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
            lookup: Arc::new(StoreLookup {
                db: self.db.clone(),
                run: self.run.clone(),
                dag: self.dag.clone(),
                is_draft: self.is_draft,
            }),
        }
    }
}

/// Why a task's fields could not be rendered here.
pub enum Problem {
    /// Python may know what this engine doesn't.
    Unsupported(Cause),
    /// It is wrong anywhere.
    Wrong(Cause),
}

impl Problem {
    /// The cause, for where nobody else could render it.
    pub fn cause(self) -> Cause {
        match self {
            Self::Unsupported(cause) | Self::Wrong(cause) => cause,
        }
    }
}

impl From<Cause> for Problem {
    fn from(cause: Cause) -> Self {
        Self::Wrong(cause)
    }
}

/// All arguments of a native task instance, rendered where they are templates.
pub fn arguments(place: &Place<'_>, task: &Task) -> Result<IndexMap<String, Value>, Problem> {
    let mut task = task.clone();
    kubernetes_pod::name_variables(&mut task);
    if !task.template_ext.is_empty() {
        let context = place.context(&task);
        for name in task.template_fields.clone() {
            if let Some(value) = task.args.get_mut(&name) {
                *value = from_file(value, &context)?;
            }
        }
    }
    template::render_args(&place.context(&task)).map_err(|f| problem(&f))
}

/// The deferral that a task begins with: arguments of its trigger that are templates of the task are rendered.
pub fn trigger(place: &Place<'_>, task: &Task) -> Result<Value, Cause> {
    let mut said = task.start_trigger.clone();
    let context = place.context(task);
    for name in &task.template_fields {
        let Some(Value::String(text)) = said["trigger_kwargs"].get(name) else { continue };
        let rendered = template::render(text, &context).map_err(|f| problem(&f).cause())?;
        said["trigger_kwargs"][name.as_str()] = Value::String(rendered);
    }
    Ok(said)
}

/// At most so many characters has the name of a mapped instance, as in Airflow's database.
const NAME_LENGTH: usize = 250;

/// The rendered `map_index_template`: `task` in it has the arguments of this instance.
pub fn index_name(
    place: &Place<'_>,
    task: &Task,
    rendered: &IndexMap<String, Value>,
    name: &str,
) -> Result<String, Problem> {
    let mut task = task.clone();
    task.args = rendered.clone();
    let text = template::render(name, &place.context(&task)).map_err(|f| problem(&f))?;
    let length = text.chars().count();
    if length > NAME_LENGTH {
        let text = format!("map_index_template renders {length} characters, at most {NAME_LENGTH} fit");
        return Err(Problem::Wrong(Cause::new(CauseKind::Value, text).exception("AirflowRuntimeError")));
    }
    Ok(text)
}

/// A text that ends in one of the operator's endings names a template file.
fn from_file(value: &Value, context: &Context) -> Result<Value, Cause> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    if !context.task.template_ext.iter().any(|ending| text.ends_with(ending.as_str())) {
        return Ok(value.clone());
    }
    context
        .lookup
        .file(text)
        .map(Value::String)
        .map_err(|e| Cause::new(CauseKind::Template, format!("template file {e}")).exception("TemplateNotFound"))
}

fn problem(failure: &Failure) -> Problem {
    let line = failure.line.map(|n| format!(" (line {n})")).unwrap_or_default();
    let cause =
        Cause::new(CauseKind::Template, format!("template{line}: {}", failure.message)).exception(&failure.exception);
    if failure.unsupported { Problem::Unsupported(cause) } else { Problem::Wrong(cause) }
}

/// Rendered fields as they are stored: encoded tuples and sets are lists, other encoded values their text.
pub fn for_people(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(for_people).collect()),
        Value::Object(map) => {
            let whole = Value::Object(map);
            match encoded_kind(&whole) {
                Some("tuple" | "set" | "v1") => for_people(whole.get("value").cloned().unwrap_or(Value::Null)),
                Some(_) if let Some(text) = template::text_of_encoded(&whole) => Value::String(text),
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

/// A rendered field that is longer than `[core] max_templated_field_length`, cut, with Airflow's sentence before it.
pub fn shortened(value: Value, settings: &Settings) -> Value {
    const PREFIX: &str = "Truncated. You can change this behaviour in [core]max_templated_field_length. ";
    let limit = settings.number("core", "max_templated_field_length").unwrap_or(4096.0) as usize;
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => return value,
    };
    if text.chars().count() <= limit {
        return value;
    }
    let room = limit.saturating_sub(PREFIX.len() + 3);
    let kept: String = if room < 7 { String::new() } else { text.chars().take(room).collect() };
    Value::String(format!("{PREFIX}{}...", kept.trim_end()))
}

/// A run as Python tasks get it.
pub fn run_document(run: &DagRun) -> Value {
    let time = |t: Option<jiff::Timestamp>| t.map(rfc3339);
    json!({
        "dag_id": &*run.dag_id, "run_id": &*run.run_id, "logical_date": time(run.logical_date),
        "data_interval_start": time(run.data_interval_start), "data_interval_end": time(run.data_interval_end),
        "run_after": rfc3339(run.run_after), "start_date": time(run.start_date), "end_date": time(run.end_date),
        "run_type": run.run_type.as_str(), "triggered_by": run.triggered_by.as_str(), "conf": run.conf, "note": run.note,
        "state": run.state.as_str(), "clear_number": run.clear_number, "partition_key": run.partition_key,
        "partition_date": time(run.partition_date),
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
    /// See [`Place::is_draft`].
    pub is_draft: bool,
}

/// Whether an XCom that isn't there may still come: nobody can tell what a task will be given.
///
/// # Errors
/// It may; the sentence names it.
pub(super) fn to_come(db: &Connection, own: &DagRun, run: RunId, task_id: &str, key: &str) -> crate::error::Result<()> {
    let rows = store::load::instances(db, run)?;
    let mut of_task = rows.iter().filter(|row| *row.key.task_id == *task_id).peekable();
    let has_ended = of_task.peek().is_some() && of_task.all(|row| row.state.is_finished());
    // A try takes what another run didn't push for nothing, too.
    if has_ended || run != own.id {
        return Ok(());
    }
    let of = if run.0 == 0 {
        "there is no run of that date".to_string()
    } else {
        format!("it hasn't ended in run {}", own.run_id)
    };
    Err(Error::refused(format!("XCom {key} of task {task_id} isn't there yet: {of}")))
}

/// An event with the run that it came from, dates as dates.
fn with_source(db: &Connection, mut event: Value) -> crate::error::Result<Value> {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let mut run = match store::run::find(db, &text("source_dag_id"), &text("source_run_id"))? {
        Some(run) => run_document(&run),
        None => Value::Null,
    };
    let date = |value: &mut Value| {
        if let Some(text) = value.as_str() {
            *value = json!({MARK: "datetime", "value": text});
        }
    };
    let fields = run.as_object_mut().into_iter().flatten();
    let dates = ["logical_date", "run_after", "start_date", "end_date", "partition_date"];
    fields
        .filter(|(name, _)| dates.contains(&name.as_str()) || name.starts_with("data_interval"))
        .for_each(|(_, value)| date(value));
    event["source_dag_run"] = run;
    date(&mut event["timestamp"]);
    Ok(event)
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
            if self.is_draft && found.is_empty() {
                to_come(db, &self.run, run, task_id, key)?;
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

    fn triggering_asset_events(&self) -> Result<Vec<Value>, String> {
        self.with(|db| store::asset::consumed(db, self.run.id)?.into_iter().map(|e| with_source(db, e)).collect())
    }

    fn asset_events(&self, of: &AssetCondition) -> Result<Vec<Value>, String> {
        let mut query = EventQuery::default();
        match of {
            AssetCondition::Asset(a) => query.asset = Named::both(&a.name, &a.uri),
            AssetCondition::AssetRef(r) => {
                query.asset = Named { name: r.name.clone(), uri: r.uri.clone(), active: true };
            }
            AssetCondition::Alias(a) => query.alias = Some(a.name.clone()),
            AssetCondition::All(_) | AssetCondition::Any(_) => return Ok(Vec::new()),
        }
        self.with(|db| store::asset::events(db, &query)?.into_iter().map(|e| with_source(db, e)).collect())
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
