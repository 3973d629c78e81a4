//! Task instances, their tries and rendered fields.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{documents, read_error};
use crate::{error::Result, model::MapIndex};

/// The cause of an instance: its own row, else that of its last try.
const COLUMNS: &str = r#"t.task_id, t.map_index, nullif(t.state, 'none') AS state, t.try_number, t.max_tries, t.operator,
    t.pool, t.pool_slots, t.priority_weight, t.rendered_map_index, t.queued_when AS "queued_when@t",
    t.scheduled_when AS "scheduled_when@t", t.start_date AS "start_date@t", t.end_date AS "end_date@t", t.duration,
    t.hostname, t.pid, t.external_id, t.note, t.wake_at AS "wake_at@t",
    coalesce(
        (SELECT json_object('kind', c.kind, 'summary', c.summary, 'exception', c.exception, 'exit_code', c.exit_code,
                            'fingerprint', c.fingerprint)
         FROM cause c WHERE c.run = t.run AND c.task_id = t.task_id AND c.map_index = t.map_index),
        (SELECT json_object('kind', y.cause_kind, 'summary', y.cause_summary, 'exception', y.cause_exception,
                            'exit_code', y.cause_exit_code, 'fingerprint', y.fingerprint)
         FROM try y WHERE y.run = t.run AND y.task_id = t.task_id AND y.map_index = t.map_index
            AND y.try_number = t.try_number AND y.cause_kind IS NOT NULL)) AS "cause@j""#;

/// Instances of a run by task and index; of one task, or one index, if asked.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, run: i64, task_id: Option<&str>, map_index: Option<MapIndex>) -> Result<Vec<Value>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM task_instance t
         WHERE t.run = ?1 AND (?2 IS NULL OR t.task_id = ?2) AND (?3 IS NULL OR t.map_index = ?3)
         ORDER BY t.task_id, t.map_index"
    );
    documents(conn, &sql, params![run, task_id, map_index])
}

/// Tries of a run, per instance oldest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn tries(conn: &Connection, run: i64) -> Result<Vec<Value>> {
    let sql = r#"SELECT task_id, map_index, try_number, state, start_date AS "start_date@t", end_date AS "end_date@t",
            pid, hostname,
            CASE WHEN cause_kind IS NOT NULL THEN
                json_object('kind', cause_kind, 'summary', cause_summary, 'exception', cause_exception,
                            'exit_code', cause_exit_code, 'fingerprint', fingerprint) END AS "cause@j"
        FROM try WHERE run = ?1 ORDER BY task_id, map_index, try_number"#;
    documents(conn, sql, [run])
}

/// True once a try has ended; false while it runs or is not there yet.
///
/// # Errors
/// `System` if the store can't be read.
pub fn try_ended(conn: &Connection, run: i64, task_id: &str, map_index: MapIndex, try_number: u32) -> Result<bool> {
    let sql = "SELECT end_date IS NOT NULL FROM try
               WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND try_number = ?4";
    let ended: Option<bool> = conn
        .query_row(sql, params![run, task_id, map_index, try_number], |row| row.get(0))
        .optional()
        .map_err(read_error)?;
    Ok(ended.unwrap_or(false))
}

/// Rendered template fields of a run; of one task, or one index, if asked.
///
/// # Errors
/// `System` if the store can't be read.
pub fn rendered(conn: &Connection, run: i64, task_id: Option<&str>, map_index: Option<MapIndex>) -> Result<Vec<Value>> {
    let sql = r#"SELECT task_id, map_index, fields AS "fields@j" FROM rendered_fields
        WHERE run = ?1 AND (?2 IS NULL OR task_id = ?2) AND (?3 IS NULL OR map_index = ?3)
        ORDER BY task_id, map_index"#;
    documents(conn, sql, params![run, task_id, map_index])
}

/// Active instances of all runs by what limits them: (pool slots in use of a pool, tasks of a DAG's run, all).
pub struct Load {
    /// Slots taken of the pool.
    pub pool_slots: i64,
    /// Active instances of the run.
    pub in_run: i64,
    /// Active instances of the home.
    pub in_home: i64,
}

/// What is in use now, for the limits of one instance.
///
/// # Errors
/// `System` if the store can't be read.
pub fn load(conn: &Connection, run: i64, pool: &str, include_deferred: bool) -> Result<Load> {
    let sql = "SELECT
            coalesce(sum(CASE WHEN pool = ?2 AND (state <> 'deferred' OR ?3) THEN pool_slots END), 0),
            coalesce(sum(run = ?1 AND state <> 'deferred'), 0), coalesce(sum(state <> 'deferred'), 0)
        FROM task_instance WHERE state IN ('queued', 'running', 'restarting', 'deferred')";
    conn.query_row(sql, params![run, pool, include_deferred], |row| {
        Ok(Load { pool_slots: row.get(0)?, in_run: row.get(1)?, in_home: row.get(2)? })
    })
    .map_err(read_error)
}

/// Instances of all runs that have had a try, newest run first: what a search through logs looks at.
///
/// # Errors
/// `System` if the store can't be read.
pub fn with_tries(conn: &Connection) -> Result<Vec<Value>> {
    let sql = r#"SELECT r.dag_id, r.run_id AS dag_run_id, t.task_id, t.map_index, nullif(t.state, 'none') AS state,
            t.try_number, t.operator, t.pool, t.start_date AS "start_date@t", t.end_date AS "end_date@t", t.duration
        FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE t.try_number > 0
        ORDER BY r.run_after DESC, r.id DESC, t.task_id, t.map_index"#;
    documents(conn, sql, [])
}
