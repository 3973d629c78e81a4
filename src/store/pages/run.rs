//! Dag runs.

use rusqlite::{Connection, OptionalExtension, params, params_from_iter, types::Value as Sql};
use serde_json::Value;

use super::{documents, first, read_error, strings};
use crate::{
    error::{Error, Result},
    model::DagRun,
};

const COLUMNS: &str = r#"r.dag_id, r.run_id AS dag_run_id, r.state, r.run_type, r.triggered_by,
    r.logical_date AS "logical_date@t", r.data_interval_start AS "data_interval_start@t",
    r.data_interval_end AS "data_interval_end@t", r.run_after AS "run_after@t", r.queued_at AS "queued_at@t",
    r.start_date AS "start_date@t", r.end_date AS "end_date@t",
    CASE WHEN r.end_date IS NOT NULL THEN (r.end_date - r.start_date) / 1e6 END AS duration,
    r.conf AS "conf@j", r.note, r.clear_number, r.partition_key, r.partition_date AS "partition_date@t",
    (SELECT v.number FROM dag_version v WHERE v.id = r.dag_version) AS dag_version, r.backfill AS backfill_id"#;

/// Fields that `runs list` can be ordered by, besides their descending forms with `-`.
pub const ORDER: &[&str] =
    &["run_after", "logical_date", "start_date", "end_date", "queued_at", "state", "dag_id", "run_id", "duration"];

/// Which runs a list holds.
#[derive(Default)]
pub struct Which<'a> {
    /// Of this DAG.
    pub dag_id: Option<&'a str>,
    /// In one of these states; all if empty.
    pub states: &'a [String],
    /// Logical date (or, without one, `run_after`) not before, in microseconds.
    pub from: Option<i64>,
    /// And not after.
    pub to: Option<i64>,
    /// At most so many.
    pub limit: Option<u64>,
    /// One of [`ORDER`], with `-` for descending; newest first if `None`.
    pub order_by: Option<&'a str>,
}

/// Runs as `dag_run` documents.
///
/// # Errors
/// `Usage` for an unknown field to order by, `System` if the store can't be read.
pub fn list(conn: &Connection, which: &Which<'_>) -> Result<Vec<Value>> {
    let mut sql = format!("SELECT {COLUMNS} FROM dag_run r WHERE 1");
    let mut values: Vec<Sql> = Vec::new();
    if let Some(dag_id) = which.dag_id {
        sql.push_str(" AND r.dag_id = ?");
        values.push(Sql::Text(dag_id.into()));
    }
    if !which.states.is_empty() {
        sql.push_str(&format!(" AND r.state IN ({})", vec!["?"; which.states.len()].join(", ")));
        values.extend(which.states.iter().map(|s| Sql::Text(s.clone())));
    }
    for (bound, compare) in [(which.from, ">="), (which.to, "<=")] {
        if let Some(micros) = bound {
            sql.push_str(&format!(" AND coalesce(r.logical_date, r.run_after) {compare} ?"));
            values.push(Sql::Integer(micros));
        }
    }
    match which.order_by {
        None => sql.push_str(" ORDER BY r.run_after DESC, r.id DESC"),
        Some(text) => {
            let field = text.trim_start_matches('-');
            if !ORDER.contains(&field) {
                return Err(Error::usage(format!("runs can't be ordered by {field:?}"))
                    .hint(format!("one of {}; with a leading - for descending", ORDER.join(", "))));
            }
            let direction = if text.starts_with('-') { "DESC" } else { "ASC" };
            let column = if field == "duration" { "duration".to_owned() } else { format!("r.{field}") };
            sql.push_str(&format!(" ORDER BY {column} {direction}, r.id {direction}"));
        }
    }
    if let Some(limit) = which.limit {
        sql.push_str(" LIMIT ?");
        values.push(Sql::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    }
    documents(conn, &sql, params_from_iter(values))
}

/// One run as a `dag_run` document.
///
/// # Errors
/// `System` if the store can't be read.
pub fn one(conn: &Connection, run: i64) -> Result<Option<Value>> {
    first(conn, &format!("SELECT {COLUMNS} FROM dag_run r WHERE r.id = ?1"), [run])
}

/// Row id of a run by its run id.
///
/// # Errors
/// `System` if the store can't be read.
pub fn row_id(conn: &Connection, dag_id: &str, run_id: &str) -> Result<Option<i64>> {
    conn.query_row("SELECT id FROM dag_run WHERE dag_id = ?1 AND run_id = ?2", [dag_id, run_id], |row| row.get(0))
        .optional()
        .map_err(read_error)
}

/// Run id of the run with a logical date, in microseconds.
///
/// # Errors
/// `System` if the store can't be read.
pub fn at_logical_date(conn: &Connection, dag_id: &str, micros: i64) -> Result<Option<String>> {
    let sql = "SELECT run_id FROM dag_run WHERE dag_id = ?1 AND logical_date = ?2";
    conn.query_row(sql, params![dag_id, micros], |row| row.get(0)).optional().map_err(read_error)
}

/// Run ids of a DAG's latest runs, newest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn recent_ids(conn: &Connection, dag_id: &str, limit: u32) -> Result<Vec<String>> {
    let sql = "SELECT run_id FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT ?2";
    strings(conn, sql, params![dag_id, limit])
}

/// Number of runs that are running, of a DAG.
///
/// # Errors
/// `System` if the store can't be read.
pub fn running(conn: &Connection, dag_id: &str) -> Result<i64> {
    let sql = "SELECT count(*) FROM dag_run WHERE dag_id = ?1 AND state = 'running'";
    conn.query_row(sql, [dag_id], |row| row.get(0)).map_err(read_error)
}

/// What happened in a run, oldest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn events(conn: &Connection, run: i64) -> Result<Vec<Value>> {
    let sql = r#"SELECT at AS "when@t", kind, task_id, map_index, text, who FROM event WHERE run = ?1 ORDER BY id"#;
    documents(conn, sql, [run])
}

/// The newest run that the schedule made; from it the next one follows.
///
/// # Errors
/// `System` if the store can't be read.
pub fn last_automated(conn: &Connection, dag_id: &str) -> Result<Option<DagRun>> {
    crate::store::load::last_automated(conn, dag_id)
}
