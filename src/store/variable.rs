//! Variables.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::failed;
use crate::error::Result;

/// Value of a variable.
pub fn get(db: &Connection, key: &str) -> Result<Option<String>> {
    db.prepare_cached("SELECT value FROM variable WHERE key = ?1")
        .and_then(|mut s| s.query_row([key], |row| row.get(0)).optional())
        .map_err(|e| failed(&format!("cannot read variable {key}"), e))
}

/// Creates or changes a variable; without a description the old one stays.
pub fn set(tx: &Transaction<'_>, key: &str, value: &str, description: Option<&str>) -> Result<()> {
    tx.execute(
        "INSERT INTO variable (key, value, description, changed_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
         value = excluded.value, description = coalesce(excluded.description, description), changed_at = excluded.changed_at",
        params![key, value, description, crate::clock::now().as_microsecond()],
    )
    .map_err(|e| failed(&format!("cannot write variable {key}"), e))?;
    Ok(())
}

/// Deletes a variable; false if there was none.
pub fn delete(tx: &Transaction<'_>, key: &str) -> Result<bool> {
    tx.execute("DELETE FROM variable WHERE key = ?1", [key])
        .map(|n| n > 0)
        .map_err(|e| failed(&format!("cannot delete variable {key}"), e))
}
