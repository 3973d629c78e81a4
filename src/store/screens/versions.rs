//! Versions of a DAG with the text of each.

use rusqlite::Connection;

use crate::error::Result;

use super::{Micros, rows};

/// Versions that are read.
const MOST: i64 = 100;
/// Runs among which the uses of each version are counted.
pub const RUNS: i64 = 1000;

/// One version.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRow {
    /// Row id.
    pub id: i64,
    /// Number, from 1.
    pub number: i64,
    /// When it was first seen.
    pub created: Micros,
    /// The file's text.
    pub source: String,
    /// Of the newest [`RUNS`] runs those that used it, and of these the failed ones.
    pub runs: (i64, i64),
}

/// The newest versions, newest first; the file they are from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Versions {
    /// The file.
    pub fileloc: String,
    /// Newest first.
    pub rows: Vec<VersionRow>,
}

/// Reads them.
pub fn load(conn: &Connection, dag_id: &str) -> Result<Versions> {
    let files: Vec<String> = rows(conn, "SELECT fileloc FROM dag WHERE dag_id = ?1", [dag_id], |r| r.get(0))?;
    let found = rows(
        conn,
        "SELECT v.id, v.number, v.created_at, v.source, count(r.id), count(r.id) FILTER (WHERE r.state = 'failed')
         FROM (SELECT * FROM dag_version WHERE dag_id = ?1 ORDER BY number DESC LIMIT ?2) v
         LEFT JOIN (SELECT * FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT ?3) r ON r.dag_version = v.id
         GROUP BY v.id ORDER BY v.number DESC",
        (dag_id, MOST, RUNS),
        |r| {
            Ok(VersionRow {
                id: r.get(0)?,
                number: r.get(1)?,
                created: r.get(2)?,
                source: r.get(3)?,
                runs: (r.get(4)?, r.get(5)?),
            })
        },
    )?;
    Ok(Versions { fileloc: files.into_iter().next().unwrap_or_default(), rows: found })
}
