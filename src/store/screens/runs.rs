//! The list of runs, of all DAGs or of one.

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{RunState, RunType, filter::Filter},
};

use super::{Counts, Micros, Page, RunRef, dags::run_counts, listed, page, run_ref, spelled};

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Which.
    pub run: RunRef,
    /// State.
    pub state: RunState,
    /// Why it exists.
    pub run_type: RunType,
    /// What it stands for.
    pub logical_date: Option<Micros>,
    /// Not before.
    pub run_after: Micros,
    /// First seen running.
    pub start: Option<Micros>,
    /// Ended.
    pub end: Option<Micros>,
    /// What it was triggered with, JSON.
    pub conf: String,
    /// A person's note.
    pub note: Option<String>,
    /// Who owns its DAG.
    pub owners: String,
    /// Its DAG's labels, JSON.
    pub tags: String,
    /// Its DAG is paused.
    pub paused: bool,
    /// Its instances.
    pub counts: Counts,
}

/// Runs that fit, newest first: at most `limit`, however many there are; of one DAG only, if it is given.
pub fn load(
    conn: &Connection,
    dag_id: Option<&str>,
    filter: &Filter,
    keep: impl Fn(&RunRow) -> bool,
    limit: usize,
) -> Result<Page<RunRow>> {
    const COLUMNS: &str =
        "SELECT r.id AS run_row, r.dag_id, r.run_id, r.state, r.run_type, r.logical_date, r.run_after,
        r.start_date, r.end_date, r.conf, r.note, coalesce(d.owners, '') AS owners, coalesce(d.tags, '[]') AS tags,
        coalesce(d.is_paused, 0) AS is_paused
        FROM dag_run r LEFT JOIN dag d ON d.dag_id = r.dag_id";
    const ORDER: &str = "(?1 IS NULL OR r.state IN (SELECT value FROM json_each(?1)))
        AND (?2 IS NULL OR lower(r.dag_id) IN (SELECT value FROM json_each(?2))) ORDER BY r.run_after DESC, r.id DESC";
    let make = |r: &rusqlite::Row<'_>| {
        Ok(RunRow {
            run: run_ref(r)?,
            state: spelled(r, "state")?,
            run_type: spelled(r, "run_type")?,
            logical_date: r.get("logical_date")?,
            run_after: r.get("run_after")?,
            start: r.get("start_date")?,
            end: r.get("end_date")?,
            conf: r.get("conf")?,
            note: r.get("note")?,
            owners: r.get("owners")?,
            tags: r.get("tags")?,
            paused: r.get("is_paused")?,
            counts: Counts::default(),
        })
    };
    let (states, dags) = (listed(filter.one_of("state")), listed(filter.one_of("dag")));
    let mut found = match dag_id {
        Some(id) => {
            page(conn, &format!("{COLUMNS} WHERE r.dag_id = ?3 AND {ORDER}"), (states, dags, id), make, keep, limit)?
        }
        None => page(conn, &format!("{COLUMNS} WHERE {ORDER}"), (states, dags), make, keep, limit)?,
    };
    for row in &mut found.rows {
        row.counts = run_counts(conn, row.run.id)?;
    }
    Ok(found)
}
