//! Connections, as stored: masking is the caller's duty.

use rusqlite::Connection;
use serde_json::Value;

use super::documents;
use crate::error::Result;

/// Connections by id; of one id if asked.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, conn_id: Option<&str>) -> Result<Vec<Value>> {
    let sql = r#"SELECT conn_id AS connection_id, conn_type, description, host, login, password, port, schema, extra,
            changed_at AS "changed_at@t"
        FROM connection WHERE ?1 IS NULL OR conn_id = ?1 ORDER BY conn_id"#;
    documents(conn, sql, [conn_id])
}
