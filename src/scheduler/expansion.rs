//! Expanding mapped tasks when their dependencies are met, and again after a clear.

use jiff::Timestamp;

use crate::model::{Cause, CauseKind, MapIndex, RunId, TaskInstance, TiState, UNMAPPED};

use super::{
    creation::instance_of,
    journal::Expansion,
    weights::effective_weights,
    world::{ALL, World},
};

impl World {
    /// Replaces the instance -1 of a mapped task (or of a task in a mapped group) by 0.., or ends it.
    pub(super) fn expand(&mut self, run: RunId, task: usize, now: Timestamp) {
        let Some(memory) = self.runs.get(&run) else { return };
        let Some(length) = memory.mapped_length(task) else {
            let ids: Vec<String> =
                memory.graph.nodes[task].sources.iter().map(|s| format!("`{}`", memory.task_id(*s))).collect();
            let cause = Cause::new(CauseKind::Upstream, format!("{} pushed nothing to map over", ids.join(", ")));
            return self.decide((run, task, UNMAPPED), TiState::UpstreamFailed, cause, now);
        };
        if length == 0 {
            let cause = Cause::new(CauseKind::Skip, "it is mapped over nothing: the list is empty");
            return self.decide((run, task, UNMAPPED), TiState::Skipped, cause, now);
        }
        self.count(run, task, UNMAPPED, false);
        let Some(memory) = self.runs.get_mut(&run) else { return };
        let Some(template) = memory.tasks[task].rows.remove(&UNMAPPED) else { return };
        memory.tasks[task].is_sized = true;
        let length = MapIndex::try_from(length).unwrap_or(MapIndex::MAX);
        self.add_rows(run, task, &template, (0..length).collect(), true);
    }

    /// Once after loading: adds the instances that are missing, and marks those beyond the length as removed. True if it
    /// removed something.
    pub(super) fn fit(&mut self, run: RunId, task: usize, now: Timestamp) -> bool {
        let Some(memory) = self.runs.get_mut(&run) else { return false };
        let node = &memory.graph.nodes[task];
        if memory.tasks[task].is_sized || (!node.is_mapped && node.chain.is_empty()) {
            return false;
        }
        memory.tasks[task].is_sized = true;
        let Some(length) = memory.mapped_length(task).and_then(|n| MapIndex::try_from(n).ok()) else { return false };
        let rows = &memory.tasks[task].rows;
        let surplus: Vec<MapIndex> =
            rows.range(length..).filter(|(_, r)| r.state != TiState::Removed).map(|(i, _)| *i).collect();
        let missing: Vec<MapIndex> = (0..length).filter(|i| !rows.contains_key(i)).collect();
        let removed = !surplus.is_empty();
        for index in surplus {
            let cause =
                Cause::new(CauseKind::Skip, format!("the list that it is mapped over has only {length} elements"));
            self.decide((run, task, index), TiState::Removed, cause, now);
        }
        if !missing.is_empty() {
            let Some(memory) = self.runs.get(&run) else { return removed };
            let source = &memory.dag.tasks[task];
            let weight = memory.tasks[task].rows.values().next().map(|row| row.priority_weight);
            let weight = weight
                .or_else(|| effective_weights(&memory.dag).get(&source.task_id).copied())
                .unwrap_or(source.priority_weight);
            let mut template = instance_of(source, memory.key(task, UNMAPPED), weight);
            // A backfill may have put its instances into another pool.
            if let Some(row) = memory.tasks[task].rows.values().next() {
                template.pool.clone_from(&row.pool);
            }
            self.add_rows(run, task, &template, missing, false);
        }
        removed
    }

    fn add_rows(&mut self, run: RunId, task: usize, template: &TaskInstance, indexes: Vec<MapIndex>, replaces: bool) {
        let Some(memory) = self.runs.get_mut(&run) else { return };
        for &index in &indexes {
            let mut row = template.clone();
            row.key.map_index = index;
            memory.tasks[task].rows.insert(index, row);
        }
        memory.resize(task);
        let task_id = memory.task_id(task);
        for &index in &indexes {
            self.count(run, task, index, true);
        }
        self.journal.expand(Expansion { run, task_id, replaces_unmapped: replaces, indexes });
        self.dirty.insert((run, task, ALL));
        self.touched_runs.insert(run);
    }
}
