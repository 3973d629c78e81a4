//! What changed since the last answer, coalesced: at most one change per row.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::model::{Cause, Change, MapIndex, RunChange, RunId, TaskInstance, TiChange, TiKey, TiState};

/// One expansion.
#[derive(Debug)]
pub struct Expansion {
    /// Run.
    pub run: RunId,
    /// Task.
    pub task_id: Arc<str>,
    /// The row with index -1 goes away.
    pub replaces_unmapped: bool,
    /// New indexes.
    pub indexes: Vec<MapIndex>,
}

/// What is known of a changed row.
#[derive(Debug)]
struct Touch {
    /// State before the first change.
    from: TiState,
    cause: Option<Cause>,
    /// It is written as part of an expansion.
    inserted: bool,
}

/// The changes of one answer, being collected.
#[derive(Debug, Default)]
pub struct Journal {
    touched: IndexMap<TiKey, Touch>,
    expansions: Vec<Expansion>,
    runs: Vec<RunChange>,
    pauses: Vec<(Arc<str>, String)>,
}

impl Journal {
    /// A row changes; `from` is the state before this change.
    pub fn touch(&mut self, key: TiKey, from: TiState, cause: Option<Cause>) {
        match self.touched.get_mut(&key) {
            Some(known) => known.cause = cause.or(known.cause.take()),
            None => {
                self.touched.insert(key, Touch { from, cause, inserted: false });
            }
        }
    }
    /// Rows are added.
    pub fn expand(&mut self, expansion: Expansion) {
        self.expansions.push(expansion);
    }
    /// A run changes.
    pub fn run(&mut self, change: RunChange) {
        self.runs.push(change);
    }
    /// A DAG is paused.
    pub fn pause(&mut self, dag_id: Arc<str>, why: String) {
        self.pauses.push((dag_id, why));
    }

    /// Everything collected, in an order in which it can be written: expansions, instances, runs, pauses.
    pub fn drain<'a>(&mut self, now: Timestamp, row: impl Fn(&TiKey) -> Option<&'a TaskInstance>) -> Vec<Change> {
        let mut changes = Vec::with_capacity(self.touched.len() + self.expansions.len() + self.runs.len());
        for expansion in self.expansions.drain(..) {
            let mut rows = Vec::with_capacity(expansion.indexes.len());
            for index in expansion.indexes {
                let key = TiKey { run: expansion.run, task_id: expansion.task_id.clone(), map_index: index };
                let Some(current) = row(&key) else { continue };
                // A row that only became scheduled is inserted as such; what is to be started or has ended gets a change
                // of its own, since that is what the reader of the changes looks for.
                if matches!(current.state, TiState::None | TiState::Scheduled) {
                    if let Some(touch) = self.touched.get_mut(&key) {
                        touch.inserted = true;
                    }
                    rows.push(current.clone());
                } else {
                    rows.push(unexamined(current));
                }
            }
            let Expansion { run, task_id, replaces_unmapped, .. } = expansion;
            changes.push(Change::Expand { run, task_id, replaces_unmapped, rows });
        }
        for (key, Touch { from, cause, inserted }) in self.touched.drain(..) {
            if let Some(current) = row(&key).filter(|_| !inserted) {
                changes.push(Change::Ti(Box::new(TiChange { from, row: current.clone(), cause, at: now })));
            }
        }
        changes.extend(self.runs.drain(..).map(|run| Change::Run(Box::new(run))));
        changes.extend(self.pauses.drain(..).map(|(dag_id, why)| Change::PauseDag { dag_id, why }));
        changes
    }
}

/// The row as it was when it was added.
fn unexamined(current: &TaskInstance) -> TaskInstance {
    let mut row = TaskInstance::new(current.key.clone(), current.operator.clone(), current.max_tries);
    row.pool.clone_from(&current.pool);
    row.pool_slots = current.pool_slots;
    row.priority_weight = current.priority_weight;
    row
}
