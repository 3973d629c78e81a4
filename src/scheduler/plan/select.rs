//! Which tasks and runs a command means.

use std::{collections::HashMap, sync::Arc};

use crate::model::{Dag, DagRun, MapIndex, RunId, TaskInstance, UNMAPPED};

use super::{Loaded, LoadedRun, TaskRef};

/// Tasks of a command, each with the reason for which it is there and the indexes that are meant (`None`: all).
pub(super) type Selected = HashMap<Arc<str>, (&'static str, Option<Vec<MapIndex>>)>;

/// The named tasks, and with them their relatives.
pub(super) fn tasks(dag: &Dag, named: &[TaskRef], upstream: bool, downstream: bool) -> Selected {
    let named = without_groups(dag, named);
    let mut selected = Selected::new();
    for (id, index) in &named {
        let (_, indexes) = selected.entry(id.clone()).or_insert_with(|| ("selected", Some(Vec::new())));
        match (index.filter(|index| *index != UNMAPPED), indexes.as_mut()) {
            (Some(index), Some(list)) => list.push(index),
            _ => *indexes = None,
        }
    }
    for (wanted, is_up, reason) in [(upstream, true, "upstream"), (downstream, false, "downstream")] {
        for (id, _) in named.iter().filter(|_| wanted) {
            for other in dag.relatives(id, is_up) {
                selected.entry(other).or_insert((reason, None));
            }
        }
    }
    selected
}

/// Names of groups replaced by the tasks inside. What is neither task nor group stays: it may have instances of an older
/// version.
fn without_groups(dag: &Dag, named: &[TaskRef]) -> Vec<TaskRef> {
    let mut all = Vec::with_capacity(named.len());
    for (id, index) in named {
        if dag.tasks.contains_key(id) || !dag.task_groups.contains_key(&**id) {
            all.push((id.clone(), *index));
            continue;
        }
        let inside = dag.tasks.values().filter(|task| dag.is_in_group(task, id));
        all.extend(inside.map(|task| (task.task_id.clone(), *index)));
    }
    all
}

/// Adds the setups that the selected tasks need, and the teardowns of those setups.
pub(super) fn with_setups(dag: &Dag, selected: &mut Selected) {
    if !dag.tasks.values().any(|task| task.is_setup) {
        return;
    }
    let teardowns = |id: &str| -> Vec<Arc<str>> {
        let below = dag.tasks.get(id).map(|task| task.downstream_task_ids.as_slice()).unwrap_or_default();
        below.iter().filter(|other| dag.tasks.get(*other).is_some_and(|task| task.is_teardown)).cloned().collect()
    };
    let mut found: Vec<Arc<str>> = Vec::new();
    for id in selected.keys() {
        let below = dag.relatives(id, false);
        for setup in dag.relatives(id, true).into_iter().filter(|id| dag.tasks[id].is_setup) {
            let ends = teardowns(&setup);
            if ends.is_empty() || ends.iter().any(|end| below.contains(end) || end == id) {
                found.push(setup);
                found.extend(ends);
            }
        }
        if dag.tasks.get(id).is_some_and(|task| task.is_setup) {
            found.extend(teardowns(id));
        }
    }
    for id in found {
        selected.entry(id).or_insert(("setup", None));
    }
}

/// The reason for which an instance is selected.
pub(super) fn reason(selected: &Selected, row: &TaskInstance) -> Option<&'static str> {
    let (reason, indexes) = selected.get(&row.key.task_id)?;
    indexes.as_ref().is_none_or(|list| list.contains(&row.key.map_index)).then_some(*reason)
}

/// A run, and those before or after it by logical date.
pub(super) fn around(loaded: &Loaded, run: RunId, past: bool, future: bool) -> Vec<&LoadedRun> {
    let date = loaded.runs.iter().find(|one| one.run.id == run).and_then(|one| one.run.logical_date);
    let near = |row: &DagRun| match (row.logical_date, date) {
        _ if row.id == run => true,
        (Some(other), Some(date)) => (past && other < date) || (future && other > date),
        _ => false,
    };
    loaded.runs.iter().filter(|one| near(&one.run)).collect()
}
