//! The list of task instances, of all DAGs or of one run.

use std::cmp::Reverse;

use rusqlite::{Connection, types::Value};

use crate::{
    error::Result,
    model::{MapIndex, TiState, filter::Filter},
};

use super::{
    Micros, TiRef,
    page::{self, Page, Part, Placed, Position, Reading, Walk, one_dag},
    reach::{self, Reach, Tasks},
    reading, rows, spelled, ti_ref,
};

/// One task instance.
#[derive(Debug, Clone, PartialEq)]
pub struct TiRow {
    /// Which.
    pub ti: TiRef,
    /// State.
    pub state: TiState,
    /// Number of the current or last try.
    pub try_number: u32,
    /// Tries it may have after the first, raised by clearing.
    pub max_tries: u32,
    /// Operator's class name.
    pub operator: String,
    /// Pool.
    pub pool: String,
    /// Name of a mapped instance.
    pub rendered_map_index: Option<String>,
    /// Start of the current or last try.
    pub start: Option<Micros>,
    /// End of the last try.
    pub end: Option<Micros>,
    /// When a wait ends.
    pub wake_at: Option<Micros>,
    /// Not before, of its run.
    pub run_after: Micros,
    /// What its run stands for.
    pub logical_date: Option<Micros>,
    /// Why it ended.
    pub why: Option<String>,
    /// Groups equal failures.
    pub fingerprint: Option<String>,
    /// Who owns its DAG.
    pub owners: String,
    /// Its DAG's labels, JSON.
    pub tags: String,
    /// Its DAG is paused.
    pub paused: bool,
    /// A person's note.
    pub note: Option<String>,
}

impl TiRow {
    /// Seconds it took, or has taken at `now`.
    pub fn seconds(&self, now: Micros) -> Option<f64> {
        let start = self.start?;
        match self.end {
            Some(end) if end >= start => Some((end - start) as f64 / 1e6),
            _ if self.state == TiState::Running => Some((now - start).max(0) as f64 / 1e6),
            _ => None,
        }
    }
}

/// Columns and joins; `{}` is the table of instances `t` joined with runs `r`.
pub(crate) const SELECT: &str = "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index, t.state,
    t.try_number, t.max_tries, t.operator, t.pool, t.rendered_map_index, t.start_date, t.end_date, t.wake_at,
    r.run_after, r.logical_date, coalesce(y.cause_summary, c.summary) AS why,
    coalesce(y.cause_exception, c.exception) AS exception,
    coalesce(y.fingerprint, c.fingerprint) AS fingerprint, coalesce(d.owners, '') AS owners,
    coalesce(d.tags, '[]') AS tags, coalesce(d.is_paused, 0) AS is_paused, t.note";
/// What a row's reason and DAG come from.
pub(crate) const JOINS: &str = "LEFT JOIN try y ON y.run = t.run AND y.task_id = t.task_id
    AND y.map_index = t.map_index AND y.try_number = t.try_number
    LEFT JOIN cause c ON c.run = t.run AND c.task_id = t.task_id AND c.map_index = t.map_index
    LEFT JOIN dag d ON d.dag_id = r.dag_id";

pub(crate) fn make(r: &rusqlite::Row<'_>) -> rusqlite::Result<TiRow> {
    Ok(TiRow {
        ti: ti_ref(r)?,
        state: spelled(r, "state")?,
        try_number: r.get("try_number")?,
        max_tries: r.get("max_tries")?,
        operator: r.get("operator")?,
        pool: r.get("pool")?,
        rendered_map_index: r.get("rendered_map_index")?,
        start: r.get("start_date")?,
        end: r.get("end_date")?,
        wake_at: r.get("wake_at")?,
        run_after: r.get("run_after")?,
        logical_date: r.get("logical_date")?,
        why: reason(r.get("why")?, r.get("exception")?),
        fingerprint: r.get("fingerprint")?,
        owners: r.get("owners")?,
        tags: r.get("tags")?,
        paused: r.get("is_paused")?,
        note: r.get("note")?,
    })
}

