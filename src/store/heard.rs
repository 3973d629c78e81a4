//! What running tries asked or said, where doing it twice would differ from doing it once.
//!
//! A supervisor repeats to the next scheduler what an earlier one has not confirmed. A run that was triggered, or a
//! variable that was set (and set anew by somebody else since), is remembered with it in the same transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::failed;
use crate::{
    error::Result,
    model::{RunId, TiKey},
};

/// Keeps the answer to a question of a try.
pub fn keep_answer(tx: &Transaction<'_>, key: &TiKey, epoch: u32, ask: i64, answer: &Value) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO heard_ask (run, task_id, map_index, epoch, ask, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![key.run.0, &*key.task_id, key.map_index, epoch, ask, answer.to_string()],
    )
    .map_err(|e| failed(&format!("cannot keep an answer for {key}"), e))?;
    Ok(())
}

/// The answer that was given to a question of a try.
pub fn answer(db: &Connection, key: &TiKey, epoch: u32, ask: i64) -> Result<Option<Value>> {
    db.prepare_cached(
        "SELECT answer FROM heard_ask WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND epoch = ?4 AND ask = ?5",
    )
    .and_then(|mut s| {
        let found = params![key.run.0, &*key.task_id, key.map_index, epoch, ask];
        s.query_row(found, |row| super::rows::json(row, 0)).optional()
    })
    .map_err(|e| failed(&format!("cannot read an answer for {key}"), e))
}

/// Notes the number of the last say of a try that is done.
pub fn keep_say(tx: &Transaction<'_>, key: &TiKey, epoch: u32, n: u32) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO heard_say (run, task_id, map_index, epoch, n) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![key.run.0, &*key.task_id, key.map_index, epoch, n],
    )
    .map_err(|e| failed(&format!("cannot note what {key} said"), e))?;
    Ok(())
}

/// Numbers of the last says that are done: instance, epoch, number.
pub fn says(db: &Connection) -> Result<Vec<(TiKey, u32, u32)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare("SELECT run, task_id, map_index, epoch, n FROM heard_say")?
            .query_map([], |row| {
                let key = TiKey { run: RunId(row.get(0)?), task_id: row.get(1)?, map_index: row.get(2)? };
                Ok((key, row.get(3)?, row.get(4)?))
            })?
            .collect()
    };
    read().map_err(|e| failed("cannot read what tasks said", e))
}

/// Forgets what an instance's tries up to this epoch asked and said: they are over.
pub fn forget(tx: &Transaction<'_>, key: &TiKey, epoch: u32) -> Result<()> {
    for table in ["heard_ask", "heard_say"] {
        tx.prepare_cached(&format!(
            "DELETE FROM {table} WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND epoch <= ?4"
        ))
        .and_then(|mut s| s.execute(params![key.run.0, &*key.task_id, key.map_index, epoch]))
        .map_err(|e| failed(&format!("cannot forget what {key} said"), e))?;
    }
    Ok(())
}

/// Instances and epochs of which something is kept.
pub fn tries(db: &Connection) -> Result<Vec<(TiKey, u32)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare(
            "SELECT run, task_id, map_index, epoch FROM heard_ask UNION SELECT run, task_id, map_index, epoch FROM heard_say",
        )?
        .query_map([], |row| {
            let key = TiKey { run: RunId(row.get(0)?), task_id: row.get(1)?, map_index: row.get(2)? };
            Ok((key, row.get(3)?))
        })?
        .collect()
    };
    read().map_err(|e| failed("cannot read what tasks said", e))
}
