//! Facts about the store and what is in it.

use std::{collections::HashMap, fs, path::Path};

use rusqlite::Connection;

use crate::{error::Result, model::Diagnostic};

use super::{
    Micros,
    audit::{self, AuditRow},
    dags,
    instances::BUSY,
    pods::{self, Clusters},
    rows,
};

/// Use of one pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolUse {
    /// Name.
    pub name: String,
    /// Slots; -1 without limit.
    pub slots: i64,
    /// Slots of running instances.
    pub running: i64,
    /// Slots of queued instances.
    pub queued: i64,
    /// Slots that scheduled instances wait for.
    pub waiting: i64,
    /// Since when the one waits that waits longest.
    pub oldest: Option<Micros>,
    /// What it is for.
    pub description: String,
    /// Deferred instances take slots.
    pub include_deferred: bool,
}

/// How large the store is, and how much room it has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Size {
    /// Size of the database in bytes, without its write-ahead log.
    pub bytes: i64,
    /// Size of the write-ahead log in bytes.
    pub wal: i64,
    /// Of the disk that it lies on: per cent used, and bytes that are free; `None`: it doesn't say.
    pub disk: Option<(i64, i64)>,
}

/// Reads the store's size.
///
/// # Errors
/// If the store can't be read.
pub fn size(conn: &Connection) -> Result<Size> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    Ok(Size {
        bytes: rows(conn, sql, [], |r| r.get(0))?.into_iter().next().unwrap_or(0),
        wal: conn.path().and_then(|db| fs::metadata(format!("{db}-wal")).ok()).map_or(0, |m| m.len() as i64),
        disk: conn.path().map(Path::new).and_then(disk),
    })
}

/// The screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct System {
    /// Rows by table.
    pub rows: Vec<(&'static str, i64)>,
    /// How large the store is.
    pub size: Size,
    /// Pools.
    pub pools: Vec<PoolUse>,
    /// Files that don't import.
    pub errors: Vec<Diagnostic>,
    /// Files known, and the slowest parse with its seconds.
    pub files: (i64, Option<(String, f64)>),
    /// The last acts.
    pub audit: Vec<AuditRow>,
    /// Clusters that tasks have pods in.
    pub clusters: Clusters,
}

/// Reads the screen.
pub fn load(conn: &Connection) -> Result<System> {
    let one = |sql: &str| -> Result<i64> { Ok(rows(conn, sql, [], |r| r.get(0))?.into_iter().next().unwrap_or(0)) };
    let counts = [
        ("DAGs", "SELECT count(*) FROM dag WHERE is_stale = 0"),
        ("DAG versions", "SELECT count(*) FROM dag_version"),
        ("runs", "SELECT coalesce(max(id), 0) FROM dag_run"),
        ("active runs", "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')"),
        ("audit rows", "SELECT coalesce(max(id), 0) FROM audit"),
    ];
    let mut table_rows = Vec::new();
    for (name, sql) in counts {
        table_rows.push((name, one(sql)?));
    }
    Ok(System {
        rows: table_rows,
        size: size(conn)?,
        pools: pools(conn)?,
        errors: dags::import_errors(conn)?,
        files: (
            one("SELECT count(*) FROM dag_file")?,
            rows(conn, "SELECT fileloc, parse_seconds FROM dag_file ORDER BY parse_seconds DESC LIMIT 1", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?
            .into_iter()
            .next(),
        ),
        audit: audit::load(conn, None, 50)?,
        clusters: pods::clusters(conn)?,
    })
}

/// Per cent of a disk that are used, and the bytes left for those who aren't root.
pub fn disk(path: &Path) -> Option<(i64, i64)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    let all = used.saturating_add(stat.f_bavail);
    let free = i64::try_from(stat.f_bavail.saturating_mul(stat.f_frsize)).unwrap_or(i64::MAX);
    (all > 0).then(|| (used.saturating_mul(100).div_ceil(all) as i64, free))
}

/// Every pool with its use.
pub fn pools(conn: &Connection) -> Result<Vec<PoolUse>> {
    // Apart from the pools, and by the index of what is busy: a join would look at all instances there ever were.
    let busy = format!(
        "SELECT t.pool, sum(t.pool_slots) FILTER (WHERE t.state IN ('running', 'restarting')),
            sum(t.pool_slots) FILTER (WHERE t.state = 'queued'), sum(t.pool_slots) FILTER (WHERE t.state = 'scheduled'),
            min(t.scheduled_when) FILTER (WHERE t.state = 'scheduled')
         FROM task_instance t INDEXED BY task_instance_busy
         WHERE {BUSY} AND t.state IN ('running', 'restarting', 'queued', 'scheduled') GROUP BY t.pool"
    );
    let used: HashMap<String, [Option<i64>; 4]> =
        rows(conn, &busy, [], |r| Ok((r.get(0)?, [r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?])))?.into_iter().collect();
    rows(conn, "SELECT name, slots, description, include_deferred FROM pool ORDER BY name", [], |r| {
        let name: String = r.get(0)?;
        let [running, queued, waiting, oldest] = used.get(&name).copied().unwrap_or_default();
        Ok(PoolUse {
            name,
            slots: r.get(1)?,
            running: running.unwrap_or_default(),
            queued: queued.unwrap_or_default(),
            waiting: waiting.unwrap_or_default(),
            oldest,
            description: r.get(2)?,
            include_deferred: r.get(3)?,
        })
    })
}