/// A cause's sentence, with the exception's class if it doesn't say it. `AirflowException` says nothing that the sentence doesn't.
pub(crate) fn reason(why: Option<String>, exception: Option<String>) -> Option<String> {
    match (why, exception) {
        (Some(why), Some(class)) if !["", "AirflowException"].contains(&class.as_str()) && !why.contains(&class) => {
            Some(format!("{class}: {why}"))
        }
        (why, _) => why,
    }
}

/// States that the index of busy instances has. A condition must say it in these words, else SQLite doesn't take the index.
pub(crate) const BUSY: &str = "t.state NOT IN ('none', 'success', 'skipped', 'upstream_failed', 'removed', 'failed')";

impl Placed for TiRow {
    fn position(&self, walk: Walk) -> Position {
        let at = if walk == Walk::Failed { self.end.unwrap_or(Micros::MIN) } else { self.run_after };
        Position {
            at: Reverse(at),
            run: Reverse(self.ti.run.id),
            task_id: self.ti.task_id.clone(),
            map_index: self.ti.map_index,
        }
    }
}

/// What instances are searched for. What may fit at all is found out once, however many pages are read.
#[derive(Debug)]
pub struct Search {
    filter: Filter,
    reach: Option<Reach>,
}

impl Search {
    /// Begins a search at this moment.
    pub fn new(conn: &Connection, filter: &Filter, now: Micros) -> Result<Self> {
        Ok(Self { reach: reach::of(conn, filter, now)?, filter: filter.clone() })
    }
}

/// A part of the instances of all DAGs that fit. The filter is used twice: what it asks for narrows what is read, and `keep`
/// says the whole truth about a row.
pub fn load(
    conn: &Connection,
    Search { filter, reach }: &Search,
    keep: impl Fn(&TiRow) -> bool,
    part: &Part,
) -> Result<Page<TiRow>> {
    let idle = ["none", "success", "skipped", "upstream_failed", "removed", "failed"];
    let walk = match filter.one_of("state") {
        Some([one]) if one == "failed" => Walk::Failed,
        Some(some) if some.iter().all(|s| !idle.contains(&s.as_str())) => Walk::Busy,
        _ => Walk::Runs,
    };
    if reach.as_ref().is_some_and(Reach::is_empty) {
        return Ok(Page { walk, ..Vec::new().into() });
    }
    if walk == Walk::Runs {
        return by_run(conn, reach.as_ref(), keep, part);
    }
    let mut terms = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    if let Some(dag) = one_dag(conn, filter.one_of("dag"))? {
        terms.push("r.dag_id = ?");
        values.push(dag.into());
    }
    let (index, order) = match walk {
        Walk::Failed => {
            terms.push("t.state = 'failed'");
            if let Some(since) = reach.as_ref().and_then(|reach| reach.since) {
                terms.push("t.end_date >= ?");
                values.push(since.into());
            }
            ("task_instance_failed", "t.end_date DESC, t.run DESC, t.task_id, t.map_index")
        }
        _ => {
            terms.push(BUSY);
            ("task_instance_busy", "r.run_after DESC, r.id DESC, t.task_id, t.map_index")
        }
    };
    if let Some(p) = &part.after {
        let (at, run): (Value, Value) = (p.at.0.into(), p.run.0.into());
        let inside: [Value; 2] = [p.task_id.clone().into(), i64::from(p.map_index).into()];
        if walk == Walk::Failed {
            terms.push(
                "t.end_date <= ? AND (t.end_date < ? OR t.run < ? OR t.run = ? AND (t.task_id, t.map_index) > (?, ?))",
            );
            values.extend([at.clone(), at, run.clone(), run]);
        } else {
            terms.push("(r.run_after, r.id) <= (?, ?) AND NOT (r.id = ? AND (t.task_id, t.map_index) <= (?, ?))");
            values.extend([at, run.clone(), run]);
        }
        values.extend(inside);
    }
    let sql = format!(
        "{SELECT} FROM task_instance t INDEXED BY {index} CROSS JOIN dag_run r ON r.id = t.run {JOINS}
         WHERE {} ORDER BY {order}",
        terms.join(" AND ")
    );
    page::read(conn, (&sql, values), walk, make, keep, part.limit)
}

