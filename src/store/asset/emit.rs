//! Events: an asset was updated, and the DAGs that follow it are told, all in the caller's transaction.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Map, Value};

use super::{AssetId, declare, failed, find};
use crate::{
    error::Result,
    model::{AssetCondition, DagRun, TiKey, partition::Partitions},
    store::{rows, run},
};

/// An update of an asset.
#[derive(Debug, Clone)]
pub struct Emitted<'a> {
    /// What was updated.
    pub asset: AssetId,
    /// What is said about it.
    pub extra: &'a Value,
    /// Aliases under which it was updated.
    pub aliases: &'a [String],
    /// Who did it: a task instance and its run. `None`: a watcher, or a person.
    pub source: Option<(&'a TiKey, &'a DagRun)>,
    /// Partition.
    pub partition_key: Option<&'a str>,
    /// What the partition key stands for.
    pub partition_date: Option<Timestamp>,
}

/// Writes the events of a task that succeeded (semantics 16). `outlets` is what it was said to update, `said` what it said
/// itself: `{"dest_asset_key": {name, uri}, "extra", "partition_key"}` for an asset,
/// `{"source_alias_name", "dest_asset_key", "dest_asset_extra", "extra"}` for one that it added under an alias. `limit`: keys
/// that one event may become.
pub fn of_success(
    tx: &Transaction<'_>,
    key: &TiKey,
    outlets: &[AssetCondition],
    said: &[Value],
    limit: usize,
    now: Timestamp,
) -> Result<()> {
    let Some(run) = run::get(tx, key.run)? else { return Ok(()) };
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let mut done = BTreeSet::new();
    let mut aliases = BTreeSet::new();
    for leaf in outlets.iter().flat_map(AssetCondition::leaves) {
        let found = match leaf {
            AssetCondition::Alias(alias) => {
                aliases.insert(alias.name.clone());
                continue;
            }
            AssetCondition::Asset(a) => find::find(tx, &find::Named::both(&a.name, &a.uri))?,
            AssetCondition::AssetRef(r) => {
                find::find(tx, &find::Named { name: r.name.clone(), uri: r.uri.clone(), active: true })?
            }
            _ => None,
        };
        let Some((asset, document)) = found.filter(|(_, document)| document["is_active"] == true) else {
            note(tx, &run, Some(key), &format!("no event: {} is not an active asset", leaf.expression()))?;
            continue;
        };
        if !done.insert(asset) {
            continue;
        }
        let names_it = |event: &&Value| {
            let dest = &event["dest_asset_key"];
            event.get("source_alias_name").is_none()
                && dest["name"] == document["name"]
                && dest["uri"] == document["uri"]
        };
        let nothing = Value::Object(Map::new());
        let about: Vec<&Value> = said.iter().filter(names_it).collect();
        let about = if about.is_empty() { vec![&Value::Null] } else { about };
        for event in about {
            let own_key = event["partition_key"].as_str();
            let partition_key = own_key.or(run.partition_key.as_deref());
            let emitted = Emitted {
                asset,
                extra: event.get("extra").unwrap_or(&nothing),
                aliases: &[],
                source: Some((key, &run)),
                partition_key,
                // The run's date belongs to the run's own key.
                partition_date: run.partition_date.filter(|_| partition_key == run.partition_key.as_deref()),
            };
            emit(tx, &emitted, limit, now)?;
        }
    }
    let mut by_alias: BTreeMap<(String, String, String, String), Vec<String>> = BTreeMap::new();
    for event in said.iter().filter(|event| aliases.contains(&text(event, "source_alias_name"))) {
        let dest = &event["dest_asset_key"];
        let object = |field: &str| event.get(field).filter(|v| v.is_object()).map_or("{}".into(), Value::to_string);
        let of = (text(dest, "name"), text(dest, "uri"), object("dest_asset_extra"), object("extra"));
        let names = by_alias.entry(of).or_default();
        names.push(text(event, "source_alias_name"));
        names.sort();
        names.dedup();
    }
    for ((name, uri, asset_extra, extra), aliases) in by_alias {
        let asset = match find::find(tx, &find::Named { active: false, ..find::Named::both(&name, &uri) })? {
            Some((asset, _)) => asset,
            None => create(tx, &name, &uri, &asset_extra, now)?,
        };
        let extra = serde_json::from_str(&extra).unwrap_or_default();
        let partition_key = run.partition_key.as_deref();
        let source = Some((key, &run));
        let partition_date = run.partition_date;
        emit(
            tx,
            &Emitted { asset, extra: &extra, aliases: &aliases, source, partition_key, partition_date },
            limit,
            now,
        )?;
    }
    Ok(())
}

