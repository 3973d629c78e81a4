//! Backfills, as Airflow's REST API shows them, and their dates.

use rusqlite::Connection;
use serde_json::Value;

use super::{documents, first};
use crate::error::Result;

const COLUMNS: &str = r#"b.id, b.dag_id, b.from_date AS "from_date@t", b.to_date AS "to_date@t",
    b.dag_run_conf AS "dag_run_conf@j", b.is_paused AS "is_paused@b", b.reprocess_behavior, b.max_active_runs,
    b.run_backwards AS "run_backwards@b", b.while_paused AS "while_paused@b", b.pool, b.task_ids AS "task_ids@j",
    b.triggering_user_name, b.created_at AS "created_at@t", b.updated_at AS "updated_at@t",
    b.completed_at AS "completed_at@t",
    (SELECT count(*) FROM backfill_dag_run d WHERE d.backfill = b.id) AS num_dates,
    (SELECT count(*) FROM dag_run r WHERE r.backfill = b.id AND r.state = 'queued') AS num_queued,
    (SELECT count(*) FROM dag_run r WHERE r.backfill = b.id AND r.state = 'running') AS num_running,
    (SELECT count(*) FROM dag_run r WHERE r.backfill = b.id AND r.state = 'success') AS num_success,
    (SELECT count(*) FROM dag_run r WHERE r.backfill = b.id AND r.state = 'failed') AS num_failed"#;

/// Backfills of a DAG, or of all; newest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, dag_id: Option<&str>) -> Result<Vec<Value>> {
    let sql = format!("SELECT {COLUMNS} FROM backfill b WHERE ?1 IS NULL OR b.dag_id = ?1 ORDER BY b.id DESC");
    documents(conn, &sql, [dag_id])
}

/// One backfill.
///
/// # Errors
/// `System` if the store can't be read.
pub fn one(conn: &Connection, id: i64) -> Result<Option<Value>> {
    first(conn, &format!("SELECT {COLUMNS} FROM backfill b WHERE b.id = ?1"), [id])
}

/// The dates of a backfill in the order of execution, with their runs as they are now.
///
/// # Errors
/// `System` if the store can't be read.
pub fn dates(conn: &Connection, id: i64) -> Result<Vec<Value>> {
    let sql = r#"SELECT d.sort_ordinal, d.logical_date AS "logical_date@t", r.run_id AS dag_run_id, r.state,
            r.clear_number, d.exception_reason, r.start_date AS "start_date@t", r.end_date AS "end_date@t"
        FROM backfill_dag_run d LEFT JOIN dag_run r ON r.id = d.run WHERE d.backfill = ?1 ORDER BY d.sort_ordinal"#;
    documents(conn, sql, [id])
}