/// The same run by run, newest first; of each run only the tasks that may fit.
fn by_run(conn: &Connection, reach: Option<&Reach>, keep: impl Fn(&TiRow) -> bool, part: &Part) -> Result<Page<TiRow>> {
    let mut terms = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut index = "INDEXED BY dag_run_all";
    if let Some(reach) = reach {
        if let Some(dag) = reach.only_dag() {
            index = "INDEXED BY dag_run_recent";
            terms.push("r.dag_id = ?");
            values.push(dag.to_owned().into());
        } else if reach.tasks.is_empty() {
            index = "";
            terms.push("r.id IN (SELECT value FROM json_each(?))");
            values.push(serde_json::json!(reach.runs).to_string().into());
        }
        if let Some(since) = reach.since {
            terms.push(
                "(r.end_date IS NULL OR r.end_date >= ? OR r.run_after >= ? OR r.id IN (SELECT run FROM run_ended_before))",
            );
            values.extend([since.into(), since.into()]);
        }
    }
    if let Some(p) = &part.after {
        terms.push("(r.run_after, r.id) <= (?, ?)");
        values.extend([p.at.0.into(), p.run.0.into()]);
    }
    let narrow = if terms.is_empty() { String::new() } else { format!("WHERE {}", terms.join(" AND ")) };
    let sql = format!(
        "SELECT r.id, r.run_after, r.dag_id FROM dag_run r {index} {narrow} ORDER BY r.run_after DESC, r.id DESC"
    );
    let inside = |tasks: &str| {
        format!(
            "{SELECT} FROM task_instance t CROSS JOIN dag_run r ON r.id = t.run {JOINS}
             WHERE t.run = ?1 AND (t.task_id, t.map_index) > (?2, ?3) {tasks} ORDER BY t.task_id, t.map_index"
        )
    };
    let (whole, some) = (inside(""), inside("AND t.task_id IN (SELECT value FROM json_each(?4))"));
    #[cfg(test)]
    for sql in [&sql, &whole, &some] {
        super::plans::note(conn, sql);
    }
    let prepare = |sql: &str| conn.prepare_cached(sql).map_err(reading);
    let (mut runs, mut whole, mut some) = (prepare(&sql)?, prepare(&whole)?, prepare(&some)?);
    let mut found = runs.query(rusqlite::params_from_iter(values)).map_err(reading)?;
    let mut page = Reading::new(Walk::Runs, part.limit);
    while let Some(row) = found.next().map_err(reading)? {
        if page.is_full() {
            return Ok(page.done(false));
        }
        let get = |at: usize| row.get::<_, i64>(at).map_err(reading);
        let (run, run_after) = (get(0)?, get(1)?);
        let begin = part.after.as_ref().filter(|p| p.run.0 == run);
        let begin = begin.map_or(("", MapIndex::MIN), |p| (p.task_id.as_str(), p.map_index));
        let dag = row.get_ref(2).and_then(|v| Ok(v.as_str()?)).map_err(reading)?;
        let tasks = match reach {
            Some(reach) if !reach.runs.contains(&run) => reach.tasks.get(dag),
            _ => Some(&Tasks::All),
        };
        let mut instances = match tasks {
            None => {
                page.pass(run_after, run);
                continue;
            }
            Some(Tasks::All) => whole.query((run, begin.0, begin.1)),
            Some(Tasks::These(tasks)) => some.query((run, begin.0, begin.1, tasks)),
        }
        .map_err(reading)?;
        while let Some(row) = instances.next().map_err(reading)? {
            if page.is_full() {
                return Ok(page.done(false));
            }
            page.look(make(row).map_err(reading)?, &keep);
        }
    }
    Ok(page.done(true))
}

/// Instances of one run, by task and index.
pub fn of_run(conn: &Connection, run: i64) -> Result<Vec<TiRow>> {
    let sql = format!(
        "{SELECT} FROM task_instance t JOIN dag_run r ON r.id = t.run {JOINS} WHERE t.run = ?1
        ORDER BY t.task_id, t.map_index"
    );
    rows(conn, &sql, [run], make)
}

