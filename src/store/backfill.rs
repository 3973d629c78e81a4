//! Backfills and their dates.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{failed, rows};
use crate::{
    error::Result,
    model::{BackfillId, LeftAlone, RunId},
    protocol::BackfillRequest,
    scheduler::BackfillFacts,
};

/// Stores a new backfill.
pub fn insert(tx: &Transaction<'_>, request: &BackfillRequest, who: &str, now: Timestamp) -> Result<BackfillId> {
    let conf = request.dag_run_conf.as_ref().map_or_else(|| "{}".to_owned(), ToString::to_string);
    let tasks = (!request.task_ids.is_empty()).then(|| serde_json::Value::from(request.task_ids.clone()).to_string());
    tx.execute(
        "INSERT INTO backfill (dag_id, from_date, to_date, dag_run_conf, reprocess_behavior, max_active_runs, run_backwards, \
         while_paused, pool, task_ids, triggering_user_name, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
        params![
            request.dag_id,
            request.from_date.as_microsecond(),
            request.to_date.as_microsecond(),
            conf,
            request.reprocess_behavior.as_str(),
            request.max_active_runs,
            request.run_backwards,
            request.while_paused,
            request.pool,
            tasks,
            who,
            now.as_microsecond(),
        ],
    )
    .map_err(|e| failed("cannot create a backfill", e))?;
    Ok(BackfillId(tx.last_insert_rowid()))
}

/// Stores one date of a backfill: its run, or why it has none.
pub fn insert_date(
    tx: &Transaction<'_>,
    id: BackfillId,
    ordinal: u32,
    logical_date: Option<Timestamp>,
    run: std::result::Result<RunId, LeftAlone>,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO backfill_dag_run (backfill, sort_ordinal, logical_date, run, exception_reason) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut s| {
        s.execute(params![
            id.0,
            ordinal,
            rows::micros(logical_date),
            run.ok().map(|run| run.0),
            run.err().map(LeftAlone::as_str)
        ])
    })
    .map_err(|e| failed("cannot write a date of a backfill", e))?;
    Ok(())
}

/// The unfinished backfill of a DAG.
pub fn unfinished(db: &Connection, dag_id: &str) -> Result<Option<BackfillId>> {
    db.query_row("SELECT id FROM backfill WHERE dag_id = ?1 AND completed_at IS NULL", [dag_id], |row| {
        row.get(0).map(BackfillId)
    })
    .optional()
    .map_err(|e| failed(&format!("cannot read the backfills of {dag_id}"), e))
}

const FACTS: &str = "id, dag_id, max_active_runs, is_paused AND completed_at IS NULL, while_paused";

/// A run of a backfill that is over (cleared, say) starts like others: then a pause no longer counts.
fn facts_of(row: &Row<'_>) -> rusqlite::Result<BackfillFacts> {
    Ok(BackfillFacts {
        id: BackfillId(row.get(0)?),
        dag_id: row.get::<_, std::sync::Arc<str>>(1)?,
        max_active_runs: row.get(2)?,
        is_paused: row.get(3)?,
        while_paused: row.get(4)?,
    })
}

/// What the scheduler has to know of a backfill.
pub fn facts(db: &Connection, id: BackfillId) -> Result<Option<BackfillFacts>> {
    db.query_row(&format!("SELECT {FACTS} FROM backfill WHERE id = ?1"), [id.0], facts_of)
        .optional()
        .map_err(|e| failed(&format!("cannot read backfill {}", id.0), e))
}

/// The same of all that are unfinished or have unfinished runs.
pub fn all_facts(db: &Connection) -> Result<Vec<BackfillFacts>> {
    let sql = format!(
        "SELECT {FACTS} FROM backfill WHERE completed_at IS NULL \
         OR id IN (SELECT backfill FROM dag_run WHERE state IN ('queued', 'running') AND backfill IS NOT NULL)"
    );
    let read = || -> rusqlite::Result<Vec<_>> { db.prepare(&sql)?.query_map([], facts_of)?.collect() };
    read().map_err(|e| failed("cannot read the backfills", e))
}

/// Whether a backfill is over; `None` if there is none.
pub fn is_over(db: &Connection, id: BackfillId) -> Result<Option<bool>> {
    db.query_row("SELECT completed_at IS NOT NULL FROM backfill WHERE id = ?1", [id.0], |row| row.get(0))
        .optional()
        .map_err(|e| failed(&format!("cannot read backfill {}", id.0), e))
}

/// Pauses or resumes a backfill.
pub fn set_paused(tx: &Transaction<'_>, id: BackfillId, paused: bool, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE backfill SET is_paused = ?2, updated_at = ?3 WHERE id = ?1 AND is_paused <> ?2",
        params![id.0, paused, now.as_microsecond()],
    )
    .map_err(|e| failed(&format!("cannot pause backfill {}", id.0), e))?;
    Ok(())
}

/// Notes the end of a backfill whose runs have all ended.
pub fn complete(tx: &Transaction<'_>, id: BackfillId, at: Timestamp) -> Result<()> {
    tx.prepare_cached(
        "UPDATE backfill SET completed_at = ?2, updated_at = ?2 WHERE id = ?1 AND completed_at IS NULL AND NOT EXISTS \
         (SELECT 1 FROM dag_run WHERE backfill = ?1 AND state IN ('queued', 'running'))",
    )
    .and_then(|mut s| s.execute(params![id.0, at.as_microsecond()]))
    .map_err(|e| failed(&format!("cannot complete backfill {}", id.0), e))?;
    Ok(())
}

/// Ends a backfill whether its runs have ended or not.
pub fn cancel(tx: &Transaction<'_>, id: BackfillId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE backfill SET is_paused = 1, completed_at = ?2, updated_at = ?2 WHERE id = ?1",
        params![id.0, now.as_microsecond()],
    )
    .map_err(|e| failed(&format!("cannot cancel backfill {}", id.0), e))?;
    Ok(())
}

/// Its queued runs, in their order.
pub fn queued(db: &Connection, id: BackfillId) -> Result<Vec<crate::model::DagRun>> {
    let sql =
        format!("SELECT {} FROM dag_run WHERE backfill = ?1 AND state = 'queued' ORDER BY backfill_ordinal", rows::RUN);
    let read = || -> rusqlite::Result<Vec<_>> { db.prepare(&sql)?.query_map([id.0], rows::run)?.collect() };
    read().map_err(|e| failed(&format!("cannot read the runs of backfill {}", id.0), e))
}

/// Number of its running runs.
pub fn running(db: &Connection, id: BackfillId) -> Result<u32> {
    db.query_row("SELECT count(*) FROM dag_run WHERE backfill = ?1 AND state = 'running'", [id.0], |row| row.get(0))
        .map_err(|e| failed(&format!("cannot read the runs of backfill {}", id.0), e))
}
