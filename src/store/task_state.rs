//! What tasks remember over their tries.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{failed, rows};
use crate::{error::Result, model::TiKey};

/// Writes one key.
pub fn set(tx: &Transaction<'_>, key: &TiKey, name: &str, value: &Value, expires_at: Option<Timestamp>) -> Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO task_state (run, task_id, map_index, key, value, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .and_then(|mut s| {
        s.execute(params![key.run.0, &*key.task_id, key.map_index, name, value.to_string(), rows::micros(expires_at)])
    })
    .map_err(|e| failed(&format!("cannot write the state {name} of {key}"), e))?;
    Ok(())
}

/// Deletes one key, or all.
pub fn delete(tx: &Transaction<'_>, key: &TiKey, name: Option<&str>) -> Result<()> {
    tx.prepare_cached(
        "DELETE FROM task_state WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND (?4 IS NULL OR key = ?4)",
    )
    .and_then(|mut s| s.execute(params![key.run.0, &*key.task_id, key.map_index, name]))
    .map_err(|e| failed(&format!("cannot delete the state of {key}"), e))?;
    Ok(())
}

/// One value, unless its time is over.
pub fn get(db: &Connection, key: &TiKey, name: &str, now: Timestamp) -> Result<Option<Value>> {
    db.prepare_cached(
        "SELECT value FROM task_state WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND key = ?4 \
         AND (expires_at IS NULL OR expires_at > ?5)",
    )
    .and_then(|mut s| {
        s.query_row(params![key.run.0, &*key.task_id, key.map_index, name, now.as_microsecond()], |row| {
            rows::json(row, 0)
        })
        .optional()
    })
    .map_err(|e| failed(&format!("cannot read the state {name} of {key}"), e))
}