/// Some instances, in the order in which they were named; those that are gone are left out.
pub fn these(conn: &Connection, named: &[TiRef]) -> Result<Vec<TiRow>> {
    let sql = format!(
        "{SELECT} FROM task_instance t JOIN dag_run r ON r.id = t.run {JOINS}
         WHERE t.run = ?1 AND t.task_id = ?2 AND t.map_index = ?3"
    );
    let mut out = Vec::new();
    for ti in named {
        out.extend(rows(conn, &sql, (ti.run.id, &ti.task_id, ti.map_index), make)?);
    }
    Ok(out)
}

/// An instance by its names; without a task the first one of the run. `None` if it is gone.
pub fn named(conn: &Connection, dag_id: &str, run_id: &str, task: Option<(&str, MapIndex)>) -> Result<Option<TiRef>> {
    let (task_id, index) = task.unwrap_or_default();
    let found = rows(
        conn,
        "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index FROM dag_run r
         JOIN task_instance t ON t.run = r.id AND (?3 OR (t.task_id = ?4 AND t.map_index = ?5))
         WHERE r.dag_id = ?1 AND r.run_id = ?2 LIMIT 1",
        (dag_id, run_id, task.is_none(), task_id, index),
        ti_ref,
    )?;
    Ok(found.into_iter().next())
}

/// Of all indexes of a task in a run the first that failed; else one that waits for its next try, one that runs, or the first.
pub fn worst_of(conn: &Connection, run: i64, task_id: &str) -> Result<Option<TiRef>> {
    let found = rows(
        conn,
        "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index FROM task_instance t
         JOIN dag_run r ON r.id = t.run WHERE t.run = ?1 AND t.task_id = ?2
         ORDER BY t.state = 'failed' DESC, t.state = 'up_for_retry' DESC, t.state = 'running' DESC, t.map_index LIMIT 1",
        (run, task_id),
        ti_ref,
    )?;
    Ok(found.into_iter().next())
}

/// Every index of a task in a run.
pub fn of_task(conn: &Connection, run: i64, task_id: &str) -> Result<Vec<TiRow>> {
    let sql = format!(
        "{SELECT} FROM task_instance t JOIN dag_run r ON r.id = t.run {JOINS}
         WHERE t.run = ?1 AND t.task_id = ?2 ORDER BY t.map_index"
    );
    rows(conn, &sql, (run, task_id), make)
}

/// The newest failed instance of a run, or of the newest failed run of a DAG.
pub fn newest_failure(conn: &Connection, dag_id: &str, run: Option<i64>) -> Result<Option<TiRef>> {
    let found = match run {
        Some(id) => rows(
            conn,
            "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index FROM task_instance t
             JOIN dag_run r ON r.id = t.run WHERE t.run = ?1 AND t.state IN ('failed', 'up_for_retry')
             ORDER BY t.state, t.end_date LIMIT 1",
            [id],
            ti_ref,
        )?,
        None => rows(
            conn,
            "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index
             FROM (SELECT * FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC, id DESC LIMIT 200) r
             JOIN task_instance t ON r.id = t.run WHERE t.state IN ('failed', 'up_for_retry')
             ORDER BY r.run_after DESC, r.id DESC, t.state, t.end_date LIMIT 1",
            [dag_id],
            ti_ref,
        )?,
    };
    Ok(found.into_iter().next())
}

/// The first instance that hasn't ended, of a run or of a DAG's newest run that hasn't.
pub fn newest_waiting(conn: &Connection, dag_id: &str, run: Option<i64>) -> Result<Option<TiRef>> {
    let found = rows(
        conn,
        "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index
         FROM (SELECT * FROM dag_run WHERE dag_id = ?1 AND state IN ('queued', 'running') AND (?2 IS NULL OR id = ?2)
               ORDER BY run_after DESC, id DESC LIMIT 200) r
         JOIN task_instance t ON t.run = r.id
         WHERE t.state NOT IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed', 'running')
         ORDER BY r.run_after DESC, r.id DESC, t.state = 'none', t.scheduled_when, t.task_id, t.map_index LIMIT 1",
        (dag_id, run),
        ti_ref,
    )?;
    Ok(found.into_iter().next())
}