/// Makes an asset that no DAG names.
fn create(tx: &Transaction<'_>, name: &str, uri: &str, extra: &str, now: Timestamp) -> Result<AssetId> {
    tx.execute(
        "INSERT INTO asset (name, uri, asset_group, extra, created_at, updated_at) VALUES (?1, ?2, 'asset', ?3, ?4, ?4)",
        params![name, uri, extra, now.as_microsecond()],
    )
    .map_err(failed)?;
    Ok(AssetId(tx.last_insert_rowid()))
}

/// Writes one event and tells the DAGs that follow the asset, unless they are paused. Gives the event's id.
pub fn emit(tx: &Transaction<'_>, emitted: &Emitted<'_>, limit: usize, now: Timestamp) -> Result<i64> {
    let last: Option<i64> =
        tx.query_row("SELECT max(timestamp) FROM asset_event", [], |row| row.get(0)).map_err(failed)?;
    // Runs take the events up to a time: none may share it with a later one.
    let at = now.as_microsecond().max(last.unwrap_or(0) + 1);
    let source = emitted.source;
    tx.prepare_cached(
        "INSERT INTO asset_event (asset, timestamp, extra, partition_key, source_dag_id, source_run_id, source_task_id, \
         source_map_index) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .and_then(|mut s| {
        s.execute(params![
            emitted.asset.0,
            at,
            emitted.extra.to_string(),
            emitted.partition_key,
            source.map(|(_, run)| &*run.dag_id),
            source.map(|(_, run)| &*run.run_id),
            source.map(|(key, _)| &*key.task_id),
            source.map_or(-1, |(key, _)| key.map_index),
        ])
    })
    .map_err(failed)?;
    let event = tx.last_insert_rowid();
    under_aliases(tx, emitted, event)?;
    for (dag_id, partitions) in followers(tx, emitted)? {
        match (partitions, emitted.partition_key) {
            (None, None) => {
                tx.prepare_cached(
                    "INSERT INTO asset_queue (dag_id, asset, at) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (dag_id, asset) DO UPDATE SET at = excluded.at",
                )
                .and_then(|mut s| s.execute(params![&*dag_id, emitted.asset.0, at]))
                .map_err(failed)?;
            }
            // Whoever follows the asset as a whole isn't told of parts of it.
            (None, Some(_)) => {}
            (Some(_), None) => {
                tell(tx, emitted, &format!("{dag_id} follows partitions, and this update has no partition key"))?;
            }
            (Some(partitions), Some(key)) => {
                if let Err(why) = partition(tx, emitted, event, (&dag_id, &partitions), key, (limit, at))? {
                    tell(tx, emitted, &format!("{dag_id} is not told of partition {key:?}: {why}"))?;
                }
            }
        }
    }
    Ok(event)
}

fn under_aliases(tx: &Transaction<'_>, emitted: &Emitted<'_>, event: i64) -> Result<()> {
    for alias in emitted.aliases {
        let write = || -> rusqlite::Result<()> {
            tx.execute("INSERT OR IGNORE INTO asset_alias (name, asset_group) VALUES (?1, 'asset')", [alias])?;
            let id: i64 = tx.query_row("SELECT id FROM asset_alias WHERE name = ?1", [alias], |row| row.get(0))?;
            tx.execute(
                "INSERT OR IGNORE INTO asset_alias_asset (alias, asset) VALUES (?1, ?2)",
                [id, emitted.asset.0],
            )?;
            tx.execute("INSERT INTO asset_event_alias (event, alias) VALUES (?1, ?2)", [event, id])?;
            Ok(())
        };
        write().map_err(failed)?;
    }
    if emitted.aliases.is_empty() { Ok(()) } else { declare::activate(tx) }
}

