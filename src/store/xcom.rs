//! XComs and rendered fields.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{failed, rows};
use crate::{
    error::Result,
    model::{MapIndex, RunId, TiKey},
};

/// Key of a task's return value.
pub const RETURN_VALUE: &str = "return_value";

/// Writes an XCom; an older value of the key is replaced.
pub fn set(
    tx: &Transaction<'_>,
    key: &TiKey,
    name: &str,
    value: &Value,
    source: &str,
    mapped_length: Option<usize>,
    at: Timestamp,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO xcom (run, task_id, map_index, key, value, timestamp, source, mapped_length) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .and_then(|mut s| {
        s.execute(params![
            key.run.0,
            &*key.task_id,
            key.map_index,
            name,
            value.to_string(),
            at.as_microsecond(),
            source,
            mapped_length.map(|n| n as i64)
        ])
    })
    .map_err(|e| failed(&format!("cannot write XCom {name} of {key}"), e))?;
    Ok(())
}

/// Deletes one key, or all of an instance.
pub fn delete(tx: &Transaction<'_>, key: &TiKey, name: Option<&str>) -> Result<usize> {
    tx.prepare_cached(
        "DELETE FROM xcom WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND (?4 IS NULL OR key = ?4)",
    )
    .and_then(|mut s| s.execute(params![key.run.0, &*key.task_id, key.map_index, name]))
    .map_err(|e| failed(&format!("cannot delete XComs of {key}"), e))
}

/// One value.
pub fn get(db: &Connection, run: RunId, task_id: &str, map_index: MapIndex, name: &str) -> Result<Option<Value>> {
    db.prepare_cached("SELECT value FROM xcom WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND key = ?4")
        .and_then(|mut s| s.query_row(params![run.0, task_id, map_index, name], |row| rows::json(row, 0)).optional())
        .map_err(|e| failed(&format!("cannot read XCom {name} of {task_id}"), e))
}

/// All keys and values of an instance.
pub fn of_instance(db: &Connection, key: &TiKey) -> Result<Vec<(String, Value)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare_cached(
            "SELECT key, value FROM xcom WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 ORDER BY key",
        )?
        .query_map(params![key.run.0, &*key.task_id, key.map_index], |row| Ok((row.get(0)?, rows::json(row, 1)?)))?
        .collect()
    };
    read().map_err(|e| failed(&format!("cannot read the XComs of {key}"), e))
}

/// Values of a key over all map indexes of a task, in order of index.
pub fn all(db: &Connection, run: RunId, task_id: &str, name: &str) -> Result<Vec<(MapIndex, Value)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare_cached(
            "SELECT map_index, value FROM xcom WHERE run = ?1 AND task_id = ?2 AND key = ?3 ORDER BY map_index",
        )?
        .query_map(params![run.0, task_id, name], |row| Ok((row.get(0)?, rows::json(row, 1)?)))?
        .collect()
    };
    read().map_err(|e| failed(&format!("cannot read XCom {name} of {task_id}"), e))
}

/// Values of a key in this run and all earlier ones of the DAG (by logical date), oldest run first.
pub fn with_prior_dates(
    db: &Connection,
    run: RunId,
    task_id: &str,
    name: &str,
) -> Result<Vec<(String, MapIndex, Value)>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare_cached(
            "SELECT r.run_id, x.map_index, x.value FROM dag_run here JOIN dag_run r ON r.dag_id = here.dag_id \
             AND (r.id = here.id OR r.logical_date <= here.logical_date) \
             JOIN xcom x ON x.run = r.id AND x.task_id = ?2 AND x.key = ?3 WHERE here.id = ?1 \
             ORDER BY r.logical_date, x.map_index",
        )?
        .query_map(params![run.0, task_id, name], |row| Ok((row.get(0)?, row.get(1)?, rows::json(row, 2)?)))?
        .collect()
    };
    read().map_err(|e| failed(&format!("cannot read XCom {name} of {task_id}"), e))
}

/// Stores the fields of an instance after rendering.
pub fn set_rendered(tx: &Transaction<'_>, key: &TiKey, fields: &Value) -> Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO rendered_fields (run, task_id, map_index, fields) VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|mut s| s.execute(params![key.run.0, &*key.task_id, key.map_index, fields.to_string()]))
    .map_err(|e| failed(&format!("cannot write the rendered fields of {key}"), e))?;
    Ok(())
}
