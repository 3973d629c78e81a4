//! Runs that updates of assets ask for.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    model::{
        AssetCondition, AssetQueues, Consumes, NewRun, RunType, Schedule, TaskInstance, TriggeredBy,
        asset::{PendingPartition, QueuedAsset},
        hash,
        partition::Partitions,
    },
    timetable::run_id,
};

use super::{
    creation::{RunSpec, new_run},
    world::{Timer, World},
};

/// Airflow's scheduler looks for updated assets once in a while, so what several tasks update at about the same time becomes
/// one run. Here a DAG that could run waits so long for tasks that ran beside the one that made it ready.
const TOGETHER: SignedDuration = SignedDuration::from_secs(2);

impl World {
    /// Replaces what all DAGs have been told about assets and haven't run for yet. `ended`: when the task ended whose update
    /// is new.
    pub fn set_asset_queues(&mut self, mut queues: AssetQueues, ended: Option<Timestamp>) {
        for (dag_id, memory) in &mut self.dags {
            let queue = queues.remove(&**dag_id).unwrap_or_default();
            if memory.asset_queue != queue {
                memory.asset_queue = queue;
                memory.enough_since = memory.enough_since.or(ended);
                self.unasked.insert(dag_id.clone());
            }
        }
    }

    /// A task that updates assets has ended, or will not: DAGs may have waited for it.
    pub(super) fn ask_followers(&mut self) {
        let waiting = self.dags.iter().filter(|(_, memory)| memory.enough_since.is_some());
        self.unasked.extend(waiting.map(|(id, _)| id.clone()));
    }

    /// Until when a DAG whose queue is enough waits for tasks that began before `since` and update what it follows.
    fn waits_for_others(&self, expression: &AssetCondition, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let until = since.checked_add(TOGETHER).ok().filter(|until| *until > now)?;
        let leaves = expression.leaves();
        let began = |row: &TaskInstance| row.state.is_active() && row.queued_when.is_some_and(|at| at < since);
        let is_under_way = self.runs.values().any(|memory| {
            memory.dag.tasks.values().zip(&memory.tasks).any(|(task, instances)| {
                !task.outlets.is_empty()
                    && task.outlet_assets().iter().any(|outlet| leaves.iter().any(|leaf| feeds(outlet, leaf)))
                    && instances.rows.values().any(began)
            })
        });
        is_under_way.then_some(until)
    }

    /// Assets of a DAG have been updated, and it may run for them now if they are enough.
    pub(super) fn may_follow(&self, dag_id: &str) -> bool {
        let Some(memory) = self.dags.get(dag_id) else { return false };
        let queue = &memory.asset_queue;
        let waits = !queue.partitions.is_empty() || (!queue.assets.is_empty() && self.has_room(dag_id));
        waits && self.may_schedule(dag_id)
    }

    /// A DAG without partitions waits for tasks that update its assets beside the one that made its queue enough.
    fn held_until(&self, dag_id: &str, now: Timestamp) -> Option<Timestamp> {
        let memory = self.dags.get(dag_id)?;
        let Schedule::Asset { expression, partitions: None, .. } = &memory.facts.as_ref()?.dag.schedule else {
            return None;
        };
        let is_enough = expression.is_met(&|leaf| memory.asset_queue.assets.iter().any(|asset| asset.is(leaf)));
        self.waits_for_others(expression, memory.enough_since.filter(|_| is_enough)?, now)
    }

    /// Makes the runs that a DAG's queue is enough for: one for all assets, or one for each complete partition.
    pub(super) fn ask_assets(&mut self, dag_id: &Arc<str>, now: Timestamp, made: &mut Vec<NewRun>) {
        if !self.may_follow(dag_id) {
            return;
        }
        if let Some(until) = self.held_until(dag_id, now) {
            self.timers.insert((until, Timer::Follow(dag_id.clone())));
            return;
        }
        let has_room = self.has_room(dag_id);
        let Some(memory) = self.dags.get_mut(dag_id) else { return };
        memory.enough_since = None;
        let Some(facts) = &memory.facts else { return };
        let Schedule::Asset { expression, partitions, .. } = &facts.dag.schedule else { return };
        let queue = &mut memory.asset_queue;
        let mut create = |spec, consumes| {
            let new = new_run(&facts.dag, facts.version, spec, now);
            made.push(NewRun { consumes: Some(consumes), ..new });
        };
        if let Some(partitions) = partitions {
            let (ready, waiting) =
                std::mem::take(&mut queue.partitions).into_iter().partition(|p| is_complete(p, expression, partitions));
            queue.partitions = waiting;
            let ready: Vec<PendingPartition> = ready;
            for pending in ready {
                let mut spec = triggered(dag_id, &format!("partition {}", pending.id), now);
                spec.partition_date = partition_date(&pending, partitions);
                spec.partition_key = Some(pending.partition_key);
                create(spec, Consumes::Partition(pending.id));
            }
        } else if has_room && expression.is_met(&|leaf| queue.assets.iter().any(|asset| asset.is(leaf))) {
            let last = std::mem::take(&mut queue.assets).into_iter().map(|asset| asset.at).max().unwrap_or(now);
            create(triggered(dag_id, "assets", last), Consumes::Queue);
        }
    }
}

/// A task with this outlet may update what this part of a condition stands for.
fn feeds(outlet: &AssetCondition, leaf: &AssetCondition) -> bool {
    match (outlet, leaf) {
        (AssetCondition::Alias(outlet), AssetCondition::Alias(leaf)) => outlet.name == leaf.name,
        (AssetCondition::Asset(asset), leaf) => {
            let (name, uri) = (asset.name.clone(), asset.uri.clone());
            QueuedAsset { name, uri, aliases: Vec::new(), at: Timestamp::UNIX_EPOCH }.is(leaf)
        }
        _ => false,
    }
}

/// A run without a logical date. `what` tells runs of the same DAG and moment apart.
fn triggered(dag_id: &str, what: &str, run_after: Timestamp) -> RunSpec {
    let id = run_id(RunType::AssetTriggered, run_after);
    let ending = hash::text(&format!("{dag_id} {what} {run_after}"));
    RunSpec {
        run_id: format!("{id}_{}", &ending[..8]).into(),
        run_type: RunType::AssetTriggered,
        triggered_by: TriggeredBy::Asset,
        logical_date: None,
        data_interval: None,
        partition_key: None,
        partition_date: None,
        run_after,
        conf: Value::Object(serde_json::Map::new()),
        note: None,
    }
}

/// Enough assets have sent enough of the partition's keys. A mapping that can't say counts as not enough.
fn is_complete(pending: &PendingPartition, expression: &AssetCondition, partitions: &Partitions) -> bool {
    expression.is_met(&|leaf| {
        pending.received.iter().any(|(asset, keys)| {
            let mapper = &partitions.mapper(&asset.name, &asset.uri).mapper;
            asset.is(leaf) && mapper.is_satisfied(&pending.partition_key, keys) == Ok(true)
        })
    })
}

/// The date on which all mappers agree; without any that gives one, the date of the source's run.
fn partition_date(pending: &PendingPartition, partitions: &Partitions) -> Option<Timestamp> {
    let dates: Result<BTreeSet<Option<Timestamp>>, String> = pending
        .received
        .iter()
        .map(|(asset, _)| partitions.mapper(&asset.name, &asset.uri).mapper.partition_date(&pending.partition_key))
        .collect();
    let dates: BTreeSet<Timestamp> = dates.ok()?.into_iter().flatten().collect();
    match dates.len() {
        0 => pending.partition_date,
        1 => dates.first().copied(),
        _ => None,
    }
}
