//! The list of runs, of all DAGs or of one.

use std::cmp::Reverse;

use rusqlite::{Connection, types::Value};

use crate::{
    error::Result,
    model::{RunState, RunType, UNMAPPED, filter::Filter},
};

use super::{
    Counts, Micros, RunRef,
    dags::{kept_counts, run_counts},
    page::{self, Page, Part, Placed, Position, Walk, one_dag},
    run_ref, spelled,
};

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
    /// They are yet to be counted.
    uncounted: bool,
}

impl Placed for RunRow {
    fn position(&self, walk: Walk) -> Position {
        let at = if walk == Walk::Failed { self.end.unwrap_or(Micros::MIN) } else { self.run_after };
        Position { at: Reverse(at), run: Reverse(self.run.id), task_id: String::new(), map_index: UNMAPPED }
    }
}

/// A part of the runs that fit; of one DAG only, if it is given. The filter is used as for task instances.
pub fn load(
    conn: &Connection,
    dag_id: Option<&str>,
    filter: &Filter,
    keep: impl Fn(&RunRow) -> bool,
    part: &Part,
) -> Result<Page<RunRow>> {
    const COLUMNS: &str =
        "SELECT r.id AS run_row, r.dag_id, r.run_id, r.state, r.run_type, r.logical_date, r.run_after,
        r.start_date, r.end_date, r.conf, r.note, r.counts, coalesce(d.owners, '') AS owners, coalesce(d.tags, '[]') AS tags,
        coalesce(d.is_paused, 0) AS is_paused";
    let make = |r: &rusqlite::Row<'_>| {
        let counts = kept_counts(r)?;
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
            counts: counts.unwrap_or_default(),
            uncounted: counts.is_none(),
        })
    };
    let walk = match filter.one_of("state") {
        Some([one]) if one == "failed" => Walk::Failed,
        Some(some) if some.iter().all(|s| s == "queued" || s == "running") => Walk::Busy,
        _ => Walk::Runs,
    };
    let dag = match dag_id {
        Some(dag) => Some(dag.to_owned()),
        None => one_dag(conn, filter.one_of("dag"))?,
    };
    let (index, order) = match (walk, &dag) {
        (Walk::Failed, _) => ("dag_run_failed", "r.end_date DESC, r.id DESC"),
        (Walk::Busy, _) => ("dag_run_active", "r.run_after DESC, r.id DESC"),
        (Walk::Runs, Some(_)) => ("dag_run_recent", "r.run_after DESC, r.id DESC"),
        (Walk::Runs, None) => ("dag_run_all", "r.run_after DESC, r.id DESC"),
    };
    let mut terms = match walk {
        Walk::Failed => vec!["r.state = 'failed'"],
        Walk::Busy => vec!["r.state IN ('queued', 'running')"],
        Walk::Runs => Vec::new(),
    };
    let mut values: Vec<Value> = Vec::new();
    if let Some(dag) = dag {
        terms.push("r.dag_id = ?");
        values.push(dag.into());
    }
    if let Some(p) = &part.after {
        terms.push(match walk {
            Walk::Failed => "(r.end_date, r.id) < (?, ?)",
            _ => "(r.run_after, r.id) < (?, ?)",
        });
        values.extend([p.at.0.into(), p.run.0.into()]);
    }
    let narrow = if terms.is_empty() { String::new() } else { format!("WHERE {}", terms.join(" AND ")) };
    let sql = format!(
        "{COLUMNS} FROM dag_run r INDEXED BY {index} LEFT JOIN dag d ON d.dag_id = r.dag_id {narrow} ORDER BY {order}"
    );
    let mut found = page::read(conn, (&sql, values), walk, make, keep, part.limit)?;
    for row in found.rows.iter_mut().filter(|row| row.uncounted) {
        row.counts = run_counts(conn, row.run.id)?;
    }
    Ok(found)
}
