//! Plans of one act that are about the same rows: what one of them has done is no change from outside for the next, and isn't done
//! again.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;
use serde_json::Value;

use super::{
    about,
    acts::find_run,
    prepared::{Deed, Prepared},
};
use crate::{
    error::Result,
    model::{Change, MapIndex, RunId},
    protocol::Command,
    store::plan::{self, Saved},
};

/// What the plans of the same act, and about the same DAG, have done so far.
#[derive(Debug, Default)]
pub struct Done {
    /// What lines of a basis are about: `train of run x`, `run x`.
    subjects: BTreeSet<String>,
    /// With the state that they were given.
    instances: BTreeMap<(RunId, String, MapIndex), Value>,
    runs: BTreeMap<String, RunId>,
}

/// What was done before a plan by others of its act.
///
/// # Errors
/// If the store can't be read.
pub fn done(tx: &Transaction<'_>, saved: &Saved) -> Result<Done> {
    let mut done = Done::default();
    let Some((act, dag_id)) = saved.act.as_ref().zip(dag_of(saved)) else { return Ok(done) };
    for other in plan::of_act(tx, act)? {
        if other.plan_id == saved.plan_id || other.state != "applied" || dag_of(&other).as_ref() != Some(&dag_id) {
            continue;
        }
        done.subjects.extend(other.basis.iter().map(|line| subject(line).to_owned()));
        let document: Value = serde_json::from_str(&other.document).unwrap_or_default();
        for row in ["task_instances", "dag_runs"].iter().filter_map(|list| document[*list].as_array()).flatten() {
            let run_id = text(row, "dag_run_id");
            if !done.runs.contains_key(&run_id)
                && let Ok(run) = find_run(tx, &dag_id, &run_id)
            {
                done.runs.insert(run_id.clone(), run.id);
            }
            if let (Some(id), Some((task, index))) = (done.runs.get(&run_id), instance(row)) {
                done.instances.insert((*id, task, index), row["to"].clone());
            }
        }
    }
    Ok(done)
}

impl Done {
    /// Whether all that is no longer as it was is of their doing.
    pub fn explains(&self, before: &[String], now: &[String]) -> bool {
        let only = |some: &[String], others: &[String]| -> Vec<String> {
            some.iter().filter(|line| !others.contains(line)).map(|line| subject(line).to_owned()).collect()
        };
        let changed = [only(before, now), only(now, before)].concat();
        !changed.is_empty() && changed.iter().all(|subject| self.subjects.contains(subject))
    }

    /// Leaves out of a plan what they have done; a plan of something else stays whole.
    pub fn leave_out(&self, prepared: &mut Prepared) {
        let Deed::Changes { changes, kill, .. } = &mut prepared.deed else { return };
        let run_of = |row: &Value| self.runs.get(&text(row, "dag_run_id")).copied();
        let key_of = |row: &Value| run_of(row).zip(instance(row)).map(|(run, (task, index))| (run, task, index));
        // What they gave another state is still to be done.
        let rows = prepared.document["task_instances"].as_array().into_iter().flatten();
        let same: BTreeSet<(RunId, String, MapIndex)> =
            rows.filter_map(|row| key_of(row).filter(|key| self.instances.get(key) == Some(&row["to"]))).collect();
        let is_done = |run: RunId, task: &str, index: MapIndex| same.contains(&(run, task.to_owned(), index));
        changes.retain(|change| match change {
            Change::Ti(c) => !is_done(c.row.key.run, &c.row.key.task_id, c.row.key.map_index),
            _ => true,
        });
        kill.retain(|(key, _)| !is_done(key.run, &key.task_id, key.map_index));
        // A run in which nothing is left to do was set by them, too.
        let left: BTreeSet<RunId> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Ti(c) => Some(c.row.key.run),
                _ => None,
            })
            .collect();
        let is_set = |run: RunId| self.runs.values().any(|known| *known == run) && !left.contains(&run);
        changes.retain(|change| !matches!(change, Change::Run(c) if is_set(c.row.id)));
        if let Some(rows) = prepared.document["task_instances"].as_array_mut() {
            rows.retain(|row| key_of(row).is_none_or(|(run, task, index)| !is_done(run, &task, index)));
        }
        if let Some(rows) = prepared.document["dag_runs"].as_array_mut() {
            rows.retain(|row| run_of(row).is_none_or(|run| !is_set(run)));
        }
    }
}

fn dag_of(saved: &Saved) -> Option<String> {
    let command: Command = serde_json::from_str(&saved.command).ok()?;
    about::about(&command).dag_id
}

/// What a line of a basis is about.
fn subject(line: &str) -> &str {
    line.split_once(" is ").map_or(line, |(subject, _)| subject)
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

fn instance(row: &Value) -> Option<(String, MapIndex)> {
    let index = row["map_index"].as_i64().and_then(|index| MapIndex::try_from(index).ok())?;
    Some((row["task_id"].as_str()?.to_owned(), index))
}
