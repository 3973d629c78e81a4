//! Assets and events as tasks and templates get them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use super::{AssetId, failed};
use crate::{
    error::Result,
    model::{AssetCondition, RunId, time::rfc3339},
    store::rows,
};

/// How an asset is named.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// By its name.
    pub name: Option<String>,
    /// By its URI.
    pub uri: Option<String>,
    /// Only one that counts.
    pub active: bool,
}

impl Named {
    /// By both, whether it counts or not.
    pub fn both(name: &str, uri: &str) -> Self {
        Self { name: Some(name.into()), uri: Some(uri.into()), active: false }
    }
}

/// An asset with its document `{name, uri, group, extra, is_active}`. One that counts is preferred.
pub fn find(db: &Connection, named: &Named) -> Result<Option<(AssetId, Value)>> {
    db.prepare_cached(
        "SELECT id, name, uri, asset_group, extra, is_active FROM asset WHERE (?1 IS NULL OR name = ?1) \
         AND (?2 IS NULL OR uri = ?2) AND (is_active = 1 OR NOT ?3) ORDER BY is_active DESC, id LIMIT 1",
    )
    .and_then(|mut s| {
        s.query_row(params![named.name, named.uri, named.active], |row| {
            let document = json!({"name": row.get::<_, String>(1)?, "uri": row.get::<_, String>(2)?,
                "group": row.get::<_, String>(3)?, "extra": rows::json(row, 4)?, "is_active": row.get::<_, bool>(5)?});
            Ok((AssetId(row.get(0)?), document))
        })
        .optional()
    })
    .map_err(failed)
}

/// The assets that were updated under an alias and count, as `{name, uri, group, extra}`.
pub fn by_alias(db: &Connection, alias: &str) -> Result<Vec<Value>> {
    let read = || -> rusqlite::Result<Vec<Value>> {
        db.prepare_cached(
            "SELECT a.name, a.uri, a.asset_group, a.extra FROM asset_alias l JOIN asset_alias_asset m ON m.alias = l.id \
             JOIN asset a ON a.id = m.asset WHERE l.name = ?1 AND a.is_active = 1 ORDER BY a.id",
        )?
        .query_map([alias], |row| {
            Ok(json!({"name": row.get::<_, String>(0)?, "uri": row.get::<_, String>(1)?,
                "group": row.get::<_, String>(2)?, "extra": rows::json(row, 3)?}))
        })?
        .collect()
    };
    read().map_err(failed)
}

