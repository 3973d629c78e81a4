//! Callbacks that no try's own process runs: those of DAGs, of missed deadlines, and of tasks whose process can't. Each is
//! stored with what it is about, and runs in a process of its own that is supervised like a try.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    core::{Engine, Write},
    render,
};
use crate::{
    error::{Error, Result, say},
    model::{
        CauseKind, Dag, DagRun, MapIndex, RunChange, RunId, RunState, Task, TaskInstance, TiChange, TiKey, TiState,
        UNMAPPED, time::rfc3339,
    },
    runner::claim::Life,
    store,
};

/// Stands for a task id where a DAG's callbacks run. No task's id can begin with `@`.
const DAG_CALLBACKS: &str = "@dag_callbacks";

/// What listeners of plugins are called for when a run starts; a DAG names it with its callbacks if there is one.
const RUN_LISTENER: &str = "on_dag_run_running";

/// True if a process that ends so has not called its task's callbacks.
pub(super) fn is_unreported(kind: CauseKind) -> bool {
    matches!(kind, CauseKind::Signal | CauseKind::ExitCode | CauseKind::RunnerKilled)
}

/// True for what is no task instance but a callback.
pub(super) fn is_callback(key: &TiKey) -> bool {
    key.task_id.starts_with('@')
}

impl Engine {
    /// Remembers the callbacks of a run that ends with the next commit.
    pub(super) fn note_ended_run(&mut self, change: &RunChange) {
        let is_failure = change.row.state == RunState::Failed;
        let wanted = if is_failure { "on_failure_callback" } else { "on_success_callback" };
        let Ok(dag) = self.version_of(&change.row) else { return };
        if dag.callbacks.iter().any(|c| c == wanted) {
            let key = TiKey::new(change.row.id, DAG_CALLBACKS, UNMAPPED);
            let request = json!({"kind": "dag", "is_failure": is_failure, "reason": change.reason});
            self.call_back(key, change.row.clear_number + 1, request);
        }
    }

    /// Remembers that listeners of plugins are to be told of a run that starts with the next commit.
    pub(super) fn note_started_run(&mut self, change: &RunChange) {
        let Some(facts) = self.world.dag(&change.row.dag_id) else { return };
        if facts.dag.callbacks.iter().any(|c| c == RUN_LISTENER) {
            let key = TiKey::new(change.row.id, format!("@{RUN_LISTENER}"), UNMAPPED);
            let request = json!({"kind": "dag", "listener": RUN_LISTENER, "reason": change.reason});
            self.call_back(key, change.row.clear_number + 1, request);
        }
    }

    /// A task's process ended without having called what is to be called: the scheduler does.
    pub(super) fn note_unreported(&mut self, change: &TiChange) {
        let Some(cause) = change.cause.as_ref().filter(|cause| is_unreported(cause.kind)) else { return };
        let name = match change.row.state {
            TiState::UpForRetry => "on_retry_callback",
            TiState::Failed => "on_failure_callback",
            _ => return,
        };
        self.call_task_back(&change.row.key.clone(), change.row.epoch, name, &cause.summary);
    }

    /// Has a task's callback called, if it has one.
    pub(super) fn call_task_back(&mut self, key: &TiKey, epoch: u32, callback: &str, error: &str) {
        let Some(dag) = self.world.dag_of(key.run) else { return };
        let has_one = dag.tasks.get(&key.task_id).is_some_and(|task| task.callbacks.iter().any(|c| c == callback));
        if has_one {
            let name = format!("@{callback}.{}", key.task_id);
            let request = json!({"kind": "task", "callback": callback, "task_id": &*key.task_id, "error": error});
            self.call_back(TiKey::new(key.run, name, key.map_index), epoch, request);
        }
    }

    /// Stores a callback with the next commit, after which it runs.
    pub(super) fn call_back(&mut self, key: TiKey, epoch: u32, request: Value) {
        self.writes.push(Write::Callback { key: key.clone(), epoch, request: request.clone() });
        self.callbacks.push((key, epoch, request));
    }

