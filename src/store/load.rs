//! What the scheduler needs to know when it starts, or when a command changed a run.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension, params};

use super::{failed, rows, xcom::RETURN_VALUE};
use crate::{
    error::Result,
    model::{DagRun, MapIndex, RunId, TaskInstance, TiKey, TiState},
    scheduler::{PastRun, RunFacts},
};

/// Queued and running runs, in the order in which they were created.
pub fn active_runs(db: &Connection) -> Result<Vec<DagRun>> {
    let sql = format!("SELECT {} FROM dag_run WHERE state IN ('queued', 'running') ORDER BY id", rows::RUN);
    let read = || -> rusqlite::Result<Vec<_>> { db.prepare(&sql)?.query_map([], rows::run)?.collect() };
    read().map_err(|e| failed("cannot read the active runs", e))
}

/// Task instances of a run.
pub fn instances(db: &Connection, run: RunId) -> Result<Vec<TaskInstance>> {
    let sql = format!("SELECT {} FROM task_instance WHERE run = ?1", rows::INSTANCE);
    let read =
        || -> rusqlite::Result<Vec<_>> { db.prepare_cached(&sql)?.query_map([run.0], rows::instance)?.collect() };
    read().map_err(|e| failed("cannot read task instances", e))
}

/// One task instance.
pub fn instance(db: &Connection, key: &TiKey) -> Result<Option<TaskInstance>> {
    let sql =
        format!("SELECT {} FROM task_instance WHERE run = ?1 AND task_id = ?2 AND map_index = ?3", rows::INSTANCE);
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params![key.run.0, &*key.task_id, key.map_index], rows::instance).optional())
        .map_err(|e| failed(&format!("cannot read {key}"), e))
}

/// Facts of a run. `looks_back`: some task depends on the past.
pub fn facts(db: &Connection, run: &DagRun, looks_back: bool) -> Result<RunFacts> {
    read_facts(db, run, looks_back).map_err(|e| failed("cannot read the facts of a run", e))
}

fn read_facts(db: &Connection, run: &DagRun, looks_back: bool) -> rusqlite::Result<RunFacts> {
    let mut facts = RunFacts::default();
    let mut statement = db.prepare_cached(
        "SELECT task_id, map_index, key, mapped_length, CASE key WHEN 'skipmixin_key' THEN value ELSE 'null' END \
         FROM xcom WHERE run = ?1 AND (key = 'skipmixin_key' OR key = ?2)",
    )?;
    let mut found = statement.query(params![run.id.0, RETURN_VALUE])?;
    while let Some(row) = found.next()? {
        let task_id: Arc<str> = row.get(0)?;
        let map_index: MapIndex = row.get(1)?;
        if row.get_ref(2)?.as_str() == Ok("skipmixin_key") {
            facts.skip_decisions.insert((task_id, map_index), rows::json(row, 4)?);
        } else {
            let length = row.get::<_, Option<i64>>(3)?.unwrap_or(0);
            facts.mapped_lengths.entry(task_id).or_default().insert(map_index, length as usize);
        }
    }
    if looks_back && run.logical_date.is_some() {
        let previous: Option<i64> = db
            .prepare_cached(
                "SELECT id FROM dag_run WHERE dag_id = ?1 AND logical_date < ?2 ORDER BY logical_date DESC LIMIT 1",
            )?
            .query_row(params![&*run.dag_id, rows::micros(run.logical_date)], |row| row.get(0))
            .optional()?;
        if let Some(previous) = previous {
            let mut states: HashMap<Arc<str>, Vec<TiState>> = HashMap::new();
            let mut statement = db.prepare_cached("SELECT task_id, state FROM task_instance WHERE run = ?1")?;
            let mut found = statement.query([previous])?;
            while let Some(row) = found.next()? {
                states.entry(row.get(0)?).or_default().push(rows::spelled(row, 1)?);
            }
            facts.previous = Some(PastRun { run: RunId(previous), states });
        }
    }
    Ok(facts)
}

/// Logical date, data interval and `run_after` of the newest scheduled run of a DAG.
pub fn last_automated(db: &Connection, dag_id: &str) -> Result<Option<DagRun>> {
    let sql = format!(
        "SELECT {} FROM dag_run WHERE dag_id = ?1 AND run_type IN ('scheduled', 'backfill') ORDER BY run_after DESC LIMIT 1",
        rows::RUN
    );
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row([dag_id], rows::run).optional())
        .map_err(|e| failed(&format!("cannot read the last run of {dag_id}"), e))
}

/// How many of the newest finished runs of a DAG failed in a row; at most `limit`.
pub fn consecutive_failures(db: &Connection, dag_id: &str, limit: u32) -> Result<u32> {
    if limit == 0 {
        return Ok(0);
    }
    let read = || -> rusqlite::Result<Vec<String>> {
        db.prepare_cached(
            "SELECT state FROM dag_run WHERE dag_id = ?1 AND state IN ('success', 'failed') ORDER BY run_after DESC, id DESC LIMIT ?2",
        )?
        .query_map(params![dag_id, limit], |row| row.get(0))?
        .collect()
    };
    let states = read().map_err(|e| failed(&format!("cannot read the runs of {dag_id}"), e))?;
    Ok(states.iter().take_while(|s| *s == "failed").count() as u32)
}
