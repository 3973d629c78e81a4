//! What a client (console, command line) asks for. Every command is a row in the audit log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{MapIndex, ReprocessBehavior, RunState, TiState, TriggeredBy};

/// One line from a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Echoed in the reply.
    pub id: u64,
    /// `tui`, `cli`, `operator`.
    pub via: String,
    /// What the same act is as a shell command, for the audit log.
    pub command_line: String,
    /// What.
    pub request: Request,
}

/// A client's line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Do something; answered after the commit.
    Do {
        /// What.
        command: Command,
    },
    /// From now on send a `notice` line whenever something changed (at most a few a second).
    Subscribe,
    /// What the console shows, for others to see; has no answer. Whoever subscribed is told who looks at what.
    Look {
        /// Name of the screen.
        at: String,
    },
    /// Facts about the running scheduler.
    Status,
    /// Why a task instance doesn't run: a list of `{kind, reason, until}`.
    Explain {
        /// Which.
        key: crate::model::TiKey,
    },
    /// End the scheduler. Tries go on, unless `drain`: then it starts nothing and ends when nothing runs.
    Stop {
        /// Wait for running tries.
        drain: bool,
    },
}

/// An act that changes the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Creates a run.
    Trigger {
        /// DAG.
        dag_id: String,
        /// Run id; made from the time if absent.
        run_id: Option<String>,
        /// Conf, a JSON object.
        conf: Value,
        /// Logical date.
        logical_date: Option<Timestamp>,
        /// When it may start; else at its logical date, or at once.
        #[serde(default)]
        run_after: Option<Timestamp>,
        /// Note.
        note: Option<String>,
        /// Partition, of a DAG whose runs are about partitions.
        #[serde(default)]
        partition_key: Option<String>,
        /// Who.
        triggered_by: TriggeredBy,
    },
    /// Creates a run of the DAG that updates an asset.
    Materialize {
        /// The asset's name.
        name: Option<String>,
        /// The asset's URI.
        uri: Option<String>,
        /// Run id; made from the time if absent.
        run_id: Option<String>,
        /// Conf, a JSON object.
        conf: Value,
        /// Logical date.
        logical_date: Option<Timestamp>,
        /// Note.
        note: Option<String>,
        /// Partition.
        #[serde(default)]
        partition_key: Option<String>,
        /// Who.
        triggered_by: TriggeredBy,
    },
    /// Says that an asset was updated, by no task: its followers are told.
    UpdateAsset {
        /// The asset's name.
        name: Option<String>,
        /// The asset's URI.
        uri: Option<String>,
        /// What is said about it, a JSON object.
        extra: Value,
        /// Partition.
        #[serde(default)]
        partition_key: Option<String>,
    },
    /// Pauses or resumes DAGs.
    SetPaused {
        /// DAGs.
        dag_ids: Vec<String>,
        /// Paused.
        paused: bool,
    },
    /// Deletes a DAG's rows (its file comes back when it is still there).
    DeleteDag {
        /// DAG.
        dag_id: String,
        /// Only show.
        #[serde(default)]
        dry_run: bool,
    },
    /// Deletes pods that were kept.
    CleanPods {
        /// These; none: all that have ended.
        names: Vec<String>,
        /// Gives up pods that aren't known to have ended.
        force: bool,
        /// Only show.
        dry_run: bool,
    },
    /// Deletes finished runs that ended before a time; the newest run of each DAG stays.
    CleanRuns {
        /// Time.
        before: Timestamp,
        /// Only show.
        dry_run: bool,
    },
    /// Begins a backfill.
    CreateBackfill {
        /// Which runs, and how.
        request: BackfillRequest,
        /// Only show.
        dry_run: bool,
    },
    /// Keeps a backfill's queued runs from starting, or lets them start again.
    PauseBackfill {
        /// Which.
        id: i64,
        /// Paused.
        paused: bool,
    },
    /// Ends a backfill: its queued runs fail, running ones go on to their end.
    CancelBackfill {
        /// Which.
        id: i64,
        /// Only show.
        dry_run: bool,
    },
    /// Saves the plan of another command; it is applied by name, or when its time has come.
    SavePlan {
        /// A command that has a plan.
        planned: Box<Command>,
        /// Seconds after which it is applied by itself unless it is discarded before.
        hold: Option<f64>,
        /// The same for all plans of one act of a person: they are done and taken back together. It ends with their number
        /// ([`super::act`]).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        act: Option<String>,
    },
    /// Applies a saved plan, if what it was computed from still holds.
    ApplyPlan {
        /// Its id.
        plan_id: String,
    },
    /// Takes back what an applied plan did, as far as nothing has happened since.
    RevertPlan {
        /// Its id.
        plan_id: String,
        /// Only show.
        #[serde(default)]
        dry_run: bool,
    },
    /// Throws a saved plan away; one that is held is thereby undone.
    DiscardPlan {
        /// Its id.
        plan_id: String,
    },
    /// Clears task instances (a plan; `dry_run` only shows it).
    Clear {
        /// Which.
        selection: Selection,
        /// Only show.
        dry_run: bool,
    },
    /// Marks task instances.
    Mark {
        /// Which.
        selection: Selection,
        /// success, failed or skipped.
        state: TiState,
        /// Only show.
        dry_run: bool,
    },
    /// Sets a run's state.
    SetRunState {
        /// DAG.
        dag_id: String,
        /// Runs.
        run_id: String,
        /// success, failed or queued.
        state: RunState,
        /// Only show.
        dry_run: bool,
    },
    /// Deletes runs with all they hold.
    DeleteRuns {
        /// DAG.
        dag_id: String,
        /// Runs.
        run_ids: Vec<String>,
        /// Only show.
        dry_run: bool,
    },
    /// Sets the note of a run or of a task instance.
    Note {
        /// DAG.
        dag_id: String,
        /// Run.
        run_id: String,
        /// Task instance; `None`: the run.
        task: Option<(String, MapIndex)>,
        /// Text; empty removes it.
        text: String,
    },
    /// Ends a running try; it counts as failed.
    StopTask {
        /// DAG.
        dag_id: String,
        /// Run.
        run_id: String,
        /// Task.
        task_id: String,
        /// Index.
        map_index: MapIndex,
    },
    /// Writes an XCom by hand; null `value` with `delete` removes it.
    SetXcom {
        /// DAG.
        dag_id: String,
        /// Run.
        run_id: String,
        /// Task.
        task_id: String,
        /// Index.
        map_index: MapIndex,
        /// Key.
        key: String,
        /// Value.
        value: Value,
        /// Remove it instead.
        delete: bool,
    },
    /// Answers a task that waits for a person.
    AnswerHitl {
        /// DAG.
        dag_id: String,
        /// Run.
        run_id: String,
        /// Task.
        task_id: String,
        /// Index.
        map_index: MapIndex,
        /// Chosen options.
        options: Vec<String>,
        /// Values of the form; null for none.
        params: Value,
    },
    /// Creates or changes a pool.
    SetPool {
        /// Name.
        name: String,
        /// Slots; -1 without limit.
        slots: i64,
        /// What it is for.
        description: String,
        /// Deferred instances take slots.
        include_deferred: bool,
    },
    /// Deletes a pool.
    DeletePool {
        /// Name.
        name: String,
    },
    /// Creates or changes a variable.
    SetVariable {
        /// Key.
        key: String,
        /// Value.
        value: String,
        /// What it is for.
        description: Option<String>,
    },
    /// Deletes a variable.
    DeleteVariable {
        /// Key.
        key: String,
    },
    /// Creates or changes a connection: JSON with Airflow's field names.
    SetConnection {
        /// Id.
        conn_id: String,
        /// `conn_type`, `host`, `login`, `password`, `port`, `schema`, `extra`, `description`.
        fields: Value,
        /// Refuse when it exists.
        create_only: bool,
    },
    /// Deletes a connection.
    DeleteConnection {
        /// Id.
        conn_id: String,
    },
    /// Says something about a group of equal failures.
    Incident {
        /// Cause fingerprint.
        fingerprint: String,
        /// What.
        change: IncidentChange,
    },
    /// Parses files now, or what is new or changed if none is named; answered when that is parsed.
    Parse {
        /// Absolute paths.
        files: Vec<String>,
    },
    /// Writes an audit row for something that was only looked at (a revealed secret).
    Audit {
        /// Verb.
        action: String,
        /// On what.
        target: String,
    },
}

