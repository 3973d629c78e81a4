//! XComs of a run, or of one task instance.

use rusqlite::Connection;

use crate::{error::Result, model::MapIndex};

use super::{Micros, rows};

/// One XCom.
#[derive(Debug, Clone, PartialEq)]
pub struct XcomRow {
    /// Task.
    pub task_id: String,
    /// Index.
    pub map_index: MapIndex,
    /// Key.
    pub key: String,
    /// JSON as stored, cut at [`LONGEST`] characters.
    pub value: String,
    /// Its whole length in bytes.
    pub bytes: i64,
    /// When it was pushed.
    pub at: Micros,
    /// How it came: `task`, ..
    pub source: String,
}

/// Longest value that is read for the screen.
pub const LONGEST: i64 = 100_000;

/// Reads the XComs of a run, or of one of its tasks.
pub fn load(conn: &Connection, run: i64, of: Option<(&str, MapIndex)>) -> Result<Vec<XcomRow>> {
    const COLUMNS: &str =
        "SELECT task_id, map_index, key, substr(value, 1, 100000), octet_length(value), timestamp, source
        FROM xcom WHERE run = ?1";
    let make = |r: &rusqlite::Row<'_>| {
        Ok(XcomRow {
            task_id: r.get(0)?,
            map_index: r.get(1)?,
            key: r.get(2)?,
            value: r.get(3)?,
            bytes: r.get(4)?,
            at: r.get(5)?,
            source: r.get(6)?,
        })
    };
    match of {
        Some((task, index)) => {
            rows(conn, &format!("{COLUMNS} AND task_id = ?2 AND map_index = ?3"), (run, task, index), make)
        }
        None => rows(conn, &format!("{COLUMNS} LIMIT 5000"), [run], make),
    }
}
