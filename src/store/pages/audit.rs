//! The audit log.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::documents;
use crate::error::Result;

/// Rows of the audit log, newest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, limit: Option<u64>) -> Result<Vec<Value>> {
    let sql = r#"SELECT id, at AS "when@t", who, via, action, target, before AS "before@j", after AS "after@j", command,
            result, dag_id, run_ids AS "dag_run_ids@j", tasks AS "task_ids@j"
        FROM audit ORDER BY id DESC LIMIT ?1"#;
    let limit = limit.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
    documents(conn, sql, params![limit])
}
