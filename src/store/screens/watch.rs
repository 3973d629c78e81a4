//! What runs and deserves a look before it fails: tasks that take longer than they usually do, runs that miss their deadline or
//! are about to.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::error::Result;

use super::{
    Counts, Micros,
    dags::{self, RunCell, recent_runs, run_counts},
    instances::{self, BUSY, TiRow},
    pace::{self, Pace, likely_end},
    rows,
};

/// Running instances that are looked at, the longest first.
const MOST: i64 = 40;

/// A run with a deadline that it missed, or will miss.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The run.
    pub run: RunCell,
    /// Its deadline.
    pub at: Micros,
    /// It is over.
    pub missed: bool,
    /// When the run is likely to end, by the median of the last ones.
    pub ends: Option<Micros>,
    /// Its instances.
    pub counts: Counts,
}

/// Running instances that take longer than nearly all of their last successes.
pub fn slow(conn: &Connection, now: Micros) -> Result<Vec<(TiRow, Pace)>> {
    let sql = format!(
        "{} FROM task_instance t INDEXED BY task_instance_busy CROSS JOIN dag_run r ON r.id = t.run {}
         WHERE {BUSY} AND t.state = 'running' ORDER BY t.start_date LIMIT ?1",
        instances::SELECT,
        instances::JOINS
    );
    let mut found = Vec::new();
    for row in rows(conn, &sql, [MOST], instances::make)? {
        let pace = pace::of_task(conn, &row.ti)?;
        if row.seconds(now).is_some_and(|s| pace.is_long(s)) {
            found.push((row, pace));
        }
    }
    Ok(found)
}

/// Active runs whose deadline has passed, or passes before they are likely to end; the earliest first.
pub fn due(conn: &Connection, now: Micros) -> Result<Vec<Due>> {
    let all = rows(
        conn,
        "SELECT r.id AS run_row, r.dag_id, r.run_id, r.state, r.run_type, r.logical_date, r.run_after, r.start_date, r.end_date,
                min(d.due_at) AS due_at
         FROM dag_run r INDEXED BY dag_run_active JOIN deadline d ON d.run = r.id
         WHERE r.state IN ('queued', 'running') AND d.due_at IS NOT NULL GROUP BY r.id ORDER BY due_at LIMIT ?1",
        [MOST],
        |r| Ok((dags::cell(r)?, r.get::<_, Micros>("due_at")?)),
    )?;
    let mut paces: HashMap<String, Pace> = HashMap::new();
    let mut found = Vec::new();
    for (run, at) in all {
        if !paces.contains_key(&run.run.dag_id) {
            let pace = Pace::of_runs(&recent_runs(conn, &run.run.dag_id, dags::RUNS)?);
            paces.insert(run.run.dag_id.clone(), pace);
        }
        let ends = paces.get(&run.run.dag_id).and_then(|pace| likely_end(run.start.unwrap_or(now), pace));
        let missed = at <= now;
        if missed || ends.is_some_and(|ends| ends > at) {
            found.push(Due { at, missed, ends, counts: run_counts(conn, run.run.id)?, run });
        }
    }
    Ok(found)
}

/// How many DAGs have their next run within the next hour.
pub fn next_hour(conn: &Connection, now: Micros) -> Result<i64> {
    let found = rows(
        conn,
        "SELECT count(*) FROM dag WHERE is_paused = 0 AND is_stale = 0 AND next_run_after BETWEEN ?1 AND ?2",
        [now, now + 3_600_000_000],
        |r| r.get(0),
    )?;
    Ok(found.into_iter().next().unwrap_or(0))
}
