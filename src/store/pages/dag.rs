//! DAGs, their versions, and the errors of their files.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{documents, first, read_error, strings};
use crate::{
    error::{Error, Result},
    model::{Dag, Diagnostic},
};

const COLUMNS: &str = r#"d.dag_id, d.fileloc, d.is_paused AS "is_paused@b", d.is_stale AS "is_stale@b",
    d.timetable_summary, d.timetable_class AS timetable_type, d.description,
    d.next_logical_date AS "next_dagrun_logical_date@t",
    d.next_data_interval_start AS "next_dagrun_data_interval_start@t",
    d.next_data_interval_end AS "next_dagrun_data_interval_end@t", d.next_run_after AS "next_dagrun_run_after@t",
    d.owners, d.tags AS "tags@j", d.has_import_errors AS "has_import_errors@b",
    (SELECT r.state FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC, r.id DESC LIMIT 1)
        AS last_run_state,
    (SELECT r.run_id FROM dag_run r WHERE r.dag_id = d.dag_id ORDER BY r.run_after DESC, r.id DESC LIMIT 1)
        AS last_dag_run_id,
    d.last_parsed AS "last_parsed_time@t",
    (SELECT v.number FROM dag_version v WHERE v.id = d.version_id) AS version_number"#;

/// All DAGs whose files are there, by id.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection) -> Result<Vec<Value>> {
    let rows = documents(conn, &format!("SELECT {COLUMNS} FROM dag d WHERE NOT d.is_stale ORDER BY d.dag_id"), [])?;
    Ok(rows.into_iter().map(split_owners).collect())
}

/// One DAG, also one whose file is gone.
///
/// # Errors
/// `System` if the store can't be read.
pub fn one(conn: &Connection, dag_id: &str) -> Result<Option<Value>> {
    let row = first(conn, &format!("SELECT {COLUMNS} FROM dag d WHERE d.dag_id = ?1"), [dag_id])?;
    Ok(row.map(split_owners))
}

/// Airflow's `owners` is a list.
fn split_owners(mut row: Value) -> Value {
    let owners: Vec<Value> =
        row["owners"].as_str().unwrap_or("").split(", ").filter(|o| !o.is_empty()).map(Value::from).collect();
    row["owners"] = owners.into();
    row
}

/// Ids of all DAGs.
///
/// # Errors
/// `System` if the store can't be read.
pub fn ids(conn: &Connection) -> Result<Vec<String>> {
    strings(conn, "SELECT dag_id FROM dag ORDER BY dag_id", [])
}

/// One stored version of a DAG.
pub struct Version {
    /// Number, from 1.
    pub number: i64,
    /// The DAG.
    pub dag: Dag,
    /// Text of its file.
    pub source: String,
}

/// A version of a DAG by its number; the latest if `None`.
///
/// # Errors
/// `System` if the store can't be read or holds a definition that this version can't read.
pub fn version(conn: &Connection, dag_id: &str, number: Option<i64>) -> Result<Option<Version>> {
    let sql = "SELECT v.number, v.definition, v.source FROM dag_version v JOIN dag d ON d.dag_id = v.dag_id
               WHERE v.dag_id = ?1 AND (v.number = ?2 OR (?2 IS NULL AND v.id = d.version_id))";
    read_version(conn, sql, params![dag_id, number], dag_id)
}

/// The version that a run is pinned to.
///
/// # Errors
/// `System` if the store can't be read or holds a definition that this version can't read.
pub fn version_of_run(conn: &Connection, run: i64, dag_id: &str) -> Result<Option<Version>> {
    let sql = "SELECT v.number, v.definition, v.source FROM dag_version v JOIN dag_run r ON r.dag_version = v.id
               WHERE r.id = ?1";
    read_version(conn, sql, params![run], dag_id)
}

fn read_version(conn: &Connection, sql: &str, params: impl rusqlite::Params, dag_id: &str) -> Result<Option<Version>> {
    let row = conn
        .query_row(sql, params, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))
        .optional()
        .map_err(read_error)?;
    let Some((number, definition, source)) = row else { return Ok(None) };
    let dag = serde_json::from_str(&definition)
        .map_err(|e| Error::system(format!("version {number} of DAG {dag_id} in the store can't be read"), e))?;
    Ok(Some(Version { number, dag, source }))
}

/// Versions of a DAG, newest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn versions(conn: &Connection, dag_id: &str) -> Result<Vec<Value>> {
    let sql = r#"SELECT v.dag_id, v.number AS version_number, v.created_at AS "created_at@t", v.hash,
            (SELECT count(*) FROM dag_run r WHERE r.dag_version = v.id) AS run_count
        FROM dag_version v WHERE v.dag_id = ?1 ORDER BY v.number DESC"#;
    documents(conn, sql, [dag_id])
}

/// What was known about a DAG's file when it was parsed last: path, content hash, size.
///
/// # Errors
/// `System` if the store can't be read.
pub fn file(conn: &Connection, dag_id: &str) -> Result<Option<ParsedFile>> {
    let sql = "SELECT d.fileloc, f.mtime, f.size, f.hash FROM dag d LEFT JOIN dag_file f ON f.fileloc = d.fileloc
               WHERE d.dag_id = ?1";
    conn.query_row(sql, [dag_id], |row| {
        Ok(ParsedFile { fileloc: row.get(0)?, mtime: row.get(1)?, size: row.get(2)?, hash: row.get(3)? })
    })
    .optional()
    .map_err(read_error)
}

/// A DAG's file as it was when it was parsed last; `None` where it never was.
pub struct ParsedFile {
    /// Absolute path.
    pub fileloc: String,
    /// Time of change, as the DAG processor stored it.
    pub mtime: Option<i64>,
    /// Bytes.
    pub size: Option<i64>,
    /// Hash of the content.
    pub hash: Option<String>,
}

/// All findings in all files, with the path of the file, by path.
///
/// # Errors
/// `System` if the store can't be read.
pub fn diagnostics(conn: &Connection) -> Result<Vec<Diagnostic>> {
    let sql = "SELECT diagnostics FROM dag_file WHERE diagnostics <> '[]' ORDER BY fileloc";
    let lists = strings(conn, sql, [])?;
    Ok(lists.iter().flat_map(|text| serde_json::from_str::<Vec<Diagnostic>>(text).unwrap_or_default()).collect())
}

/// When each broken file was parsed, by path.
///
/// # Errors
/// `System` if the store can't be read.
pub fn parsed_at(conn: &Connection) -> Result<Vec<Value>> {
    documents(conn, r#"SELECT fileloc, parsed_at AS "timestamp@t" FROM dag_file WHERE diagnostics <> '[]'"#, [])
}
