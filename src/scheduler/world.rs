//! The scheduler's memory: limits, pools, DAGs and active runs, and the one way in which a row changes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Weak},
};

use jiff::Timestamp;

use crate::{
    model::{AssetQueue, BackfillId, BackfillPlace, Dag, DagRun, MapIndex, Pool, RunId, TaskInstance, TiKey},
    timetable::{Settings, Timetable},
};

use super::{
    facts::{BackfillFacts, DagFacts, Limits, PastRun, RunFacts},
    graph::Graph,
    journal::Journal,
    pools::{PoolUse, Slots},
    run_memory::RunMemory,
};

/// In place of a map index: all instances of a task.
pub(super) const ALL: MapIndex = MapIndex::MIN;

/// What a moment in the future is waited for by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A retry or a sensor's next poke.
    Instance(RunId, usize, MapIndex),
    /// A queued run's `run_after`.
    RunAfter(RunId),
    /// `dagrun_timeout`.
    Timeout(RunId),
    /// A DAG follows assets, and doesn't wait for others that update them any longer.
    Follow(Arc<str>),
}

/// A DAG's runs and schedule.
#[derive(Debug, Default)]
pub(super) struct DagMemory {
    pub facts: Option<DagFacts>,
    pub timetable: Option<Timetable>,
    /// Queued runs in the order in which they start: those of backfills last.
    pub queued: BTreeSet<(Option<BackfillPlace>, Timestamp, RunId)>,
    /// Queued and running runs that aren't of backfills.
    pub active: u32,
    /// Running runs of each backfill; under `None` all others.
    pub running: HashMap<Option<BackfillId>, u32>,
    /// When its timetable asks for the next run, if that is known.
    pub due: Option<Timestamp>,
    /// What it has been told about assets and hasn't run for yet.
    pub asset_queue: AssetQueue,
    /// When the task ended whose update made the queue enough, while others that update its assets are under way.
    pub enough_since: Option<Timestamp>,
}

/// Everything that the scheduler knows. See the room's documentation.
#[derive(Debug)]
pub struct World {
    pub(super) limits: Limits,
    pub(super) slots: Slots,
    pub(super) dags: HashMap<Arc<str>, DagMemory>,
    pub(super) backfills: HashMap<BackfillId, BackfillFacts>,
    pub(super) runs: BTreeMap<RunId, RunMemory>,
    /// Instances to be examined.
    pub(super) dirty: BTreeSet<(RunId, usize, MapIndex)>,
    /// Runs that may have ended.
    pub(super) touched_runs: BTreeSet<RunId>,
    /// DAGs of which a queued run may start.
    pub(super) dirty_dags: BTreeSet<Arc<str>>,
    /// DAGs whose timetable must be asked.
    pub(super) unasked: BTreeSet<Arc<str>>,
    pub(super) due: BTreeSet<(Timestamp, Arc<str>)>,
    pub(super) timers: BTreeSet<(Timestamp, Timer)>,
    /// Runs that look back on a run.
    pub(super) successors: HashMap<RunId, BTreeSet<RunId>>,
    pub(super) journal: Journal,
    /// Runs that ended in this pass.
    pub(super) finished: Vec<RunId>,
    graphs: HashMap<usize, (Weak<Dag>, Arc<Graph>)>,
}