/// Of the assets that a task names, those that don't count: name and URI.
pub fn inactive(db: &Connection, named: &[AssetCondition]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for leaf in named.iter().flat_map(AssetCondition::leaves) {
        let AssetCondition::Asset(asset) = leaf else { continue };
        let known = find(db, &Named::both(&asset.name, &asset.uri))?;
        if known.is_none_or(|(_, document)| document["is_active"] != true) {
            found.push((asset.name.clone(), asset.uri.clone()));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// DAGs with a task that has the asset as an outlet.
pub fn materializers(db: &Connection, asset: AssetId) -> Result<Vec<String>> {
    named_by(db, asset, "outlet")
}

/// DAGs that run when the asset is updated, also together with others.
pub fn followers(db: &Connection, asset: AssetId) -> Result<Vec<String>> {
    named_by(db, asset, "schedule")
}

/// DAGs that name the asset in this role.
fn named_by(db: &Connection, asset: AssetId, role: &str) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        db.prepare(
            "SELECT DISTINCT r.dag_id FROM asset a JOIN asset_reference r ON r.kind = 'asset' AND r.name = a.name \
             AND r.uri = a.uri WHERE a.id = ?1 AND r.role = ?2 ORDER BY r.dag_id",
        )?
        .query_map((asset.0, role), |row| row.get(0))?
        .collect()
    };
    read().map_err(failed)
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Of this asset.
    pub asset: Named,
    /// Instead: under this alias.
    pub alias: Option<String>,
    /// Not before.
    pub after: Option<Timestamp>,
    /// Not after.
    pub before: Option<Timestamp>,
    /// Newest first.
    pub descending: bool,
    /// At most so many.
    pub limit: Option<u32>,
}

const EVENT: &str = "e.id, e.timestamp, e.extra, a.name, a.uri, a.asset_group, a.extra, e.source_dag_id, e.source_run_id, \
     e.source_task_id, e.source_map_index, e.partition_key";

/// Events as Airflow's Task SDK gets them.
pub fn events(db: &Connection, query: &EventQuery) -> Result<Vec<Value>> {
    let order = if query.descending { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT {EVENT} FROM asset_event e JOIN asset a ON a.id = e.asset WHERE \
         CASE WHEN ?1 IS NULL THEN (?2 IS NULL OR a.name = ?2) AND (?3 IS NULL OR a.uri = ?3) AND (a.is_active = 1 OR NOT ?4) \
         ELSE e.id IN (SELECT ea.event FROM asset_event_alias ea JOIN asset_alias l ON l.id = ea.alias WHERE l.name = ?1) END \
         AND (?5 IS NULL OR e.timestamp >= ?5) AND (?6 IS NULL OR e.timestamp <= ?6) \
         ORDER BY e.timestamp {order} LIMIT coalesce(?7, -1)"
    );
    let named = &query.asset;
    let read = || -> rusqlite::Result<Vec<Value>> {
        db.prepare_cached(&sql)?
            .query_map(
                params![
                    query.alias,
                    named.name,
                    named.uri,
                    named.active,
                    rows::micros(query.after),
                    rows::micros(query.before),
                    query.limit.filter(|n| *n > 0)
                ],
                event,
            )?
            .collect()
    };
    let mut found = read().map_err(failed)?;
    for document in &mut found {
        document["created_dagruns"] = created(db, document["id"].as_i64().unwrap_or(0))?.into();
    }
    Ok(found)
}

/// Events that a run was made for, oldest first, each with the aliases that it came under.
pub fn consumed(db: &Connection, run: RunId) -> Result<Vec<Value>> {
    let sql = format!(
        "SELECT {EVENT} FROM asset_event_run c JOIN asset_event e ON e.id = c.event JOIN asset a ON a.id = e.asset \
         WHERE c.run = ?1 ORDER BY e.timestamp, e.id"
    );
    let read = || -> rusqlite::Result<Vec<Value>> { db.prepare_cached(&sql)?.query_map([run.0], event)?.collect() };
    let mut found = read().map_err(failed)?;
    for document in &mut found {
        let names = || -> rusqlite::Result<Vec<Value>> {
            db.prepare_cached(
                "SELECT l.name FROM asset_event_alias ea JOIN asset_alias l ON l.id = ea.alias WHERE ea.event = ?1 ORDER BY l.name",
            )?
            .query_map([document["id"].as_i64()], |row| Ok(json!({"name": row.get::<_, String>(0)?})))?
            .collect()
        };
        document["source_aliases"] = names().map_err(failed)?.into();
    }
    Ok(found)
}

fn event(row: &Row<'_>) -> rusqlite::Result<Value> {
    let text = |index: usize| row.get::<_, Option<String>>(index);
    Ok(json!({
        "id": row.get::<_, i64>(0)?, "timestamp": rows::time(row, 1)?.map(rfc3339), "extra": rows::json(row, 2)?,
        "asset": {"name": text(3)?, "uri": text(4)?, "group": text(5)?, "extra": rows::json(row, 6)?},
        "source_dag_id": text(7)?, "source_run_id": text(8)?, "source_task_id": text(9)?,
        "source_map_index": row.get::<_, i64>(10)?, "partition_key": text(11)?,
    }))
}

/// Runs that were made for an event.
pub fn created(db: &Connection, event: i64) -> Result<Vec<Value>> {
    let read = || -> rusqlite::Result<Vec<Value>> {
        db.prepare_cached(
            "SELECT r.dag_id, r.run_id, r.logical_date, r.start_date, r.end_date, r.state, r.data_interval_start, \
             r.data_interval_end, r.partition_key FROM asset_event_run c JOIN dag_run r ON r.id = c.run WHERE c.event = ?1 \
             ORDER BY r.id",
        )?
        .query_map([event], |row| {
            let time = |index: usize| rows::time(row, index).map(|t| t.map(rfc3339));
            Ok(json!({
                "dag_id": row.get::<_, String>(0)?, "run_id": row.get::<_, String>(1)?, "logical_date": time(2)?,
                "start_date": time(3)?, "end_date": time(4)?, "state": row.get::<_, String>(5)?,
                "data_interval_start": time(6)?, "data_interval_end": time(7)?,
                "partition_key": row.get::<_, Option<String>>(8)?,
            }))
        })?
        .collect()
    };
    read().map_err(failed)
}
