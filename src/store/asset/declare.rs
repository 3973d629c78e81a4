//! What a DAG names: its assets and aliases become rows, and which of them count.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::failed;
use crate::{
    error::Result,
    model::{AssetCondition, Dag, Schedule, hash},
};

/// Role, task, kind, name, URI.
type Reference = (String, String, &'static str, String, String);

/// Stores what a DAG names, and forgets what it no longer names.
pub fn declare(tx: &Transaction<'_>, dag: &Dag, now: Timestamp) -> Result<()> {
    let schedule = match &dag.schedule {
        Schedule::Asset { expression, .. } => Some(expression.clone()),
        _ => None,
    };
    let mut wanted: BTreeSet<Reference> = BTreeSet::new();
    let mut name = |role: &str, task_id: &str, condition: &AssetCondition| -> Result<()> {
        for leaf in condition.leaves() {
            store(tx, leaf, now)?;
            let (kind, name, uri) = match leaf {
                AssetCondition::Asset(a) => ("asset", a.name.clone(), a.uri.clone()),
                AssetCondition::Alias(a) => ("alias", a.name.clone(), String::new()),
                AssetCondition::AssetRef(r) => {
                    ("ref", r.name.clone().unwrap_or_default(), r.uri.clone().unwrap_or_default())
                }
                AssetCondition::All(_) | AssetCondition::Any(_) => continue,
            };
            wanted.insert((role.into(), task_id.into(), kind, name, uri));
        }
        Ok(())
    };
    if let Some(schedule) = &schedule {
        name("schedule", "", schedule)?;
    }
    for task in dag.tasks.values() {
        for inlet in task.inlet_assets() {
            name("inlet", &task.task_id, &inlet)?;
        }
        for outlet in task.outlet_assets() {
            name("outlet", &task.task_id, &outlet)?;
        }
    }
    refer(tx, &dag.dag_id, &wanted, now)?;
    tidy(tx, dag)
}

/// Makes or renews an asset or alias.
fn store(tx: &Transaction<'_>, leaf: &AssetCondition, now: Timestamp) -> Result<()> {
    let now = now.as_microsecond();
    match leaf {
        AssetCondition::Asset(a) => {
            let extra = serde_json::to_string(&a.extra).unwrap_or_default();
            tx.prepare_cached(
                "INSERT INTO asset (name, uri, asset_group, extra, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5) \
                 ON CONFLICT (name, uri) DO UPDATE SET asset_group = excluded.asset_group, extra = excluded.extra, \
                 updated_at = excluded.updated_at WHERE asset_group <> excluded.asset_group OR extra <> excluded.extra",
            )
            .and_then(|mut s| s.execute(params![a.name, a.uri, a.group, extra, now]))
        }
        AssetCondition::Alias(a) => tx
            .prepare_cached(
                "INSERT INTO asset_alias (name, asset_group) VALUES (?1, ?2) \
                 ON CONFLICT (name) DO UPDATE SET asset_group = excluded.asset_group",
            )
            .and_then(|mut s| s.execute([&a.name, &a.group])),
        _ => Ok(0),
    }
    .map(|_| ())
    .map_err(failed)
}

/// Brings the references of a DAG to what is wanted; those that stay keep the time since when they are there.
fn refer(tx: &Transaction<'_>, dag_id: &str, wanted: &BTreeSet<Reference>, now: Timestamp) -> Result<()> {
    let sql = "SELECT role, task_id, kind, name, uri FROM asset_reference WHERE dag_id = ?1";
    let read = || -> rusqlite::Result<Vec<[String; 5]>> {
        tx.prepare_cached(sql)?
            .query_map([dag_id], |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?]))?
            .collect()
    };
    for [role, task_id, kind, name, uri] in read().map_err(failed)? {
        let stays =
            wanted.iter().any(|w| (&w.0, &w.1, w.2, &w.3, &w.4) == (&role, &task_id, kind.as_str(), &name, &uri));
        if !stays {
            let sql = "DELETE FROM asset_reference WHERE dag_id = ?1 AND role = ?2 AND task_id = ?3 AND kind = ?4 \
                 AND name = ?5 AND uri = ?6";
            tx.execute(sql, params![dag_id, role, task_id, kind, name, uri]).map_err(failed)?;
        }
    }
    for (role, task_id, kind, name, uri) in wanted {
        tx.prepare_cached(
            "INSERT OR IGNORE INTO asset_reference (dag_id, role, task_id, kind, name, uri, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        )
        .and_then(|mut s| s.execute(params![dag_id, role, task_id, kind, name, uri, now.as_microsecond()]))
        .map_err(failed)?;
    }
    Ok(())
}

/// Forgets what a DAG was told and its schedule doesn't want any more.
fn tidy(tx: &Transaction<'_>, dag: &Dag) -> Result<()> {
    let mapping = match &dag.schedule {
        Schedule::Asset { partitions: Some(partitions), .. } => mapping(partitions),
        Schedule::Asset { partitions: None, .. } => String::new(),
        _ => {
            tx.execute("DELETE FROM asset_queue WHERE dag_id = ?1", [&*dag.dag_id]).map_err(failed)?;
            String::new()
        }
    };
    // Other mappers would have made other keys of the same events.
    let waiting = "run IS NULL AND dag_id = ?1 AND mapping <> ?2";
    for sql in [
        format!(
            "DELETE FROM asset_partition_event WHERE partition IN (SELECT id FROM asset_partition WHERE {waiting})"
        ),
        format!("DELETE FROM asset_partition WHERE {waiting}"),
    ] {
        tx.execute(&sql, [&*dag.dag_id, &mapping]).map_err(failed)?;
    }
    Ok(())
}

/// Tells mappings apart.
pub(super) fn mapping(partitions: &crate::model::partition::Partitions) -> String {
    hash::text(&serde_json::to_string(partitions).unwrap_or_default())
}

/// Forgets a DAG that is gone: it names nothing any more, and is told nothing.
pub fn forget(tx: &Transaction<'_>, dag_id: &str) -> Result<()> {
    for sql in [
        "DELETE FROM asset_reference WHERE dag_id = ?1",
        "DELETE FROM asset_queue WHERE dag_id = ?1",
        "DELETE FROM asset_partition_event WHERE partition IN (SELECT id FROM asset_partition WHERE dag_id = ?1 AND run IS NULL)",
        "DELETE FROM asset_partition WHERE dag_id = ?1 AND run IS NULL",
    ] {
        tx.execute(sql, [dag_id]).map_err(failed)?;
    }
    Ok(())
}

/// Decides which assets count: those that a DAG names or an alias stands for. Of two with the same name or URI it is the one
/// that counted before, else the older one.
pub fn activate(tx: &Transaction<'_>) -> Result<()> {
    let is_named = "(EXISTS (SELECT 1 FROM asset_reference r WHERE r.kind = 'asset' AND r.name = asset.name AND r.uri = asset.uri) \
         OR EXISTS (SELECT 1 FROM asset_alias_asset m WHERE m.asset = asset.id))";
    for sql in [
        format!("UPDATE asset SET is_active = 0 WHERE is_active = 1 AND NOT {is_named}"),
        format!("UPDATE OR IGNORE asset SET is_active = 1 WHERE is_active = 0 AND {is_named}"),
    ] {
        tx.prepare_cached(&sql).and_then(|mut s| s.execute([])).map_err(failed)?;
    }
    Ok(())
}
