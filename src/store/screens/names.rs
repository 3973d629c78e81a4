//! What has a name, for the palette.

use rusqlite::Connection;

use crate::error::Result;

use super::rows;

/// Most names of a kind that are read.
const MOST: usize = 20_000;

/// Names of what there is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Names {
    /// DAGs whose file is there.
    pub dags: Vec<String>,
    /// DAG and task, of every DAG's newest version.
    pub tasks: Vec<(String, String)>,
    /// Pools.
    pub pools: Vec<String>,
    /// Connections.
    pub connections: Vec<String>,
    /// Variables.
    pub variables: Vec<String>,
}

/// Reads them.
pub fn load(conn: &Connection) -> Result<Names> {
    let list = |sql: &str| rows(conn, sql, [MOST as i64], |r| r.get(0));
    Ok(Names {
        dags: list("SELECT dag_id FROM dag WHERE is_stale = 0 ORDER BY dag_id LIMIT ?1")?,
        tasks: rows(
            conn,
            "SELECT d.dag_id, task.key FROM dag d JOIN dag_version v ON v.id = d.version_id, json_each(v.definition, '$.tasks') task
             WHERE d.is_stale = 0 ORDER BY d.dag_id, task.key LIMIT ?1",
            [MOST as i64],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?,
        pools: list("SELECT name FROM pool ORDER BY name LIMIT ?1")?,
        connections: list("SELECT conn_id FROM connection ORDER BY conn_id LIMIT ?1")?,
        variables: list("SELECT key FROM variable ORDER BY key LIMIT ?1")?,
    })
}
