//! Creating, finding and deleting runs.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Store, asset, failed, gate, rows,
    seen::{self, Seen},
};
use crate::{
    error::{Error, Kind, Result},
    model::{DagRun, NewRun, RunId},
};

impl Store {
    /// Stores a run with its first task instances, and returns it with its id. Refused when the DAG has a run with that
    /// run id or logical date.
    pub fn create_run(&mut self, new: NewRun) -> Result<NewRun> {
        self.transaction(|tx| create(tx, new))
    }
}

const TAKEN: &str = "already has a run with";

/// True if [`create`] refused because a run of that id or logical date is there.
pub fn is_taken(e: &Error) -> bool {
    e.kind == Kind::Refused && e.message.contains(TAKEN)
}

/// See [`Store::create_run`].
pub fn create(tx: &Transaction<'_>, mut new: NewRun) -> Result<NewRun> {
    let run = &new.run;
    let existing: Option<(String, String)> = tx
        .query_row(
            "SELECT run_id, state FROM dag_run WHERE dag_id = ?1 AND (run_id = ?2 OR logical_date = ?3)",
            params![&*run.dag_id, &*run.run_id, rows::micros(run.logical_date)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(|e| failed("cannot look for a run", e))?;
    if let Some((run_id, state)) = existing {
        let why = if *run_id == *run.run_id { "this run id" } else { "this logical date" };
        return Err(Error::refused(format!("DAG {} {TAKEN} {why}: {run_id} ({state})", run.dag_id))
            .hint("choose another --run-id or --logical-date, or clear that run"));
    }
    tx.prepare_cached(
        "INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, logical_date, data_interval_start, data_interval_end, \
         run_after, queued_at, start_date, end_date, conf, note, clear_number, dag_version, backfill, backfill_ordinal, tasks, \
         partition_key, partition_date) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            &*run.dag_id,
            &*run.run_id,
            run.state.as_str(),
            run.run_type.as_str(),
            run.triggered_by.as_str(),
            rows::micros(run.logical_date),
            rows::micros(run.data_interval_start),
            rows::micros(run.data_interval_end),
            run.run_after.as_microsecond(),
            rows::micros(run.queued_at),
            rows::micros(run.start_date),
            rows::micros(run.end_date),
            run.conf.to_string(),
            run.note,
            run.clear_number,
            run.dag_version.0,
            run.backfill.map(|place| place.id.0),
            run.backfill.map(|place| place.ordinal),
            run.tasks.as_ref().map(|tasks| serde_json::json!(tasks).to_string()),
            run.partition_key,
            rows::micros(run.partition_date),
        ])
    })
    .map_err(|e| failed(&format!("cannot create run {}", run.run_id), e))?;
    let id = RunId(tx.last_insert_rowid());
    new.run.id = id;
    for row in &mut new.instances {
        row.key.run = id;
        gate::insert_instance(tx, row)?;
    }
    let mut seen = Seen::default();
    seen.run(id);
    new.instances.iter().for_each(|row| seen.instance(row));
    seen.write(tx)?;
    if let Some(consumes) = new.consumes {
        asset::consume(tx, &new.run, consumes)?;
    }
    Ok(new)
}

/// A run by its names.
pub fn find(db: &Connection, dag_id: &str, run_id: &str) -> Result<Option<DagRun>> {
    let sql = format!("SELECT {} FROM dag_run WHERE dag_id = ?1 AND run_id = ?2", rows::RUN);
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params![dag_id, run_id], rows::run).optional())
        .map_err(|e| failed(&format!("cannot read run {run_id}"), e))
}

/// A run by its row.
pub fn get(db: &Connection, id: RunId) -> Result<Option<DagRun>> {
    let sql = format!("SELECT {} FROM dag_run WHERE id = ?1", rows::RUN);
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row([id.0], rows::run).optional())
        .map_err(|e| failed("cannot read a run", e))
}

/// The run of a partition that started last, or waits to; `None` if it has none.
pub fn of_partition(db: &Connection, dag_id: &str, start: Timestamp) -> Result<Option<DagRun>> {
    let sql = format!(
        "SELECT {} FROM dag_run WHERE dag_id = ?1 AND partition_date = ?2 ORDER BY start_date IS NULL, start_date DESC LIMIT 1",
        rows::RUN
    );
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params![dag_id, start.as_microsecond()], rows::run).optional())
        .map_err(|e| failed("cannot read the run of a partition", e))
}

/// The run of a DAG that has a logical date, or failing that a run id.
pub fn of_date(db: &Connection, dag_id: &str, date: Option<Timestamp>, run_id: &str) -> Result<Option<DagRun>> {
    let sql = format!(
        "SELECT {} FROM dag_run WHERE dag_id = ?1 AND (logical_date = ?2 OR run_id = ?3) ORDER BY logical_date IS NOT ?2",
        rows::RUN
    );
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params![dag_id, rows::micros(date), run_id], rows::run).optional())
        .map_err(|e| failed(&format!("cannot read the runs of {dag_id}"), e))
}

