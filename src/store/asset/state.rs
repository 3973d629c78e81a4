//! What tasks keep with an asset from run to run (`asset_state_store`).

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{AssetId, failed};
use crate::{clock, error::Result, store::rows};

/// A kept value.
pub fn state(db: &Connection, asset: AssetId, key: &str) -> Result<Option<Value>> {
    db.prepare_cached("SELECT value FROM asset_state WHERE asset = ?1 AND key = ?2")
        .and_then(|mut s| s.query_row(params![asset.0, key], |row| rows::json(row, 0)).optional())
        .map_err(failed)
}

/// Keeps a value.
pub fn set_state(tx: &Transaction<'_>, asset: AssetId, key: &str, value: &Value) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO asset_state (asset, key, value, changed_at) VALUES (?1, ?2, ?3, ?4)",
        params![asset.0, key, value.to_string(), clock::now().as_microsecond()],
    )
    .map(|_| ())
    .map_err(failed)
}

/// Forgets a value.
pub fn delete_state(tx: &Transaction<'_>, asset: AssetId, key: &str) -> Result<()> {
    tx.execute("DELETE FROM asset_state WHERE asset = ?1 AND key = ?2", params![asset.0, key])
        .map(|_| ())
        .map_err(failed)
}

/// Forgets all values of an asset.
pub fn clear_state(tx: &Transaction<'_>, asset: AssetId) -> Result<()> {
    tx.execute("DELETE FROM asset_state WHERE asset = ?1", [asset.0]).map(|_| ()).map_err(failed)
}
