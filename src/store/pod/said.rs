//! What clusters said: events about pods, and how well they can be watched.

use rusqlite::{Connection, Transaction};

use super::super::{failed, rows};
use crate::{
    error::Result,
    model::{ClusterHealth, PodEvent, PodId},
};

/// Events by time; the kubelet's are of whole seconds, and equal ones come in the order in which these things happen.
pub const EVENT_ORDER: &str = "last_at / 1000000, CASE reason WHEN 'Scheduled' THEN 0 WHEN 'Pulling' THEN 1 \
     WHEN 'Pulled' THEN 2 WHEN 'Created' THEN 3 WHEN 'Started' THEN 4 ELSE 5 END, last_at, first_at, uid";

/// What was said about a pod, oldest first.
pub fn events(db: &Connection, id: PodId) -> Result<Vec<PodEvent>> {
    let read = || -> rusqlite::Result<Vec<PodEvent>> {
        db.prepare_cached(&format!(
            "SELECT uid, first_at, last_at, count, level, reason, message, source FROM pod_event WHERE pod = ?1 \
             ORDER BY {EVENT_ORDER}"
        ))?
        .query_map([id.0], |row| {
            Ok(PodEvent {
                uid: row.get(0)?,
                first_at: rows::time(row, 1)?,
                last_at: rows::time(row, 2)?,
                count: row.get(3)?,
                level: row.get(4)?,
                reason: row.get(5)?,
                message: row.get(6)?,
                source: row.get(7)?,
            })
        })?
        .collect()
    };
    read().map_err(|e| failed("cannot read the events of a pod", e))
}

/// How well clusters can be watched.
pub fn health(db: &Connection) -> Result<Vec<ClusterHealth>> {
    let read = || -> rusqlite::Result<Vec<ClusterHealth>> {
        db.prepare_cached(
            "SELECT cluster, namespace, what, state, since, message FROM cluster_health ORDER BY 1, 2, 3",
        )?
        .query_map([], |row| {
            Ok(ClusterHealth {
                cluster: row.get(0)?,
                namespace: row.get(1)?,
                what: row.get(2)?,
                state: row.get(3)?,
                since: rows::time(row, 4)?.unwrap_or(jiff::Timestamp::UNIX_EPOCH),
                message: row.get(5)?,
            })
        })?
        .collect()
    };
    read().map_err(|e| failed("cannot read the health of clusters", e))
}

/// Forgets how well clusters could be watched, and what was asked of them: a scheduler that begins finds out itself.
pub fn forget_clusters(tx: &Transaction<'_>) -> Result<()> {
    tx.execute_batch("DELETE FROM cluster_health; DELETE FROM cluster_traffic; DELETE FROM cluster_quota;")
        .map_err(|e| failed("cannot forget what was known of clusters", e))
}