/// What a person says about a group of equal failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum IncidentChange {
    /// It is known, until a new try fails the same way.
    Acknowledge {
        /// Text.
        note: Option<String>,
    },
    /// It is quiet until then, also if it happens again; `None` ends the silence.
    Silence {
        /// Until when.
        until: Option<Timestamp>,
    },
    /// Somebody works on it; `None`: nobody any more.
    Claim {
        /// Who.
        by: Option<String>,
    },
    /// A note; empty removes it.
    Note {
        /// Text.
        text: String,
    },
}

/// What a backfill is to be (Airflow's `BackfillPostBody`, and what dagdeck adds).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackfillRequest {
    /// DAG.
    pub dag_id: String,
    /// First logical date, inclusive.
    pub from_date: Timestamp,
    /// Last logical date, inclusive.
    pub to_date: Timestamp,
    /// Runs of it that may be running at one time.
    pub max_active_runs: u32,
    /// What becomes of runs that are there already.
    pub reprocess_behavior: ReprocessBehavior,
    /// Newest date first.
    #[serde(default)]
    pub run_backwards: bool,
    /// Conf of its runs, a JSON object; reprocessed runs keep theirs without it.
    #[serde(default)]
    pub dag_run_conf: Option<Value>,
    /// Only these tasks or groups; all if empty.
    #[serde(default)]
    pub task_ids: Vec<String>,
    /// Its runs go on although the DAG is paused.
    #[serde(default)]
    pub while_paused: bool,
    /// Pool of its task instances, instead of the tasks' own.
    #[serde(default)]
    pub pool: Option<String>,
    /// Reprocessed runs go on with the newest version of the DAG; `None`: as the DAG or the settings say, else yes.
    #[serde(default)]
    pub latest_version: Option<bool>,
}

