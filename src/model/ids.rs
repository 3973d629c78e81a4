//! Ids of runs and task instances.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Row id of a dag run in the store; unique in a home, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub i64);

/// Index of a mapped task instance; [`UNMAPPED`] for everything else.
pub type MapIndex = i32;

/// Map index of an unmapped task, and of a mapped one before it expands.
pub const UNMAPPED: MapIndex = -1;

/// Names one task instance in a home.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TiKey {
    /// The run it belongs to.
    pub run: RunId,
    /// Its task, with the prefixes of its groups.
    pub task_id: Arc<str>,
    /// Its map index.
    pub map_index: MapIndex,
}

impl TiKey {
    /// The key of a task's instance in a run.
    pub fn new(run: RunId, task_id: impl Into<Arc<str>>, map_index: MapIndex) -> Self {
        Self { run, task_id: task_id.into(), map_index }
    }
}

impl fmt::Display for TiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.map_index == UNMAPPED {
            write!(f, "{}", self.task_id)
        } else {
            write!(f, "{}[{}]", self.task_id, self.map_index)
        }
    }
}