impl World {
    /// An empty world.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Slots::default(),
            dags: HashMap::new(),
            backfills: HashMap::new(),
            runs: BTreeMap::new(),
            dirty: BTreeSet::new(),
            touched_runs: BTreeSet::new(),
            dirty_dags: BTreeSet::new(),
            unasked: BTreeSet::new(),
            due: BTreeSet::new(),
            timers: BTreeSet::new(),
            successors: HashMap::new(),
            journal: Journal::default(),
            finished: Vec::new(),
            graphs: HashMap::new(),
        }
    }

    /// Replaces the limits.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.slots.is_changed = true;
        let ids: Vec<Arc<str>> = self.dags.keys().cloned().collect();
        for id in ids {
            self.compile_timetable(&id);
            self.dirty_dags.insert(id);
        }
    }

    /// Adds or replaces a pool.
    pub fn set_pool(&mut self, pool: Pool) {
        self.slots.is_changed = true;
        let name = pool.name.clone();
        self.slots.pool(&name).pool = Some(pool);
    }

    /// Removes a pool: what names it waits for ever.
    pub fn remove_pool(&mut self, name: &str) {
        self.slots.pool(name).pool = None;
    }

    /// Adds or replaces a DAG.
    pub fn set_dag(&mut self, facts: DagFacts) {
        let id = facts.dag.dag_id.clone();
        self.dags.entry(id.clone()).or_default().facts = Some(facts);
        self.slots.is_changed = true;
        self.dirty_dags.insert(id.clone());
        self.examine_dag(&id);
        self.compile_timetable(&id);
    }

    /// Everything of a DAG's runs is to be examined: it may have been held before.
    fn examine_dag(&mut self, dag_id: &Arc<str>) {
        let runs: Vec<RunId> =
            self.runs.iter().filter(|(_, memory)| memory.run.dag_id == *dag_id).map(|(id, _)| *id).collect();
        for run in runs {
            self.examine_all(run);
            self.touched_runs.insert(run);
        }
    }

    fn compile_timetable(&mut self, dag_id: &Arc<str>) {
        let settings = Settings {
            create_cron_data_intervals: self.limits.create_cron_data_intervals,
            catchup_by_default: self.limits.catchup_by_default,
        };
        if let Some(memory) = self.dags.get_mut(dag_id)
            && let Some(facts) = &memory.facts
        {
            memory.timetable = Timetable::of(&facts.dag, &settings).ok();
        }
        self.ask_timetable(dag_id);
    }

    /// The timetable must be asked at the next chance.
    pub(super) fn ask_timetable(&mut self, dag_id: &Arc<str>) {
        if let Some(due) = self.dags.get_mut(dag_id).and_then(|memory| memory.due.take()) {
            self.due.remove(&(due, dag_id.clone()));
        }
        self.unasked.insert(dag_id.clone());
    }

    /// Forgets a DAG; its active runs stay, but nothing of them is started.
    pub fn remove_dag(&mut self, dag_id: &str) {
        let Some((id, _)) = self.dags.get_key_value(dag_id) else { return };
        let id = id.clone();
        self.ask_timetable(&id);
        self.unasked.remove(&id);
        if let Some(memory) = self.dags.get_mut(dag_id) {
            memory.facts = None;
            memory.timetable = None;
        }
    }

    /// Pauses or unpauses a DAG.
    pub fn set_paused(&mut self, dag_id: &str, paused: bool) {
        let Some((id, _)) = self.dags.get_key_value(dag_id) else { return };
        let id = id.clone();
        if let Some(facts) = self.dags.get_mut(dag_id).and_then(|memory| memory.facts.as_mut()) {
            facts.is_paused = paused;
        }
        self.slots.is_changed = true;
        self.dirty_dags.insert(id.clone());
        self.examine_dag(&id);
        self.ask_timetable(&id);
    }

    /// Adds or replaces a backfill.
    pub fn set_backfill(&mut self, facts: BackfillFacts) {
        let dag_id = facts.dag_id.clone();
        if self.backfills.insert(facts.id, facts.clone()).as_ref() != Some(&facts) {
            self.slots.is_changed = true;
            self.dirty_dags.insert(dag_id.clone());
            self.examine_dag(&dag_id);
        }
    }

    /// True if a backfill is known.
    pub fn has_backfill(&self, id: BackfillId) -> bool {
        self.backfills.contains_key(&id)
    }

    /// Other runs were made, changed or deleted: what a run looks back on now.
    pub fn set_previous(&mut self, run: RunId, previous: Option<PastRun>) {
        let new = previous.as_ref().map(|past| past.run);
        // Of a run in memory more is known than the store can tell.
        let is_live = new.is_some_and(|past| self.runs.contains_key(&past));
        let Some(memory) = self.runs.get_mut(&run) else { return };
        let old = memory.facts.previous.as_ref().map(|past| past.run);
        if new == old && (is_live || previous == memory.facts.previous) {
            return;
        }
        memory.facts.previous = previous;
        if let Some(old) = old {
            self.forget_successor(old, run);
        }
        if let Some(new) = new {
            self.successors.entry(new).or_default().insert(run);
        }
        self.examine_all(run);
        self.touched_runs.insert(run);
    }

    fn forget_successor(&mut self, of: RunId, run: RunId) {
        if let Some(others) = self.successors.get_mut(&of) {
            others.remove(&run);
            if others.is_empty() {
                self.successors.remove(&of);
            }
        }
    }

    /// Task instances that are handed to executors now; at most [`Limits::parallelism`] are.
    pub fn slots_taken(&self) -> u32 {
        self.slots.active
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A DAG's facts.
    pub fn dag(&self, dag_id: &str) -> Option<&DagFacts> {
        self.dags.get(dag_id)?.facts.as_ref()
    }

    /// All DAGs.
    pub fn all_dags(&self) -> impl Iterator<Item = &DagFacts> {
        self.dags.values().filter_map(|dag| dag.facts.as_ref())
    }

    /// A pool's use.
    pub(super) fn pool_use(&self, name: &str) -> Option<&PoolUse> {
        self.slots.pools.get(name)
    }

    /// Adds a run, or replaces what is known of it after a command. `dag` is the version that it runs.
    pub fn load_run(&mut self, run: DagRun, dag: Arc<Dag>, instances: Vec<TaskInstance>, facts: RunFacts) {
        self.drop_run(run.id);
        let id = run.id;
        let graph = self.graph(&dag);
        if let Some(previous) = &facts.previous {
            self.successors.entry(previous.run).or_default().insert(id);
        }
        let mut memory = RunMemory::new(run, dag, graph, facts);
        let mut keys = Vec::with_capacity(instances.len());
        for row in instances {
            match memory.task_number(&row.key.task_id) {
                Some(task) => {
                    keys.push((task, row.key.map_index));
                    memory.tasks[task].rows.insert(row.key.map_index, row);
                }
                None => {
                    memory.orphans.insert((row.key.task_id.clone(), row.key.map_index), row);
                }
            }
        }
        for task in 0..memory.tasks.len() {
            memory.resize(task);
        }
        self.runs.insert(id, memory);
        self.note_recent(id);
        for (task, index) in keys {
            self.count(id, task, index, true);
        }
        self.count_run(id, true);
        self.touched_runs.insert(id);
        self.examine_all(id);
        self.wake_successors(id, None);
    }

    /// Forgets a run.
    pub fn drop_run(&mut self, run: RunId) {
        let Some(memory) = self.runs.get(&run) else { return };
        let keys: Vec<(usize, MapIndex)> =
            memory.tasks.iter().enumerate().flat_map(|(t, m)| m.rows.keys().map(move |i| (t, *i))).collect();
        for (task, index) in keys {
            self.count(run, task, index, false);
        }
        self.count_run(run, false);
        let Some(memory) = self.runs.remove(&run) else { return };
        self.touched_runs.remove(&run);
        let gone: Vec<_> = self.dirty.range((run, 0, ALL)..=(run, usize::MAX, MapIndex::MAX)).copied().collect();
        for key in gone {
            self.dirty.remove(&key);
        }
        // Those that look back keep what they saw last.
        for successor in self.successors.get(&run).into_iter().flatten() {
            if let Some(PastRun { states, .. }) =
                self.runs.get_mut(successor).and_then(|later| later.facts.previous.as_mut())
            {
                *states = memory.dag.tasks.keys().map(|id| (id.clone(), memory.states(id))).collect();
            }
        }
        if let Some(previous) = &memory.facts.previous {
            self.forget_successor(previous.run, run);
        }
    }

    /// A run's row.
    pub fn run(&self, run: RunId) -> Option<&DagRun> {
        self.runs.get(&run).map(|memory| &memory.run)
    }

    /// The DAG version that a run runs.
    pub fn dag_of(&self, run: RunId) -> Option<&Arc<Dag>> {
        self.runs.get(&run).map(|memory| &memory.dag)
    }

    /// An instance's row.
    pub fn instance(&self, key: &TiKey) -> Option<&TaskInstance> {
        self.runs.get(&key.run)?.row(&key.task_id, key.map_index)
    }

    /// All rows of a run, by task in order of definition.
    pub fn instances(&self, run: RunId) -> impl Iterator<Item = &TaskInstance> {
        self.runs.get(&run).into_iter().flat_map(RunMemory::rows)
    }

    /// All active runs.
    pub fn runs(&self) -> impl Iterator<Item = &DagRun> {
        self.runs.values().map(|memory| &memory.run)
    }

    fn graph(&mut self, dag: &Arc<Dag>) -> Arc<Graph> {
        let address = Arc::as_ptr(dag) as usize;
        if let Some((_, graph)) = self.graphs.get(&address) {
            return graph.clone();
        }
        // The weak pointer keeps the address from being used again while the entry is here.
        self.graphs.retain(|_, (weak, _)| weak.strong_count() > 0);
        let graph = Arc::new(Graph::new(dag));
        self.graphs.insert(address, (Arc::downgrade(dag), graph.clone()));
        graph
    }
}
