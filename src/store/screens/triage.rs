//! What needs a person: failures by cause, failed runs, files that don't import, what is late, what waits for a retry.

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{Diagnostic, TiState},
};

use super::{
    Counts, Micros, SECOND, TiRef,
    changes::{Changes, since_it_worked},
    dags::{self, RunCell},
    instances::{self, TiRow},
    pace::{self, Pace},
    questions::{self, Question},
    rows, spelled,
    system::{self, Size},
    watch::{self, Due},
};

/// How many runs are looked at for the last success.
pub const LOOKED_AT: usize = 100;

/// For so many groups it is looked what changed since their task last worked.
const EXPLAINED: usize = 3;

/// How far back failures are looked at.
pub const DAYS: i64 = 7;

/// Failures that look the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Their fingerprint.
    pub fingerprint: String,
    /// The newest one's reason.
    pub cause: String,
    /// Newest first.
    pub members: Vec<TiRow>,
    /// When the newest one's task last succeeded.
    pub last_worked: Option<Micros>,
    /// Of a task that never did: in how many runs before it there was, at most [`LOOKED_AT`].
    pub before: usize,
    /// Every member's task succeeded later in a newer run: nobody is needed any more.
    pub settled: bool,
    /// Who acknowledged it, and when, if nothing failed that way since.
    pub acknowledged: Option<(String, Micros)>,
    /// What people said about it.
    pub said: Said,
    /// What changed since the newest one's task last worked; of the first groups that nobody has looked at.
    pub changes: Option<Changes>,
    /// Of the same groups: in how many runs in a row right before the newest one it was the same.
    pub same_before: usize,
}

/// What people said about a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Said {
    /// Who works on it, since when.
    pub claimed: Option<(String, Micros)>,
    /// Quiet until then, if that lies ahead.
    pub silenced: Option<Micros>,
    /// A note, and whose.
    pub note: Option<(String, String)>,
}

impl Group {
    /// Nobody needs to look: settled, acknowledged, silenced.
    pub fn quiet(&self) -> bool {
        self.settled || self.acknowledged.is_some() || self.said.silenced.is_some()
    }
    /// In how many runs it happened.
    pub fn runs(&self) -> usize {
        self.members.iter().map(|m| m.ti.run.id).collect::<std::collections::BTreeSet<_>>().len()
    }
    /// When it last happened.
    pub fn newest(&self) -> Micros {
        self.members.first().and_then(|m| m.end).unwrap_or(0)
    }
}

/// A DAG whose run should have been created.
#[derive(Debug, Clone, PartialEq)]
pub struct Late {
    /// DAG.
    pub dag_id: String,
    /// Since when.
    pub due: Micros,
    /// Its runs that are queued or running, those of backfills apart.
    pub active: u32,
    /// How many there may be; `None`: as the setting says.
    pub most: Option<u32>,
}

impl Late {
    /// True if the run waits for others of its DAG. The setting isn't known here, its default is.
    pub fn waits(&self) -> bool {
        self.active >= self.most.unwrap_or(16)
    }
}

/// The screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Triage {
    /// Failures by cause: open ones first, newest first.
    pub groups: Vec<Group>,
    /// Runs that failed without a failed task.
    pub runs: Vec<RunCell>,
    /// Files that don't import.
    pub errors: Vec<Diagnostic>,
    /// Tasks that wait for a person's answer.
    pub questions: Vec<Question>,
    /// Instances that wait for their next try.
    pub retries: Vec<TiRow>,
    /// Instances that can never run: their pool doesn't exist, or has too few slots (then how many).
    pub never: Vec<(Waiting, Option<i64>)>,
    /// Instances that wait for a slot for more than five minutes, the one that waits longest first.
    pub stuck: Vec<Waiting>,
    /// DAGs whose next run is overdue by more than a minute.
    pub late: Vec<Late>,
    /// Runs that missed their deadline, or are about to.
    pub due: Vec<Due>,
    /// Running instances that take longer than they usually do.
    pub slow: Vec<(TiRow, Pace)>,
    /// DAGs with a run within the next hour.
    pub next_hour: i64,
    /// Instances of active runs by state.
    pub counts: Counts,
    /// Runs queued and running.
    pub active_runs: (u32, u32),
    /// DAGs, and paused ones.
    pub dags: (u32, u32),
    /// How large the store is.
    pub size: Size,
}

/// An instance that waits to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Which.
    pub row: TiRow,
    /// Since when.
    pub since: Option<Micros>,
}

