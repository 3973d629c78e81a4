//! How long things usually take, for filters that ask: the last successes of a DAG's runs, or of a task.

use std::{cell::RefCell, collections::BTreeMap};

use rusqlite::Connection;

use crate::error::Result;

use super::rows;

/// Runs of a DAG that are looked at.
const RUNS: i64 = 50;
/// Instances of a task in them.
const MOST: i64 = 500;

/// Seconds that the last successes took, shortest first: by DAG and task; of a DAG's runs the task is empty.
pub type Usual = BTreeMap<(String, String), Vec<f64>>;

/// What is usual, each asked for once.
pub struct Known<'a> {
    conn: &'a Connection,
    known: RefCell<Usual>,
}

impl<'a> Known<'a> {
    /// Nothing is known yet.
    pub fn new(conn: &'a Connection) -> Self {
        Self { conn, known: RefCell::default() }
    }

    /// How long the last successes of a DAG's runs (`task` is empty) or of a task took. What can't be read is nothing.
    pub fn of(&self, dag_id: &str, task: &str) -> Vec<f64> {
        let key = (dag_id.to_owned(), task.to_owned());
        if let Some(found) = self.known.borrow().get(&key) {
            return found.clone();
        }
        let mut took = load(self.conn, dag_id, task).unwrap_or_default();
        took.sort_by(f64::total_cmp);
        self.known.borrow_mut().insert(key, took.clone());
        took
    }

    /// All that was asked for.
    pub fn all(self) -> Usual {
        self.known.into_inner()
    }
}

fn load(conn: &Connection, dag_id: &str, task: &str) -> Result<Vec<f64>> {
    if task.is_empty() {
        return rows(
            conn,
            "SELECT (end_date - start_date) / 1e6 FROM (SELECT * FROM dag_run INDEXED BY dag_run_recent WHERE dag_id = ?1
             ORDER BY run_after DESC, id DESC LIMIT ?2) WHERE state = 'success' AND end_date >= start_date",
            (dag_id, RUNS),
            |r| r.get(0),
        );
    }
    rows(
        conn,
        "SELECT (t.end_date - t.start_date) / 1e6 FROM (SELECT id FROM dag_run INDEXED BY dag_run_recent WHERE dag_id = ?1
         ORDER BY run_after DESC, id DESC LIMIT ?3) r CROSS JOIN task_instance t ON t.run = r.id AND t.task_id = ?2
         WHERE t.state = 'success' AND t.end_date >= t.start_date LIMIT ?4",
        (dag_id, task, RUNS, MOST),
        |r| r.get(0),
    )
}
