//! Backfills with the state of every date, and plans that are held for a moment.

use rusqlite::Connection;

use crate::{error::Result, model::RunState};

use super::{Micros, rows};

/// Backfills that are read.
const MOST: i64 = 200;

/// One date of a backfill.
#[derive(Debug, Clone, PartialEq)]
pub struct DateRow {
    /// What its run stands for.
    pub logical_date: Option<Micros>,
    /// State of its run; `None`: it has none.
    pub state: Option<RunState>,
    /// Why it has none.
    pub exception: Option<String>,
}

/// One backfill.
#[derive(Debug, Clone, PartialEq)]
pub struct BackfillRow {
    /// Its number.
    pub id: i64,
    /// DAG.
    pub dag_id: String,
    /// First and last date.
    pub dates: (Micros, Micros),
    /// Its queued runs don't start.
    pub paused: bool,
    /// What becomes of runs that are there already.
    pub reprocess: String,
    /// Runs of it at one time.
    pub most_active: i64,
    /// Whose.
    pub who: String,
    /// When it was made, and when it ended.
    pub times: (Micros, Option<Micros>),
    /// Its dates in the order of execution.
    pub runs: Vec<DateRow>,
}

impl BackfillRow {
    /// How many of its runs are in a state.
    pub fn count(&self, state: RunState) -> usize {
        self.runs.iter().filter(|r| r.state == Some(state)).count()
    }
    /// Runs that have ended, and runs that there are.
    pub fn progress(&self) -> (usize, usize) {
        let ended = self.count(RunState::Success) + self.count(RunState::Failed);
        (ended, self.runs.iter().filter(|r| r.state.is_some()).count())
    }
    /// How long it will take at the pace so far, if it isn't paused and a run of it has ended.
    pub fn left(&self, now: Micros) -> Option<Micros> {
        let (ended, all) = self.progress();
        let took = now - self.times.0;
        (ended > 0 && ended < all && !self.paused).then(|| took / ended as i64 * (all - ended) as i64)
    }
    /// It has ended.
    pub fn done(&self) -> bool {
        self.times.1.is_some()
    }
}

/// Reads the newest backfills.
pub fn load(conn: &Connection) -> Result<Vec<BackfillRow>> {
    read(conn, "ORDER BY completed_at IS NOT NULL, id DESC LIMIT ?1")
}

/// How far a backfill is that has not ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Underway {
    /// Its number.
    pub id: i64,
    /// DAG.
    pub dag_id: String,
    /// Its queued runs don't start.
    pub paused: bool,
    /// When it was made.
    pub since: Micros,
    /// Runs that there are.
    pub runs: i64,
    /// Of these those that have ended.
    pub ended: i64,
    /// Of these those that failed.
    pub failed: i64,
}

impl Underway {
    /// As [`BackfillRow::left`].
    pub fn left(&self, now: Micros) -> Option<Micros> {
        (self.ended > 0 && self.ended < self.runs && !self.paused)
            .then(|| (now - self.since) / self.ended * (self.runs - self.ended))
    }
}

/// How far those are that have not ended, the newest first.
pub fn running(conn: &Connection) -> Result<Vec<Underway>> {
    rows(
        conn,
        "SELECT b.id, b.dag_id, b.is_paused, b.created_at, count(r.id),
                count(*) FILTER (WHERE r.state IN ('success', 'failed')), count(*) FILTER (WHERE r.state = 'failed')
         FROM backfill b LEFT JOIN backfill_dag_run d ON d.backfill = b.id LEFT JOIN dag_run r ON r.id = d.run
         WHERE b.completed_at IS NULL GROUP BY b.id ORDER BY b.id DESC LIMIT ?1",
        [MOST],
        |r| {
            Ok(Underway {
                id: r.get(0)?,
                dag_id: r.get(1)?,
                paused: r.get(2)?,
                since: r.get(3)?,
                runs: r.get(4)?,
                ended: r.get(5)?,
                failed: r.get(6)?,
            })
        },
    )
}

fn read(conn: &Connection, which: &str) -> Result<Vec<BackfillRow>> {
    let mut found = rows(
        conn,
        &format!(
            "SELECT id, dag_id, from_date, to_date, is_paused, reprocess_behavior, max_active_runs, triggering_user_name,
            created_at, completed_at FROM backfill {which}"
        ),
        [MOST],
        |r| {
            Ok(BackfillRow {
                id: r.get(0)?,
                dag_id: r.get(1)?,
                dates: (r.get(2)?, r.get(3)?),
                paused: r.get(4)?,
                reprocess: r.get(5)?,
                most_active: r.get(6)?,
                who: r.get(7)?,
                times: (r.get(8)?, r.get(9)?),
                runs: Vec::new(),
            })
        },
    )?;
    for backfill in &mut found {
        backfill.runs = rows(
            conn,
            "SELECT d.logical_date, r.state, d.exception_reason FROM backfill_dag_run d
             LEFT JOIN dag_run r ON r.id = d.run WHERE d.backfill = ?1 ORDER BY d.sort_ordinal LIMIT 2000",
            [backfill.id],
            |r| {
                let state: Option<String> = r.get(1)?;
                Ok(DateRow { logical_date: r.get(0)?, state: state.and_then(|s| s.parse().ok()), exception: r.get(2)? })
            },
        )?;
    }
    Ok(found)
}

/// A plan that is applied by itself in a moment, unless it is undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its id.
    pub plan_id: String,
    /// Whose.
    pub who: String,
    /// As a shell command.
    pub command: String,
    /// When it is applied.
    pub due: Micros,
    /// The same for all plans of one act; `None`: it is alone.
    pub act: Option<String>,
}

/// Of these plans those that could not be applied when their time had come, and why.
pub fn refused(conn: &Connection, plans: &[String]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for plan_id in plans {
        let sql = "SELECT plan_id, coalesce(result, '') FROM plan WHERE plan_id = ?1 AND state = 'refused'";
        found.extend(rows(conn, sql, [plan_id], |r| Ok((r.get(0)?, r.get(1)?)))?);
    }
    Ok(found)
}

/// Plans that are held now, the next one first.
pub fn held(conn: &Connection) -> Result<Vec<Held>> {
    let sql =
        "SELECT plan_id, who, command_line, due_at, act FROM plan WHERE state = 'held' ORDER BY due_at, created_at";
    rows(conn, sql, [], |r| {
        Ok(Held { plan_id: r.get(0)?, who: r.get(1)?, command: r.get(2)?, due: r.get(3)?, act: r.get(4)? })
    })
}