    /// If this is a callback, it is over and isn't called again.
    pub(super) fn drop_callback(&mut self, key: &TiKey, epoch: u32) {
        if is_callback(key) {
            self.writes.push(Write::DropCallback { key: key.clone(), epoch });
        }
    }

    /// Runs what was committed.
    pub(super) fn start_callbacks(&mut self) {
        for (key, epoch, request) in std::mem::take(&mut self.callbacks) {
            if let Err(e) = self.start_callback(&key, epoch, &request) {
                self.listener_gone(&key, epoch, None);
                say(format_args!("scheduler: callback {} of run {}: {e}", key.task_id, key.run.0));
            }
        }
    }

    /// After a start: callbacks that an earlier scheduler had committed. One whose process died is not called twice.
    /// Gives the names of their files.
    pub(super) fn adopt_callbacks(&mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for (key, epoch, request) in store::callback::all(self.store.reader())? {
            let files = self.files(&key, epoch);
            names.push(files.name());
            match files.look() {
                Ok(Life::NeverStarted) => self.callbacks.push((key, epoch, request)),
                _ => self.look_at(&key, epoch),
            }
        }
        Ok(names)
    }

    /// Starts one again that was handed over and never began.
    pub(super) fn start_callback_again(&mut self, key: &TiKey, epoch: u32) {
        match store::callback::get(self.store.reader(), key, epoch) {
            Ok(request) => self.callbacks.extend(request.map(|request| (key.clone(), epoch, request))),
            Err(e) => say(format_args!("scheduler: callback {} of run {}: {e}", key.task_id, key.run.0)),
        }
        self.start_callbacks();
    }

    fn start_callback(&mut self, key: &TiKey, epoch: u32, request: &Value) -> Result<()> {
        let Some(run) = store::run::get(self.store.reader(), key.run)? else { return Ok(()) };
        if request["kind"] == "pod" {
            let spec = self.listener_spec(&run, key, epoch, request)?;
            self.hand_over(spec);
            return Ok(());
        }
        let dag = self.version_of(&run)?;
        let startup = match request["kind"].as_str() {
            Some("task") => self.of_task(&run, &dag, key.map_index, request)?,
            Some("deadline") => self.of_deadline(&run, &dag, request)?,
            Some("reference") => json!({"type": "DeadlineReferenceRequest", "number": request["number"]}),
            _ => self.of_dag(&run, &dag, request)?,
        };
        let mut row = TaskInstance::new(key.clone(), "", 0);
        row.try_number = epoch;
        row.epoch = epoch;
        let task = json!({"task_id": &*key.task_id, "operator": ""});
        let task: Task = serde_json::from_value(task).map_err(|e| Error::system("a callback has no form", e))?;
        let mut spec = self.python_spec(&dag, &task, &run, &row);
        let mut whole = json!({
            "dag_run": render::run_document(&run), "fileloc": dag.fileloc, "source": self.older_source(&dag, &run), "dag_id": &*dag.dag_id,
            "dags_folder": self.place.dags_folder, "plugins_folder": Some(self.place.plugins()).filter(|p| p.is_dir()),
            "settings": self.task_settings(),
        });
        for (name, value) in startup.as_object().into_iter().flatten() {
            whole[name.as_str()] = value.clone();
        }
        spec.startup = Some(whole);
        self.hand_over(spec);
        Ok(())
    }

    /// The DAG as the run has it, also of a run that has ended.
    fn version_of(&self, run: &DagRun) -> Result<Arc<Dag>> {
        match self.world.dag(&run.dag_id) {
            Some(facts) if facts.version == run.dag_version => Ok(facts.dag.clone()),
            _ => store::dag::version(self.store.reader(), run.dag_version),
        }
    }

