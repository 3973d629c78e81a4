//! The runs of a DAG by day.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rusqlite::Connection;

use crate::{error::Result, model::RunState};

use super::{Micros, SECOND, rows, spelled};

/// Days that are read.
const DAYS: i64 = 730;
/// Most runs that are read, the newest: two years of a run every half hour.
const MOST: i64 = 35_040;

/// Runs of one day, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Day {
    /// All.
    pub runs: u32,
    /// Failed ones.
    pub failed: u32,
    /// Queued and running ones.
    pub active: u32,
}

impl Day {
    /// The state that stands for the day.
    pub fn state(&self) -> RunState {
        match self {
            d if d.failed > 0 => RunState::Failed,
            d if d.active > 0 => RunState::Running,
            _ => RunState::Success,
        }
    }
}

/// Days with runs, in UTC, by logical date (else by when they were due).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calendar {
    /// Days.
    pub days: BTreeMap<Date, Day>,
}

/// The day of an instant in UTC.
pub fn day(at: Micros) -> Date {
    Timestamp::from_microsecond(at).map_or(Date::ZERO, |t| t.to_zoned(TimeZone::UTC).date())
}

/// Reads the last two years before `now`.
pub fn load(conn: &Connection, dag_id: &str, now: Micros) -> Result<Calendar> {
    let mut calendar = Calendar::default();
    let found = rows(
        conn,
        "SELECT coalesce(logical_date, run_after) AS at, state FROM dag_run WHERE dag_id = ?1 AND run_after >= ?2
         ORDER BY run_after DESC, id DESC LIMIT ?3",
        (dag_id, now - DAYS * 86_400 * SECOND, MOST),
        |r| Ok((r.get::<_, i64>("at")?, spelled::<RunState>(r, "state")?)),
    )?;
    for (at, state) in found {
        let day = calendar.days.entry(day(at)).or_default();
        day.runs += 1;
        match state {
            RunState::Failed => day.failed += 1,
            RunState::Success => {}
            _ => day.active += 1,
        }
    }
    Ok(calendar)
}
