//! Slots: who holds how many, and who waits for one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::model::{MapIndex, Pool, RunId, TaskInstance, TiState};

/// A pool and its use.
#[derive(Debug, Default)]
pub struct PoolUse {
    /// The pool, if it exists.
    pub pool: Option<Pool>,
    /// Slots held by queued and running instances.
    pub active: i64,
    /// Slots of deferred ones.
    pub deferred: i64,
}

impl PoolUse {
    /// Free slots; `None` without limit or pool.
    pub fn open(&self) -> Option<i64> {
        let pool = self.pool.as_ref().filter(|p| p.slots >= 0)?;
        Some(pool.slots - self.active - if pool.include_deferred { self.deferred } else { 0 })
    }
}

/// A waiting task of a lane: weight, its first waiting index, number of the task.
pub type Head = (Reverse<i64>, MapIndex, usize);

/// Order of the waiting over all runs: weight, logical date (none last), map index, then older runs and earlier tasks.
pub type Place = (Reverse<i64>, (bool, Option<Timestamp>), MapIndex, RunId, usize);

/// The place of a lane's head.
pub fn place(run: RunId, date: Option<Timestamp>, (weight, index, task): Head) -> Place {
    (weight, (date.is_none(), date), index, run, task)
}

/// Use of everything that is limited, over all runs.
#[derive(Debug, Default)]
pub struct Slots {
    /// Instances handed to executors and not known to run without a process.
    pub active: u32,
    /// By name.
    pub pools: HashMap<String, PoolUse>,
    /// Active and parked instances by DAG and task.
    pub tasks: HashMap<(Arc<str>, Arc<str>), u32>,
    /// Waiting tasks by run and pool.
    pub lanes: BTreeMap<(RunId, String), BTreeSet<Head>>,
    /// The first of each lane.
    pub heads: BTreeSet<Place>,
    /// Something changed that may let more be queued.
    pub is_changed: bool,
}

impl Slots {
    /// Counts a row in or out.
    pub fn count(&mut self, dag_id: &Arc<str>, row: &TaskInstance, enters: bool) {
        let sign = if enters { 1 } else { -1 };
        let slots = i64::from(row.pool_slots) * sign;
        if row.state.is_active() || row.state.is_parked() {
            let task = self.tasks.entry((dag_id.clone(), row.key.task_id.clone())).or_default();
            *task = task.saturating_add_signed(sign as i32);
            if *task == 0 {
                self.tasks.remove(&(dag_id.clone(), row.key.task_id.clone()));
            }
            self.is_changed |= !enters;
        }
        if row.state.is_active() {
            // A native sensor runs without a process: it holds its pool's slots, but no executor's.
            let has_process = row.state != TiState::Running || row.pid.is_some();
            self.active = self.active.saturating_add_signed(if has_process { sign as i32 } else { 0 });
            self.pool(&row.pool).active += slots;
        } else if row.state == TiState::Deferred {
            self.pool(&row.pool).deferred += slots;
            self.is_changed |= !enters;
        }
    }

    /// A pool's use.
    pub fn pool(&mut self, name: &str) -> &mut PoolUse {
        if !self.pools.contains_key(name) {
            self.pools.insert(name.to_owned(), PoolUse::default());
        }
        self.pools.entry(name.to_owned()).or_default()
    }

    /// The first waiting index of a task changed. `date` is the run's logical date.
    pub fn move_head(&mut self, lane: (RunId, &str), date: Option<Timestamp>, old: Option<Head>, new: Option<Head>) {
        if old == new {
            return;
        }
        let (run, key) = (lane.0, (lane.0, lane.1.to_owned()));
        let lane = self.lanes.entry(key.clone()).or_default();
        let before = lane.first().copied();
        if let Some(old) = old {
            lane.remove(&old);
        }
        if let Some(new) = new {
            lane.insert(new);
            self.is_changed = true;
        }
        let after = lane.first().copied();
        if lane.is_empty() {
            self.lanes.remove(&key);
        }
        if before != after {
            if let Some(before) = before {
                self.heads.remove(&place(run, date, before));
            }
            self.heads.extend(after.map(|after| place(run, date, after)));
        }
    }
}
