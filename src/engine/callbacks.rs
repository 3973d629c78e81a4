//! Callbacks of DAGs: noticed when a run ends, run in a process of their own.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{core::Engine, render, start::DAG_CALLBACKS};
use crate::{
    model::{Dag, DagRun, RunChange, RunId, RunState, Task, TaskInstance, TiKey, TiState, UNMAPPED, time::rfc3339},
    store,
};

impl Engine {
    /// Remembers a run that ends with the next commit, if its DAG has a callback for it.
    pub(super) fn note_ended_run(&mut self, change: &RunChange) {
        let is_failure = change.row.state == RunState::Failed;
        let wanted = if is_failure { "on_failure_callback" } else { "on_success_callback" };
        let Some(facts) = self.world.dag(&change.row.dag_id) else { return };
        if facts.dag.callbacks.iter().any(|c| c == wanted) {
            self.ended_runs.push((change.row.id, facts.dag.clone(), is_failure, change.reason.clone()));
        }
    }

    /// Runs a DAG's callbacks in a Python process that is supervised like a try, without a task instance.
    pub(super) fn start_callbacks(&mut self, run: RunId, dag: &Arc<Dag>, is_failure: bool, reason: &str) {
        let Ok(Some(run)) = store::run::get(self.store.reader(), run) else { return };
        let key = TiKey::new(run.id, DAG_CALLBACKS, UNMAPPED);
        let mut row = TaskInstance::new(key, "", 0);
        row.try_number = run.clear_number + 1;
        row.epoch = run.clear_number + 1;
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
