//! Scheduler <-> spawner <-> supervisor: what is to be run, what came of it.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Cause, MapIndex, RunId, TiKey};

/// Longest name of a try's files that isn't shortened: task ids may have 250 characters, file names 255.
const LONGEST_STEM: usize = 200;

/// Everything a supervisor needs to run one try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrySpec {
    /// Which instance.
    pub key: TiKey,
    /// DAG, for the log folder.
    pub dag_id: Arc<str>,
    /// Run id, for the log folder.
    pub run_id: Arc<str>,
    /// Number of the try, from 1.
    pub try_number: u32,
    /// Epoch of the instance: reports carry it.
    pub epoch: u32,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables added to the scheduler's environment; with `clear_env` they are all there is.
    pub env: IndexMap<String, String>,
    /// The child gets only `env`.
    pub clear_env: bool,
    /// Working folder; `None`: a new temporary one.
    pub cwd: Option<String>,
    /// The log file, absolute.
    pub log: String,
    /// Time limit in seconds.
    pub timeout: Option<f64>,
    /// Seconds between TERM and KILL.
    pub grace: f64,
    /// First line for the child over its private socket (Python tasks); `None`: no socket.
    pub startup: Option<Value>,
    /// Bash: the last line of output is the XCom, exit code `skip_on_exit_code` is a skip.
    pub shell: Option<Shell>,
}

/// How the end of a plain process becomes an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shell {
    /// Exit codes that mean "skipped".
    pub skip_on_exit_code: Vec<i32>,
    /// Push the last line of output.
    pub push_last_line: bool,
    /// Name for messages: "Bash command".
    pub what: String,
}

/// A line from the scheduler to the spawner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "spawn", rename_all = "snake_case")]
pub enum Spawn {
    /// Start a supervisor for a try.
    Start {
        /// The try.
        spec: Box<TrySpec>,
        /// File name of the claim of a committed try, which nobody needs any more.
        spent: Option<String>,
    },
    /// Answered by `ready` when all earlier lines of earlier connections were handled.
    Sync,
    /// End when no supervisor is left.
    Quit,
}

/// A line from the spawner: a try that could not be started and left no claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which instance.
    pub key: TiKey,
    /// Epoch.
    pub epoch: u32,
    /// Why.
    pub why: String,
}

/// What a task said, kept until the outcome is committed, numbered from 1 within the try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Say {
    /// Number.
    pub n: u32,
    /// Body, a message of `protocol::task` of the saying kind, as received.
    pub body: Value,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OutcomeKind {
    /// Exit 0 (and, for Python, a `SucceedTask`).
    Success,
    /// Not well.
    Failed {
        /// Why.
        cause: Cause,
        /// The retry rules apply.
        retryable: bool,
        /// Delay that a retry policy chose, seconds.
        retry_delay: Option<f64>,
    },
    /// Skipped itself.
    Skipped {
        /// Why.
        cause: Cause,
    },
    /// A sensor wants to be poked again.
    Reschedule {
        /// When.
        until: Timestamp,
    },
    /// Deferred to a trigger, as the task said it.
    Deferred {
        /// `classpath`, `trigger_kwargs`, `next_method`, `next_kwargs`, `timeout`.
        trigger: Value,
    },
}

/// The outcome of a try: written into its claim, then sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which instance.
    pub key: TiKey,
    /// Try.
    pub try_number: u32,
    /// Epoch.
    pub epoch: u32,
    /// When its process was started.
    pub start_date: Timestamp,
    /// When its exit was seen.
    pub end_date: Timestamp,
    /// Pid of the process; 0 if it never started.
    pub pid: u32,
    /// What it said and the scheduler has not confirmed.
    pub says: Vec<Say>,
    /// How.
    #[serde(flatten)]
    pub kind: OutcomeKind,
}

/// A line from a supervisor to the scheduler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from_supervisor", rename_all = "snake_case")]
pub enum FromSupervisor {
    /// First line of every connection.
    Hello {
        /// Which instance.
        key: TiKey,
        /// Epoch.
        epoch: u32,
        /// Pid of the child.
        pid: u32,
        /// Pid of the supervisor.
        supervisor: u32,
        /// When the child was started.
        start_date: Timestamp,
    },
    /// Said by the task; no answer.
    Says {
        /// What.
        says: Vec<Say>,
    },
    /// Asked by the task.
    Ask {
        /// Echoed.
        id: u64,
        /// The question.
        body: Value,
    },
    /// The end, also on disk.
    Outcome {
        /// It.
        outcome: Box<Outcome>,
    },
}

/// A line from the scheduler to a supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to_supervisor", rename_all = "snake_case")]
pub enum ToSupervisor {
    /// Answer to an ask.
    Answer {
        /// Of the ask.
        id: u64,
        /// The answer.
        body: Value,
    },
    /// End the process group; report `cause` instead of what the signal would look like.
    Kill {
        /// Why.
        cause: Cause,
    },
}

/// Name of a try's files in the home's `tries` folder, without ending: `<run>.<index>.<epoch>.<task>`.
///
/// `map_index` is written as it is; the task comes last, since it may hold dots.
pub fn try_file_stem(run: RunId, task_id: &str, map_index: MapIndex, epoch: u32) -> String {
    let mut name = format!("{}.{map_index}.{epoch}.{task_id}", run.0);
    if name.len() > LONGEST_STEM {
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut end = 180;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        name.push_str(&format!("~{hash:016x}"));
    }
    name
}

/// Instance and epoch of a try's name; `None` if it isn't one, or was shortened.
pub fn parse_try_file_stem(stem: &str) -> Option<(TiKey, u32)> {
    let mut parts = stem.splitn(4, '.');
    let run = RunId(parts.next()?.parse().ok()?);
    let map_index: MapIndex = parts.next()?.parse().ok()?;
    let epoch = parts.next()?.parse().ok()?;
    let task_id = parts.next()?;
    // A shortened one ends with `~` and the 16 digits of a hash.
    let is_shortened = stem.len() > 180 && stem.as_bytes()[stem.len() - 17] == b'~';
    let is_whole = !task_id.is_empty() && !is_shortened;
    is_whole.then(|| (TiKey::new(run, task_id, map_index), epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_its_try_back_unless_it_was_shortened() {
        for (task, index) in [("plain", -1), ("group.task", 3), ("1.2.3", 0), ("@dag_callbacks", -1)] {
            let stem = try_file_stem(RunId(7), task, index, 2);
            assert_eq!(parse_try_file_stem(&stem), Some((TiKey::new(RunId(7), task, index), 2)), "{stem}");
        }
        let long = "long.".repeat(48);
        assert_eq!(parse_try_file_stem(&try_file_stem(RunId(7), &long, -1, 2)), None);
        assert_eq!(parse_try_file_stem("scheduler"), None);
        assert_eq!(parse_try_file_stem("7.-1.2."), None);
    }
}
