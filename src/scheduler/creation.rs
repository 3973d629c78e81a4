//! Making a run with its first task instances.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{
        Dag, DagRun, DagVersionId, MapIndex, NewRun, RunId, RunState, RunType, Task, TaskInstance, TiKey, TriggeredBy,
        UNMAPPED,
    },
    timetable::DataInterval,
};

use super::{effective_weights, graph::mapped_chain};

/// What a new run is to be.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// Airflow's run id.
    pub run_id: Arc<str>,
    /// Why it exists.
    pub run_type: RunType,
    /// Who creates it.
    pub triggered_by: TriggeredBy,
    /// The instant it stands for.
    pub logical_date: Option<Timestamp>,
    /// The data it is about.
    pub data_interval: Option<DataInterval>,
    /// The partition it is about.
    pub partition_key: Option<String>,
    /// Start of that partition, where the key stands for a time.
    pub partition_date: Option<Timestamp>,
    /// Not before.
    pub run_after: Timestamp,
    /// What it is triggered with.
    pub conf: Value,
    /// A person's note.
    pub note: Option<String>,
}

/// The id of rows that the store hasn't numbered yet.
const UNSTORED: RunId = RunId(0);

/// A run in state queued, with one instance per task; literal mappings are expanded.
pub fn new_run(dag: &Dag, version: DagVersionId, spec: RunSpec, queued_at: Timestamp) -> NewRun {
    // As in Airflow, the tasks' own dates don't count in a backfill.
    let date = spec.logical_date.filter(|_| spec.run_type != RunType::Backfill);
    let instances = first_instances(dag, UNSTORED, date);
    let run = DagRun {
        id: UNSTORED,
        dag_id: dag.dag_id.clone(),
        run_id: spec.run_id,
        state: RunState::Queued,
        run_type: spec.run_type,
        triggered_by: spec.triggered_by,
        logical_date: spec.logical_date,
        data_interval_start: spec.data_interval.map(|d| d.start),
        data_interval_end: spec.data_interval.map(|d| d.end),
        partition_key: spec.partition_key,
        partition_date: spec.partition_date,
        run_after: spec.run_after,
        queued_at: Some(queued_at),
        start_date: None,
        end_date: None,
        conf: spec.conf,
        note: spec.note,
        clear_number: 0,
        dag_version: version,
        backfill: None,
        tasks: None,
    };
    NewRun { run, instances, consumes: None }
}

/// What a run of the DAG has before anything ran.
pub(super) fn first_instances(dag: &Dag, run: RunId, logical_date: Option<Timestamp>) -> Vec<TaskInstance> {
    let weights = effective_weights(dag);
    let mut instances = Vec::with_capacity(dag.tasks.len());
    for task in dag.tasks.values().filter(|task| in_window(dag, task, logical_date)) {
        let weight = weights.get(&task.task_id).copied().unwrap_or(task.priority_weight);
        for index in first_indexes(dag, task) {
            instances.push(instance_of(task, TiKey::new(run, task.task_id.clone(), index), weight));
        }
    }
    instances
}

/// A fresh instance with what the DAG says of its task.
pub(super) fn instance_of(task: &Task, key: TiKey, weight: i64) -> TaskInstance {
    TaskInstance {
        pool: task.pool.clone(),
        pool_slots: task.pool_slots,
        priority_weight: weight,
        ..TaskInstance::new(key, task.operator.clone(), task.retries)
    }
}

/// A task gets no instance in runs outside its dates: the later start and the earlier end of its own and the DAG's.
fn in_window(dag: &Dag, task: &Task, logical_date: Option<Timestamp>) -> bool {
    let Some(date) = logical_date else { return true };
    let starts = [dag.start_date, task.start_date];
    let ends = [dag.end_date, task.end_date];
    starts.into_iter().flatten().all(|start| date >= start) && ends.into_iter().flatten().all(|end| date <= end)
}

fn first_indexes(dag: &Dag, task: &Task) -> std::ops::Range<MapIndex> {
    let unexpanded = UNMAPPED..UNMAPPED + 1;
    let chain = mapped_chain(dag, task);
    if chain.is_empty() && task.expand.is_none() {
        return unexpanded;
    }
    let mut length = 1usize;
    for expand in chain.iter().filter_map(|g| g.expand.as_ref()).chain(task.expand.as_ref()) {
        match expand.len(&|_| None) {
            Some(part) => length = length.saturating_mul(part),
            None => return unexpanded,
        }
    }
    if length == 0 { unexpanded } else { 0..MapIndex::try_from(length).unwrap_or(MapIndex::MAX) }
}
