//! Variables, as stored: masking is the caller's duty.

use rusqlite::Connection;
use serde_json::Value;

use super::documents;
use crate::error::Result;

/// Variables by key; of one key if asked.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, key: Option<&str>) -> Result<Vec<Value>> {
    let sql = r#"SELECT key, value, description, changed_at AS "changed_at@t" FROM variable
        WHERE ?1 IS NULL OR key = ?1 ORDER BY key"#;
    documents(conn, sql, [key])
}