/// Which task instances an act is about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// DAG.
    pub dag_id: String,
    /// One run; else those between the dates.
    pub run_id: Option<String>,
    /// From this logical date, inclusive.
    pub start_date: Option<Timestamp>,
    /// To this logical date, inclusive.
    pub end_date: Option<Timestamp>,
    /// Text that task ids contain.
    pub task_text: Option<String>,
    /// Exact ids of tasks or groups, each with an index or all indexes.
    pub task_ids: Vec<(String, Option<MapIndex>)>,
    /// Also everything below.
    pub downstream: bool,
    /// Also everything above.
    pub upstream: bool,
    /// Also earlier runs.
    pub past: bool,
    /// Also later runs.
    pub future: bool,
    /// Of these only failed and upstream_failed ones.
    pub only_failed: bool,
    /// Of these only running ones.
    pub only_running: bool,
    /// Leave the runs' states alone.
    pub keep_dag_runs: bool,
    /// Not these tasks or groups, each with an index or all indexes.
    pub exclude: Vec<(String, Option<MapIndex>)>,
    /// Give cleared instances only the retries that they had left.
    pub keep_retries: bool,
    /// Leave active instances alone.
    pub skip_running: bool,
    /// Go on with the newest version of the DAG; `None`: as the DAG or the settings say, else with each run's own.
    pub latest_version: Option<bool>,
}

impl Command {
    /// Whether it only shows its plan; `None` for commands without a plan.
    pub fn dry_run(&self) -> Option<bool> {
        match self {
            Self::Clear { dry_run, .. }
            | Self::Mark { dry_run, .. }
            | Self::SetRunState { dry_run, .. }
            | Self::DeleteRuns { dry_run, .. }
            | Self::DeleteDag { dry_run, .. }
            | Self::CleanRuns { dry_run, .. }
            | Self::CleanPods { dry_run, .. }
            | Self::CreateBackfill { dry_run, .. }
            | Self::CancelBackfill { dry_run, .. }
            | Self::RevertPlan { dry_run, .. } => Some(*dry_run),
            _ => None,
        }
    }
}

/// The answer to an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Of the envelope.
    pub id: u64,
    /// The document, if it went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Value>,
    /// What went wrong: message and optional cause and hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ReplyError>,
}

/// An error that crossed the socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplyError {
    /// `refused`, `not_found`, `usage`, `system`, `not_yet`.
    pub kind: String,
    /// Sentence.
    pub message: String,
    /// Why.
    #[serde(default)]
    pub cause: Option<String>,
    /// What to do instead.
    #[serde(default)]
    pub hint: Option<String>,
}

impl From<crate::error::Error> for ReplyError {
    fn from(e: crate::error::Error) -> Self {
        use crate::error::Kind;
        let kind = match e.kind {
            Kind::Refused => "refused",
            Kind::NotFound => "not_found",
            Kind::Usage => "usage",
            Kind::NoScheduler => "no_scheduler",
            Kind::System => "system",
            Kind::NotYet => "not_yet",
        };
        Self { kind: kind.into(), message: e.message, cause: e.cause, hint: e.hint }
    }
}

impl From<ReplyError> for crate::error::Error {
    fn from(e: ReplyError) -> Self {
        use crate::error::Kind;
        let kind = match e.kind.as_str() {
            "not_found" => Kind::NotFound,
            "usage" => Kind::Usage,
            "no_scheduler" => Kind::NoScheduler,
            "system" => Kind::System,
            "not_yet" => Kind::NotYet,
            _ => Kind::Refused,
        };
        Self { kind, message: e.message, cause: e.cause, hint: e.hint }
    }
}
