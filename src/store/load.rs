//! What the scheduler needs to know when it starts, or when a command changed a run.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{failed, rows, xcom::RETURN_VALUE};
use crate::{
    error::Result,
    model::{Dag, DagRun, MapIndex, RunId, RunState, TaskInstance, TiKey, TiState},
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

/// Facts of a run of a DAG. `catchup`: what its schedule missed is made up for.
pub fn facts(db: &Connection, run: &DagRun, dag: &Dag, catchup: bool) -> Result<RunFacts> {
    let mut facts = read_facts(db, run).map_err(|e| failed("cannot read the facts of a run", e))?;
    facts.previous = previous(db, run, dag, catchup)?;
    Ok(facts)
}

/// The run that a run's tasks look back on; `None` if they don't, or if there is none.
pub fn previous(db: &Connection, run: &DagRun, dag: &Dag, catchup: bool) -> Result<Option<PastRun>> {
    match run.logical_date.filter(|_| dag.looks_back()) {
        None => Ok(None),
        Some(date) => {
            read_previous(db, run, date, dag, catchup).map_err(|e| failed("cannot read the run before a run", e))
        }
    }
}

/// With catchup runs that were triggered by hand don't count (Airflow's `get_previous_scheduled_dagrun`).
fn read_previous(
    db: &Connection,
    run: &DagRun,
    date: Timestamp,
    dag: &Dag,
    catchup: bool,
) -> rusqlite::Result<Option<PastRun>> {
    let found: Option<(i64, i64)> = db
        .prepare_cached(
            "SELECT id, logical_date FROM dag_run WHERE dag_id = ?1 AND logical_date < ?2 \
             AND (NOT ?3 OR run_type <> 'manual') ORDER BY logical_date DESC LIMIT 1",
        )?
        .query_row(params![&*run.dag_id, date.as_microsecond(), catchup], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((previous, previous_date)) = found else { return Ok(None) };
    let mut states: HashMap<Arc<str>, Vec<TiState>> = HashMap::new();
    let mut statement = db.prepare_cached("SELECT task_id, state FROM task_instance WHERE run = ?1")?;
    let mut found = statement.query([previous])?;
    while let Some(row) = found.next()? {
        states.entry(row.get(0)?).or_default().push(rows::spelled(row, 1)?);
    }
    let mut past = PastRun { run: RunId(previous), states, ran_before: HashSet::new(), not_begun: HashSet::new() };
    for task in dag.tasks.values().filter(|task| task.depends_on_past || task.wait_for_downstream) {
        let starts = [dag.start_date, task.start_date];
        if catchup && starts.into_iter().flatten().any(|start| previous_date < start.as_microsecond()) {
            past.not_begun.insert(task.task_id.clone());
        } else if !past.states.contains_key(&task.task_id) {
            let ran: bool = db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM dag_run r JOIN task_instance t ON t.run = r.id \
                     WHERE r.dag_id = ?1 AND r.logical_date < ?2 AND t.task_id = ?3)",
                )?
                .query_row(params![&*run.dag_id, previous_date, &*task.task_id], |row| row.get(0))?;
            if ran {
                past.ran_before.insert(task.task_id.clone());
            }
        }
    }
    Ok(Some(past))
}

fn read_facts(db: &Connection, run: &DagRun) -> rusqlite::Result<RunFacts> {
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

/// The newest runs of a DAG by `run_after`, at most `limit`.
pub fn recent(db: &Connection, dag_id: &str, limit: u32) -> Result<BTreeMap<(Timestamp, RunId), RunState>> {
    if limit == 0 {
        return Ok(BTreeMap::new());
    }
    let read = || -> rusqlite::Result<BTreeMap<_, _>> {
        db.prepare_cached(
            "SELECT run_after, id, state FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT ?2",
        )?
        .query_map(params![dag_id, limit], |row| {
            let at = rows::time(row, 0)?.unwrap_or(Timestamp::UNIX_EPOCH);
            Ok(((at, RunId(row.get(1)?)), rows::spelled(row, 2)?))
        })?
        .collect()
    };
    read().map_err(|e| failed(&format!("cannot read the runs of {dag_id}"), e))
}
