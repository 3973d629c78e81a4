//! Runs that updates of assets ask for.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{
        AssetCondition, AssetQueues, Consumes, NewRun, RunType, Schedule, TriggeredBy, asset::PendingPartition, hash,
        partition::Partitions,
    },
    timetable::run_id,
};

use super::{
    creation::{RunSpec, new_run},
    world::World,
};

impl World {
    /// Replaces what all DAGs have been told about assets and haven't run for yet.
    pub fn set_asset_queues(&mut self, mut queues: AssetQueues) {
        for (dag_id, memory) in &mut self.dags {
            let queue = queues.remove(&**dag_id).unwrap_or_default();
            if memory.asset_queue != queue {
                memory.asset_queue = queue;
                self.unasked.insert(dag_id.clone());
            }
        }
    }

    /// Assets of a DAG have been updated, and it may run for them now if they are enough.
    pub(super) fn may_follow(&self, dag_id: &str) -> bool {
        let Some(memory) = self.dags.get(dag_id) else { return false };
        let queue = &memory.asset_queue;
        let waits = !queue.partitions.is_empty() || (!queue.assets.is_empty() && self.has_room(dag_id));
        waits && self.may_schedule(dag_id)
    }

    /// Makes the runs that a DAG's queue is enough for: one for all assets, or one for each complete partition.
    pub(super) fn ask_assets(&mut self, dag_id: &Arc<str>, now: Timestamp, made: &mut Vec<NewRun>) {
        if !self.may_follow(dag_id) {
            return;
        }
        let has_room = self.has_room(dag_id);
        let Some(memory) = self.dags.get_mut(dag_id) else { return };
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