/// Finished runs of all DAGs that ended before a time, oldest first, without the newest run of each DAG.
pub fn ended_before(db: &Connection, before: Timestamp) -> Result<Vec<DagRun>> {
    let sql = format!(
        "SELECT {} FROM dag_run r WHERE state IN ('success', 'failed') AND end_date < ?1 AND id <> \
         (SELECT n.id FROM dag_run n WHERE n.dag_id = r.dag_id ORDER BY n.run_after DESC, n.id DESC LIMIT 1) \
         ORDER BY end_date, id",
        rows::RUN
    );
    let read =
        || -> rusqlite::Result<Vec<_>> { db.prepare(&sql)?.query_map([before.as_microsecond()], rows::run)?.collect() };
    read().map_err(|e| failed("cannot read old runs", e))
}

/// Runs of a DAG whose logical date (or, without one, `run_after`) lies between two instants, inclusive; oldest first.
pub fn between(db: &Connection, dag_id: &str, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Vec<DagRun>> {
    let sql = format!(
        "SELECT {} FROM dag_run WHERE dag_id = ?1 AND (?2 IS NULL OR coalesce(logical_date, run_after) >= ?2) \
         AND (?3 IS NULL OR coalesce(logical_date, run_after) <= ?3) ORDER BY coalesce(logical_date, run_after), id",
        rows::RUN
    );
    let read = || -> rusqlite::Result<Vec<DagRun>> {
        db.prepare_cached(&sql)?.query_map(params![dag_id, rows::micros(from), rows::micros(to)], rows::run)?.collect()
    };
    read().map_err(|e| failed(&format!("cannot read the runs of {dag_id}"), e))
}

/// Deletes a run with everything that belongs to it; its log files stay.
pub fn delete(tx: &Transaction<'_>, id: RunId) -> Result<()> {
    let tables = [
        "task_instance",
        "try",
        "cause",
        "xcom",
        "rendered_fields",
        "event",
        "heard_ask",
        "heard_say",
        "asset_event_run",
        "deferral",
        "hitl",
        "task_state",
        "deadline",
        "callback",
        "run_ended_before",
    ];
    for table in tables {
        tx.execute(&format!("DELETE FROM {table} WHERE run = ?1"), [id.0])
            .map_err(|e| failed("cannot delete a run", e))?;
    }
    super::pod::forget_run(tx, id)?;
    tx.execute("DELETE FROM dag_run WHERE id = ?1", [id.0]).map_err(|e| failed("cannot delete a run", e))?;
    Ok(())
}

/// Sets or removes the note of a run, or of one of its task instances.
pub fn set_note(tx: &Transaction<'_>, id: RunId, task: Option<(&str, i32)>, text: Option<&str>) -> Result<usize> {
    let write = || match task {
        None => tx.execute("UPDATE dag_run SET note = ?2 WHERE id = ?1", params![id.0, text]),
        Some((task_id, map_index)) => {
            text.map_or(Ok(()), |text| seen::noted(tx, id, task_id, text))?;
            tx.execute(
                "UPDATE task_instance SET note = ?4 WHERE run = ?1 AND task_id = ?2 AND map_index = ?3",
                params![id.0, task_id, map_index, text],
            )
        }
    };
    write().map_err(|e| failed("cannot write a note", e))
}

/// Ids of the runs of a DAG.
pub fn ids(db: &Connection, dag_id: &str) -> Result<Vec<(RunId, Arc<str>)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare("SELECT id, run_id FROM dag_run WHERE dag_id = ?1")?
            .query_map([dag_id], |row| Ok((RunId(row.get(0)?), row.get(1)?)))?
            .collect()
    };
    read().map_err(|e| failed("cannot read runs", e))
}

/// Notes what a try started elsewhere (a triggered run), in the transaction that starts it.
pub fn set_external_id(tx: &Transaction<'_>, key: &crate::model::TiKey, epoch: u32, external_id: &str) -> Result<()> {
    tx.execute(
        "UPDATE task_instance SET external_id = ?5 WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND epoch = ?4",
        params![key.run.0, &*key.task_id, key.map_index, epoch, external_id],
    )
    .map_err(|e| failed("cannot write an external id", e))?;
    Ok(())
}

/// Newest run of a DAG with a logical date before an instant, in a state if one is named.
pub fn previous(db: &Connection, dag_id: &str, before: Timestamp, state: Option<&str>) -> Result<Option<DagRun>> {
    let sql = format!(
        "SELECT {} FROM dag_run WHERE dag_id = ?1 AND logical_date < ?2 AND (?3 IS NULL OR state = ?3) \
         ORDER BY logical_date DESC LIMIT 1",
        rows::RUN
    );
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params![dag_id, before.as_microsecond(), state], rows::run).optional())
        .map_err(|e| failed("cannot read the previous run", e))
}
