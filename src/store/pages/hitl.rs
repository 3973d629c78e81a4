//! Questions to people.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::documents;
use crate::error::Result;

/// Questions, the oldest first: those that wait for an answer, or all.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, all: bool) -> Result<Vec<Value>> {
    let sql = r#"SELECT r.dag_id, r.run_id AS dag_run_id, h.task_id, h.map_index, h.subject, h.body, h.options AS "options@j",
            h.defaults AS "defaults@j", h.multiple AS "multiple@b", h.params AS "params@j",
            h.assigned_users AS "assigned_users@j", h.created_at AS "created_at@t", t.wake_at AS "timeout_at@t",
            t.state = 'awaiting_input' AS "waits@b", h.responded_at AS "responded_at@t",
            h.responded_by AS "responded_by_user@j", h.chosen_options AS "chosen_options@j",
            h.params_input AS "params_input@j"
        FROM hitl h JOIN dag_run r ON r.id = h.run
        JOIN task_instance t ON t.run = h.run AND t.task_id = h.task_id AND t.map_index = h.map_index
        WHERE ?1 OR t.state = 'awaiting_input' ORDER BY h.created_at, h.task_id, h.map_index"#;
    documents(conn, sql, params![all])
}
