//! The one gate: writes the scheduler's changes in a transaction, each guarded by the state that it expects.

use rusqlite::{Transaction, params};

use super::{Store, failed, rows::micros, seen::Seen};
use crate::{
    error::Result,
    model::{Cause, Change, RunChange, RunId, TaskInstance, TiChange, TiKey, TiState},
};

/// What didn't stick, because the stored state was another one.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Runs whose rows (or task instances) differ from what the scheduler believed: to be loaded again.
    pub runs: Vec<RunId>,
    /// Task instances whose change didn't stick.
    pub instances: Vec<TiKey>,
}

impl Store {
    /// Writes changes in one transaction. Returns what didn't stick.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Refused> {
        if changes.is_empty() {
            return Ok(Refused::default());
        }
        self.transaction(|tx| apply(tx, changes))
    }
}

/// Writes changes inside a transaction that is already open.
pub fn apply(tx: &Transaction<'_>, changes: &[Change]) -> Result<Refused> {
    let mut refused = Refused::default();
    let mut seen = Seen::default();
    for change in changes {
        match change {
            Change::Ti(change) => {
                if instance(tx, change)? {
                    seen.change(&change.row, change.cause.as_ref());
                } else {
                    refused.instances.push(change.key().clone());
                    refused.runs.push(change.key().run);
                }
            }
            Change::Run(change) => {
                if run(tx, change)? {
                    seen.run(change.row.id);
                } else {
                    refused.runs.push(change.row.id);
                }
            }
            Change::Expand { run, task_id, replaces_unmapped, rows } => {
                if *replaces_unmapped {
                    tx.prepare_cached("DELETE FROM task_instance WHERE run = ?1 AND task_id = ?2 AND map_index = -1")
                        .and_then(|mut s| s.execute(params![run.0, &**task_id]))
                        .map_err(|e| failed("cannot expand a mapped task", e))?;
                }
                for row in rows {
                    insert_instance(tx, row)?;
                    seen.instance(row);
                }
            }
            Change::PauseDag { dag_id, why } => {
                tx.execute("UPDATE dag SET is_paused = 1 WHERE dag_id = ?1", params![&**dag_id])
                    .map_err(|e| failed("cannot pause a DAG", e))?;
                super::audit::insert(
                    tx,
                    &super::audit::Entry {
                        who: "scheduler",
                        via: "scheduler",
                        action: "pause",
                        target: dag_id,
                        about: super::audit::About { dag_id: Some(dag_id.to_string()), ..Default::default() },
                        before: None,
                        after: None,
                        command: "",
                        result: why,
                    },
                )?;
            }
        }
    }
    seen.write(tx)?;
    refused.runs.sort();
    refused.runs.dedup();
    Ok(refused)
}

fn instance(tx: &Transaction<'_>, change: &TiChange) -> Result<bool> {
    let row = &change.row;
    let stuck = tx
        .prepare_cached(
            "UPDATE task_instance SET state = ?5, try_number = ?6, max_tries = ?7, rendered_map_index = ?8, \
             queued_when = ?9, scheduled_when = ?10, start_date = ?11, end_date = ?12, duration = ?13, hostname = ?14, \
             pid = ?15, external_id = ?16, wake_at = ?17, epoch = ?18, operator = ?19, pool = ?20, pool_slots = ?21, \
             priority_weight = ?22 \
             WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND state = ?4",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                row.key.run.0,
                &*row.key.task_id,
                row.key.map_index,
                change.from.as_str(),
                row.state.as_str(),
                row.try_number,
                row.max_tries,
                row.rendered_map_index,
                micros(row.queued_when),
                micros(row.scheduled_when),
                micros(row.start_date),
                micros(row.end_date),
                row.duration,
                row.hostname,
                row.pid,
                row.external_id,
                micros(row.wake_at),
                row.epoch,
                row.operator,
                row.pool,
                row.pool_slots,
                row.priority_weight,
            ])
        })
        .map_err(|e| failed(&format!("cannot write the state of {}", row.key), e))?;
    if stuck == 0 {
        return Ok(false);
    }
    write_try(tx, change)?;
    write_cause(tx, change)?;
    Ok(true)
}

