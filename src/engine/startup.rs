//! What a Python process is told when it begins a try: its first line.

use serde_json::{Map, Value, json};

use super::{core::Engine, render};
use crate::{
    clock,
    config::{Place, Settings},
    model::{Dag, DagRun, RunType, Task, TaskInstance, time::rfc3339},
    protocol::TrySpec,
    python, store,
};

impl Engine {
    /// A try whose process is an interpreter.
    pub(super) fn python_spec(&mut self, dag: &Dag, task: &Task, run: &DagRun, row: &TaskInstance) -> TrySpec {
        let mut spec = self.base_spec(task, run, row);
        let interpreter = self.interpreter(&dag.fileloc);
        spec.argv = python::execute_argv(&interpreter, &self.parser.side);
        spec.startup = Some(self.startup(dag, task, run, row));
        spec.env.extend(self.place.settings.as_environment());
        // The interpreter's working folder is the DAG folder, as in Airflow's worker.
        spec.cwd =
            Some(self.place.dags_folder.to_string_lossy().into_owned()).filter(|f| std::path::Path::new(f).is_dir());
        if spec.cwd.is_none() {
            spec.cwd = std::path::Path::new(&dag.fileloc).parent().map(|p| p.to_string_lossy().into_owned());
        }
        spec
    }

    /// The first line for a Python task.
    fn startup(&self, dag: &Dag, task: &Task, run: &DagRun, row: &TaskInstance) -> Value {
        let deferral = self.deferrals.over(&row.key, row.try_number);
        let mut startup = document(&self.place, &self.hostname, dag, task, run, row);
        if run.run_type == RunType::AssetTriggered {
            startup["dag_run"]["consumed_asset_events"] = self.consumed_events(run.id);
        }
        startup["inactive_assets"] = self.inactive_assets(task);
        startup["source"] = self.older_source(dag, run).into();
        startup["next_method"] = json!(deferral.map(|d| &d.next_method));
        startup["next_kwargs"] = json!(deferral.map(|d| &d.next_kwargs));
        if own_xcom_backend(&self.place.settings).is_some() {
            // It is told what was deleted, since it may keep something for it elsewhere.
            let old = self.old_xcoms.get(&row.key).cloned().unwrap_or_default();
            startup["old_xcoms"] = old.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        }
        startup
    }

    /// Settings that Python tasks and triggers know.
    pub(super) fn task_settings(&self) -> Value {
        task_settings(&self.place.settings)
    }

    /// The text that the file had when it made the run's version of the DAG, if the DAG is another one by now. (A file that
    /// changed without changing the DAG, in a function's body say, runs as it is now.)
    pub(super) fn older_source(&self, dag: &Dag, run: &DagRun) -> Option<String> {
        let is_newest = self.world.dag(&run.dag_id).is_none_or(|facts| facts.version == run.dag_version);
        if is_newest || !dag.fileloc.ends_with(".py") {
            return None;
        }
        let source = store::dag::source(self.store.reader(), run.dag_version).ok().flatten()?;
        let now = std::fs::read(&dag.fileloc).ok()?;
        (source.as_bytes() != now).then_some(source)
    }
}

/// The first line of a try that hasn't deferred itself; `hostname` is where it runs.
pub(super) fn document(
    place: &Place,
    hostname: &str,
    dag: &Dag,
    task: &Task,
    run: &DagRun,
    row: &TaskInstance,
) -> Value {
    let mapped_dependants = dag.tasks.values().any(|other| {
        let expand = other.expand.as_ref();
        expand.is_some_and(|e| e.upstream_task_ids().iter().any(|id| **id == *task.task_id))
    }) || dag.task_groups.values().any(|group| {
        group.expand.as_ref().is_some_and(|e| e.upstream_task_ids().iter().any(|id| **id == *task.task_id))
    });
    let plugins = place.plugins();
    json!({
        "type": "StartupDetails",
        "ti": {
            "id": format!("{}-{}-{}-{}", run.id.0, row.key.task_id, row.key.map_index, row.epoch),
            "dag_id": &*run.dag_id, "run_id": &*run.run_id, "task_id": &*row.key.task_id, "map_index": row.key.map_index,
            "try_number": row.try_number, "max_tries": row.max_tries, "start_date": rfc3339(row.start_date.unwrap_or_else(clock::now)),
            "hostname": hostname, "pool": row.pool, "queue": task.queue, "priority_weight": row.priority_weight,
        },
        "dag_run": render::run_document(run),
        "fileloc": dag.fileloc,
        "dags_folder": place.dags_folder,
        "plugins_folder": Some(plugins.clone()).filter(|p| p.is_dir()),
        "task_reschedule_count": row.epoch.saturating_sub(1),
        "first_poke_date": row.start_date.map(rfc3339),
        "should_retry": row.max_tries != 0 && row.try_number <= row.max_tries,
        "mapped_dependants": mapped_dependants,
        "task": if dag.fileloc.ends_with(".toml") { serde_json::to_value(task).unwrap_or(Value::Null) } else { Value::Null },
        "declared_tasks": below(dag, task),
        "declared_params": dag.params.iter().map(|(k, p)| (k.clone(), p.value.clone())).collect::<Map<String, Value>>(),
        "settings": task_settings(&place.settings),
    })
}

/// Settings that Python tasks and triggers know.
fn task_settings(settings: &Settings) -> Value {
    let mut all = json!({
        "max_map_length": settings.number("core", "max_map_length").unwrap_or(1024.0) as u64,
        "default_timezone": settings.text("core", "default_timezone"),
        "dag_run_conf_overrides_params": settings.flag("core", "dag_run_conf_overrides_params"),
        "allowed_deserialization_classes": settings.text("core", "allowed_deserialization_classes"),
        "allowed_deserialization_classes_regexp": settings.text("core", "allowed_deserialization_classes_regexp"),
        "max_templated_field_length": settings.number("core", "max_templated_field_length").unwrap_or(4096.0) as u64,
    });
    if let Some(backend) = own_xcom_backend(settings) {
        all["xcom_backend"] = json!(backend);
    }
    all
}

/// For a task of a TOML file that may skip what is below it: the tasks of its DAG, with what follows each and whether it is a
/// teardown.
fn below(dag: &Dag, task: &Task) -> Value {
    if !dag.fileloc.ends_with(".toml") || !["ApprovalOperator", "HITLBranchOperator"].contains(&&*task.operator) {
        return Value::Null;
    }
    let of = |task: &Task| json!([task.downstream_task_ids, task.is_teardown]);
    dag.tasks.iter().map(|(id, task)| (id.to_string(), of(task))).collect::<Map<String, Value>>().into()
}

/// The class that stores and reads XComs, if it isn't Airflow's own.
pub(super) fn own_xcom_backend(settings: &Settings) -> Option<&str> {
    settings.get("core", "xcom_backend").filter(|name| !name.is_empty() && !name.ends_with(".BaseXCom"))
}
