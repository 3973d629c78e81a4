//! Connections, as Airflow's fields.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::failed;
use crate::error::Result;

/// A connection as `{conn_id, conn_type, host, login, password, port, schema, extra, description}`; `extra` is text.
pub fn get(db: &Connection, conn_id: &str) -> Result<Option<Value>> {
    db.prepare_cached(
        "SELECT conn_id, conn_type, host, login, password, port, schema, extra, description FROM connection WHERE conn_id = ?1",
    )
    .and_then(|mut s| {
        s.query_row([conn_id], |row| {
            Ok(json!({
                "conn_id": row.get::<_, String>(0)?, "conn_type": row.get::<_, String>(1)?,
                "host": row.get::<_, Option<String>>(2)?, "login": row.get::<_, Option<String>>(3)?,
                "password": row.get::<_, Option<String>>(4)?, "port": row.get::<_, Option<i64>>(5)?,
                "schema": row.get::<_, Option<String>>(6)?, "extra": row.get::<_, Option<String>>(7)?,
                "description": row.get::<_, Option<String>>(8)?,
            }))
        })
        .optional()
    })
    .map_err(|e| failed(&format!("cannot read connection {conn_id}"), e))
}

/// Creates or replaces a connection from its fields; `extra` may be text or an object.
pub fn set(tx: &Transaction<'_>, conn_id: &str, fields: &Value) -> Result<()> {
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(s)) => Some(s.clone()),
        Some(other) => Some(other.to_string()),
    };
    tx.execute(
        "INSERT OR REPLACE INTO connection (conn_id, conn_type, description, host, login, password, port, schema, extra, changed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            conn_id,
            text("conn_type").unwrap_or_default(),
            text("description"),
            text("host"),
            text("login"),
            text("password"),
            fields.get("port").and_then(|p| p.as_i64().or_else(|| p.as_str()?.parse().ok())),
            text("schema"),
            text("extra"),
            crate::clock::now().as_microsecond()
        ],
    )
    .map_err(|e| failed(&format!("cannot write connection {conn_id}"), e))?;
    Ok(())
}

/// Deletes a connection; false if there was none.
pub fn delete(tx: &Transaction<'_>, conn_id: &str) -> Result<bool> {
    tx.execute("DELETE FROM connection WHERE conn_id = ?1", [conn_id])
        .map(|n| n > 0)
        .map_err(|e| failed(&format!("cannot delete connection {conn_id}"), e))
}
