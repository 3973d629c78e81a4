//! XComs.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::documents;
use crate::{error::Result, model::MapIndex};

/// XComs of a run by task, index and key; only the given task, index or key if asked.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(
    conn: &Connection,
    run: i64,
    task_id: Option<&str>,
    map_index: Option<MapIndex>,
    key: Option<&str>,
) -> Result<Vec<Value>> {
    let sql = r#"SELECT task_id, map_index, key, value AS "value@j", timestamp AS "timestamp@t", source FROM xcom
        WHERE run = ?1 AND (?2 IS NULL OR task_id = ?2) AND (?3 IS NULL OR map_index = ?3) AND (?4 IS NULL OR key = ?4)
        ORDER BY task_id, map_index, key"#;
    documents(conn, sql, params![run, task_id, map_index, key])
}