fn waiting(r: &rusqlite::Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting { row: instances::make(r)?, since: r.get("since")? })
}

/// Reads the screen as of `now`.
pub fn load(conn: &Connection, now: Micros) -> Result<Triage> {
    let since = now - DAYS * 86_400 * SECOND;
    // By the index that has what is wanted: without it, all instances there ever were would be looked at.
    let select = |index: &str, which: &str| {
        format!(
            "{}, coalesce(t.queued_when, t.scheduled_when) AS since FROM task_instance t INDEXED BY {index} CROSS JOIN dag_run r ON r.id = t.run {} {which}",
            instances::SELECT,
            instances::JOINS
        )
    };
    let busy = |which: &str| select("task_instance_busy", &format!("WHERE {} AND {which}", instances::BUSY));
    let failed = rows(
        conn,
        &select(
            "task_instance_failed",
            "WHERE t.state = 'failed' AND t.end_date >= ?1 ORDER BY t.end_date DESC LIMIT 500",
        ),
        [since],
        instances::make,
    )?;
    let retries = rows(conn, &busy("t.state = 'up_for_retry' ORDER BY t.wake_at LIMIT 500"), [], instances::make)?;
    let stuck = rows(
        conn,
        &busy(
            "t.state IN ('scheduled', 'queued') AND coalesce(t.queued_when, t.scheduled_when) < ?1
             ORDER BY since LIMIT 500",
        ),
        [now - 300 * SECOND],
        waiting,
    )?;
    let never = rows(
        conn,
        &select(
            "task_instance_busy",
            &format!(
                "LEFT JOIN pool p ON p.name = t.pool WHERE {} AND t.state = 'scheduled' \
                 AND (p.name IS NULL OR p.slots >= 0 AND p.slots < t.pool_slots) ORDER BY since LIMIT 500",
                instances::BUSY
            ),
        ),
        [],
        waiting,
    )?;
    let slots = |pool: &str| rows(conn, "SELECT slots FROM pool WHERE name = ?1", [pool], |r| r.get::<_, i64>(0));
    let never: Vec<(Waiting, Option<i64>)> = never
        .into_iter()
        .map(|one| Ok((slots(&one.row.pool)?.first().copied(), one)))
        .map(|r: Result<_>| r.map(|(n, one)| (one, n)))
        .collect::<Result<_>>()?;
    let stuck: Vec<Waiting> =
        stuck.into_iter().filter(|s: &Waiting| !never.iter().any(|(n, _)| n.row.ti == s.row.ti)).collect();
    let runs = rows(
        conn,
        "SELECT id AS run_row, dag_id, run_id, state, run_type, logical_date, run_after, start_date, end_date
         FROM dag_run r WHERE state = 'failed' AND end_date >= ?1
           AND NOT EXISTS (SELECT 1 FROM task_instance t WHERE t.run = r.id AND t.state = 'failed')
         ORDER BY end_date DESC LIMIT 100",
        [since],
        dags::cell,
    )?;
    let late = rows(
        conn,
        "SELECT d.dag_id, d.next_run_after, v.definition ->> '$.max_active_runs',
             (SELECT count(*) FROM dag_run r WHERE r.dag_id = d.dag_id AND r.state IN ('queued', 'running') AND r.backfill IS NULL)
         FROM dag d JOIN dag_version v ON v.id = d.version_id
         WHERE d.is_paused = 0 AND d.is_stale = 0 AND d.next_run_after < ?1 ORDER BY d.next_run_after LIMIT 100",
        [now - 60 * SECOND],
        |r| Ok(Late { dag_id: r.get(0)?, due: r.get(1)?, most: r.get(2)?, active: r.get(3)? }),
    )?;
    let mut counts = Counts::default();
    for (state, n) in rows(
        conn,
        "SELECT state, count(*) AS n FROM task_instance
         WHERE state NOT IN ('none', 'success', 'skipped', 'upstream_failed', 'removed', 'failed') GROUP BY state",
        [],
        |r| Ok((spelled::<TiState>(r, "state")?, r.get::<_, u32>("n")?)),
    )? {
        counts.add(state, n);
    }
    let one = |sql: &str| conn.prepare_cached(sql).and_then(|mut s| s.query_row([], |r| Ok((r.get(0)?, r.get(1)?))));
    Ok(Triage {
        groups: group(conn, failed, now)?,
        runs,
        errors: dags::import_errors(conn)?,
        questions: questions::load(conn, None)?,
        retries,
        never,
        stuck,
        late,
        due: watch::due(conn, now)?,
        slow: watch::slow(conn, now)?,
        next_hour: watch::next_hour(conn, now)?,
        counts,
        active_runs: one("SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running')
             FROM dag_run WHERE state IN ('queued', 'running')")
        .map_err(super::reading)?,
        dags: one("SELECT count(*), coalesce(sum(is_paused), 0) FROM dag WHERE is_stale = 0")
            .map_err(super::reading)?,
        size: system::size(conn)?,
    })
}

fn group(conn: &Connection, failed: Vec<TiRow>, now: Micros) -> Result<Vec<Group>> {
    let mut groups: indexmap::IndexMap<String, Vec<TiRow>> = indexmap::IndexMap::new();
    for row in failed {
        let key = row.fingerprint.clone().unwrap_or_else(|| format!("{}.{}", row.ti.run.dag_id, row.ti.task_id));
        groups.entry(key).or_default().push(row);
    }
    let acknowledged: Vec<(String, String, Micros)> =
        rows(conn, "SELECT fingerprint, who, at FROM acknowledged", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let mut made = Vec::with_capacity(groups.len());
    for (fingerprint, members) in groups {
        let Some(newest) = members.first() else { continue };
        let last_worked = last_success(conn, &newest.ti, None)?;
        let before = if last_worked.is_none() { super::runs_before(conn, &newest.ti, LOOKED_AT)? } else { 0 };
        let mut settled = true;
        for member in members.iter().take(20) {
            if last_success(conn, &member.ti, Some((member.run_after, member.end.unwrap_or(0))))?.is_none() {
                settled = false;
                break;
            }
        }
        let at = newest.end.unwrap_or(0);
        made.push(Group {
            cause: newest.why.clone().unwrap_or_else(|| "no cause was stored".into()),
            acknowledged: acknowledged
                .iter()
                .find(|(f, _, when)| *f == fingerprint && *when >= at)
                .map(|(_, who, when)| (who.clone(), *when)),
            said: said(conn, &fingerprint, now)?,
            fingerprint,
            members,
            before,
            last_worked,
            settled,
            changes: None,
            same_before: 0,
        });
    }
    made.sort_by_key(|g| (g.quiet(), std::cmp::Reverse(g.newest())));
    for group in made.iter_mut().filter(|g| !g.quiet()).take(EXPLAINED) {
        if let Some(newest) = group.members.first() {
            group.changes = Some(since_it_worked(conn, &newest.ti)?);
            group.same_before = pace::same_before(conn, &newest.ti, &group.fingerprint)?;
        }
    }
    Ok(made)
}

fn said(conn: &Connection, fingerprint: &str, now: Micros) -> Result<Said> {
    let found = rows(
        conn,
        "SELECT claimed_by, claimed_at, silenced_until, note, noted_by FROM incident WHERE fingerprint = ?1",
        [fingerprint],
        |r| {
            let claimed: (Option<String>, Option<Micros>) = (r.get(0)?, r.get(1)?);
            let note: (Option<String>, Option<String>) = (r.get(3)?, r.get(4)?);
            Ok(Said {
                claimed: claimed.0.zip(claimed.1),
                silenced: r.get::<_, Option<Micros>>(2)?.filter(|until| *until > now),
                note: note.0.map(|text| (text, note.1.unwrap_or_default())),
            })
        },
    )?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// When this task (of any index) last ended well, among the last 100 runs; or in a run after the one of `later_than` whose
/// instance also ended later.
fn last_success(conn: &Connection, ti: &TiRef, later_than: Option<(Micros, Micros)>) -> Result<Option<Micros>> {
    let (run_after, end) = later_than.unwrap_or((i64::MIN, i64::MIN));
    let found: Vec<Option<Micros>> = rows(
        conn,
        "SELECT t.end_date FROM (SELECT id FROM dag_run WHERE dag_id = ?1 AND run_after > ?4
             ORDER BY run_after DESC, id DESC LIMIT 100) r
         JOIN task_instance t ON t.run = r.id AND t.task_id = ?2 AND t.map_index = ?3
         WHERE t.state = 'success' AND coalesce(t.end_date, 0) > ?5 LIMIT 1",
        (&ti.run.dag_id, &ti.task_id, ti.map_index, run_after, end),
        |r| r.get(0),
    )?;
    Ok(found.into_iter().next().flatten())
}
