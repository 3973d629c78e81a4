//! What `schema_seen.sql` costs the writer: counted in pages of the log and in steps of SQLite, with its triggers and without.

use std::{fs, path::Path};

use jiff::Timestamp;

use super::{Store, load};
use crate::model::{Change, RunId, TaskInstance, TiChange, TiState};

const TRIES: i64 = 60;

/// The life of 60 instances of a task that has run before, three commits each: bytes that the log grew by.
fn written(db: &Path, with_triggers: bool) -> u64 {
    let mut store = Store::open(db).unwrap();
    store
        .db
        .execute_batch(
            "INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, run_after, conf, dag_version)
                 VALUES (1, 'd', 'r', 'running', 'manual', 'x', 0, '{}', 1);
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 61)
             INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight)
                 SELECT 1, 't', i, 'none', 0, 0, 'BashOperator', 'default_pool', 1, 1 FROM n;
             PRAGMA wal_autocheckpoint = 0;",
        )
        .unwrap();
    if !with_triggers {
        let names: Vec<String> = store
            .db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(names.len() > 5);
        for name in names {
            store.db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
    }
    let rows = load::instances(store.reader(), RunId(1)).unwrap();
    // The first two say what is new: how short and how long it may take.
    live(&mut store, &rows[0], 1);
    live(&mut store, &rows[1], 1000);
    let log = db.with_extension("db-wal");
    let before = fs::metadata(&log).unwrap().len();
    for (n, row) in rows[2..].iter().enumerate() {
        live(&mut store, row, 2 + n as i64);
    }
    assert_eq!(rows.len() as i64 - 2, TRIES);
    fs::metadata(&log).unwrap().len() - before
}

/// Queued, running, done.
fn live(store: &mut Store, row: &TaskInstance, seconds: i64) {
    let mut row = row.clone();
    let at = |seconds: i64| Timestamp::from_second(1_000 + seconds).unwrap();
    row.try_number = 1;
    for to in [TiState::Queued, TiState::Running, TiState::Success] {
        let from = row.state;
        row.state = to;
        row.start_date = (to != TiState::Queued).then(|| at(0));
        row.end_date = (to == TiState::Success).then(|| at(seconds));
        let change = TiChange { from, row: row.clone(), cause: None, at: at(seconds) };
        assert_eq!(store.apply(&[Change::Ti(Box::new(change))]).unwrap(), super::gate::Refused::default());
    }
}

#[test]
fn a_commit_writes_no_page_more() {
    let dir = tempfile::tempdir().unwrap();
    let with = written(&dir.path().join("with.db"), true);
    let without = written(&dir.path().join("without.db"), false);
    println!("{TRIES} tries: {with} bytes of log, {without} without triggers");
    assert_eq!(with, without);
}
