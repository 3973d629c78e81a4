//! Rows as model values and back. Times are integers: microseconds since 1970 UTC.

use std::{str::FromStr, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Row, types::Type};

use crate::model::{BackfillId, BackfillPlace, DagRun, DagVersionId, RunId, TaskInstance, TiKey};

/// Columns of `dag_run` in the order that [`run`] reads.
pub const RUN: &str = "id, dag_id, run_id, state, run_type, triggered_by, logical_date, data_interval_start, \
     data_interval_end, run_after, queued_at, start_date, end_date, conf, note, clear_number, dag_version, \
     backfill, backfill_ordinal, tasks, partition_key, partition_date";

/// Columns of `task_instance` in the order that [`instance`] reads.
pub const INSTANCE: &str = "run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, \
     priority_weight, rendered_map_index, queued_when, scheduled_when, start_date, end_date, duration, hostname, pid, \
     external_id, note, wake_at, epoch";

/// A time column.
pub fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(index)?;
    micros.map(|m| Timestamp::from_microsecond(m).map_err(|e| wrong(index, Type::Integer, e))).transpose()
}

/// A time for a parameter.
pub fn micros(t: Option<Timestamp>) -> Option<i64> {
    t.map(Timestamp::as_microsecond)
}

/// A column with one of Airflow's spellings.
pub fn spelled<T: FromStr<Err = String>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str().map_err(|e| wrong(index, Type::Text, e))?;
    text.parse().map_err(|e: String| wrong(index, Type::Text, std::io::Error::other(e)))
}

/// A JSON column.
pub fn json(row: &Row<'_>, index: usize) -> rusqlite::Result<serde_json::Value> {
    let text = row.get_ref(index)?.as_str().map_err(|e| wrong(index, Type::Text, e))?;
    serde_json::from_str(text).map_err(|e| wrong(index, Type::Text, e))
}

fn wrong(index: usize, kind: Type, e: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, kind, Box::new(e))
}

/// A row of [`RUN`].
pub fn run(row: &Row<'_>) -> rusqlite::Result<DagRun> {
    Ok(DagRun {
        id: RunId(row.get(0)?),
        dag_id: row.get::<_, Arc<str>>(1)?,
        run_id: row.get::<_, Arc<str>>(2)?,
        state: spelled(row, 3)?,
        run_type: spelled(row, 4)?,
        triggered_by: spelled(row, 5)?,
        logical_date: time(row, 6)?,
        data_interval_start: time(row, 7)?,
        data_interval_end: time(row, 8)?,
        run_after: time(row, 9)?.unwrap_or(Timestamp::UNIX_EPOCH),
        queued_at: time(row, 10)?,
        start_date: time(row, 11)?,
        end_date: time(row, 12)?,
        conf: json(row, 13)?,
        note: row.get(14)?,
        clear_number: row.get(15)?,
        dag_version: DagVersionId(row.get(16)?),
        backfill: match (row.get(17)?, row.get(18)?) {
            (Some(id), Some(ordinal)) => Some(BackfillPlace { id: BackfillId(id), ordinal }),
            _ => None,
        },
        tasks: match row.get_ref(19)? {
            rusqlite::types::ValueRef::Null => None,
            _ => serde_json::from_value(json(row, 19)?).map_err(|e| wrong(19, Type::Text, e))?,
        },
        partition_key: row.get(20)?,
        partition_date: time(row, 21)?,
    })
}

/// A row of [`INSTANCE`].
pub fn instance(row: &Row<'_>) -> rusqlite::Result<TaskInstance> {
    Ok(TaskInstance {
        key: TiKey { run: RunId(row.get(0)?), task_id: row.get::<_, Arc<str>>(1)?, map_index: row.get(2)? },
        state: spelled(row, 3)?,
        try_number: row.get(4)?,
        max_tries: row.get(5)?,
        operator: row.get(6)?,
        pool: row.get(7)?,
        pool_slots: row.get(8)?,
        priority_weight: row.get(9)?,
        rendered_map_index: row.get(10)?,
        queued_when: time(row, 11)?,
        scheduled_when: time(row, 12)?,
        start_date: time(row, 13)?,
        end_date: time(row, 14)?,
        duration: row.get(15)?,
        hostname: row.get(16)?,
        pid: row.get(17)?,
        external_id: row.get(18)?,
        note: row.get(19)?,
        wake_at: time(row, 20)?,
        epoch: row.get(21)?,
    })
}
