//! Why an instance is not running, from the predicates that decide.

use jiff::Timestamp;

use crate::model::{MapIndex, RunId, RunState, TiKey, TiState, UNMAPPED};

use super::{
    examine::{Hold, Verdict},
    run_memory::RunMemory,
    world::World,
};

/// One reason why an instance isn't running.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocker {
    /// `trigger_rule`, `pool`, `parallelism`, `paused`, `max_active_tasks`, `max_active_tis`, `max_active_runs`,
    /// `retry_delay`, `reschedule`, `deferred`, `run_state`, `run_after`, `past`, `not_expanded`, `setup`.
    pub kind: &'static str,
    /// A sentence for people.
    pub reason: String,
    /// When it ends by the clock.
    pub until: Option<Timestamp>,
}

impl Blocker {
    fn new(kind: &'static str, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), until: None }
    }
}

/// What keeps a scheduled instance from being queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Limit {
    /// The DAG is paused or gone.
    Held,
    /// The run isn't running.
    RunState,
    /// All executor slots are taken.
    Parallelism { limit: u32 },
    /// The run has its number of active instances.
    ActiveTasks { limit: u32 },
    /// There is no such pool.
    NoPool,
    /// The pool has no free slot.
    PoolFull { slots: i64 },
    /// It wants more slots than the pool has.
    PoolTooSmall { slots: i64 },
    /// It wants more slots than are free.
    PoolShort { open: i64 },
    /// `max_active_tis_per_dag`.
    PerDag { limit: u32 },
    /// `max_active_tis_per_dagrun`.
    PerRun { limit: u32 },
}

impl Limit {
    /// Nothing of the run can be queued.
    pub fn stops_run(&self) -> bool {
        matches!(self, Self::Held | Self::RunState | Self::ActiveTasks { .. })
    }
    /// Nothing of the pool can be queued.
    pub fn stops_pool(&self) -> bool {
        matches!(self, Self::NoPool | Self::PoolFull { .. })
    }
}

impl World {
    /// The first limit that keeps an instance from being queued now.
    pub(super) fn limit(&self, run: RunId, task: usize, index: MapIndex) -> Option<Limit> {
        let memory = self.runs.get(&run)?;
        let row = memory.tasks[task].rows.get(&index)?;
        if self.slots.active >= self.limits.parallelism {
            return Some(Limit::Parallelism { limit: self.limits.parallelism });
        }
        if self.is_held(memory) {
            return Some(Limit::Held);
        }
        if memory.run.state != RunState::Running {
            return Some(Limit::RunState);
        }
        let limit = memory.dag.max_active_tasks.unwrap_or(self.limits.max_active_tasks_per_dag);
        if memory.active >= limit {
            return Some(Limit::ActiveTasks { limit });
        }
        let Some((used, pool)) = self.pool_use(&row.pool).and_then(|used| Some((used, used.pool.as_ref()?))) else {
            return Some(Limit::NoPool);
        };
        if let Some(open) = used.open() {
            let wanted = i64::from(row.pool_slots);
            if wanted > pool.slots {
                return Some(Limit::PoolTooSmall { slots: pool.slots });
            }
            if open <= 0 {
                return Some(Limit::PoolFull { slots: pool.slots });
            }
            if wanted > open {
                return Some(Limit::PoolShort { open });
            }
        }
        let source = &memory.dag.tasks[task];
        if let Some(limit) = source.max_active_tis_per_dag
            && self.slots.tasks.get(&(memory.run.dag_id.clone(), source.task_id.clone())).is_some_and(|n| *n >= limit)
        {
            return Some(Limit::PerDag { limit });
        }
        let limit = source.max_active_tis_per_dagrun.filter(|limit| memory.tasks[task].active >= *limit)?;
        Some(Limit::PerRun { limit })
    }

    /// Why an instance is not running; empty if it is running or finished, or about to be queued.
    pub fn explain(&self, key: &TiKey, now: Timestamp) -> Vec<Blocker> {
        let Some(memory) = self.runs.get(&key.run) else { return Vec::new() };
        let Some(row) = memory.row(&key.task_id, key.map_index) else { return Vec::new() };
        if row.state.is_finished() || row.state.is_active() {
            return Vec::new();
        }
        let mut blockers = self.run_blockers(memory, now);
        let waits = |kind, text: &str| Blocker { kind, reason: text.to_owned(), until: row.wake_at };
        match row.state {
            TiState::UpForRetry if row.wake_at.is_some_and(|at| at > now) => {
                blockers.push(waits("retry_delay", "it failed and waits for its next try"));
            }
            TiState::UpForReschedule if row.wake_at.is_some_and(|at| at > now) => {
                blockers.push(waits("reschedule", "the sensor waits for its next poke"));
            }
            TiState::Deferred => blockers.push(waits("deferred", "it waits for its trigger")),
            TiState::AwaitingInput => blockers.push(waits("awaiting_input", "it waits for a person's answer")),
            _ => {}
        }
        let Some(task) = memory.task_number(&key.task_id) else { return blockers };
        if row.state.is_schedulable() {
            match self.verdict(memory, task, key.map_index) {
                Verdict::Wait(hold) => {
                    blockers.push(self.hold(memory, task, key.map_index, hold));
                    let node = &memory.graph.nodes[task];
                    let maps = node.is_mapped || !node.chain.is_empty();
                    if maps && key.map_index == UNMAPPED {
                        let text = "how many instances it gets is known when its dependencies are met";
                        blockers.push(Blocker::new("not_expanded", text));
                    }
                }
                Verdict::Ready | Verdict::Set(..) => {}
            }
        } else if row.state == TiState::Scheduled
            && let Some(limit) = self.limit(key.run, task, key.map_index)
            && !limit.is_of_run()
        {
            blockers.push(limit_blocker(&limit, row));
        }
        blockers
    }

