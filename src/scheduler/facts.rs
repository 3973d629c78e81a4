//! What the scheduler is told: limits, and what the store knows besides rows.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    model::{BackfillId, Dag, DagVersionId, MapIndex, RunId, RunState, TiState},
    timetable::DueRun,
};

/// Settings that the scheduler obeys, with Airflow's names and defaults.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `[core] parallelism`: task instances handed to executors at one time.
    pub parallelism: u32,
    /// `[core] max_active_tasks_per_dag`: of one run, unless the DAG says otherwise.
    pub max_active_tasks_per_dag: u32,
    /// `[core] max_active_runs_per_dag`, unless the DAG says otherwise.
    pub max_active_runs_per_dag: u32,
    /// `[core] max_consecutive_failed_dag_runs_per_dag`, for DAGs that don't say.
    pub max_consecutive_failed_dag_runs_per_dag: u32,
    /// `[core] max_task_retry_delay`: seconds that exponential backoff never exceeds.
    pub max_task_retry_delay: f64,
    /// `[core] max_map_length`.
    pub max_map_length: usize,
    /// `[scheduler] catchup_by_default`.
    pub catchup_by_default: bool,
    /// `[scheduler] create_cron_data_intervals`.
    pub create_cron_data_intervals: bool,
    /// `[scheduler] use_job_schedule`: false makes no scheduled runs.
    pub use_job_schedule: bool,
    /// `[scheduler] max_dagruns_to_create_per_loop`.
    pub max_dagruns_to_create_per_loop: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parallelism: 32,
            max_active_tasks_per_dag: 16,
            max_active_runs_per_dag: 16,
            max_consecutive_failed_dag_runs_per_dag: 0,
            max_task_retry_delay: 86_400.0,
            max_map_length: 1024,
            catchup_by_default: false,
            create_cron_data_intervals: false,
            use_job_schedule: true,
            max_dagruns_to_create_per_loop: 10,
        }
    }
}

/// What the store knows of a DAG besides its definition.
#[derive(Debug, Clone)]
pub struct DagFacts {
    /// The newest definition.
    pub dag: Arc<Dag>,
    /// Its version, given to new runs.
    pub version: DagVersionId,
    /// No new runs, no instance is queued.
    pub is_paused: bool,
    /// Its file can't be imported now: no new runs.
    pub has_import_errors: bool,
    /// The last run that its timetable asked for.
    pub last_automated: Option<DueRun>,
    /// The newest runs by `run_after`, as many as `max_consecutive_failed_dag_runs`.
    pub recent: BTreeMap<(Timestamp, RunId), RunState>,
}

/// What the store knows of a backfill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillFacts {
    /// Which.
    pub id: BackfillId,
    /// Its DAG.
    pub dag_id: Arc<str>,
    /// Runs of it that may be running at one time.
    pub max_active_runs: u32,
    /// Its queued runs don't start.
    pub is_paused: bool,
    /// Its runs go on although the DAG is paused.
    pub while_paused: bool,
}

/// What the store knows of a run besides its rows.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// Recorded length of each pushed `return_value` with mapped dependants: task, index, length. For an unmapped
    /// producer the index is -1; for a mapped one the entries say which indexes pushed.
    pub mapped_lengths: HashMap<Arc<str>, BTreeMap<MapIndex, usize>>,
    /// `skipmixin_key` XComs.
    pub skip_decisions: HashMap<(Arc<str>, MapIndex), serde_json::Value>,
    /// The run before, for `depends_on_past`.
    pub previous: Option<PastRun>,
}

/// The run before another, for `depends_on_past`. If it is in memory too, its live states win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub run: RunId,
    /// States of all instances of each task.
    pub states: HashMap<Arc<str>, Vec<TiState>>,
    /// Tasks without an instance in it that had one in an earlier run.
    pub ran_before: HashSet<Arc<str>>,
    /// Tasks that had not begun then (their own `start_date`, with catchup): for them it doesn't count.
    pub not_begun: HashSet<Arc<str>>,
}
