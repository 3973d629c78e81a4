//! Assets: how fresh each is, who makes, reads and follows it, and its last events.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::error::Result;

use super::{Micros, RunRef, TiRef, rows};

/// Events that are shown of an asset.
pub const EVENTS: usize = 12;

/// Events that are read of an asset's history.
pub const MOST_EVENTS: usize = 2000;

/// One update of an asset.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// When.
    pub at: Micros,
    /// The instance that made it, as far as a task did and its run is still there.
    pub by: Option<TiRef>,
    /// DAG and task, also of a run that is gone; empty for one made by hand.
    pub source: String,
    /// What was said with it, JSON.
    pub extra: String,
    /// Partition.
    pub partition: Option<String>,
    /// How many runs were made for it.
    pub runs: i64,
}

/// One asset.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AssetRow {
    /// Row id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Address; often the same as the name.
    pub uri: String,
    /// Kind, as its author said.
    pub group: String,
    /// Some DAG names it.
    pub active: bool,
    /// How many updates there were.
    pub count: i64,
    /// Last updates, newest first.
    pub events: Vec<EventRow>,
    /// DAG and task of those that update it.
    pub makers: Vec<(String, String)>,
    /// DAG and task of those that read it.
    pub readers: Vec<(String, String)>,
    /// DAGs that run when it was updated.
    pub followers: Vec<String>,
    /// Of these the ones that were told and wait for other assets.
    pub waiting: Vec<String>,
    /// Names of assets that its makers read or follow.
    pub above: Vec<String>,
    /// Names of assets that its readers and followers make.
    pub below: Vec<String>,
}

impl AssetRow {
    /// The middle of the times between its last updates, if there are at least three.
    pub fn usual(&self) -> Option<Micros> {
        let mut gaps: Vec<Micros> = self.events.windows(2).map(|w| w[0].at - w[1].at).collect();
        gaps.sort_unstable();
        if gaps.len() < 3 { None } else { gaps.get(gaps.len() / 2).copied() }
    }

    /// The last update is older than one and a half times what is usual.
    pub fn late(&self, now: Micros) -> bool {
        let age = self.events.first().map(|e| now - e.at);
        age.zip(self.usual()).is_some_and(|(age, usual)| age > usual + usual / 2)
    }
}

/// Reads all assets, by name.
pub fn load(conn: &Connection) -> Result<Vec<AssetRow>> {
    let mut all = rows(
        conn,
        "SELECT a.id, a.name, a.uri, a.asset_group, a.is_active,
                (SELECT count(*) FROM asset_event e WHERE e.asset = a.id) AS events
         FROM asset a ORDER BY a.name, a.uri",
        [],
        |r| {
            Ok(AssetRow {
                id: r.get(0)?,
                name: r.get(1)?,
                uri: r.get(2)?,
                group: r.get(3)?,
                active: r.get(4)?,
                count: r.get(5)?,
                ..AssetRow::default()
            })
        },
    )?;
    let at: HashMap<i64, usize> = all.iter().enumerate().map(|(i, a)| (a.id, i)).collect();
    for asset in &mut all {
        asset.events = events(conn, asset.id, EVENTS)?;
    }
    let references = rows(
        conn,
        "SELECT a.id, r.role, r.dag_id, r.task_id FROM asset_reference r
         JOIN asset a ON a.name = r.name AND a.uri = r.uri WHERE r.kind = 'asset' ORDER BY r.dag_id, r.task_id",
        [],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, String>(3)?)),
    )?;
    for (id, role, dag, task) in &references {
        let Some(asset) = at.get(id).and_then(|i| all.get_mut(*i)) else { continue };
        match role.as_str() {
            "outlet" => asset.makers.push((dag.clone(), task.clone())),
            "inlet" => asset.readers.push((dag.clone(), task.clone())),
            _ => asset.followers.push(dag.clone()),
        }
    }
    for (asset, dag) in rows(conn, "SELECT asset, dag_id FROM asset_queue ORDER BY dag_id", [], |r| {
        Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?))
    })? {
        if let Some(asset) = at.get(&asset).and_then(|i| all.get_mut(*i)) {
            asset.waiting.push(dag);
        }
    }
    lineage(&mut all);
    Ok(all)
}

/// What lies one step above and below each: by the task that makes it, and by the DAG that such a task is in.
fn lineage(all: &mut [AssetRow]) {
    let names = |wanted: &dyn Fn(&AssetRow) -> bool, own: i64| -> Vec<String> {
        all.iter().filter(|a| a.id != own && wanted(a)).map(|a| a.name.clone()).collect()
    };
    let found: Vec<(Vec<String>, Vec<String>)> = all
        .iter()
        .map(|one| {
            let feeds = |a: &AssetRow, b: &AssetRow| {
                // a feeds b: a task that makes b reads a, or its DAG follows a.
                b.makers.iter().any(|m| a.readers.contains(m) || a.followers.contains(&m.0))
            };
            (names(&|a| feeds(a, one), one.id), names(&|b| feeds(one, b), one.id))
        })
        .collect();
    for (asset, (above, below)) in all.iter_mut().zip(found) {
        asset.above = above;
        asset.below = below;
    }
}

/// The last updates of an asset, newest first.
///
/// # Errors
/// If the store can't be read.
pub fn events(conn: &Connection, asset: i64, most: usize) -> Result<Vec<EventRow>> {
    rows(
        conn,
        "SELECT e.timestamp, e.extra, e.partition_key, e.source_dag_id, e.source_run_id, e.source_task_id, e.source_map_index,
                r.id AS run_row, (SELECT count(*) FROM asset_event_run m WHERE m.event = e.id) AS runs
         FROM asset_event e LEFT JOIN dag_run r ON r.dag_id = e.source_dag_id AND r.run_id = e.source_run_id
         WHERE e.asset = ?1 ORDER BY e.timestamp DESC LIMIT ?2",
        (asset, most as i64),
        |r| {
            let (dag, run, task): (Option<String>, Option<String>, Option<String>) = (r.get(3)?, r.get(4)?, r.get(5)?);
            let map_index = r.get(6)?;
            let source = [dag.clone(), task.clone()].into_iter().flatten().collect::<Vec<_>>().join(".");
            let by = match (r.get(7)?, dag, run, task) {
                (Some(id), Some(dag_id), Some(run_id), Some(task_id)) => {
                    Some(TiRef { run: RunRef { id, dag_id, run_id }, task_id, map_index })
                }
                _ => None,
            };
            Ok(EventRow { at: r.get(0)?, by, source, extra: r.get(1)?, partition: r.get(2)?, runs: r.get("runs")? })
        },
    )
}
