//! The SQLite store: migrations, the one gate of change, rows for readers. The only room with SQL.

pub mod asset;
pub mod audit;
pub mod backfill;
pub mod callback;
pub mod connection;
pub mod count;
pub mod dag;
pub mod deadline;
pub mod deferral;
pub mod gate;
pub mod heard;
pub mod hitl;
pub mod incident;
pub mod load;
pub mod pages;
pub mod plan;
pub mod pod;
pub mod pod_usage;
pub mod pool;
pub mod rows;
pub mod run;
pub mod screens;
pub mod seen;
#[cfg(test)]
mod seen_costs;
pub mod task_state;
pub mod variable;
pub mod wait;
pub mod xcom;

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use crate::{
    config::Place,
    error::{Error, Result},
    model::Pool,
};

/// SQL of each schema version, in order; `PRAGMA user_version` counts how many were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema_operations.sql"),
    include_str!("schema_heard.sql"),
    include_str!("schema_deferral.sql"),
    include_str!("schema_incidents.sql"),
    include_str!("schema_assets.sql"),
    include_str!("schema_deadline.sql"),
    include_str!("schema_timetable.sql"),
    include_str!("schema_pods.sql"),
    include_str!("schema_pod_result.sql"),
    include_str!("schema_pod_usage.sql"),
    include_str!("schema_acts.sql"),
    include_str!("schema_seen.sql"),
    include_str!("schema_undo.sql"),
    include_str!("schema_pod_adopted.sql"),
    include_str!("schema_counts.sql"),
    include_str!("schema_pod_lists.sql"),
];

/// The writer's side of the store. Who holds one must hold the home's writer lock.
pub struct Store {
    pub(crate) db: Connection,
}

impl Store {
    /// Opens the store for writing, creates it if it isn't there, and brings it to the newest schema.
    pub fn open(path: &Path) -> Result<Self> {
        let db = Connection::open(path).map_err(|e| failed(&format!("cannot open the store {}", path.display()), e))?;
        let set = |db: &Connection| -> rusqlite::Result<()> {
            db.busy_timeout(Duration::from_secs(10))?;
            db.pragma_update(None, "journal_mode", "WAL")?;
            // WAL with NORMAL loses nothing when a process is killed. For power cuts, the log is synced before the
            // claim of a try that ended is removed.
            db.pragma_update(None, "synchronous", "NORMAL")?;
            db.pragma_update(None, "foreign_keys", "OFF")?;
            db.pragma_update(None, "temp_store", "MEMORY")?;
            db.pragma_update(None, "cache_size", -4000)?;
            db.set_prepared_statement_cache_capacity(128);
            Ok(())
        };
        set(&db).map_err(|e| failed(&format!("cannot use the store {}", path.display()), e))?;
        let mut store = Self { db };
        store.migrate()?;
        Ok(store)
    }

    /// Opens a home's store for writing. One that is made now has a default pool of `[core] default_pool_task_slot_count` slots.
    pub fn of(place: &Place) -> Result<Self> {
        let is_new = !place.db().exists();
        let mut store = Self::open(&place.db())?;
        if is_new {
            let slots = place.settings.number("core", "default_pool_task_slot_count")? as i64;
            let name = crate::model::pool::DEFAULT_POOL.to_owned();
            let pool = Pool { name, slots, description: "Default pool".into(), include_deferred: false };
            store.transaction(|tx| pool::set(tx, &pool))?;
        }
        Ok(store)
    }

    /// Opens the store for reading only; `None` if there is none yet.
    ///
    /// # Errors
    /// `Refused` if its schema isn't the one that this program reads, `System` if it can't be read.
    pub fn open_reader(path: &Path) -> Result<Option<Connection>> {
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)
            .map_err(|e| failed(&format!("cannot read the store {}", path.display()), e))?;
        db.busy_timeout(Duration::from_secs(2)).map_err(|e| failed("cannot read the store", e))?;
        require_newest(&db)?;
        Ok(Some(db))
    }

    /// The schema version that this program writes.
    pub fn newest_version() -> usize {
        MIGRATIONS.len()
    }

    fn migrate(&mut self) -> Result<()> {
        let version = version(&self.db)?;
        if version > MIGRATIONS.len() {
            return Err(too_new(version));
        }
        for (number, sql) in MIGRATIONS.iter().enumerate().skip(version) {
            let apply = |db: &mut Connection| -> rusqlite::Result<()> {
                let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                tx.execute_batch(sql)?;
                tx.pragma_update(None, "user_version", number as i64 + 1)?;
                tx.commit()
            };
            apply(&mut self.db)
                .map_err(|e| failed(&format!("cannot migrate the store to version {}", number + 1), e))?;
        }
        Ok(())
    }

    /// Runs `work` in one immediate transaction: all of it is committed, or nothing.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T>) -> Result<T> {
        let tx = self
            .db
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(|e| failed("cannot begin a transaction", e))?;
        let value = work(&tx)?;
        tx.commit().map_err(|e| failed("cannot commit", e))?;
        Ok(value)
    }

    /// The connection, for reads by whoever holds the store.
    pub fn reader(&self) -> &Connection {
        &self.db
    }
}

/// The version of a store's schema.
fn version(db: &Connection) -> Result<usize> {
    let version = db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    version.map(|v| v as usize).map_err(|e| failed("cannot read the store's version", e))
}

/// Refuses a store whose schema isn't the one that this program reads: reading never changes it.
fn require_newest(db: &Connection) -> Result<()> {
    match version(db)? {
        v if v > MIGRATIONS.len() => Err(too_new(v)),
        v if v < MIGRATIONS.len() => {
            let what =
                format!("the store is of an older version (schema {v}, this dagdeck reads {})", MIGRATIONS.len());
            Err(Error::refused(what).hint(
                "`dagdeck scheduler start` (or `dagdeck db migrate`) brings it up to date; a scheduler of the older version \
                 that still runs has to be ended first: `dagdeck scheduler stop`",
            ))
        }
        _ => Ok(()),
    }
}

fn too_new(version: usize) -> Error {
    Error::refused(format!("the store has schema version {version}, this dagdeck knows {}", MIGRATIONS.len()))
        .hint("use the newer dagdeck that wrote it, or another --home")
}

/// An SQLite error as one of ours, with a hint for the ones that a person can mend.
pub fn failed(what: &str, e: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let code = e.sqlite_error_code();
    let error = Error::system(what, &e);
    match code {
        Some(ErrorCode::DiskFull) => error.hint("the disk is full: free some space; nothing was lost"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            error.hint("another program holds the store; `dagdeck scheduler status` tells whether a scheduler runs")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            error.hint("check who owns the home and its files")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            error.hint("`dagdeck db check` tells what is broken; restore a backup with `dagdeck db restore FILE`")
        }
        _ => error,
    }
}

impl Store {
    /// Copies pools, variables and connections from another store, if it exists.
    pub fn copy_settings(&mut self, from: &Path) -> Result<()> {
        if !from.exists() {
            return Ok(());
        }
        let failed = |e| failed(&format!("cannot copy the settings of {}", from.display()), e);
        self.db.execute("ATTACH DATABASE ?1 AS other", [from.to_string_lossy()]).map_err(failed)?;
        let copied = self.db.execute_batch(
            "INSERT OR REPLACE INTO main.pool SELECT * FROM other.pool; \
             INSERT OR REPLACE INTO main.variable SELECT * FROM other.variable; \
             INSERT OR REPLACE INTO main.connection SELECT * FROM other.connection;",
        );
        let detached = self.db.execute_batch("DETACH DATABASE other");
        copied.and(detached).map_err(failed)
    }
}
