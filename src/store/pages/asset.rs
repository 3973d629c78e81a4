//! Assets, aliases and events.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::{documents, first};
use crate::{error::Result, store::asset};

const COLUMNS: &str = r#"a.id, a.name, a.uri, a.asset_group AS "group", a.extra AS "extra@j",
    a.created_at AS "created_at@t", a.updated_at AS "updated_at@t", a.is_active AS "is_active@b""#;

/// All assets, or those with a name or URI, each with who makes, reads and follows it.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, name: Option<&str>, uri: Option<&str>) -> Result<Vec<Value>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM asset a WHERE (?1 IS NULL OR a.name = ?1) AND (?2 IS NULL OR a.uri = ?2) ORDER BY a.name, a.uri"
    );
    let mut found = documents(conn, &sql, params![name, uri])?;
    for asset in &mut found {
        let id = asset["id"].as_i64().unwrap_or(0);
        asset["scheduled_dags"] = references(conn, id, "schedule", "r.dag_id")?.into();
        asset["producing_tasks"] = references(conn, id, "outlet", "r.dag_id, r.task_id")?.into();
        asset["consuming_tasks"] = references(conn, id, "inlet", "r.dag_id, r.task_id")?.into();
        let sql = r#"SELECT l.id, l.name, l.asset_group AS "group" FROM asset_alias_asset m
            JOIN asset_alias l ON l.id = m.alias WHERE m.asset = ?1 ORDER BY l.name"#;
        asset["aliases"] = documents(conn, sql, [id])?.into();
        asset["watchers"] = Value::Array(Vec::new());
        let sql = r#"SELECT id, timestamp AS "timestamp@t" FROM asset_event WHERE asset = ?1 ORDER BY timestamp DESC LIMIT 1"#;
        asset["last_asset_event"] = first(conn, sql, [id])?.unwrap_or_default();
    }
    Ok(found)
}

/// Who names an asset in a role.
fn references(conn: &Connection, asset: i64, role: &str, columns: &str) -> Result<Vec<Value>> {
    let sql = format!(
        r#"SELECT {columns}, r.created_at AS "created_at@t", r.updated_at AS "updated_at@t"
        FROM asset a JOIN asset_reference r ON r.kind = 'asset' AND r.name = a.name AND r.uri = a.uri
        WHERE a.id = ?1 AND r.role = ?2 ORDER BY r.dag_id, r.task_id"#
    );
    documents(conn, &sql, params![asset, role])
}

/// All aliases.
///
/// # Errors
/// `System` if the store can't be read.
pub fn aliases(conn: &Connection) -> Result<Vec<Value>> {
    documents(conn, r#"SELECT id, name, asset_group AS "group" FROM asset_alias ORDER BY name"#, [])
}

/// Events, newest first: of one asset, or of all.
///
/// # Errors
/// `System` if the store can't be read.
pub fn events(conn: &Connection, asset: Option<i64>, limit: Option<u32>) -> Result<Vec<Value>> {
    let sql = r#"SELECT e.id, e.asset AS asset_id, a.uri, a.name, a.asset_group AS "group", e.extra AS "extra@j",
            e.source_dag_id, e.source_run_id, e.source_task_id, e.source_map_index,
            e.timestamp AS "timestamp@t", e.partition_key
        FROM asset_event e JOIN asset a ON a.id = e.asset WHERE ?1 IS NULL OR e.asset = ?1
        ORDER BY e.timestamp DESC LIMIT coalesce(?2, -1)"#;
    let mut found = documents(conn, sql, params![asset, limit])?;
    for event in &mut found {
        event["created_dagruns"] = asset::created(conn, event["id"].as_i64().unwrap_or(0))?.into();
    }
    Ok(found)
}