/// Keeps one row per try: made when the try is queued, closed when the instance leaves it.
fn write_try(tx: &Transaction<'_>, change: &TiChange) -> Result<()> {
    let row = &change.row;
    // One that goes on after its trigger fired is scheduled, and still the same try.
    let goes_on = row.state == TiState::Scheduled && change.from.is_parked();
    let began = goes_on
        || row.state.is_parked()
        || matches!(row.state, TiState::Queued | TiState::Running | TiState::UpForReschedule);
    let ended = change.from.is_active()
        || change.from.is_parked()
        || change.from == TiState::UpForReschedule
        || (row.state == TiState::Success && row.try_number > 0);
    if row.try_number == 0 || !(began || ended) {
        return Ok(());
    }
    // A cleared running try ends failed; the instance itself goes back to none.
    let state = match row.state {
        TiState::None | TiState::Restarting => TiState::Failed,
        other => other,
    };
    let over = !began;
    let cause = change.cause.as_ref().filter(|_| over);
    tx.prepare_cached(
        "INSERT INTO try (run, task_id, map_index, try_number, state, start_date, end_date, pid, hostname, \
         cause_kind, cause_summary, cause_exception, cause_exit_code, fingerprint) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
         ON CONFLICT DO UPDATE SET state = excluded.state, start_date = coalesce(excluded.start_date, start_date), \
         end_date = excluded.end_date, pid = coalesce(excluded.pid, pid), hostname = coalesce(excluded.hostname, hostname), \
         cause_kind = excluded.cause_kind, cause_summary = excluded.cause_summary, cause_exception = excluded.cause_exception, \
         cause_exit_code = excluded.cause_exit_code, fingerprint = excluded.fingerprint",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            row.key.run.0,
            &*row.key.task_id,
            row.key.map_index,
            row.try_number,
            state.as_str(),
            micros(row.start_date),
            micros(if over { row.end_date.or(Some(change.at)) } else { None }),
            row.pid,
            row.hostname,
            cause.map(|c| c.kind.as_str()),
            cause.map(|c| c.summary.as_str()),
            cause.and_then(|c| c.exception.as_deref()),
            cause.and_then(|c| c.exit_code),
            cause.map(|c| c.fingerprint.as_str()),
        ])
    })
    .map_err(|e| failed(&format!("cannot write try {} of {}", row.try_number, row.key), e))?;
    Ok(())
}

fn write_cause(tx: &Transaction<'_>, change: &TiChange) -> Result<()> {
    let row = &change.row;
    let done = match &change.cause {
        Some(cause) => insert_cause(tx, &row.key, cause),
        // A new life of the instance: the old reason no longer holds.
        None if matches!(row.state, TiState::None | TiState::Queued | TiState::Success)
            && change.from != TiState::Running =>
        {
            tx.prepare_cached("DELETE FROM cause WHERE run = ?1 AND task_id = ?2 AND map_index = ?3")
                .and_then(|mut s| s.execute(params![row.key.run.0, &*row.key.task_id, row.key.map_index]))
                .map(|_| ())
        }
        None => Ok(()),
    };
    done.map_err(|e| failed(&format!("cannot write the cause of {}", row.key), e))
}

fn insert_cause(tx: &Transaction<'_>, key: &TiKey, cause: &Cause) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO cause (run, task_id, map_index, kind, summary, exception, exit_code, fingerprint) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        key.run.0,
        &*key.task_id,
        key.map_index,
        cause.kind.as_str(),
        cause.summary,
        cause.exception,
        cause.exit_code,
        cause.fingerprint
    ])?;
    Ok(())
}

fn run(tx: &Transaction<'_>, change: &RunChange) -> Result<bool> {
    let row = &change.row;
    let stuck = tx
        .prepare_cached(
            "UPDATE dag_run SET state = ?3, queued_at = ?4, start_date = ?5, end_date = ?6, clear_number = ?7, dag_version = ?8, \
             run_type = ?9, triggered_by = ?10, conf = ?11, backfill = ?12, backfill_ordinal = ?13, counts = NULL \
             WHERE id = ?1 AND state = ?2",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                row.id.0,
                change.from.as_str(),
                row.state.as_str(),
                micros(row.queued_at),
                micros(row.start_date),
                micros(row.end_date),
                row.clear_number,
                row.dag_version.0,
                row.run_type.as_str(),
                row.triggered_by.as_str(),
                row.conf.to_string(),
                row.backfill.map(|place| place.id.0),
                row.backfill.map(|place| place.ordinal),
            ])
        })
        .map_err(|e| failed(&format!("cannot write the state of run {}", row.run_id), e))?;
    if stuck > 0 && change.from != row.state {
        let text = format!("{} -> {} ({})", change.from, row.state, change.reason);
        tx.prepare_cached("INSERT INTO event (run, at, kind, text, who) VALUES (?1, ?2, 'run_state', ?3, 'scheduler')")
            .and_then(|mut s| s.execute(params![row.id.0, change.at.as_microsecond(), text]))
            .map_err(|e| failed("cannot write an event", e))?;
    }
    if let Some(place) = row.backfill.filter(|_| row.state.is_finished() && stuck > 0) {
        super::backfill::complete(tx, place.id, change.at)?;
    }
    Ok(stuck > 0)
}

/// Inserts a task instance; one that is already there is left alone.
pub fn insert_instance(tx: &Transaction<'_>, row: &TaskInstance) -> Result<()> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, \
         priority_weight, rendered_map_index, queued_when, scheduled_when, start_date, end_date, duration, hostname, pid, \
         external_id, note, wake_at, epoch) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            row.key.run.0,
            &*row.key.task_id,
            row.key.map_index,
            row.state.as_str(),
            row.try_number,
            row.max_tries,
            row.operator,
            row.pool,
            row.pool_slots,
            row.priority_weight,
            row.rendered_map_index,
            micros(row.queued_when),
            micros(row.scheduled_when),
            micros(row.start_date),
            micros(row.end_date),
            row.duration,
            row.hostname,
            row.pid,
            row.external_id,
            row.note,
            micros(row.wake_at),
            row.epoch
        ])
    })
    .map_err(|e| failed(&format!("cannot insert {}", row.key), e))?;
    Ok(())
}
