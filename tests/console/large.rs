//! A home with very much in it, made without a scheduler.

use std::{fs, path::Path};

use rusqlite::Connection;

/// 2026-11-16 04:18:00 UTC, in microseconds.
pub const NOW: i64 = 1_794_802_680_000_000;

/// A store with DAGs: id, tasks, runs (one an hour, back from now; every 997th failed), tasks in a chain.
pub fn build(home: &Path, dags: &[(&str, i64, i64, i64)]) {
    fs::create_dir_all(home).unwrap();
    drop(dagdeck::store::Store::open(&home.join("dagdeck.db")).unwrap());
    let mut db = Connection::open(home.join("dagdeck.db")).unwrap();
    let tx = db.transaction().unwrap();
    for &(dag, tasks, runs, chain) in dags {
        let mut all = serde_json::Map::new();
        for n in 0..tasks {
            let up: Vec<String> = if n % chain == 0 { Vec::new() } else { vec![format!("t{}", n - 1)] };
            let task =
                serde_json::json!({"task_id": format!("t{n}"), "operator": "BashOperator", "upstream_task_ids": up});
            all.insert(format!("t{n}"), task);
        }
        let definition = serde_json::json!({"dag_id": dag, "tasks": all, "children": all.keys().collect::<Vec<_>>()});
        tx.execute(
            "INSERT INTO dag_version (dag_id, number, hash, definition, source, created_at) VALUES (?1, 1, 'h', ?2, '', 0)",
            rusqlite::params![dag, definition.to_string()],
        )
        .unwrap();
        let version = tx.last_insert_rowid();
        tx.execute(
            "INSERT INTO dag (dag_id, fileloc, is_paused, version_id, timetable_summary, timetable_class, owners, tags, first_seen,
             last_parsed) VALUES (?1, '/dags/x.py', 0, ?2, '@hourly', 'Cron', 'me', '[]', 0, 0)",
            rusqlite::params![dag, version],
        )
        .unwrap();
        tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
             INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, logical_date, run_after, start_date, end_date, conf, dag_version)
             SELECT ?1, 'scheduled__' || i, iif(i % 997 = 5, 'failed', 'success'), 'scheduled', 'timetable', ?3 - i * 3600000000,
                    ?3 - i * 3600000000, ?3 - i * 3600000000, ?3 - i * 3600000000 + 60000000, '{}', ?4 FROM n",
            rusqlite::params![dag, runs, NOW - 3_600_000_000, version],
        )
        .unwrap();
        tx.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
             INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight,
                start_date, end_date, duration)
             SELECT r.id, 't' || n.i, -1, iif(n.i = 7 AND r.state = 'failed', 'failed', 'success'), 1, 1, 'BashOperator', 'default_pool', 1, 1,
                r.start_date, r.end_date, 60.0 FROM dag_run r CROSS JOIN n WHERE r.dag_id = ?1",
            rusqlite::params![dag, tasks],
        )
        .unwrap();
    }
    dagdeck::store::seen::recount(&tx).unwrap();
    tx.commit().unwrap();
}
