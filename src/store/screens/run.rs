//! One run with every try: what the timeline draws.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{Dag, MapIndex, TiState},
};

use super::{
    Micros,
    dags::{self, RunCell},
    definition,
    instances::{self, TiRow},
    pace,
    pods::{self, PodRow},
    rows, spelled,
};

/// One try.
#[derive(Debug, Clone, PartialEq)]
pub struct TryRow {
    /// Task.
    pub task_id: String,
    /// Index.
    pub map_index: MapIndex,
    /// Number, from 1.
    pub number: u32,
    /// How it ended, or that it runs.
    pub state: TiState,
    /// Process started.
    pub start: Option<Micros>,
    /// Process ended.
    pub end: Option<Micros>,
    /// Why it ended, with the exception's class.
    pub why: Option<String>,
    /// Exit code.
    pub exit_code: Option<i32>,
    /// Where it ran.
    pub host: Option<String>,
}

/// The run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetail {
    /// The run.
    pub run: RunCell,
    /// What it was triggered with.
    pub conf: String,
    /// A person's note.
    pub note: Option<String>,
    /// The definition that it runs.
    pub dag: Option<Dag>,
    /// Instances by task and index.
    pub instances: Vec<TiRow>,
    /// Tries by task, index and number.
    pub tries: Vec<TryRow>,
    /// Pods of its tries, oldest first.
    pub pods: Vec<PodRow>,
    /// When each instance was last queued.
    pub queued: Vec<(String, MapIndex, Option<Micros>, Option<Micros>)>,
    /// Median seconds of its instances in the DAG's last runs.
    pub usual: HashMap<(String, MapIndex), f64>,
}

/// Reads a run; `None` if it is gone.
pub fn load(conn: &Connection, run: i64) -> Result<Option<RunDetail>> {
    let head = rows(
        conn,
        "SELECT id AS run_row, dag_id, run_id, state, run_type, logical_date, run_after, start_date, end_date, conf,
                note, dag_version
         FROM dag_run WHERE id = ?1",
        [run],
        |r| Ok((dags::cell(r)?, r.get("conf")?, r.get("note")?, r.get::<_, i64>("dag_version")?)),
    )?;
    let Some((cell, conf, note, version)) = head.into_iter().next() else { return Ok(None) };
    let dag = match definition(conn, &cell.run.dag_id, Some(version))? {
        Some(dag) => Some(dag),
        None => definition(conn, &cell.run.dag_id, None)?,
    };
    Ok(Some(RunDetail {
        dag,
        usual: pace::of_dag(conn, &cell.run.dag_id, Some(run))?,
        run: cell,
        conf,
        note,
        instances: instances::of_run(conn, run)?,
        tries: tries(conn, run, None)?,
        pods: pods::of_run(conn, run)?,
        queued: rows(
            conn,
            "SELECT task_id, map_index, scheduled_when, queued_when FROM task_instance WHERE run = ?1",
            [run],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
        )?,
    }))
}

/// A DAG with the states of one of its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// The definition that the run has, else the latest.
    pub dag: Dag,
    /// The run, without its definition; `None`: there was none yet.
    pub run: Option<RunDetail>,
}

/// Reads a DAG with a run, or with its newest run; `None` if it is gone.
pub fn graph(conn: &Connection, dag_id: &str, run: Option<i64>) -> Result<Option<Graph>> {
    let newest = match run {
        None => dags::recent_runs(conn, dag_id, 1)?.first().map(|r| r.run.id),
        named => named,
    };
    let run = match newest {
        Some(id) => load(conn, id)?,
        None => None,
    };
    if let Some(mut detail) = run
        && let Some(dag) = detail.dag.take()
    {
        return Ok(Some(Graph { dag, run: Some(detail) }));
    }
    Ok(definition(conn, dag_id, None)?.map(|dag| Graph { dag, run: None }))
}

/// Tries of a run, or of one of its instances.
pub fn tries(conn: &Connection, run: i64, of: Option<(&str, MapIndex)>) -> Result<Vec<TryRow>> {
    const COLUMNS: &str = "SELECT task_id, map_index, try_number, state, start_date, end_date, cause_summary,
        cause_exception, cause_exit_code, hostname FROM try WHERE run = ?1";
    let make = |r: &rusqlite::Row<'_>| {
        Ok(TryRow {
            task_id: r.get("task_id")?,
            map_index: r.get("map_index")?,
            number: r.get("try_number")?,
            state: spelled(r, "state")?,
            start: r.get("start_date")?,
            end: r.get("end_date")?,
            why: instances::reason(r.get("cause_summary")?, r.get("cause_exception")?),
            exit_code: r.get("cause_exit_code")?,
            host: r.get("hostname")?,
        })
    };
    match of {
        Some((task, index)) => {
            rows(conn, &format!("{COLUMNS} AND task_id = ?2 AND map_index = ?3"), (run, task, index), make)
        }
        None => rows(conn, COLUMNS, [run], make),
    }
}
