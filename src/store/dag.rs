//! DAGs, their versions, and the files they come from.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{asset, failed, rows};
use crate::{
    error::{Error, Result},
    model::{Dag, DagVersionId, Diagnostic, Severity},
};

/// What the processor found out about one file.
#[derive(Debug, Clone)]
pub struct ParsedFile {
    /// Absolute path.
    pub fileloc: String,
    /// Hash of the content.
    pub hash: String,
    /// Modification time, microseconds.
    pub mtime: i64,
    /// Bytes.
    pub size: i64,
    /// The file's text.
    pub source: String,
    /// How long parsing took.
    pub parse_seconds: f64,
    /// Its DAGs, each with what its timetable says.
    pub dags: Vec<ParsedDag>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// A DAG with the facts that come from its timetable.
#[derive(Debug, Clone)]
pub struct ParsedDag {
    /// The DAG.
    pub dag: Dag,
    /// `0 6 * * *`, `@once`, `None`.
    pub timetable_summary: String,
    /// Airflow's class name.
    pub timetable_class: String,
}

/// A stored DAG.
#[derive(Debug, Clone)]
pub struct StoredDag {
    /// Definition of the latest version.
    pub dag: Arc<Dag>,
    /// Its row.
    pub version: DagVersionId,
    /// Paused.
    pub is_paused: bool,
    /// Its file has errors now.
    pub has_import_errors: bool,
    /// Its file is gone or no longer has it.
    pub is_stale: bool,
}

/// A stored file: path, hash, mtime, size.
pub type FileRow = (String, String, i64, i64);

/// Stores what came out of a file: new versions of changed DAGs; DAGs that it no longer has become stale. Returns the ids of
/// DAGs whose row changed. A file with errors keeps the DAGs it had.
pub fn register(
    tx: &Transaction<'_>,
    file: &ParsedFile,
    paused_at_creation: bool,
    now: Timestamp,
) -> Result<Vec<Arc<str>>> {
    let write = |e| failed(&format!("cannot store the DAGs of {}", file.fileloc), e);
    let broken = file.diagnostics.iter().any(|d| d.severity == Severity::Error);
    let diagnostics = serde_json::to_string(&file.diagnostics).unwrap_or_default();
    tx.execute(
        "INSERT OR REPLACE INTO dag_file (fileloc, hash, mtime, size, parsed_at, parse_seconds, diagnostics) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![file.fileloc, file.hash, file.mtime, file.size, now.as_microsecond(), file.parse_seconds, diagnostics],
    )
    .map_err(write)?;
    let mut changed = Vec::new();
    for parsed in &file.dags {
        one(tx, file, parsed, paused_at_creation, now)?;
        changed.push(parsed.dag.dag_id.clone());
    }
    let known = ids_of_file(tx, &file.fileloc)?;
    for dag_id in known.iter().filter(|id| !changed.contains(id)).cloned().collect::<Vec<_>>() {
        let sql = if broken {
            "UPDATE dag SET has_import_errors = 1 WHERE dag_id = ?1"
        } else {
            "UPDATE dag SET is_stale = 1, has_import_errors = 0 WHERE dag_id = ?1"
        };
        tx.execute(sql, [&*dag_id]).map_err(write)?;
        if !broken {
            asset::forget(tx, &dag_id)?;
        }
        changed.push(dag_id);
    }
    asset::activate(tx)?;
    Ok(changed)
}

/// What is said of two files with one DAG id.
pub fn used_twice(dag_id: &str, first: &str, second: &str) -> Error {
    Error::refused(format!("DAG id {dag_id} is used twice: in {first} and in {second}"))
        .hint("dag_id must be unique over all files: rename one of them")
}

fn one(
    tx: &Transaction<'_>,
    file: &ParsedFile,
    parsed: &ParsedDag,
    paused_at_creation: bool,
    now: Timestamp,
) -> Result<()> {
    let dag = &parsed.dag;
    let write = |e| failed(&format!("cannot store DAG {}", dag.dag_id), e);
    let other: Option<String> = tx
        .query_row("SELECT fileloc FROM dag WHERE dag_id = ?1 AND is_stale = 0", [&*dag.dag_id], |row| row.get(0))
        .optional()
        .map_err(write)?;
    if let Some(other) = other.filter(|o| *o != file.fileloc && std::path::Path::new(o).exists()) {
        return Err(used_twice(&dag.dag_id, &other, &file.fileloc));
    }
    let definition =
        serde_json::to_string(dag).map_err(|e| Error::system(format!("cannot serialise DAG {}", dag.dag_id), e))?;
    let hash = meaning(dag)?;
    let latest: Option<(i64, i64, String)> = tx
        .query_row(
            "SELECT id, number, hash FROM dag_version WHERE dag_id = ?1 ORDER BY number DESC LIMIT 1",
            [&*dag.dag_id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .map_err(write)?;
    let version = match latest {
        // The same DAG from another text: the version has the text that runs now.
        Some((id, _, stored)) if stored == hash => {
            tx.execute(
                "UPDATE dag_version SET definition = ?2, source = ?3 WHERE id = ?1 AND (definition <> ?2 OR source <> ?3)",
                params![id, definition, file.source],
            )
            .map_err(write)?;
            id
        }
        other => {
            let number = other.map_or(1, |(_, number, _)| number + 1);
            tx.execute(
                "INSERT INTO dag_version (dag_id, number, hash, definition, source, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![&*dag.dag_id, number, hash, definition, file.source, now.as_microsecond()],
            )
            .map_err(write)?;
            tx.last_insert_rowid()
        }
    };
    let tags = serde_json::to_string(&dag.tags).unwrap_or_default();
    tx.execute(
        "INSERT INTO dag (dag_id, fileloc, is_paused, version_id, timetable_summary, timetable_class, description, owners, tags, \
         first_seen, last_parsed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) ON CONFLICT DO UPDATE SET \
         fileloc = excluded.fileloc, version_id = excluded.version_id, timetable_summary = excluded.timetable_summary, \
         timetable_class = excluded.timetable_class, description = excluded.description, owners = excluded.owners, \
         tags = excluded.tags, last_parsed = excluded.last_parsed, is_stale = 0, has_import_errors = 0",
        params![
            &*dag.dag_id,
            file.fileloc,
            dag.is_paused_upon_creation.unwrap_or(paused_at_creation),
            version,
            parsed.timetable_summary,
            parsed.timetable_class,
            dag.description,
            dag.owners(),
            tags,
            now.as_microsecond()
        ],
    )
    .map_err(write)?;
    let answers =
        dag.schedule.has_own_timetable().then(|| serde_json::to_string(&dag.timetable_answers).unwrap_or_default());
    tx.execute("UPDATE dag SET timetable_answers = ?2 WHERE dag_id = ?1", params![&*dag.dag_id, answers])
        .map_err(write)?;
    asset::declare(tx, dag, now)
}

/// DAGs of a file whose timetable class is the author's own.
pub fn with_own_timetable(db: &Connection, fileloc: &str) -> Result<Vec<Arc<str>>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare_cached("SELECT dag_id FROM dag WHERE fileloc = ?1 AND timetable_answers IS NOT NULL")?
            .query_map([fileloc], |row| row.get(0))?
            .collect()
    };
    read().map_err(|e| failed("cannot read the timetables of a file", e))
}

/// Hash of what a DAG means: not of the lines where it is written, nor of what its file is warned about.
fn meaning(dag: &Dag) -> Result<String> {
    let mut plain = dag.clone();
    plain.line = 0;
    plain.warnings.clear();
    plain.tasks.values_mut().for_each(|task| task.line = 0);
    let text =
        serde_json::to_string(&plain).map_err(|e| Error::system(format!("cannot serialise DAG {}", dag.dag_id), e))?;
    Ok(crate::model::hash::text(&text))
}

fn ids_of_file(db: &Connection, fileloc: &str) -> Result<Vec<Arc<str>>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare_cached("SELECT dag_id FROM dag WHERE fileloc = ?1 AND is_stale = 0")?
            .query_map([fileloc], |row| row.get(0))?
            .collect()
    };
    read().map_err(|e| failed("cannot read the DAGs of a file", e))
}

