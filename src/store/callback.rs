//! Callbacks of DAGs that are due: noted with the end of their run, forgotten with their own end.

use rusqlite::{Connection, Transaction, params};

use super::failed;
use crate::{error::Result, model::RunId};

/// The callbacks of one end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Run.
    pub run: RunId,
    /// Counts the ends of the run, from 1: a cleared run ends again.
    pub epoch: u32,
    /// `on_failure_callback`; else `on_success_callback`.
    pub is_failure: bool,
    /// Why the run ended.
    pub reason: String,
}

/// Notes that callbacks are due.
pub fn add(tx: &Transaction<'_>, due: &Due) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO callback_due (run, epoch, is_failure, reason) VALUES (?1, ?2, ?3, ?4)",
        params![due.run.0, due.epoch, due.is_failure, due.reason],
    )
    .map_err(|e| failed("cannot note a callback", e))?;
    Ok(())
}

/// They ran (or their process died).
pub fn done(tx: &Transaction<'_>, run: RunId, epoch: u32) -> Result<()> {
    tx.execute("DELETE FROM callback_due WHERE run = ?1 AND epoch = ?2", params![run.0, epoch])
        .map_err(|e| failed("cannot forget a callback", e))?;
    Ok(())
}

/// All that are due.
pub fn all(db: &Connection) -> Result<Vec<Due>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare("SELECT run, epoch, is_failure, reason FROM callback_due ORDER BY run, epoch")?
            .query_map([], |row| {
                Ok(Due { run: RunId(row.get(0)?), epoch: row.get(1)?, is_failure: row.get(2)?, reason: row.get(3)? })
            })?
            .collect()
    };
    read().map_err(|e| failed("cannot read the callbacks", e))
}
