//! Saved plans.

use rusqlite::Connection;
use serde_json::Value;

use super::{documents, first};
use crate::error::Result;

const COLUMNS: &str = r#"plan_id, state, created_at AS "created_at@t", who, command_line AS command, due_at AS "due_at@t",
    decided_at AS "decided_at@t", result"#;

/// All plans, newest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection) -> Result<Vec<Value>> {
    documents(conn, &format!("SELECT {COLUMNS} FROM plan ORDER BY created_at DESC"), [])
}

/// One plan with all that it will do.
///
/// # Errors
/// `System` if the store can't be read.
pub fn one(conn: &Connection, plan_id: &str) -> Result<Option<Value>> {
    let sql = format!(r#"SELECT {COLUMNS}, document AS "document@j" FROM plan WHERE plan_id = ?1"#);
    let Some(mut row) = first(conn, &sql, [plan_id])? else { return Ok(None) };
    // The plan's own fields beside those of the saving.
    if let Value::Object(plan) = row["document"].take() {
        for (name, value) in plan {
            if row.get(&name).is_none() {
                row[name] = value;
            }
        }
    }
    row["applied"] = (row["state"] == "applied").into();
    if let Some(fields) = row.as_object_mut() {
        fields.remove("document");
    }
    Ok(Some(row))
}
