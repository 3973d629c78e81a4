//! What DAGs have been told and haven't run for yet, for the scheduler's memory.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::failed;
use crate::{
    error::Result,
    model::{
        AssetQueues,
        asset::{PendingPartition, QueuedAsset},
    },
    store::rows,
};

/// The queues of all DAGs that have one.
pub fn queues(db: &Connection) -> Result<AssetQueues> {
    read(db).map_err(failed)
}

fn read(db: &Connection) -> rusqlite::Result<AssetQueues> {
    let mut queues = AssetQueues::new();
    let mut aliases = None;
    let mut statement = db.prepare_cached(
        "SELECT a.id, a.name, a.uri, q.at, q.dag_id FROM asset_queue q JOIN asset a ON a.id = q.asset ORDER BY q.dag_id, q.at",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let asset = queued(db, row, &mut aliases)?;
        queues.entry(row.get(4)?).or_default().assets.push(asset);
    }
    let mut statement = db.prepare_cached(
        "SELECT id, dag_id, partition_key, partition_date FROM asset_partition WHERE run IS NULL ORDER BY created_at, id",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let id = row.get(0)?;
        let pending = PendingPartition {
            id,
            partition_key: row.get(2)?,
            partition_date: rows::time(row, 3)?,
            received: received(db, id, &mut aliases)?,
        };
        queues.entry(row.get(1)?).or_default().partitions.push(pending);
    }
    Ok(queues)
}

/// What has arrived for a partition. Assets that don't count any more hold it up.
fn received(
    db: &Connection,
    partition: i64,
    aliases: &mut Option<Aliases>,
) -> rusqlite::Result<Vec<(QueuedAsset, Vec<String>)>> {
    let mut of: Vec<(QueuedAsset, Vec<String>)> = Vec::new();
    let mut statement = db.prepare_cached(
        "SELECT a.id, a.name, a.uri, v.timestamp, e.source_key FROM asset_partition_event e JOIN asset a ON a.id = e.asset \
         JOIN asset_event v ON v.id = e.event WHERE e.partition = ?1 AND a.is_active = 1 ORDER BY v.timestamp",
    )?;
    let mut found = statement.query([partition])?;
    while let Some(row) = found.next()? {
        let asset = queued(db, row, aliases)?;
        let key: String = row.get(4)?;
        match of.iter_mut().find(|(known, _)| known.name == asset.name && known.uri == asset.uri) {
            Some((_, keys)) => keys.push(key),
            None => of.push((asset, vec![key])),
        }
    }
    Ok(of)
}

/// Names of aliases by asset.
type Aliases = BTreeMap<i64, Vec<String>>;

/// A row that begins with id, name, URI and time. Aliases are read when the first asset asks for them.
fn queued(db: &Connection, row: &Row<'_>, aliases: &mut Option<Aliases>) -> rusqlite::Result<QueuedAsset> {
    if aliases.is_none() {
        let mut all = Aliases::new();
        let mut statement = db.prepare_cached(
            "SELECT m.asset, l.name FROM asset_alias_asset m JOIN asset_alias l ON l.id = m.alias ORDER BY l.name",
        )?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            all.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        *aliases = Some(all);
    }
    let id: i64 = row.get(0)?;
    let aliases = aliases.as_ref().and_then(|all| all.get(&id)).cloned().unwrap_or_default();
    let at = rows::time(row, 3)?.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Ok(QueuedAsset { name: row.get(1)?, uri: row.get(2)?, aliases, at })
}
