//! What the console's screens read: rows for lists, one object with all that belongs to it. Read-only.

pub mod assets;
pub mod audit;
pub mod backfills;
pub mod calendar;
pub mod changes;
pub mod compare;
pub mod dags;
pub mod grid;
pub mod instance;
pub mod instances;
pub mod names;
pub mod outlook;
pub mod pace;
pub mod page;
#[cfg(test)]
pub(crate) mod plans;
pub mod pod;
pub mod pods;
pub mod questions;
pub(crate) mod reach;
#[cfg(test)]
pub(crate) mod reach_sample;
pub mod run;
pub mod runs;
pub mod settings;
pub mod system;
pub mod triage;
pub mod usual;
pub mod versions;
pub mod watch;
pub mod xcoms;

use std::{path::Path, str::FromStr, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use crate::{
    error::{Error, Result},
    model::{Dag, MapIndex, TiState, UNMAPPED},
};

/// An instant as the store holds it: microseconds since 1970 UTC.
pub type Micros = i64;

/// One microsecond-second.
pub const SECOND: Micros = 1_000_000;

/// Names a run for people, the scheduler and the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunRef {
    /// Row id.
    pub id: i64,
    /// DAG.
    pub dag_id: String,
    /// Airflow's run id.
    pub run_id: String,
}

/// Names a task instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TiRef {
    /// Its run.
    pub run: RunRef,
    /// Its task.
    pub task_id: String,
    /// Its index.
    pub map_index: MapIndex,
}

impl TiRef {
    /// `task` or `task[3]`.
    pub fn label(&self) -> String {
        label(&self.task_id, self.map_index)
    }
}

/// `task` or `task[3]`.
pub fn label(task_id: &str, map_index: MapIndex) -> String {
    if map_index == UNMAPPED { task_id.to_owned() } else { format!("{task_id}[{map_index}]") }
}

/// How many instances are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts(pub [u32; TiState::ALL.len()]);

impl Counts {
    /// Adds `n` of a state.
    pub fn add(&mut self, state: TiState, n: u32) {
        self.0[state as usize] += n;
    }
    /// How many are in a state.
    pub fn get(&self, state: TiState) -> u32 {
        self.0[state as usize]
    }
    /// How many there are.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }
    /// The state that stands for all of them: the one that needs a person most.
    pub fn worst(&self) -> TiState {
        use TiState as S;
        let order = [
            S::Failed,
            S::UpForRetry,
            S::AwaitingInput,
            S::Running,
            S::Restarting,
            S::Queued,
            S::Deferred,
            S::UpForReschedule,
            S::Scheduled,
            S::UpstreamFailed,
            S::None,
            S::Success,
            S::Skipped,
            S::Removed,
        ];
        order.into_iter().find(|s| self.get(*s) > 0).unwrap_or(S::None)
    }
}

/// A store that can be read, or why it can't be read yet.
#[derive(Debug)]
pub enum Opened {
    /// Here it is.
    Ready(Connection),
    /// There is none, or it has no tables: a scheduler makes them when it starts.
    NotYet,
    /// It was made by an older dagdeck (its schema's version); the next scheduler brings it up to date.
    Older(usize),
}

/// Opens the store for reading: never writes, never waits longer than two seconds for a lock.
///
/// # Errors
/// `Refused` if a newer dagdeck made it, `System` if it can't be read.
pub fn open_reader(db: &Path) -> Result<Opened> {
    if !db.exists() {
        return Ok(Opened::NotYet);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(db, flags).map_err(reading)?;
    conn.busy_timeout(Duration::from_secs(2)).map_err(reading)?;
    conn.pragma_update(None, "query_only", true).map_err(reading)?;
    conn.set_prepared_statement_cache_capacity(64);
    let newest = super::Store::newest_version();
    match super::version(&conn)? {
        0 => Ok(Opened::NotYet),
        v if v < newest => Ok(Opened::Older(v)),
        v if v > newest => Err(super::too_new(v)),
        _ => Ok(Opened::Ready(conn)),
    }
}

/// Ends what a connection reads, with an error, as soon as `stop` says so; it is asked after each so many steps of SQLite.
///
/// # Errors
/// `System` if the connection can't be used.
pub fn stop_when(conn: &mut Connection, steps: i32, stop: impl FnMut() -> bool + Send + 'static) -> Result<()> {
    conn.progress_handler(steps, Some(stop)).map_err(reading)
}

/// Changes when another connection has committed.
pub fn data_version(conn: &Connection) -> Result<i64> {
    conn.query_row("PRAGMA data_version", [], |row| row.get(0)).map_err(reading)
}

/// The latest definition of a DAG, or the one of a version's row id.
pub fn definition(conn: &Connection, dag_id: &str, version: Option<i64>) -> Result<Option<Dag>> {
    let text: Option<String> = match version {
        Some(id) => conn
            .prepare_cached("SELECT definition FROM dag_version WHERE id = ?1")
            .and_then(|mut s| s.query_row([id], |r| r.get(0)).optional()),
        None => conn
            .prepare_cached(
                "SELECT v.definition FROM dag d JOIN dag_version v ON v.id = d.version_id WHERE d.dag_id = ?1",
            )
            .and_then(|mut s| s.query_row([dag_id], |r| r.get(0)).optional()),
    }
    .map_err(reading)?;
    text.map(|t| {
        let mut dag: Dag = serde_json::from_str(&t)
            .map_err(|e| Error::system(format!("cannot read the stored definition of DAG {dag_id}"), e))?;
        dag.link();
        Ok(dag)
    })
    .transpose()
}

/// Rows of a statement, each made by `make`.
pub(crate) fn rows<T>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    make: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    #[cfg(test)]
    plans::note(conn, sql);
    let mut statement = conn.prepare_cached(sql).map_err(reading)?;
    let found = statement.query_map(params, make).map_err(reading)?;
    found.collect::<rusqlite::Result<Vec<T>>>().map_err(reading)
}

/// An error of SQLite while reading.
pub(crate) fn reading(e: rusqlite::Error) -> Error {
    super::failed("cannot read the store", e)
}

/// A state column, in Airflow's spelling.
pub(crate) fn spelled<T: FromStr<Err = String>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|e: String| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into()))
}

/// Columns `run_row`, `dag_id`, `run_id`.
pub(crate) fn run_ref(row: &Row<'_>) -> rusqlite::Result<RunRef> {
    Ok(RunRef { id: row.get("run_row")?, dag_id: row.get("dag_id")?, run_id: row.get("run_id")? })
}

/// Columns of [`run_ref`] with `task_id`, `map_index`.
pub(crate) fn ti_ref(row: &Row<'_>) -> rusqlite::Result<TiRef> {
    Ok(TiRef { run: run_ref(row)?, task_id: row.get("task_id")?, map_index: row.get("map_index")? })
}

/// In how many runs of its DAG before its own a task instance was, at most `most` runs looked at.
fn runs_before(conn: &Connection, ti: &TiRef, most: usize) -> Result<usize> {
    let found: Vec<i64> = rows(
        conn,
        "SELECT count(*) FROM (SELECT id FROM dag_run WHERE dag_id = ?1
             AND (run_after, id) < (SELECT run_after, id FROM dag_run WHERE id = ?2) ORDER BY run_after DESC, id DESC LIMIT ?5) r
         JOIN task_instance t ON t.run = r.id AND t.task_id = ?3 AND t.map_index = ?4",
        (&ti.run.dag_id, ti.run.id, &ti.task_id, ti.map_index, most as i64),
        |r| r.get(0),
    )?;
    Ok(found.first().and_then(|n| usize::try_from(*n).ok()).unwrap_or(0))
}
