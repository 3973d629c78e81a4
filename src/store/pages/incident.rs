//! Groups of equal failures, with what people said about them.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::documents;
use crate::error::Result;

/// Groups of failed task instances that ended since an instant (microseconds), the newest failure first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, since: i64) -> Result<Vec<Value>> {
    // SQLite takes the plain columns from the row that has the maximum: the newest failure.
    let sql = r#"WITH failed AS (
            SELECT coalesce(y.fingerprint, c.fingerprint, r.dag_id || '.' || t.task_id) AS fingerprint, r.dag_id,
                r.run_id, t.task_id, t.map_index, t.end_date, coalesce(y.cause_summary, c.summary) AS summary
            FROM task_instance t JOIN dag_run r ON r.id = t.run
            LEFT JOIN try y ON y.run = t.run AND y.task_id = t.task_id AND y.map_index = t.map_index
                AND y.try_number = t.try_number
            LEFT JOIN cause c ON c.run = t.run AND c.task_id = t.task_id AND c.map_index = t.map_index
            WHERE t.state = 'failed' AND t.end_date >= ?1)
        SELECT f.fingerprint, count(*) AS count, max(f.end_date) AS "last_failed@t", min(f.end_date) AS "first_failed@t",
            f.dag_id, f.run_id AS dag_run_id, f.task_id, f.map_index, f.summary AS cause,
            a.who AS acknowledged_by, a.at AS "acknowledged_at@t", i.claimed_by, i.claimed_at AS "claimed_at@t",
            i.silenced_by, i.silenced_until AS "silenced_until@t", coalesce(i.note, a.note) AS note
        FROM failed f LEFT JOIN incident i ON i.fingerprint = f.fingerprint
        LEFT JOIN acknowledged a ON a.fingerprint = f.fingerprint
        GROUP BY f.fingerprint ORDER BY max(f.end_date) DESC"#;
    documents(conn, sql, params![since])
}
