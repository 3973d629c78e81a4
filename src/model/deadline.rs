//! Deadlines of runs (semantics 14): when a run should have ended, and what is called if it hasn't.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ids::RunId, run::DagRun, time::plus_seconds};

/// A deadline as the author wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadlineAlert {
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// From when it counts: Airflow's serialised reference, `reference_type` and its fields. One that dagdeck doesn't know is
    /// a class of the author's own, which Python is asked.
    pub reference: Value,
    /// Seconds after that, or `{"variable": key}`: the variable's seconds when the run is created.
    pub interval: Value,
    /// `path`, `kwargs` (in the stored form of XComs) and `is_async` of what is called.
    pub callback: Value,
}

/// From when a deadline counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Base {
    /// From then.
    At(Timestamp),
    /// From now on, after the average length of so many of the last runs, if there are at least so many.
    AverageOf {
        /// At most.
        max_runs: u32,
        /// At least.
        min_runs: u32,
    },
    /// There is none for this run.
    Never,
    /// Only Python knows.
    Asked,
}

impl DeadlineAlert {
    fn kind(&self) -> &str {
        self.reference.get("reference_type").and_then(Value::as_str).unwrap_or("")
    }

    /// From when it counts for a run.
    pub fn base(&self, run: &DagRun) -> Base {
        let at = |moment: Option<Timestamp>| moment.map_or(Base::Never, Base::At);
        let number = |name: &str| self.reference.get(name).and_then(Value::as_u64).map(|n| n as u32);
        match self.kind() {
            "DagRunLogicalDateDeadline" => at(run.logical_date),
            "DagRunQueuedAtDeadline" => at(run.queued_at),
            "FixedDatetimeDeadline" => {
                let seconds = self.reference.get("datetime").and_then(Value::as_f64);
                at(seconds.and_then(|s| Timestamp::from_microsecond((s * 1e6).round() as i64).ok()))
            }
            "AverageRuntimeDeadline" => {
                let max_runs = number("max_runs").unwrap_or(10);
                Base::AverageOf { max_runs, min_runs: number("min_runs").unwrap_or(max_runs) }
            }
            _ => Base::Asked,
        }
    }

    /// It moves when the run is queued again.
    pub fn follows_queueing(&self) -> bool {
        self.kind() == "DagRunQueuedAtDeadline"
    }

    /// The variable that holds its interval.
    pub fn variable(&self) -> Option<&str> {
        self.interval.get("variable").and_then(Value::as_str)
    }

    /// When it is due, `interval` seconds after its base.
    pub fn due(base: Timestamp, interval: f64) -> Timestamp {
        plus_seconds(base, interval)
    }
}

/// A deadline of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Deadline {
    /// Its run.
    pub run: RunId,
    /// Its place in the DAG's list, from 0.
    pub number: u32,
    /// When; `None`: there is none, or it isn't known yet.
    pub due_at: Option<Timestamp>,
    /// It passed before the run had ended well.
    pub missed: bool,
}