/// Forgets a file that is gone: its DAGs become stale. Returns their ids.
pub fn forget_file(tx: &Transaction<'_>, fileloc: &str) -> Result<Vec<Arc<str>>> {
    let ids = ids_of_file(tx, fileloc)?;
    let write = |e| failed(&format!("cannot forget {fileloc}"), e);
    tx.execute("DELETE FROM dag_file WHERE fileloc = ?1", [fileloc]).map_err(write)?;
    tx.execute("UPDATE dag SET is_stale = 1 WHERE fileloc = ?1", [fileloc]).map_err(write)?;
    for dag_id in &ids {
        asset::forget(tx, dag_id)?;
    }
    asset::activate(tx)?;
    Ok(ids)
}

/// Files that were parsed.
pub fn files(db: &Connection) -> Result<Vec<FileRow>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare("SELECT fileloc, hash, mtime, size FROM dag_file")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect()
    };
    read().map_err(|e| failed("cannot read the files", e))
}

/// A DAG with its latest definition; stale ones too.
pub fn get(db: &Connection, dag_id: &str) -> Result<Option<StoredDag>> {
    let found = db
        .prepare_cached(
            "SELECT v.definition, v.id, d.is_paused, d.has_import_errors, d.is_stale, d.timetable_answers FROM dag d \
             JOIN dag_version v ON v.id = d.version_id WHERE d.dag_id = ?1",
        )
        .and_then(|mut s| s.query_row([dag_id], stored).optional())
        .map_err(|e| failed(&format!("cannot read DAG {dag_id}"), e))?;
    found.map(definition).transpose()
}

