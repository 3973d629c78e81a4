//! When runs happen: the shape of the room (to be written).

use jiff::Timestamp;

use crate::model::{RunType, Schedule, time::isoformat};

/// Settings that decide what a schedule becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `[scheduler] create_cron_data_intervals`.
    pub create_cron_data_intervals: bool,
    /// `[scheduler] catchup_by_default`.
    pub catchup_by_default: bool,
}

/// What limits the runs of a DAG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// No run before it.
    pub start_date: Option<Timestamp>,
    /// No run after it.
    pub end_date: Option<Timestamp>,
    /// Make up for missed runs.
    pub catchup: bool,
}

/// The data that a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataInterval {
    /// Start.
    pub start: Timestamp,
    /// End.
    pub end: Timestamp,
}

/// A run that a timetable asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRun {
    /// The instant it stands for.
    pub logical_date: Option<Timestamp>,
    /// The data it is about.
    pub data_interval: Option<DataInterval>,
    /// Not before.
    pub run_after: Timestamp,
}

/// A compiled schedule.
#[derive(Debug, Clone)]
pub struct Timetable(Schedule);

impl Timetable {
    /// Compiles a schedule.
    pub fn compile(schedule: &Schedule, _tz: &str, _settings: &Settings) -> Result<Self, String> {
        Ok(Self(schedule.clone()))
    }
    /// The run after `last`.
    pub fn next(&self, last: Option<&DueRun>, bounds: &Bounds, now: Timestamp) -> Option<DueRun> {
        let at = match (&self.0, last) {
            (Schedule::Once, None) => bounds.start_date.unwrap_or(now),
            (Schedule::Delta { seconds, .. }, Some(last)) => crate::model::time::plus_seconds(last.run_after, *seconds),
            (Schedule::Delta { .. }, None) => bounds.start_date.filter(|_| bounds.catchup).unwrap_or(now),
            _ => return None,
        };
        if bounds.end_date.is_some_and(|end| at > end) {
            return None;
        }
        Some(DueRun { logical_date: Some(at), data_interval: Some(DataInterval { start: at, end: at }), run_after: at })
    }
    /// The data interval of a manual run.
    pub fn manual_interval(&self, at: Timestamp) -> Option<DataInterval> {
        Some(DataInterval { start: at, end: at })
    }
}

/// The id of a run.
pub fn run_id(run_type: RunType, run_after: Timestamp) -> String {
    format!("{run_type}__{}", isoformat(run_after))
}
