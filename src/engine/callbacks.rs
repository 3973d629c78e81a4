//! Callbacks of DAGs: noticed when a run ends, run in a process of their own.

use serde_json::{Value, json};

use super::{
    core::{Engine, Write},
    render,
    start::DAG_CALLBACKS,
};
use crate::{
    error::Result,
    model::{DagRun, RunChange, RunState, Task, TaskInstance, TiKey, TiState, UNMAPPED, time::rfc3339},
    runner::claim::Life,
    store::{
        self,
        callback::{self, Due},
    },
};

impl Engine {
    /// Notes that a DAG's callbacks are due, with the commit that ends the run, if the DAG has one for this end.
    pub(super) fn note_ended_run(&mut self, change: &RunChange) {
        let is_failure = change.row.state == RunState::Failed;
        let wanted = if is_failure { "on_failure_callback" } else { "on_success_callback" };
        let Some(facts) = self.world.dag(&change.row.dag_id) else { return };
        if facts.dag.callbacks.iter().any(|c| c == wanted) {
            let epoch = change.row.clear_number + 1;
            let due = Due { run: change.row.id, epoch, is_failure, reason: change.reason.clone() };
            self.writes.push(Write::CallbackDue(due.clone()));
            self.ended_runs.push(due);
        }
    }

    /// Callbacks that an earlier scheduler left: those that never began are started, others followed to their end. Returns
    /// the names of their files.
    pub(super) fn adopt_callbacks(&mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for due in callback::all(self.store.reader())? {
            let (key, epoch) = (TiKey::new(due.run, DAG_CALLBACKS, UNMAPPED), due.epoch);
            self.tries.callbacks.insert((due.run, epoch), due);
            let files = self.files(&key, epoch);
            names.push(files.name());
            match files.look() {
                Ok(Life::NeverStarted) => self.to_start.push((key, epoch)),
                _ => self.look_at(&key, epoch),
            }
        }
        Ok(names)
    }

    /// Starts callbacks again that were handed over and never began.
    pub(super) fn start_callbacks_of(&mut self, key: &TiKey, epoch: u32) {
        if &*key.task_id == DAG_CALLBACKS
            && let Some(due) = self.tries.callbacks.get(&(key.run, epoch)).cloned()
        {
            self.start_callbacks(due);
        }
    }

    /// True if these are a DAG's callbacks that haven't ended.
    pub(super) fn are_callbacks(&self, key: &TiKey, epoch: u32) -> bool {
        &*key.task_id == DAG_CALLBACKS && self.tries.callbacks.contains_key(&(key.run, epoch))
    }

    /// True if this was a DAG's callbacks, and the first time that their end was told.
    pub(super) fn end_callbacks(&mut self, key: &TiKey, epoch: u32) -> bool {
        let is_due = &*key.task_id == DAG_CALLBACKS && self.tries.callbacks.remove(&(key.run, epoch)).is_some();
        if is_due {
            self.writes.push(Write::CallbackDone { run: key.run, epoch });
        }
        is_due
    }

    /// Runs a DAG's callbacks in a Python process that is supervised like a try, without a task instance.
    pub(super) fn start_callbacks(&mut self, due: Due) {
        let Due { run, epoch, is_failure, reason } = due.clone();
        let key = TiKey::new(run, DAG_CALLBACKS, UNMAPPED);
        self.tries.callbacks.insert((run, epoch), due);
        let found = store::run::get(self.store.reader(), run).ok().flatten();
        let dag = |run: &DagRun| match self.world.dag(&run.dag_id) {
            Some(facts) => Some(facts.dag.clone()),
            None => store::dag::version(self.store.reader(), run.dag_version).ok(),
        };
        let Some((run, dag)) = found.and_then(|run| dag(&run).map(|dag| (run, dag))) else {
            self.end_callbacks(&key, epoch);
            return;
        };
        let (dag, reason) = (&dag, reason.as_str());
        let mut row = TaskInstance::new(key, "", 0);
        row.try_number = epoch;
        row.epoch = epoch;
        let Ok(task) = serde_json::from_value::<Task>(json!({"task_id": DAG_CALLBACKS, "operator": ""})) else {
            return;
        };
        let instances = store::load::instances(self.store.reader(), run.id).unwrap_or_default();
        let ti = relevant(instances, reason).map(|row| document(&run, &row));
        let mut spec = self.python_spec(dag, &task, &run, &row);
        spec.startup = Some(json!({
            "type": "DagCallbackRequest", "dag_run": render::run_document(&run), "fileloc": dag.fileloc,
            "dags_folder": self.place.dags_folder, "dag_id": &*dag.dag_id, "is_failure": is_failure, "reason": reason, "ti": ti,
        }));
        self.hand_over(spec);
    }
}

/// The instance whose context a DAG's callback gets (semantics 15): the one that succeeded last, that failed last, or
/// for a run that could not go on, that was touched last of those unfinished.
fn relevant(instances: Vec<TaskInstance>, reason: &str) -> Option<TaskInstance> {
    let fits = |state: TiState| match reason {
        "success" => matches!(state, TiState::Success | TiState::Skipped),
        "task_failure" => matches!(state, TiState::Failed | TiState::UpstreamFailed),
        _ => true,
    };
    let rank = |row: &TaskInstance| {
        let ran = matches!(row.state, TiState::Success | TiState::Failed) || !row.state.is_finished();
        (ran, row.end_date.or(row.start_date))
    };
    instances.into_iter().filter(|row| fits(row.state)).max_by_key(rank)
}

fn document(run: &DagRun, row: &TaskInstance) -> Value {
    json!({
        "dag_id": &*run.dag_id, "run_id": &*run.run_id, "task_id": &*row.key.task_id, "map_index": row.key.map_index,
        "try_number": row.try_number, "max_tries": row.max_tries, "state": row.state.as_str(),
        "start_date": row.start_date.map(rfc3339), "hostname": row.hostname, "pool": row.pool,
        "priority_weight": row.priority_weight,
    })
}