/// DAGs that follow an update, with the mappers of those that follow partitions.
fn followers(tx: &Transaction<'_>, emitted: &Emitted<'_>) -> Result<Vec<(Arc<str>, Option<Partitions>)>> {
    let aliases = serde_json::to_string(emitted.aliases).unwrap_or_default();
    let read = || -> rusqlite::Result<Vec<(Arc<str>, Option<String>)>> {
        tx.prepare_cached(
            "SELECT d.dag_id, json_extract(v.definition, '$.schedule.partitions') \
             FROM dag d JOIN dag_version v ON v.id = d.version_id WHERE d.is_paused = 0 AND d.is_stale = 0 AND d.dag_id IN ( \
               SELECT r.dag_id FROM asset a JOIN asset_reference r ON r.kind = 'asset' AND r.name = a.name AND r.uri = a.uri \
                 WHERE a.id = ?1 AND r.role = 'schedule' \
               UNION SELECT r.dag_id FROM asset a JOIN asset_reference r ON r.kind = 'ref' AND (r.name = a.name AND r.uri = '' \
                 OR r.name = '' AND r.uri = a.uri) WHERE a.id = ?1 AND r.role = 'schedule' \
               UNION SELECT r.dag_id FROM asset_reference r WHERE r.kind = 'alias' AND r.role = 'schedule' \
                 AND r.name IN (SELECT value FROM json_each(?2))) ORDER BY d.dag_id",
        )?
        .query_map(params![emitted.asset.0, aliases], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
    };
    let found = read().map_err(failed)?;
    Ok(found.into_iter().map(|(id, json)| (id, json.and_then(|text| serde_json::from_str(&text).ok()))).collect())
}

/// Notes that an event belongs to the partitions that a DAG's mapper makes of its key. The inner error says why it can't be.
fn partition(
    tx: &Transaction<'_>,
    emitted: &Emitted<'_>,
    event: i64,
    (dag_id, partitions): (&str, &Partitions),
    source_key: &str,
    (limit, at): (usize, i64),
) -> Result<std::result::Result<(), String>> {
    let (name, uri): (String, String) = tx
        .query_row("SELECT name, uri FROM asset WHERE id = ?1", [emitted.asset.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    let mapper = partitions.mapper(&name, &uri);
    let keys = match mapper.downstream_keys(source_key, limit) {
        Ok(keys) => keys,
        Err(why) => return Ok(Err(why)),
    };
    let date = rows::micros(mapper.mapper.carried_date(emitted.partition_date));
    for key in keys {
        let waiting: Option<(i64, Option<i64>)> = tx
            .prepare_cached(
                "SELECT id, partition_date FROM asset_partition WHERE run IS NULL AND dag_id = ?1 AND partition_key = ?2",
            )
            .and_then(|mut s| s.query_row([dag_id, &key], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(failed)?;
        let id = match waiting {
            Some((id, before)) => {
                let agreed = match (before, date) {
                    // Sources that disagree about the date leave none.
                    (Some(before), Some(date)) if before != date => None,
                    (before, date) => before.or(date),
                };
                let sql = "UPDATE asset_partition SET partition_date = ?2 WHERE id = ?1";
                tx.execute(sql, params![id, agreed]).map_err(failed)?;
                id
            }
            None => {
                tx.execute(
                    "INSERT INTO asset_partition (dag_id, partition_key, partition_date, mapping, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![dag_id, key, date, declare::mapping(partitions), at],
                )
                .map_err(failed)?;
                tx.last_insert_rowid()
            }
        };
        tx.execute(
            "INSERT OR IGNORE INTO asset_partition_event (partition, event, asset, source_key) VALUES (?1, ?2, ?3, ?4)",
            params![id, event, emitted.asset.0, source_key],
        )
        .map_err(failed)?;
    }
    Ok(Ok(()))
}

fn tell(tx: &Transaction<'_>, emitted: &Emitted<'_>, text: &str) -> Result<()> {
    match emitted.source {
        Some((key, run)) => note(tx, run, Some(key), text),
        None => Ok(()),
    }
}

/// What people see among the events of the run.
fn note(tx: &Transaction<'_>, run: &DagRun, key: Option<&TiKey>, text: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO event (run, task_id, map_index, at, kind, text, who) VALUES (?1, ?2, ?3, ?4, 'asset', ?5, 'scheduler')",
        params![
            run.id.0,
            key.map(|k| &*k.task_id),
            key.map(|k| k.map_index),
            crate::clock::now().as_microsecond(),
            text
        ],
    )
    .map(|_| ())
    .map_err(failed)
}
