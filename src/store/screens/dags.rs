//! The DAG list: every DAG with its last runs, and every file that doesn't import.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{Dag, Diagnostic, RunState, RunType, Severity, TiState},
};

use super::{
    Counts, Micros, RunRef, definition, label,
    pace::Pace,
    rows, spelled,
    system::{self, PoolUse},
};

/// How many runs a row remembers.
pub const RUNS: usize = 28;

/// One run in a row of letters.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCell {
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
}

impl RunCell {
    /// Seconds it took, or has taken at `now`.
    pub fn seconds(&self, now: Micros) -> Option<f64> {
        self.start.map(|s| (self.end.unwrap_or(now).max(s) - s) as f64 / 1e6)
    }
}

/// One DAG.
#[derive(Debug, Clone, PartialEq)]
pub struct DagRow {
    /// Id.
    pub dag_id: String,
    /// File.
    pub fileloc: String,
    /// Paused.
    pub paused: bool,
    /// Its file is gone.
    pub stale: bool,
    /// Its file doesn't import any more.
    pub import_errors: bool,
    /// Schedule, for people.
    pub schedule: String,
    /// One line.
    pub description: Option<String>,
    /// Owners, joined.
    pub owners: String,
    /// Labels.
    pub tags: Vec<String>,
    /// When the next run is due.
    pub next_run: Option<Micros>,
    /// Number of the latest version.
    pub version: i64,
    /// Since when that version.
    pub version_since: Micros,
    /// Newest first.
    pub runs: Vec<RunCell>,
    /// Instances of the newest run.
    pub counts: Counts,
    /// Pools of the newest run's instances.
    pub pools: Vec<String>,
    /// A failed instance of the newest run, with its cause.
    pub failure: Option<(String, String)>,
    /// The first deadline of the newest run.
    pub deadline: Option<Micros>,
}

impl DagRow {
    /// How long its successful runs among those remembered took.
    pub fn pace(&self) -> Pace {
        Pace::of_runs(&self.runs)
    }
}

/// A DAG itself.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Its latest definition.
    pub dag: Dag,
    /// Schedule, for people.
    pub schedule: String,
    /// Paused.
    pub paused: bool,
    /// When the next run is due.
    pub next_run: Option<Micros>,
    /// Number of the latest version, and since when.
    pub version: (i64, Micros),
}

/// Reads a DAG itself; `None` if it is gone.
pub fn about(conn: &Connection, dag_id: &str) -> Result<Option<About>> {
    let Some(dag) = definition(conn, dag_id, None)? else { return Ok(None) };
    let found = rows(
        conn,
        "SELECT d.timetable_summary, d.is_paused, d.next_run_after, v.number, v.created_at
         FROM dag d JOIN dag_version v ON v.id = d.version_id WHERE d.dag_id = ?1",
        [dag_id],
        |r| {
            let (dag, version) = (dag.clone(), (r.get(3)?, r.get(4)?));
            Ok(About { dag, schedule: r.get(0)?, paused: r.get(1)?, next_run: r.get(2)?, version })
        },
    )?;
    Ok(found.into_iter().next())
}

/// The list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dags {
    /// DAGs by id.
    pub dags: Vec<DagRow>,
    /// Files with errors.
    pub errors: Vec<Diagnostic>,
    /// Pools with their use.
    pub pools: Vec<PoolUse>,
}

/// Reads the list.
pub fn load(conn: &Connection) -> Result<Dags> {
    let mut dags = rows(
        conn,
        "SELECT d.dag_id, d.fileloc, d.is_paused, d.is_stale, d.has_import_errors, d.timetable_summary, d.description,
                d.owners, d.tags, d.next_run_after, v.number, v.created_at
         FROM dag d LEFT JOIN dag_version v ON v.id = d.version_id ORDER BY d.dag_id",
        [],
        |r| {
            let tags: String = r.get("tags")?;
            Ok(DagRow {
                dag_id: r.get("dag_id")?,
                fileloc: r.get("fileloc")?,
                paused: r.get("is_paused")?,
                stale: r.get("is_stale")?,
                import_errors: r.get("has_import_errors")?,
                schedule: r.get("timetable_summary")?,
                description: r.get("description")?,
                owners: r.get("owners")?,
                tags: serde_json::from_str(&tags).unwrap_or_default(),
                next_run: r.get("next_run_after")?,
                version: r.get::<_, Option<i64>>("number")?.unwrap_or(0),
                version_since: r.get::<_, Option<i64>>("created_at")?.unwrap_or(0),
                runs: Vec::new(),
                counts: Counts::default(),
                pools: Vec::new(),
                failure: None,
                deadline: None,
            })
        },
    )?;
    for dag in &mut dags {
        dag.runs = recent_runs(conn, &dag.dag_id, RUNS)?;
        if let Some(last) = dag.runs.first() {
            let run = last.run.id;
            for (state, pool, n) in rows(
                conn,
                "SELECT state, pool, count(*) AS n FROM task_instance WHERE run = ?1 GROUP BY state, pool",
                [run],
                |r| Ok((spelled::<TiState>(r, "state")?, r.get::<_, String>("pool")?, r.get("n")?)),
            )? {
                dag.counts.add(state, n);
                if !dag.pools.contains(&pool) {
                    dag.pools.push(pool);
                }
            }
            dag.deadline = rows(
                conn,
                "SELECT due_at FROM deadline WHERE run = ?1 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1",
                [run],
                |r| r.get(0),
            )?
            .into_iter()
            .next();
            if dag.counts.get(TiState::Failed) > 0 || dag.counts.get(TiState::UpForRetry) > 0 {
                dag.failure = first_failure(conn, run)?;
            }
        }
    }
    Ok(Dags { dags, errors: import_errors(conn)?, pools: system::pools(conn)? })
}

