//! Deferred task instances and their triggers.

use rusqlite::{Connection, Transaction, params};

use super::{failed, rows};
use crate::{
    error::Result,
    model::{Deferral, RunId, TiKey},
};

/// Writes an instance's deferral; an older one is replaced.
pub fn set(tx: &Transaction<'_>, deferral: &Deferral) -> Result<()> {
    let key = &deferral.key;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO deferral (run, task_id, map_index, try_number, classpath, kwargs, next_method, \
         next_kwargs, is_over) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .and_then(|mut s| {
        s.execute(params![
            key.run.0,
            &*key.task_id,
            key.map_index,
            deferral.try_number,
            deferral.classpath,
            deferral.kwargs.to_string(),
            deferral.next_method,
            deferral.next_kwargs.to_string(),
            deferral.is_over,
        ])
    })
    .map_err(|e| failed(&format!("cannot write what {key} waits for"), e))?;
    Ok(())
}

/// Forgets an instance's deferral.
pub fn delete(tx: &Transaction<'_>, key: &TiKey) -> Result<()> {
    tx.prepare_cached("DELETE FROM deferral WHERE run = ?1 AND task_id = ?2 AND map_index = ?3")
        .and_then(|mut s| s.execute(params![key.run.0, &*key.task_id, key.map_index]))
        .map_err(|e| failed(&format!("cannot forget what {key} waited for"), e))?;
    Ok(())
}

/// All of the home.
pub fn all(db: &Connection) -> Result<Vec<Deferral>> {
    let read = || -> rusqlite::Result<Vec<Deferral>> {
        db.prepare(
            "SELECT run, task_id, map_index, try_number, classpath, kwargs, next_method, next_kwargs, is_over FROM deferral",
        )?
        .query_map([], |row| {
            Ok(Deferral {
                key: TiKey::new(RunId(row.get(0)?), row.get::<_, String>(1)?, row.get(2)?),
                try_number: row.get(3)?,
                classpath: row.get(4)?,
                kwargs: rows::json(row, 5)?,
                next_method: row.get(6)?,
                next_kwargs: rows::json(row, 7)?,
                is_over: row.get(8)?,
            })
        })?
        .collect()
    };
    read().map_err(|e| failed("cannot read what deferred task instances wait for", e))
}