    fn run_blockers(&self, memory: &RunMemory, now: Timestamp) -> Vec<Blocker> {
        let mut found = Vec::new();
        let run = &memory.run;
        match self.dag(&run.dag_id) {
            None => found.push(Blocker::new("paused", format!("the DAG `{}` is not there any more", run.dag_id))),
            Some(facts) if facts.is_paused && self.is_held(memory) => {
                found.push(Blocker::new("paused", "the DAG is paused"));
            }
            Some(facts) if run.state == RunState::Queued && run.run_after <= now => {
                let group = run.backfill.map(|place| place.id);
                let running = self.dags.get(&run.dag_id).and_then(|dag| dag.running.get(&group)).copied().unwrap_or(0);
                let text = match group.map(|id| self.backfills.get(&id)) {
                    Some(Some(backfill)) if backfill.is_paused => "its backfill is paused".to_owned(),
                    Some(backfill) => {
                        let limit = backfill.map_or(0, |b| b.max_active_runs);
                        format!("the run is queued: {running} of at most {limit} runs of its backfill are running")
                    }
                    None => {
                        let limit = self.max_active_runs(&facts.dag);
                        format!("the run is queued: {running} of at most {limit} runs of the DAG are running")
                    }
                };
                found.push(Blocker::new("max_active_runs", text));
            }
            _ => {}
        }
        if run.state == RunState::Queued && run.run_after > now {
            let reason = "the run is for a later time".to_owned();
            found.push(Blocker { kind: "run_after", reason, until: Some(run.run_after) });
        } else if run.state.is_finished() {
            found.push(Blocker::new("run_state", format!("the run is over ({})", run.state)));
        }
        found
    }

    fn hold(&self, memory: &RunMemory, task: usize, index: MapIndex, hold: Hold) -> Blocker {
        let id = |other: usize| memory.task_id(other);
        match hold {
            Hold::Rule(counts) => {
                let node = &memory.graph.nodes[task];
                let late = node.up.iter().filter(|up| !memory.counts_for(**up, task, index).is_done());
                let names: Vec<String> = late.map(|up| format!("`{}`", id(*up))).take(5).collect();
                let text = format!(
                    "trigger rule `{}`: {} of {} instances above are finished",
                    node.rule,
                    counts.done(),
                    counts.all
                );
                let names = if names.is_empty() { String::new() } else { format!("; waits for {}", names.join(", ")) };
                Blocker::new("trigger_rule", text + &names)
            }
            Hold::Setup(other) => Blocker::new("setup", format!("its setup `{}` hasn't succeeded yet", id(other))),
            Hold::Scope(other) => {
                Blocker::new("setup", format!("`{}`, which it cleans up after, isn't finished", id(other)))
            }
            Hold::Source(other) => {
                Blocker::new("trigger_rule", format!("`{}`, which it is mapped over, isn't finished", id(other)))
            }
            Hold::Past => {
                let text = "its instance in the run before hasn't succeeded (depends_on_past)";
                Blocker::new("past", text)
            }
        }
    }
}

impl Limit {
    /// Said already by the run's own blockers.
    fn is_of_run(&self) -> bool {
        matches!(self, Self::Held | Self::RunState)
    }
}

fn slots_of(n: u32) -> String {
    if n == 1 { "1 slot".into() } else { format!("{n} slots") }
}

fn limit_blocker(limit: &Limit, row: &crate::model::TaskInstance) -> Blocker {
    let pool = &row.pool;
    let wanted = row.pool_slots;
    let (kind, reason) = match limit {
        Limit::Held => ("paused", "the DAG is paused".to_owned()),
        Limit::RunState => ("run_state", "the run isn't running".to_owned()),
        Limit::Parallelism { limit } => ("parallelism", format!("all {limit} executor slots are taken")),
        Limit::ActiveTasks { limit } => {
            ("max_active_tasks", format!("{limit} tasks of the run are active, which is its limit"))
        }
        Limit::NoPool => ("pool", format!("there is no pool `{pool}`: it never runs")),
        Limit::PoolFull { slots } => ("pool", format!("all {slots} slots of pool `{pool}` are taken")),
        Limit::PoolTooSmall { slots } => {
            ("pool", format!("it needs {}, pool `{pool}` has only {slots}: it never runs", slots_of(wanted)))
        }
        Limit::PoolShort { open } => {
            ("pool", format!("it needs {}, {open} of pool `{pool}` are free", slots_of(wanted)))
        }
        Limit::PerDag { limit } => ("max_active_tis", format!("max_active_tis_per_dag: {limit} are active")),
        Limit::PerRun { limit } => ("max_active_tis", format!("max_active_tis_per_dagrun: {limit} are active")),
    };
    Blocker::new(kind, reason)
}