    fn of_dag(&self, run: &DagRun, dag: &Arc<Dag>, request: &Value) -> Result<Value> {
        let reason = request["reason"].as_str().unwrap_or("");
        let instances = store::load::instances(self.store.reader(), run.id)?;
        let ti = relevant(instances, run, dag, reason).filter(|row| dag.tasks.contains_key(&row.key.task_id));
        let ti = ti.map(|row| document(run, &row));
        Ok(
            json!({"type": "DagCallbackRequest", "is_failure": request["is_failure"], "listener": request["listener"], "reason": reason, "ti": ti}),
        )
    }

    fn of_task(&self, run: &DagRun, dag: &Arc<Dag>, map_index: MapIndex, request: &Value) -> Result<Value> {
        let task_id = request["task_id"].as_str().unwrap_or("");
        let key = TiKey::new(run.id, task_id, map_index);
        let row = store::load::instance(self.store.reader(), &key)?.filter(|_| dag.tasks.contains_key(task_id));
        let mut ti = row.map(|row| document(run, &row)).unwrap_or(Value::Null);
        // By now it may be in its next try.
        ti["state"] = match request["callback"].as_str() {
            Some("on_retry_callback") => TiState::UpForRetry.as_str().into(),
            Some("on_success_callback") => TiState::Success.as_str().into(),
            Some("on_skipped_callback") => TiState::Skipped.as_str().into(),
            Some("on_execute_callback") => TiState::Running.as_str().into(),
            _ => TiState::Failed.as_str().into(),
        };
        Ok(json!({"type": "TaskCallbackRequest", "callback": request["callback"], "error": request["error"], "ti": ti}))
    }
}

/// The instance whose context a DAG's callback gets (semantics 15): the one that succeeded last or failed last; of a run
/// whose time was over, the unfinished one that started last; of one that can't go on, the first whose upstream tasks
/// have got somewhere.
fn relevant(instances: Vec<TaskInstance>, run: &DagRun, dag: &Dag, reason: &str) -> Option<TaskInstance> {
    let last_in = |state: TiState| {
        // Those that ended in the same moment: as they are written, which mostly is the order of the graph.
        let rank = |row: &&TaskInstance| (row.end_date, dag.tasks.get_index_of(&row.key.task_id));
        instances.iter().filter(|row| row.state == state).max_by_key(rank)
    };
    let found = match reason {
        "success" => last_in(TiState::Success),
        "task_failure" => last_in(TiState::Failed),
        "timed_out" => {
            let was_cut_off = |row: &&TaskInstance| row.state == TiState::Skipped && row.end_date == run.end_date;
            instances.iter().filter(was_cut_off).max_by_key(|row| row.start_date)
        }
        "all_tasks_deadlocked" => {
            let is_finished = |id: &Arc<str>| instances.iter().any(|r| r.key.task_id == *id && r.state.is_finished());
            let is_blocked = |row: &&TaskInstance| {
                let task = dag.tasks.get(&row.key.task_id);
                !row.state.is_finished() && task.is_some_and(|task| task.upstream_task_ids.iter().any(is_finished))
            };
            instances.iter().find(is_blocked)
        }
        _ => instances.iter().max_by_key(|row| (row.end_date.is_some(), row.end_date.or(row.start_date))),
    };
    found.cloned()
}

fn document(run: &DagRun, row: &TaskInstance) -> Value {
    json!({
        "dag_id": &*run.dag_id, "run_id": &*run.run_id, "task_id": &*row.key.task_id, "map_index": row.key.map_index,
        "try_number": row.try_number, "max_tries": row.max_tries, "state": row.state.as_str(),
        "start_date": row.start_date.map(rfc3339), "hostname": row.hostname, "pool": row.pool,
        "priority_weight": row.priority_weight,
    })
}

/// Name of what is called for a deadline.
pub(super) fn deadline_key(run: RunId, number: u32, what: &str) -> TiKey {
    TiKey::new(run, format!("@{what}.{number}"), UNMAPPED)
}
