//! Deadlines of runs.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{failed, rows};
use crate::{
    error::Result,
    model::{Deadline, RunId},
};

/// Writes a run's deadline; one that was missed stays as it is.
pub fn set(tx: &Transaction<'_>, run: RunId, number: u32, due_at: Option<Timestamp>) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO deadline (run, number, due_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET due_at = excluded.due_at WHERE missed = 0",
    )
    .and_then(|mut s| s.execute(params![run.0, number, rows::micros(due_at)]))
    .map_err(|e| failed("cannot write a deadline", e))?;
    Ok(())
}

/// Marks a deadline missed.
pub fn miss(tx: &Transaction<'_>, run: RunId, number: u32) -> Result<()> {
    tx.execute("UPDATE deadline SET missed = 1 WHERE run = ?1 AND number = ?2", params![run.0, number])
        .map_err(|e| failed("cannot mark a deadline missed", e))?;
    Ok(())
}

/// A run ended well: the deadlines that it kept are forgotten.
pub fn keep_promise(tx: &Transaction<'_>, run: RunId, ended_at: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM deadline WHERE run = ?1 AND missed = 0 AND (due_at IS NULL OR due_at >= ?2)",
        params![run.0, ended_at.as_microsecond()],
    )
    .map_err(|e| failed("cannot forget deadlines", e))?;
    Ok(())
}

/// Those of a run.
pub fn of_run(db: &Connection, run: RunId) -> Result<Vec<Deadline>> {
    query(db, "SELECT run, number, due_at, missed FROM deadline WHERE run = ?1", params![run.0])
}

/// All that are still to come, or due and not handled.
pub fn open(db: &Connection) -> Result<Vec<Deadline>> {
    query(db, "SELECT run, number, due_at, missed FROM deadline WHERE missed = 0 AND due_at IS NOT NULL", [])
}

fn query(db: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Deadline>> {
    let read = || -> rusqlite::Result<Vec<Deadline>> {
        db.prepare_cached(sql)?
            .query_map(params, |row| {
                Ok(Deadline {
                    run: RunId(row.get(0)?),
                    number: row.get(1)?,
                    due_at: rows::time(row, 2)?,
                    missed: row.get(3)?,
                })
            })?
            .collect()
    };
    read().map_err(|e| failed("cannot read deadlines", e))
}

/// Average length in seconds of the last `max_runs` ended runs of a DAG; `None` if they are fewer than `min_runs`.
pub fn average_runtime(db: &Connection, dag_id: &str, max_runs: u32, min_runs: u32) -> Result<Option<f64>> {
    db.query_row(
        "SELECT count(*), avg(length) FROM (SELECT (end_date - start_date) / 1e6 AS length FROM dag_run \
         WHERE dag_id = ?1 AND start_date IS NOT NULL AND end_date IS NOT NULL ORDER BY logical_date DESC LIMIT ?2)",
        params![dag_id, max_runs],
        |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Option<f64>>(1)?)),
    )
    .optional()
    .map(|found| found.filter(|(count, _)| *count >= min_runs).and_then(|(_, average)| average))
    .map_err(|e| failed("cannot read how long runs take", e))
}
