//! A dag run.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    asset::Consumes, backfill::BackfillPlace, dag::Dag, dag::DagVersionId, ids::RunId, state::RunState, state::spelled,
    task_instance::TaskInstance,
};

spelled! {
    /// Why a run exists.
    RunType {
        /// Its timetable said so.
        Scheduled = "scheduled",
        /// A person or program triggered it.
        Manual = "manual",
        /// Part of a backfill.
        Backfill = "backfill",
        /// A `TriggerDagRunOperator`.
        OperatorTriggered = "operator_triggered",
        /// An asset was updated.
        AssetTriggered = "asset_triggered",
        /// An asset was asked for.
        AssetMaterialization = "asset_materialization",
    }
}

spelled! {
    /// Who created a run.
    TriggeredBy {
        /// The command line.
        Cli = "cli",
        /// A task.
        Operator = "operator",
        /// An API (not in dagdeck; kept for recorded data).
        RestApi = "rest_api",
        /// The console.
        Ui = "ui",
        /// A test.
        Test = "test",
        /// The schedule.
        Timetable = "timetable",
        /// An asset.
        Asset = "asset",
        /// A backfill.
        Backfill = "backfill",
    }
}

/// One run, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DagRun {
    /// Row id.
    pub id: RunId,
    /// Its DAG.
    pub dag_id: Arc<str>,
    /// Airflow's run id, unique in the DAG.
    pub run_id: Arc<str>,
    /// State.
    pub state: RunState,
    /// Why it exists.
    pub run_type: RunType,
    /// Who created it.
    pub triggered_by: TriggeredBy,
    /// The instant it stands for; a manual run may have none.
    pub logical_date: Option<Timestamp>,
    /// Start of the data it is about.
    pub data_interval_start: Option<Timestamp>,
    /// End of the data it is about.
    pub data_interval_end: Option<Timestamp>,
    /// The partition that it is about.
    pub partition_key: Option<String>,
    /// The start of the partition's period, where the key stands for one.
    pub partition_date: Option<Timestamp>,
    /// Not before.
    pub run_after: Timestamp,
    /// Created, or cleared.
    pub queued_at: Option<Timestamp>,
    /// First seen running.
    pub start_date: Option<Timestamp>,
    /// Ended.
    pub end_date: Option<Timestamp>,
    /// What it was triggered with.
    pub conf: Value,
    /// A person's note.
    pub note: Option<String>,
    /// How often it was cleared.
    pub clear_number: u32,
    /// The DAG version it runs.
    pub dag_version: DagVersionId,
    /// Its place in a backfill.
    #[serde(default)]
    pub backfill: Option<BackfillPlace>,
    /// Only these tasks of the DAG exist in it (a backfill of some tasks); `None`: all.
    #[serde(default)]
    pub tasks: Option<Vec<Arc<str>>>,
}

impl DagRun {
    /// The DAG as this run has it.
    pub fn part_of(&self, dag: Arc<Dag>) -> Arc<Dag> {
        self.tasks.as_ref().map_or_else(|| dag.clone(), |tasks| Arc::new(dag.part(tasks)))
    }
}

/// A run to be created, with its first task instances.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The run; its `id` is given by the store.
    pub run: DagRun,
    /// One per task, or several for literal mappings; their `key.run` is set by the store.
    pub instances: Vec<TaskInstance>,
    /// The asset events that it is made for.
    pub consumes: Option<Consumes>,
}
