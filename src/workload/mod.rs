//! What a try is made of.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Cause, TiState, hash};

/// What has to happen for a try.
#[derive(Debug, Clone, PartialEq)]
pub enum Workload {
    /// Done at once inside the scheduler.
    Inline(Inline),
    /// A native sensor: no process, no worker slot, a condition and a clock.
    Wait(Wait),
    /// A shell command on this machine.
    Shell(ShellCommand),
    /// A pod in a cluster, made from these rendered arguments.
    Pod(Box<IndexMap<String, Value>>),
    /// A job, or something done at once, in a cluster, from these rendered arguments.
    Cluster(Box<IndexMap<String, Value>>),
    /// The task of a Python file (or a Python function named in TOML), in a Python process.
    Python,
    /// It can't run: the reason is the try's cause.
    Impossible(Cause),
}

/// What happens at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    /// Nothing: success.
    Nothing,
    /// A branch has chosen these tasks (or groups).
    Choose {
        /// Ids.
        task_ids: Vec<String>,
    },
    /// A short circuit: false skips what is below.
    ShortCircuit {
        /// The condition.
        go_on: bool,
        /// Everything below, not only the next tasks.
        ignore_downstream_trigger_rules: bool,
    },
    /// Triggers a run of another DAG.
    TriggerDagRun(Box<TriggerDagRun>),
}

/// Arguments of a `TriggerDagRunOperator`, rendered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TriggerDagRun {
    /// DAG to run.
    pub trigger_dag_id: String,
    /// Run id, if given.
    pub trigger_run_id: Option<String>,
    /// Conf.
    pub conf: Value,
    /// Logical date; a run without one if absent.
    pub logical_date: Option<Timestamp>,
    /// When the run may start; at once if absent.
    pub run_after: Option<Timestamp>,
    /// A paused DAG fails the task.
    pub fail_when_dag_is_paused: bool,
    /// A run that exists is cleared.
    pub reset_dag_run: bool,
    /// A run that exists skips the task.
    pub skip_when_already_exists: bool,
    /// Wait for the run to end.
    pub wait_for_completion: bool,
    /// It is `deferred` while it waits.
    pub deferrable: bool,
    /// Seconds between two looks at it, where its end isn't noticed.
    pub poke_interval: f64,
    /// Run states that count as success.
    pub allowed_states: Vec<String>,
    /// Run states that fail the task.
    pub failed_states: Vec<String>,
    /// Note of the new run.
    pub note: Option<String>,
}

/// A native sensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// What it waits for.
    pub condition: Condition,
    /// Seconds between two looks (where no event says more).
    pub poke_interval: f64,
    /// Seconds after which it fails.
    pub timeout: f64,
    /// A timeout skips instead.
    pub soft_fail: bool,
    /// Whatever fails it skips it instead.
    pub never_fail: bool,
    /// A look that fails is like one that finds nothing.
    pub silent_fail: bool,
    /// What it holds between two looks.
    pub mode: Mode,
    /// The pause between two looks grows (`exponential_backoff`).
    pub backoff: bool,
    /// Seconds that it doesn't grow above.
    pub max_wait: Option<f64>,
    /// Name for the jitter of a growing pause: `dag_id#task_id`.
    pub name: String,
    /// The return value of a sensor that has one.
    pub result: Option<Value>,
}

/// What a native sensor holds between two looks; never a process nor an executor's slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It stays `running`, with the slots of its pool.
    Poke,
    /// It is `up_for_reschedule`, and queued anew for each look.
    Reschedule,
    /// It is `deferred`, and queued anew when it found what it waits for.
    Deferrable,
}

impl Wait {
    /// Seconds to the next look, `waited` seconds after the first one began at `since` (Airflow's text of it), of which
    /// `looks` were made. The formula is that of `BaseSensorOperator._get_next_poke_interval` in Airflow 3.3.2.
    pub fn pause(&self, since: &str, waited: f64, looks: u32) -> f64 {
        if !self.backoff {
            return self.poke_interval;
        }
        let grown = |look: u32| {
            let least = (self.poke_interval * 2f64.powi(look as i32 - 2)).floor().clamp(1.0, 1e15);
            let jitter = hash::remainder(&format!("{}#{since}#{look}", self.name), least as u64);
            least + jitter as f64
        };
        let mut look = looks.max(1);
        if self.mode == Mode::Reschedule {
            let (mut sum, mut count) = (0.0, 0);
            while sum <= waited {
                count += 1;
                sum += grown(count);
            }
            look = count;
        }
        let pause = grown(look).min(self.timeout - waited.floor());
        self.max_wait.map_or(pause, |most| pause.min(most)).max(0.0)
    }
}

/// What a native sensor waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// An instant.
    Until(Timestamp),
    /// A day of the week, 1 for Monday to 7; of `at`, or of today (UTC).
    Weekday {
        /// Wanted days.
        days: Vec<u8>,
        /// A fixed instant instead of now.
        at: Option<Timestamp>,
    },
    /// A file that exists, or a folder with a file somewhere in it.
    File {
        /// Path or glob, below the connection's folder.
        path: String,
        /// Connection of type `fs`; empty: the path stands for itself.
        conn_id: String,
        /// `**` stands for any number of folders.
        recursive: bool,
    },
    /// Task instances or a run of another DAG.
    External(External),
    /// Runs that are all in one of some states (`DagStateTrigger`).
    Runs {
        /// DAG.
        dag_id: String,
        /// Runs.
        run_ids: Vec<String>,
        /// States.
        states: Vec<String>,
    },
    /// The end of one run.
    RunEnds {
        /// DAG.
        dag_id: String,
        /// Run.
        run_id: String,
        /// States of success.
        allowed_states: Vec<String>,
        /// States of failure.
        failed_states: Vec<String>,
    },
}

/// Arguments of an `ExternalTaskSensor`, rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct External {
    /// DAG.
    pub dag_id: String,
    /// Tasks; empty: the run itself.
    pub task_ids: Vec<String>,
    /// A group of tasks.
    pub task_group_id: Option<String>,
    /// Logical dates to look at; none can match for a run without one.
    pub logical_dates: Vec<Timestamp>,
    /// States that end the wait.
    pub allowed_states: Vec<String>,
    /// States that skip.
    pub skipped_states: Vec<String>,
    /// States that fail.
    pub failed_states: Vec<String>,
}

/// A shell command.
#[derive(Debug, Clone, PartialEq)]
pub struct ShellCommand {
    /// The command, rendered.
    pub command: String,
    /// `env`, rendered; `None`: the environment of the scheduler.
    pub env: Option<IndexMap<String, String>>,
    /// `env` is added to the environment instead of replacing it.
    pub append_env: bool,
    /// Working folder.
    pub cwd: Option<String>,
    /// Exit codes that skip.
    pub skip_on_exit_code: Vec<i32>,
}

/// How an inline workload ended.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineEnd {
    /// State.
    pub state: TiState,
    /// Why, unless success.
    pub cause: Option<Cause>,
}