/// All DAGs that aren't stale.
pub fn all(db: &Connection) -> Result<Vec<StoredDag>> {
    let read = || -> rusqlite::Result<Vec<_>> {
        db.prepare(
            "SELECT v.definition, v.id, d.is_paused, d.has_import_errors, d.is_stale, d.timetable_answers FROM dag d \
             JOIN dag_version v ON v.id = d.version_id WHERE d.is_stale = 0 ORDER BY d.dag_id",
        )?
        .query_map([], stored)?
        .collect()
    };
    read().map_err(|e| failed("cannot read the DAGs", e))?.into_iter().map(definition).collect()
}

type Raw = (String, i64, bool, bool, bool, Option<String>);

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn definition((text, version, is_paused, has_import_errors, is_stale, answers): Raw) -> Result<StoredDag> {
    let mut dag: Dag =
        serde_json::from_str(&text).map_err(|e| Error::system("a stored DAG version cannot be read", e))?;
    if let Some(answers) = answers {
        dag.timetable_answers = serde_json::from_str(&answers)
            .map_err(|e| Error::system(format!("the timetable of DAG {} cannot be read", dag.dag_id), e))?;
    }
    Ok(StoredDag { dag: Arc::new(dag), version: DagVersionId(version), is_paused, has_import_errors, is_stale })
}

/// The definition of a version.
pub fn version(db: &Connection, id: DagVersionId) -> Result<Arc<Dag>> {
    let text: Option<String> = db
        .prepare_cached("SELECT definition FROM dag_version WHERE id = ?1")
        .and_then(|mut s| s.query_row([id.0], |row| row.get(0)).optional())
        .map_err(|e| failed("cannot read a DAG version", e))?;
    let text = text.ok_or_else(|| Error::not_found(format!("DAG version {} is not in the store", id.0)))?;
    serde_json::from_str(&text).map(Arc::new).map_err(|e| Error::system("a stored DAG version cannot be read", e))
}

/// The text of the file that a version was made from.
pub fn source(db: &Connection, id: DagVersionId) -> Result<Option<String>> {
    db.prepare_cached("SELECT source FROM dag_version WHERE id = ?1")
        .and_then(|mut s| s.query_row([id.0], |row| row.get(0)).optional())
        .map_err(|e| failed("cannot read the source of a DAG version", e))
}

/// Pauses or resumes; false if there is no such DAG.
pub fn set_paused(tx: &Transaction<'_>, dag_id: &str, paused: bool) -> Result<bool> {
    tx.execute("UPDATE dag SET is_paused = ?2 WHERE dag_id = ?1", params![dag_id, paused])
        .map(|n| n > 0)
        .map_err(|e| failed(&format!("cannot pause {dag_id}"), e))
}

/// Writes the next run of a DAG, for readers.
pub fn set_next(tx: &Transaction<'_>, dag_id: &str, next: Option<&crate::timetable::DueRun>) -> Result<()> {
    tx.prepare_cached(
        "UPDATE dag SET next_logical_date = ?2, next_data_interval_start = ?3, next_data_interval_end = ?4, next_run_after = ?5 \
         WHERE dag_id = ?1",
    )
    .and_then(|mut s| {
        let interval = next.and_then(|n| n.data_interval.as_ref());
        s.execute(params![
            dag_id,
            rows::micros(next.and_then(|n| n.logical_date)),
            rows::micros(interval.map(|i| i.start)),
            rows::micros(interval.map(|i| i.end)),
            rows::micros(next.map(|n| n.run_after)),
        ])
    })
    .map_err(|e| failed(&format!("cannot write the next run of {dag_id}"), e))?;
    Ok(())
}

/// Deletes a DAG with all its runs and versions.
pub fn delete(tx: &Transaction<'_>, dag_id: &str) -> Result<usize> {
    let runs = super::run::ids(tx, dag_id)?;
    for (id, _) in &runs {
        super::run::delete(tx, *id)?;
    }
    asset::forget(tx, dag_id)?;
    asset::activate(tx)?;
    tx.execute("DELETE FROM backfill_dag_run WHERE backfill IN (SELECT id FROM backfill WHERE dag_id = ?1)", [dag_id])
        .map_err(|e| failed(&format!("cannot delete the backfills of {dag_id}"), e))?;
    for table in ["backfill", "dag_version", "dag", "task_seen", "task_said"] {
        tx.execute(&format!("DELETE FROM {table} WHERE dag_id = ?1"), [dag_id])
            .map_err(|e| failed(&format!("cannot delete DAG {dag_id}"), e))?;
    }
    // Its file, if it is still there, is parsed again and makes the DAG anew.
    Ok(runs.len())
}
