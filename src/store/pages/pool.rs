//! Pools and how full they are.

use rusqlite::Connection;
use serde_json::Value;

use super::documents;
use crate::error::Result;

/// Pools by name, with Airflow's slot counts; of one name if asked.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, name: Option<&str>) -> Result<Vec<Value>> {
    // One pass over the busy instances (there is an index of them), not one per pool.
    let sql = r#"WITH used AS (
            SELECT t.pool AS pool,
                sum(CASE WHEN t.state IN ('running', 'restarting') THEN t.pool_slots ELSE 0 END) AS running,
                sum(CASE WHEN t.state = 'queued' THEN t.pool_slots ELSE 0 END) AS queued,
                sum(CASE WHEN t.state = 'scheduled' THEN t.pool_slots ELSE 0 END) AS scheduled,
                sum(CASE WHEN t.state = 'deferred' THEN t.pool_slots ELSE 0 END) AS deferred
            FROM task_instance t
            WHERE t.state NOT IN ('none', 'success', 'skipped', 'upstream_failed', 'removed', 'failed')
            GROUP BY t.pool),
        counted AS (
            SELECT p.name, p.slots, p.description, p.include_deferred, coalesce(u.running, 0) AS running,
                coalesce(u.queued, 0) AS queued, coalesce(u.scheduled, 0) AS scheduled,
                coalesce(u.deferred, 0) AS deferred,
                coalesce(u.running + u.queued + p.include_deferred * u.deferred, 0) AS occupied
            FROM pool p LEFT JOIN used u ON u.pool = p.name)
        SELECT name, slots, description, include_deferred AS "include_deferred@b", occupied AS occupied_slots,
            running AS running_slots, queued AS queued_slots, scheduled AS scheduled_slots,
            deferred AS deferred_slots, CASE WHEN slots < 0 THEN -1 ELSE slots - occupied END AS open_slots
        FROM counted WHERE ?1 IS NULL OR name = ?1 ORDER BY name"#;
    documents(conn, sql, [name])
}
