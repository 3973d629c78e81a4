//! Callbacks that are to run, until their process has ended.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{failed, rows};
use crate::{
    error::Result,
    model::{RunId, TiKey},
};

/// Remembers a callback; the key's task id is its name.
pub fn set(tx: &Transaction<'_>, key: &TiKey, epoch: u32, request: &Value) -> Result<()> {
    tx.execute(
        "INSERT OR IGNORE INTO callback (run, name, map_index, epoch, request) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![key.run.0, &*key.task_id, key.map_index, epoch, request.to_string()],
    )
    .map_err(|e| failed("cannot remember a callback", e))?;
    Ok(())
}

/// Forgets one.
pub fn delete(tx: &Transaction<'_>, key: &TiKey, epoch: u32) -> Result<()> {
    tx.execute(
        "DELETE FROM callback WHERE run = ?1 AND name = ?2 AND map_index = ?3 AND epoch = ?4",
        params![key.run.0, &*key.task_id, key.map_index, epoch],
    )
    .map_err(|e| failed("cannot forget a callback", e))?;
    Ok(())
}

/// What one that has not ended is about.
pub fn get(db: &Connection, key: &TiKey, epoch: u32) -> Result<Option<Value>> {
    let wanted = params![key.run.0, &*key.task_id, key.map_index, epoch];
    db.prepare_cached("SELECT request FROM callback WHERE run = ?1 AND name = ?2 AND map_index = ?3 AND epoch = ?4")
        .and_then(|mut s| s.query_row(wanted, |row| rows::json(row, 0)).optional())
        .map_err(|e| failed("cannot read a callback", e))
}

/// All that have not ended.
pub fn all(db: &Connection) -> Result<Vec<(TiKey, u32, Value)>> {
    let read = || -> rusqlite::Result<Vec<(TiKey, u32, Value)>> {
        db.prepare("SELECT run, name, map_index, epoch, request FROM callback")?
            .query_map([], |row| {
                let key = TiKey::new(RunId(row.get(0)?), row.get::<_, String>(1)?, row.get(2)?);
                Ok((key, row.get(3)?, rows::json(row, 4)?))
            })?
            .collect()
    };
    read().map_err(|e| failed("cannot read callbacks", e))
}
