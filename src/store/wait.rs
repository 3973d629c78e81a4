//! What sensors ask the store.

use rusqlite::{Connection, params_from_iter, types::Value};

use super::failed;
use crate::{error::Result, workload::External};

/// How many of the task instances (or runs) that an external sensor waits for are in one of the states. Of a mapped
/// task or a group, it counts one per logical date, when all its instances are.
pub fn external_matches(db: &Connection, e: &External, states: &[String]) -> Result<usize> {
    let mut found = 0;
    for date in &e.logical_dates {
        let names = match &e.task_group_id {
            Some(group) => group_tasks(db, e, group, *date)?,
            None => e.task_ids.clone(),
        };
        if names.is_empty() && e.task_group_id.is_none() {
            found += count_runs(db, e, states, *date)?;
            continue;
        }
        let mut tasks = 0;
        for task_id in &names {
            tasks += usize::from(all_instances(db, &e.dag_id, task_id, states, *date)?);
        }
        found += if e.task_group_id.is_some() { usize::from(tasks == names.len() && tasks > 0) } else { tasks };
    }
    Ok(found)
}

fn count_runs(db: &Connection, e: &External, states: &[String], date: jiff::Timestamp) -> Result<usize> {
    let marks = vec!["?"; states.len()].join(", ");
    let sql = format!("SELECT count(*) FROM dag_run WHERE dag_id = ? AND logical_date = ? AND state IN ({marks})");
    let values = [Value::from(e.dag_id.clone()), Value::from(date.as_microsecond())]
        .into_iter()
        .chain(states.iter().cloned().map(Value::from));
    db.prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params_from_iter(values), |row| row.get::<_, i64>(0)))
        .map(|n| n as usize)
        .map_err(|e| failed("cannot look for a run", e))
}

fn all_instances(
    db: &Connection,
    dag_id: &str,
    task_id: &str,
    states: &[String],
    date: jiff::Timestamp,
) -> Result<bool> {
    let read = || -> rusqlite::Result<Vec<String>> {
        db.prepare_cached(
            "SELECT t.state FROM dag_run r JOIN task_instance t ON t.run = r.id AND t.task_id = ?3 \
             WHERE r.dag_id = ?1 AND r.logical_date = ?2",
        )?
        .query_map(rusqlite::params![dag_id, date.as_microsecond(), task_id], |row| row.get(0))?
        .collect()
    };
    let found = read().map_err(|e| failed("cannot look for a task instance", e))?;
    Ok(!found.is_empty() && found.iter().all(|state| states.contains(state)))
}

fn group_tasks(db: &Connection, e: &External, group: &str, date: jiff::Timestamp) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        db.prepare_cached(
            "SELECT DISTINCT t.task_id FROM dag_run r JOIN task_instance t ON t.run = r.id \
             WHERE r.dag_id = ?1 AND r.logical_date = ?2 AND t.task_id LIKE ?3 || '.%'",
        )?
        .query_map(rusqlite::params![e.dag_id, date.as_microsecond(), group], |row| row.get(0))?
        .collect()
    };
    read().map_err(|e| failed("cannot look for the tasks of a group", e))
}
