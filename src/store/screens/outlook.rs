//! What a form tells of a DAG besides its plan: how long its work takes, what it was triggered with, what it would wait for.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    error::Result,
    model::{MapIndex, RunState},
};

use super::{
    dags::{RUNS, RunCell, cell},
    pace::{self, Pace},
    rows,
    system::{self, PoolUse},
};

/// Runs whose conf is remembered.
const RECENT: usize = 5;

/// The outlook.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlook {
    /// Median seconds of its task instances in its last runs.
    pub tasks: HashMap<(String, MapIndex), f64>,
    /// How long its last successful runs took.
    pub pace: Pace,
    /// The newest runs that were given a conf, newest first, with it; those that have ended if none was.
    pub recent: Vec<(RunCell, Value)>,
    /// Its active runs.
    pub active: usize,
    /// Pools without a free slot.
    pub full: Vec<PoolUse>,
}

/// Reads the outlook of a DAG.
pub fn load(conn: &Connection, dag_id: &str) -> Result<Outlook> {
    let runs: Vec<(RunCell, String)> = rows(
        conn,
        "SELECT id AS run_row, dag_id, run_id, state, run_type, logical_date, run_after, start_date, end_date, conf
         FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT ?2",
        (dag_id, RUNS as i64),
        |r| Ok((cell(r)?, r.get("conf")?)),
    )?;
    let active: Vec<i64> = rows(
        conn,
        "SELECT count(*) FROM dag_run INDEXED BY dag_run_active WHERE state IN ('queued', 'running') AND dag_id = ?1",
        [dag_id],
        |r| r.get(0),
    )?;
    let full = |p: &PoolUse| p.slots >= 0 && p.running + p.queued >= p.slots;
    let pace = Pace::of_runs(runs.iter().map(|(run, _)| run));
    let ended = |r: &RunCell| matches!(r.state, RunState::Success | RunState::Failed);
    let with_conf = runs.iter().filter(|(_, conf)| conf != "{}").count() > 0;
    let recent = runs.into_iter().filter(|(r, conf)| if with_conf { conf != "{}" } else { ended(r) });
    Ok(Outlook {
        tasks: pace::of_dag(conn, dag_id, None)?,
        pace,
        recent: recent.take(RECENT).map(|(r, conf)| (r, serde_json::from_str(&conf).unwrap_or_default())).collect(),
        active: active.first().map_or(0, |n| *n as usize),
        full: system::pools(conn)?.into_iter().filter(full).collect(),
    })
}
