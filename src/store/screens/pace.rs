//! How long things usually take: the last successes of a task, or of a DAG's runs.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{MapIndex, RunState, filter::rank},
};

use super::{Micros, TiRef, dags::RunCell, rows};

/// Runs that are looked at for one task.
pub const RUNS: i64 = 28;
/// Runs that are looked at for all tasks of a DAG.
const RUNS_OF_ALL: i64 = 10;
/// Task instances that are looked at for all tasks of a DAG.
const MOST: i64 = 20_000;
/// With fewer successes than these nothing is called too long.
const ENOUGH: usize = 5;
/// Nobody minds so many seconds more than usual.
const GRACE: f64 = 10.0;

/// The last successes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pace {
    /// Seconds that each took, oldest first.
    pub last: Vec<f64>,
}

impl Pace {
    /// Of the successes among some runs, newest first.
    pub fn of_runs<'a>(runs: impl IntoIterator<Item = &'a RunCell>) -> Self {
        let fine = runs.into_iter().filter(|r| r.state == RunState::Success);
        let mut last: Vec<f64> = fine.filter_map(|r| r.seconds(0)).collect();
        last.reverse();
        Self { last }
    }
    /// The median, in seconds.
    pub fn p50(&self) -> Option<f64> {
        self.rank(50)
    }
    /// What 95 of 100 don't exceed, in seconds.
    pub fn p95(&self) -> Option<f64> {
        self.rank(95)
    }
    /// The smallest of them that so many of 100 don't exceed.
    fn rank(&self, percent: usize) -> Option<f64> {
        rank(&self.sorted(), percent)
    }
    /// Seconds that each took, shortest first.
    pub fn sorted(&self) -> Vec<f64> {
        let mut all = self.last.clone();
        all.sort_by(f64::total_cmp);
        all
    }
    /// True of what takes longer than nearly all others did.
    pub fn is_long(&self, seconds: f64) -> bool {
        self.last.len() >= ENOUGH && self.p95().is_some_and(|p95| seconds > p95 + GRACE)
    }
}

/// How long a task instance took in the DAG's last runs, its own left out.
pub fn of_task(conn: &Connection, ti: &TiRef) -> Result<Pace> {
    let mut last: Vec<f64> = rows(
        conn,
        "SELECT (t.end_date - t.start_date) / 1e6
         FROM (SELECT id FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT ?5) r
         CROSS JOIN task_instance t ON t.run = r.id AND t.task_id = ?2 AND t.map_index = ?3
         WHERE t.run <> ?4 AND t.state = 'success' AND t.end_date >= t.start_date",
        (&ti.run.dag_id, &ti.task_id, ti.map_index, ti.run.id, RUNS),
        |r| r.get(0),
    )?;
    last.reverse();
    Ok(Pace { last })
}

/// Median seconds of every task instance of a DAG in its last runs, one of them left out.
pub fn of_dag(conn: &Connection, dag_id: &str, but: Option<i64>) -> Result<HashMap<(String, MapIndex), f64>> {
    let found: Vec<(String, MapIndex, f64)> = rows(
        conn,
        "SELECT t.task_id, t.map_index, (t.end_date - t.start_date) / 1e6
         FROM (SELECT id FROM dag_run WHERE dag_id = ?1 AND id <> ?2 ORDER BY run_after DESC, id DESC LIMIT ?3) r
         CROSS JOIN task_instance t ON t.run = r.id
         WHERE t.state = 'success' AND t.end_date >= t.start_date LIMIT ?4",
        (dag_id, but.unwrap_or(-1), RUNS_OF_ALL, MOST),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )?;
    let mut all: HashMap<(String, MapIndex), Pace> = HashMap::new();
    for (task, index, seconds) in found {
        all.entry((task, index)).or_default().last.push(seconds);
    }
    Ok(all.into_iter().filter_map(|(key, pace)| Some((key, pace.p50()?))).collect())
}

/// In how many runs in a row right before its own a task instance failed for the same reason; at most 20 are looked at.
pub fn same_before(conn: &Connection, ti: &TiRef, fingerprint: &str) -> Result<usize> {
    let same: Vec<bool> = rows(
        conn,
        "SELECT y.fingerprint IS ?5 AND t.state <> 'success'
         FROM (SELECT id FROM dag_run WHERE dag_id = ?1
               AND (run_after, id) < (SELECT run_after, id FROM dag_run WHERE id = ?2)
               ORDER BY run_after DESC, id DESC LIMIT 20) r
         CROSS JOIN task_instance t ON t.run = r.id AND t.task_id = ?3 AND t.map_index = ?4
         CROSS JOIN try y ON y.run = t.run AND y.task_id = t.task_id AND y.map_index = t.map_index
              AND y.try_number = t.try_number",
        (&ti.run.dag_id, ti.run.id, &ti.task_id, ti.map_index, fingerprint),
        |r| r.get(0),
    )?;
    Ok(same.into_iter().take_while(|same| *same).count())
}

/// When a run that began then is likely to end.
pub fn likely_end(began: Micros, pace: &Pace) -> Option<Micros> {
    pace.p50().map(|seconds| began + (seconds * 1e6) as Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_of_what_there_is() {
        let pace = |n: usize| Pace { last: (1..=n).map(|i| i as f64).collect() };
        assert_eq!((pace(0).p50(), pace(1).p50(), pace(1).p95()), (None, Some(1.0), Some(1.0)));
        assert_eq!((pace(11).p50(), pace(20).p95(), pace(100).p95()), (Some(6.0), Some(19.0), Some(95.0)));
        // Of four nobody knows yet what is long.
        assert!(!pace(4).is_long(100.0) && pace(5).is_long(15.5) && !pace(5).is_long(15.0));
    }
}
