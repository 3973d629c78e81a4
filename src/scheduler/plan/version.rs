//! A run goes on with another version of its DAG: instances of new tasks are added, those of tasks that are gone removed
//! (Airflow's `verify_integrity`).

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    model::{Cause, CauseKind, Change, Dag, TaskInstance, TiState},
    scheduler::{creation::first_instances, effective_weights},
};

use super::{LoadedRun, Plan, PlannedTi};

/// Adds what follows for the instances of a run that are not cleared anyway (`is_planned`).
pub(super) fn follow(
    plan: &mut Plan,
    one: &LoadedRun,
    dag: &Arc<Dag>,
    is_planned: impl Fn(&TaskInstance) -> bool,
    now: Timestamp,
) {
    for row in one.rows.iter().filter(|row| !is_planned(row)) {
        let is_gone = !dag.tasks.contains_key(&row.key.task_id);
        if is_gone && row.state != TiState::Removed {
            let cause = Cause::new(CauseKind::Skip, "its task is gone from the DAG");
            plan.add(
                &one.run,
                row,
                TaskInstance { state: TiState::Removed, ..row.clone() },
                Some(cause),
                ("gone", now),
            );
        } else if !is_gone && row.state == TiState::Removed {
            plan.add(&one.run, row, refreshed(dag, super::clear::cleared(dag, row, false)), None, ("restored", now));
        }
    }
    let mut new = first_instances(dag, one.run.id, one.run.logical_date);
    new.retain(|row| one.rows.iter().all(|old| old.key.task_id != row.key.task_id));
    for row in &new {
        let (run_id, key) = (one.run.run_id.clone(), row.key.clone());
        let (from, to) = (TiState::None, TiState::None);
        plan.task_instances.push(PlannedTi { run_id, key, from, to, reason: "added" });
    }
    while let Some(first) = new.first() {
        let task_id = first.key.task_id.clone();
        let (rows, rest) = new.into_iter().partition(|row| row.key.task_id == task_id);
        plan.changes.push(Change::Expand { run: one.run.id, task_id, replaces_unmapped: false, rows });
        new = rest;
    }
}

/// A row with what the DAG now says of its task.
pub(super) fn refreshed(dag: &Dag, row: TaskInstance) -> TaskInstance {
    let Some(task) = dag.tasks.get(&row.key.task_id) else { return row };
    let weight = effective_weights(dag).get(&task.task_id).copied().unwrap_or(task.priority_weight);
    TaskInstance {
        operator: task.operator.clone(),
        pool: task.pool.clone(),
        pool_slots: task.pool_slots,
        priority_weight: weight,
        ..row
    }
}
