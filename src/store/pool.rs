//! Pools.

use rusqlite::{Connection, Transaction, params};

use super::failed;
use crate::{error::Result, model::Pool};

/// All pools by name.
pub fn all(db: &Connection) -> Result<Vec<Pool>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare("SELECT name, slots, description, include_deferred FROM pool ORDER BY name")?
            .query_map([], |row| {
                Ok(Pool {
                    name: row.get(0)?,
                    slots: row.get(1)?,
                    description: row.get(2)?,
                    include_deferred: row.get(3)?,
                })
            })?
            .collect()
    };
    read().map_err(|e| failed("cannot read the pools", e))
}

/// Creates or changes a pool.
pub fn set(tx: &Transaction<'_>, pool: &Pool) -> Result<()> {
    tx.execute(
        "INSERT INTO pool (name, slots, description, include_deferred) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET slots = excluded.slots, description = excluded.description, include_deferred = excluded.include_deferred",
        params![pool.name, pool.slots, pool.description, pool.include_deferred],
    )
    .map_err(|e| failed(&format!("cannot write pool {}", pool.name), e))?;
    Ok(())
}

/// Deletes a pool; false if there was none.
pub fn delete(tx: &Transaction<'_>, name: &str) -> Result<bool> {
    tx.execute("DELETE FROM pool WHERE name = ?1", [name])
        .map(|n| n > 0)
        .map_err(|e| failed(&format!("cannot delete pool {name}"), e))
}
