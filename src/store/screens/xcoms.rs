//! XComs of a run, or of one task instance.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{error::Result, model::MapIndex};

use super::{Micros, RunRef, rows, run_ref};

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

impl XcomRow {
    /// The same task, index and key.
    pub fn names(&self, other: &Self) -> bool {
        (&self.task_id, self.map_index, &self.key) == (&other.task_id, other.map_index, &other.key)
    }
}

/// XComs of a run, and of the run before it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Xcoms {
    /// Of the run.
    pub rows: Vec<XcomRow>,
    /// The run before it, and its XComs.
    pub previous: Option<(RunRef, Vec<XcomRow>)>,
    /// The two are to be compared line by line.
    pub compared: bool,
    /// Tasks right below each task: those that its XComs are for, as far as the DAG tells.
    pub below: HashMap<String, Vec<String>>,
}

impl Xcoms {
    /// What the XComs are compared with, if they are.
    pub fn base(&self) -> Option<&(RunRef, Vec<XcomRow>)> {
        self.previous.as_ref().filter(|_| self.compared)
    }
    /// The same XCom in the run before.
    pub fn before(&self, x: &XcomRow) -> Option<&XcomRow> {
        self.previous.as_ref()?.1.iter().find(|y| y.names(x))
    }
}

/// Reads the XComs of a run and of the run before it.
pub fn of_run(conn: &Connection, run: i64, of: Option<(&str, MapIndex)>, compared: bool) -> Result<Xcoms> {
    let rows_now = load(conn, run, of)?;
    let before = rows(
        conn,
        "SELECT id AS run_row, dag_id, run_id FROM dag_run WHERE dag_id = (SELECT dag_id FROM dag_run WHERE id = ?1)
         AND (run_after, id) < (SELECT run_after, id FROM dag_run WHERE id = ?1)
         ORDER BY run_after DESC, id DESC LIMIT 1",
        [run],
        run_ref,
    )?;
    let previous = match before.into_iter().next() {
        Some(other) => {
            let theirs = load(conn, other.id, of)?;
            Some((other, theirs))
        }
        None => None,
    };
    let whose: Vec<(String, i64)> =
        rows(conn, "SELECT dag_id, dag_version FROM dag_run WHERE id = ?1", [run], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let dag = match whose.first() {
        Some((dag_id, version)) => super::definition(conn, dag_id, Some(*version))?,
        None => None,
    };
    let mut below = HashMap::new();
    for (id, task) in dag.iter().flat_map(|d| &d.tasks) {
        below.insert(id.to_string(), task.downstream_task_ids.iter().map(ToString::to_string).collect());
    }
    Ok(Xcoms { rows: rows_now, previous, compared, below })
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
