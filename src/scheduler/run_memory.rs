//! One active run in memory: its rows and the numbers that save looking at them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::model::{Dag, DagRun, MapIndex, TaskInstance, TiKey, UNMAPPED};

use super::{
    counts::{Above, Counts},
    facts::RunFacts,
    graph::{Graph, shared},
};

/// One task of a run.
#[derive(Debug, Default)]
pub struct TaskMemory {
    /// Its instances.
    pub rows: BTreeMap<MapIndex, TaskInstance>,
    /// How they ended. `all` is at least 1, as in Airflow: a task without an instance in this run is waited for.
    pub counts: Counts,
    /// To be examined: state none, or a waiting time that is over.
    pub open: BTreeSet<MapIndex>,
    /// Waiting for a slot.
    pub scheduled: BTreeSet<MapIndex>,
    /// Holding a slot.
    pub active: u32,
    /// The number of instances was compared with the length of what it is mapped over.
    pub is_sized: bool,
}

/// One run.
#[derive(Debug)]
pub struct RunMemory {
    /// Its row.
    pub run: DagRun,
    /// What it runs.
    pub dag: Arc<Dag>,
    /// The same, compiled.
    pub graph: Arc<Graph>,
    /// By number of the task.
    pub tasks: Vec<TaskMemory>,
    /// How everything directly above each task ended.
    pub above: Vec<Above>,
    /// Rows whose task is gone from the DAG.
    pub orphans: BTreeMap<(Arc<str>, MapIndex), TaskInstance>,
    /// Unfinished instances.
    pub unfinished: u32,
    /// Those of them in state none.
    pub unexamined: u32,
    /// Instances that hold a slot.
    pub active: u32,
    /// What the store knows besides.
    pub facts: RunFacts,
}

impl RunMemory {
    /// A run without instances.
    pub fn new(run: DagRun, dag: Arc<Dag>, graph: Arc<Graph>, facts: RunFacts) -> Self {
        let one = Counts { all: 1, ..Counts::default() };
        let tasks = graph.nodes.iter().map(|_| TaskMemory { counts: one, ..TaskMemory::default() }).collect();
        let count = |node: &super::graph::Node| {
            let setups = node.up.iter().filter(|up| graph.nodes[**up].is_setup).count();
            let number = |n: usize| Counts { all: u32::try_from(n).unwrap_or(u32::MAX), ..Counts::default() };
            Above { all: number(node.up.len()), setups: number(setups) }
        };
        let above = graph.nodes.iter().map(count).collect();
        let (orphans, unfinished, unexamined, active) = (BTreeMap::new(), 0, 0, 0);
        Self { run, dag, graph, tasks, above, orphans, unfinished, unexamined, active, facts }
    }

    /// The number of a task.
    pub fn task_number(&self, task_id: &str) -> Option<usize> {
        self.dag.tasks.get_index_of(task_id)
    }

    /// The id of a task.
    pub fn task_id(&self, task: usize) -> Arc<str> {
        self.dag.tasks.get_index(task).map_or_else(|| "".into(), |(id, _)| id.clone())
    }

    /// The key of an instance.
    pub fn key(&self, task: usize, index: MapIndex) -> TiKey {
        TiKey { run: self.run.id, task_id: self.task_id(task), map_index: index }
    }

    /// An instance's row.
    pub fn row(&self, task_id: &str, index: MapIndex) -> Option<&TaskInstance> {
        match self.task_number(task_id) {
            Some(task) => self.tasks[task].rows.get(&index),
            None => self.orphans.get(&(Arc::from(task_id), index)),
        }
    }

    /// Changes the counts of a task and what the tasks below know of them.
    pub fn recount(&mut self, task: usize, change: impl Fn(&mut Counts)) {
        change(&mut self.tasks[task].counts);
        let is_setup = self.graph.nodes[task].is_setup;
        for &below in &self.graph.nodes[task].down {
            change(&mut self.above[below].all);
            if is_setup {
                change(&mut self.above[below].setups);
            }
        }
    }

