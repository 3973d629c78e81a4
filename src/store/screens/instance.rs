//! One task instance with all that belongs to it.

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{MapIndex, Task, TiState},
};

use super::{
    Micros, TiRef,
    changes::{Changes, since_it_worked},
    definition,
    instances::{self, TiRow},
    pace::{self, Pace},
    pods::{self, PodRow},
    rows,
    run::{TryRow, tries},
    settings::holders,
    spelled,
    system::{PoolUse, pools},
    xcoms::{self, XcomRow},
};

/// Something that happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// When.
    pub at: Micros,
    /// What kind.
    pub kind: String,
    /// What.
    pub text: String,
    /// Who did it.
    pub who: Option<String>,
}

/// The instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceDetail {
    /// Its row.
    pub row: TiRow,
    /// Its task, as in the version that the run uses.
    pub task: Option<Task>,
    /// Every index of its task, with the state.
    pub indexes: Vec<(MapIndex, TiState)>,
    /// Its pods, oldest first.
    pub pods: Vec<PodRow>,
    /// Tries, oldest first.
    pub tries: Vec<TryRow>,
    /// Rendered fields as JSON text, if they were rendered.
    pub rendered: Option<String>,
    /// What it pushed.
    pub xcoms: Vec<XcomRow>,
    /// What happened, newest first.
    pub events: Vec<EventRow>,
    /// Instances directly above.
    pub upstream: Vec<(String, MapIndex, TiState)>,
    /// Its pool.
    pub pool: Option<PoolUse>,
    /// Slots that it takes.
    pub pool_slots: i64,
    /// Machine, process id, id outside.
    pub place: (Option<String>, Option<i64>, Option<String>),
    /// Ready, and handed to the executor.
    pub waits: (Option<Micros>, Option<Micros>),
    /// Effective weight.
    pub priority_weight: i64,
    /// State of its run.
    pub run_state: String,
    /// What its run was triggered with, JSON.
    pub conf: String,
    /// Number of its run's DAG version.
    pub version: i64,
    /// Of one that waits: who holds slots of its pool, or waits for them, too.
    pub holders: Vec<TiRow>,
    /// Of one that waits: when the first of those that hold slots is likely to be done, and its name.
    pub frees: Option<(Micros, String)>,
    /// Of one that didn't work: what changed since it last did.
    pub changes: Option<Changes>,
    /// In how many runs in a row right before this one it failed for the same reason.
    pub same_before: usize,
    /// How long it usually takes.
    pub pace: Pace,
}

