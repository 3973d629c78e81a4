//! Pods: those that are there, and what was recorded of those that are gone.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::documents;
use crate::{
    error::Result,
    store::pod::{EVENT_ORDER, IS_ENDING, IS_POD},
};

/// `state` is Kubernetes' phase where there is one.
fn columns() -> String {
    format!(
        r#"p.name, p.namespace, p.dag_id, p.run_id AS dag_run_id, p.task_id, p.map_index, p.try_number, p.kind, p.stage,
    CASE WHEN p.stage = 'done' AND (p.deleted_at IS NOT NULL OR p.uid IS NULL) THEN 'gone' WHEN {IS_ENDING} THEN 'Ending'
         ELSE coalesce(nullif(p.phase, ''), p.stage) END AS state,
    p.phase, p.node, p.why, p.created_at AS "created_at@t", p.scheduled_at AS "scheduled_at@t",
    p.started_at AS "started_at@t", p.ended_at AS "ended_at@t", p.deleted_at AS "deleted_at@t""#
    )
}

/// The newest pods, at most so many: those that are there or are to come; with `all` also those that are gone.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, dag_id: Option<&str>, all: bool, most: usize) -> Result<Vec<Value>> {
    let sql = format!(
        "SELECT {} FROM pod p WHERE (?1 IS NULL OR p.dag_id = ?1) AND {IS_POD}
           AND (?2 OR p.stage <> 'done' OR (p.deleted_at IS NULL AND p.uid IS NOT NULL))
         ORDER BY p.id DESC LIMIT ?3",
        columns()
    );
    documents(conn, &sql, params![dag_id, all, most as i64])
}

/// Everything that is known of a pod, the newest of its name; with the manifest that was sent, its last status, and how its
/// task ended.
///
/// # Errors
/// `System` if the store can't be read.
pub fn show(conn: &Connection, name: &str) -> Result<Option<Value>> {
    let sql = format!(
        r#"SELECT p.id, {}, p.uid, p.image_id, p.access AS "access@j", p.status AS "status@j", p.result AS "result@j",
             p.manifest AS "manifest@j" FROM pod p WHERE p.name = ?1 ORDER BY p.id DESC LIMIT 1"#,
        columns()
    );
    Ok(documents(conn, &sql, [name])?.pop())
}

/// What the cluster said about a pod, oldest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn events(conn: &Connection, id: i64) -> Result<Vec<Value>> {
    let sql = format!(
        r#"SELECT first_at AS "first_at@t", last_at AS "last_at@t", count, level AS type, reason, message, source
        FROM pod_event WHERE pod = ?1 ORDER BY {EVENT_ORDER}"#
    );
    documents(conn, &sql, [id])
}