    /// After rows were added or removed.
    pub fn resize(&mut self, task: usize) {
        let old = self.tasks[task].counts.all;
        let new = u32::try_from(self.tasks[task].rows.len()).unwrap_or(u32::MAX).max(1);
        if old != new {
            self.recount(task, |c| c.all = c.all - old + new);
        }
    }

    /// How everything directly above an instance ended: by index where a mapped group is shared.
    pub fn above_instance(&self, task: usize, index: MapIndex) -> Above {
        let node = &self.graph.nodes[task];
        if !node.by_index || index == UNMAPPED {
            return self.above[task];
        }
        let mut above = Above::default();
        for &up in &node.up {
            let counts = self.counts_for(up, task, index);
            above.all.add(&counts);
            if self.graph.nodes[up].is_setup {
                above.setups.add(&counts);
            }
        }
        above
    }

    /// The counts of those instances of `other` that concern instance `index` of `task`.
    pub fn counts_for(&self, other: usize, task: usize, index: MapIndex) -> Counts {
        let Some(range) = self.partners(other, task, index) else { return self.tasks[other].counts };
        let mut counts = Counts::default();
        for (_, row) in self.tasks[other].rows.range(range) {
            counts.all += 1;
            counts.enter(row.state);
        }
        counts
    }

    /// The indexes of `other` that belong to instance `index` of `task`; `None`: all of them.
    pub fn partners(&self, other: usize, task: usize, index: MapIndex) -> Option<std::ops::Range<MapIndex>> {
        let (a, b) = (&self.graph.nodes[task], &self.graph.nodes[other]);
        let common = shared(&a.chain, &b.chain);
        if common == 0 || index < 0 || self.tasks[other].rows.contains_key(&UNMAPPED) {
            return None;
        }
        let own = self.inner_length(task, common)?;
        let theirs = self.inner_length(other, common)?;
        let outer = index / own.max(1);
        Some(outer * theirs..(outer + 1) * theirs)
    }

    /// Instances per index of the outermost `common` groups.
    fn inner_length(&self, task: usize, common: usize) -> Option<MapIndex> {
        let chain = &self.graph.nodes[task].chain;
        let mut length = 1usize;
        for group in &chain[common.min(chain.len())..] {
            length = length.saturating_mul(self.graph.groups[*group].len(&|id| self.pushed_length(id))?);
        }
        MapIndex::try_from(length).ok()
    }

    /// Number of elements that mapping over a task's return value gives.
    pub fn pushed_length(&self, task_id: &str) -> Option<usize> {
        let task = self.task_number(task_id)?;
        let pushed = self.facts.mapped_lengths.get(task_id);
        if self.tasks[task].rows.contains_key(&UNMAPPED) {
            pushed?.get(&UNMAPPED).copied()
        } else {
            Some(pushed.map_or(0, BTreeMap::len))
        }
    }

    /// Number of instances of a mapped task, or of one in a mapped group.
    pub fn mapped_length(&self, task: usize) -> Option<usize> {
        let mut length = 1usize;
        for group in &self.graph.nodes[task].chain {
            length = length.saturating_mul(self.graph.groups[*group].len(&|id| self.pushed_length(id))?);
        }
        if let Some(expand) = &self.dag.tasks[task].expand {
            length = length.saturating_mul(expand.len(&|id| self.pushed_length(id))?);
        }
        Some(length)
    }

    /// A new try starts without the XComs of the one before.
    pub fn forget_pushed(&mut self, task: usize, index: MapIndex) {
        let id = self.task_id(task);
        if let Some(lengths) = self.facts.mapped_lengths.get_mut(&id) {
            lengths.remove(&index);
        }
        if self.graph.nodes[task].decides {
            self.facts.skip_decisions.remove(&(id, index));
        }
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &TaskInstance> {
        self.tasks.iter().flat_map(|t| t.rows.values()).chain(self.orphans.values())
    }

    /// States of a task's instances.
    pub fn states(&self, task_id: &str) -> Vec<crate::model::TiState> {
        let rows = self.task_number(task_id).map(|task| self.tasks[task].rows.values());
        rows.into_iter().flatten().map(|row| row.state).collect()
    }
}