/// Reads an instance; `None` if it is gone.
pub fn load(conn: &Connection, ti: &TiRef) -> Result<Option<InstanceDetail>> {
    let sql = format!(
        "{} FROM task_instance t JOIN dag_run r ON r.id = t.run {} WHERE t.run = ?1 AND t.task_id = ?2
         AND t.map_index = ?3",
        instances::SELECT,
        instances::JOINS
    );
    let key = (ti.run.id, &ti.task_id, ti.map_index);
    let Some(row) = rows(conn, &sql, key, instances::make)?.into_iter().next() else { return Ok(None) };
    let more = rows(
        conn,
        "SELECT t.hostname, t.pid, t.external_id, t.scheduled_when, t.queued_when, t.pool_slots, t.priority_weight,
                r.state, r.dag_version, r.conf,
                coalesce((SELECT number FROM dag_version v WHERE v.id = r.dag_version), 0)
         FROM task_instance t JOIN dag_run r ON r.id = t.run WHERE t.run = ?1 AND t.task_id = ?2 AND t.map_index = ?3",
        key,
        |r| {
            Ok((
                (r.get(0)?, r.get(1)?, r.get(2)?),
                (r.get(3)?, r.get(4)?),
                (r.get(5)?, r.get(6)?),
                (r.get::<_, String>(7)?, r.get::<_, String>(9)?),
                (r.get::<_, i64>(8)?, r.get::<_, i64>(10)?),
            ))
        },
    )?;
    let Some((place, waits, (pool_slots, priority_weight), (run_state, conf), (version_row, version))) =
        more.into_iter().next()
    else {
        return Ok(None);
    };
    let dag = match definition(conn, &ti.run.dag_id, Some(version_row))? {
        Some(dag) => Some(dag),
        None => definition(conn, &ti.run.dag_id, None)?,
    };
    let task = dag.and_then(|mut d| d.tasks.shift_remove(ti.task_id.as_str()));
    let mut upstream = Vec::new();
    for id in task.iter().flat_map(|t| &t.upstream_task_ids) {
        upstream.extend(rows(
            conn,
            "SELECT task_id, map_index, state FROM task_instance WHERE run = ?1 AND task_id = ?2 LIMIT 200",
            (ti.run.id, &**id),
            |r| Ok((r.get::<_, String>(0)?, r.get(1)?, spelled::<TiState>(r, "state")?)),
        )?);
    }
    let holders = if matches!(row.state, TiState::None | TiState::Scheduled | TiState::Queued) {
        holders(conn, Some(&row.pool))?
    } else {
        Vec::new()
    };
    Ok(Some(InstanceDetail {
        indexes: rows(
            conn,
            "SELECT map_index, state FROM task_instance WHERE run = ?1 AND task_id = ?2 ORDER BY map_index",
            (ti.run.id, &ti.task_id),
            |r| Ok((r.get(0)?, spelled::<TiState>(r, "state")?)),
        )?,
        pods: pods::of_instance(conn, ti)?,
        tries: tries(conn, ti.run.id, Some((&ti.task_id, ti.map_index)))?,
        rendered: rows(
            conn,
            "SELECT fields FROM rendered_fields WHERE run = ?1 AND task_id = ?2 AND map_index = ?3",
            key,
            |r| r.get(0),
        )?
        .into_iter()
        .next(),
        xcoms: xcoms::load(conn, ti.run.id, Some((&ti.task_id, ti.map_index)))?,
        events: rows(
            conn,
            "SELECT at, kind, text, who FROM event WHERE run = ?1 AND (task_id IS NULL OR (task_id = ?2 AND
             coalesce(map_index, -1) = ?3)) ORDER BY id DESC LIMIT 200",
            key,
            |r| Ok(EventRow { at: r.get(0)?, kind: r.get(1)?, text: r.get(2)?, who: r.get(3)? }),
        )?,
        upstream,
        pool: pools(conn)?.into_iter().find(|p| p.name == row.pool),
        pool_slots,
        place,
        waits,
        priority_weight,
        run_state,
        conf,
        version,
        frees: first_free(conn, &holders)?,
        holders,
        changes: if row.state.is_failure() || row.state == TiState::UpForRetry {
            Some(since_it_worked(conn, ti)?)
        } else {
            None
        },
        same_before: match (&row.fingerprint, row.state.is_failure() || row.state == TiState::UpForRetry) {
            (Some(fingerprint), true) => pace::same_before(conn, ti, fingerprint)?,
            _ => 0,
        },
        pace: pace::of_task(conn, ti)?,
        row,
        task,
    }))
}

/// Of what runs among those that hold slots: which is done first if it takes as long as it usually does.
fn first_free(conn: &Connection, holders: &[TiRow]) -> Result<Option<(Micros, String)>> {
    let mut first: Option<(Micros, String)> = None;
    for row in holders.iter().filter(|h| h.state == TiState::Running).take(10) {
        let Some(start) = row.start else { continue };
        let end = pace::likely_end(start, &pace::of_task(conn, &row.ti)?);
        if let Some(end) = end.filter(|end| first.as_ref().is_none_or(|(at, _)| end < at)) {
            first = Some((end, format!("{} {}", row.ti.run.dag_id, row.ti.label())));
        }
    }
    Ok(first)
}