/// The newest runs of a DAG, newest first.
pub fn recent_runs(conn: &Connection, dag_id: &str, limit: usize) -> Result<Vec<RunCell>> {
    rows(
        conn,
        "SELECT id AS run_row, dag_id, run_id, state, run_type, logical_date, run_after, start_date, end_date
         FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT ?2",
        (dag_id, limit as i64),
        cell,
    )
}

/// Makes a [`RunCell`] from its columns.
pub(crate) fn cell(r: &rusqlite::Row<'_>) -> rusqlite::Result<RunCell> {
    Ok(RunCell {
        run: super::run_ref(r)?,
        state: spelled(r, "state")?,
        run_type: spelled(r, "run_type")?,
        logical_date: r.get("logical_date")?,
        run_after: r.get("run_after")?,
        start: r.get("start_date")?,
        end: r.get("end_date")?,
    })
}

/// How many instances of a run are in which state.
pub fn run_counts(conn: &Connection, run: i64) -> Result<Counts> {
    let kept: Vec<Option<Counts>> = rows(conn, "SELECT counts FROM dag_run WHERE id = ?1", [run], kept_counts)?;
    if let Some(Some(counts)) = kept.first() {
        return Ok(*counts);
    }
    let mut counts = Counts::default();
    for (state, n) in
        rows(conn, "SELECT state, count(*) AS n FROM task_instance WHERE run = ?1 GROUP BY state", [run], |r| {
            Ok((spelled::<TiState>(r, "state")?, r.get::<_, u32>("n")?))
        })?
    {
        counts.add(state, n);
    }
    Ok(counts)
}

/// Column `counts` of a run: its instances by state, as the writer counted them when it ended. `None`: they are to be counted.
pub(crate) fn kept_counts(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Counts>> {
    let Some(text) = row.get::<_, Option<String>>("counts")? else { return Ok(None) };
    let by_state: Option<BTreeMap<TiState, u32>> = serde_json::from_str(&text).ok();
    Ok(by_state.map(|by_state| {
        let mut counts = Counts::default();
        by_state.into_iter().for_each(|(state, n)| counts.add(state, n));
        counts
    }))
}

fn first_failure(conn: &Connection, run: i64) -> Result<Option<(String, String)>> {
    let found = rows(
        conn,
        "SELECT t.task_id, t.map_index, coalesce(y.cause_summary, c.summary) AS why,
                coalesce(y.cause_exception, c.exception) AS exception
         FROM task_instance t
         LEFT JOIN try y ON y.run = t.run AND y.task_id = t.task_id AND y.map_index = t.map_index
              AND y.try_number = t.try_number
         LEFT JOIN cause c ON c.run = t.run AND c.task_id = t.task_id AND c.map_index = t.map_index
         WHERE t.run = ?1 AND t.state IN ('failed', 'up_for_retry') ORDER BY t.end_date LIMIT 1",
        [run],
        |r| {
            let task: String = r.get("task_id")?;
            Ok((
                label(&task, r.get("map_index")?),
                super::instances::reason(r.get("why")?, r.get("exception")?).unwrap_or_default(),
            ))
        },
    )?;
    Ok(found.into_iter().next())
}

/// Every error of every file.
pub fn import_errors(conn: &Connection) -> Result<Vec<Diagnostic>> {
    let texts: Vec<String> =
        rows(conn, "SELECT diagnostics FROM dag_file WHERE diagnostics <> '[]' ORDER BY fileloc", [], |r| r.get(0))?;
    Ok(texts
        .iter()
        .flat_map(|t| serde_json::from_str::<Vec<Diagnostic>>(t).unwrap_or_default())
        .filter(|d| d.severity == Severity::Error)
        .collect())
}

/// A DAG is paused.
pub fn is_paused(conn: &Connection, dag_id: &str) -> Result<bool> {
    let found: Vec<bool> = rows(conn, "SELECT is_paused FROM dag WHERE dag_id = ?1", [dag_id], |r| r.get(0))?;
    Ok(found.first() == Some(&true))
}
