//! Pages for readers: read-only queries whose rows are the documents of the command line.
//!
//! A column's alias says how it becomes JSON: `name@t` a time (microseconds), `name@j` JSON text, `name@b` a flag;
//! a plain name is taken as it is. So a query is the document's definition, and nothing repeats its fields.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Params, Row, types::ValueRef};
use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    model::time::rfc3339,
};

pub mod asset;
pub mod audit;
pub mod backfill;
pub mod connection;
pub mod dag;
pub mod hitl;
pub mod incident;
pub mod plan;
pub mod pod;
pub mod pool;
pub mod run;
pub mod task_instance;
pub mod variable;
pub mod xcom;

/// Opens the store for reading; works with and without a scheduler.
///
/// # Errors
/// `NotFound` if there is no store, `Refused` if its schema isn't the one that this program reads, `System` if it can't be
/// opened.
pub fn open(db: &Path) -> Result<Connection> {
    let conn = open_any(db)?;
    super::require_newest(&conn)?;
    Ok(conn)
}

/// The same whatever schema it has: for what is asked about the store itself.
///
/// # Errors
/// `NotFound` if there is no store, `System` if it can't be opened.
pub fn open_any(db: &Path) -> Result<Connection> {
    if !db.exists() {
        return Err(Error::not_found(format!("there is no store at {}", db.display()))
            .hint("`dagdeck db migrate` creates it; `dagdeck` and `dagdeck scheduler` do, too"));
    }
    let failed = |e| super::failed(&format!("can't open the store {}", db.display()), e);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(db, flags).map_err(failed)?;
    conn.busy_timeout(Duration::from_secs(2)).map_err(failed)?;
    Ok(conn)
}

/// Runs several reads as one view of the store.
///
/// # Errors
/// What `read` returns, or `System`.
pub fn at_one_moment<T>(conn: &Connection, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = conn.unchecked_transaction().map_err(read_error)?;
    let answer = read(conn);
    transaction.finish().map_err(read_error)?;
    answer
}

/// How a column becomes JSON.
#[derive(Clone, Copy)]
enum As {
    Plain,
    Time,
    Json,
    Flag,
}

/// All rows of a query as documents.
fn documents(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Value>> {
    let mut statement = conn.prepare(sql).map_err(read_error)?;
    let columns: Vec<(String, As)> = statement.column_names().map(column).collect();
    let mut rows = statement.query(params).map_err(read_error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        found.push(document(row, &columns).map_err(read_error)?);
    }
    Ok(found)
}

/// The first row of a query as a document.
fn first(conn: &Connection, sql: &str, params: impl Params) -> Result<Option<Value>> {
    Ok(documents(conn, sql, params)?.into_iter().next())
}

/// The first column of all rows.
fn strings(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<String>> {
    let mut statement = conn.prepare(sql).map_err(read_error)?;
    let rows = statement.query_map(params, |row| row.get(0)).map_err(read_error)?;
    rows.collect::<std::result::Result<_, _>>().map_err(read_error)
}

fn column(alias: &str) -> (String, As) {
    match alias.split_once('@') {
        Some((name, "t")) => (name.into(), As::Time),
        Some((name, "j")) => (name.into(), As::Json),
        Some((name, "b")) => (name.into(), As::Flag),
        _ => (alias.into(), As::Plain),
    }
}

fn document(row: &Row<'_>, columns: &[(String, As)]) -> rusqlite::Result<Value> {
    let mut fields = Map::with_capacity(columns.len());
    for (index, (name, kind)) in columns.iter().enumerate() {
        fields.insert(name.clone(), json(row.get_ref(index)?, *kind));
    }
    Ok(Value::Object(fields))
}

fn json(value: ValueRef<'_>, kind: As) -> Value {
    match (kind, value) {
        (As::Time, ValueRef::Integer(micros)) => {
            Timestamp::from_microsecond(micros).map_or(Value::Null, |t| rfc3339(t).into())
        }
        (As::Flag, ValueRef::Integer(flag)) => (flag != 0).into(),
        (As::Json, ValueRef::Text(text)) => {
            // What isn't JSON is shown as the text it is: a reader must never fail on one bad row.
            serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into())
        }
        (_, ValueRef::Integer(number)) => number.into(),
        (_, ValueRef::Real(number)) => number.into(),
        (_, ValueRef::Text(text)) => String::from_utf8_lossy(text).into(),
        _ => Value::Null,
    }
}

fn read_error(e: rusqlite::Error) -> Error {
    super::failed("can't read the store", e)
}

/// The version that the store's schema has (`PRAGMA user_version`).
///
/// # Errors
/// `System` if it can't be read.
pub fn schema_version(conn: &Connection) -> Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(read_error)
}

/// SQLite's own check; the lines it prints (`ok` if all is well).
///
/// # Errors
/// `System` if it can't be run.
pub fn integrity(conn: &Connection) -> Result<Vec<String>> {
    strings(conn, "PRAGMA quick_check", [])
}

/// Writes a consistent copy of the store to a file that must not exist.
///
/// # Errors
/// `System` if SQLite says no.
pub fn copy_to(conn: &Connection, file: &Path) -> Result<()> {
    let name = file.to_string_lossy();
    conn.execute("VACUUM INTO ?1", [name.as_ref()])
        .map(|_| ())
        .map_err(|e| Error::system(format!("can't write the backup {name}"), e))
}
