//! For tests: task instances of all kinds.

use rusqlite::Connection;

use crate::store::seen;

/// The moment at which they are looked at.
pub const NOW: i64 = 1_000 * HOUR;
const HOUR: i64 = 3_600_000_000;

/// Two DAGs, one of them mapped in part; all states, some notes, names, causes; lengths and ends of all kinds.
pub fn fill(db: &Connection) {
    for (dag, tags, paused) in [("Churn", r#"["ml", "Prod"]"#, 0), ("ctr_daily", "[]", 1), ("idle", r#"["ml"]"#, 0)] {
        db.execute(
            "INSERT INTO dag (dag_id, fileloc, is_paused, version_id, timetable_summary, timetable_class, owners, tags, first_seen,
             last_parsed) VALUES (?1, '/d.py', ?3, 1, '', '', 'lee, Ana', ?2, 0, 0)",
            (dag, tags, paused),
        )
        .unwrap();
    }
    let states = [
        "none",
        "success",
        "failed",
        "skipped",
        "upstream_failed",
        "removed",
        "running",
        "queued",
        "up_for_retry",
        "success",
    ];
    let mut n = 0_usize;
    for run in 1..=24_i64 {
        let dag = if run % 3 == 0 { "ctr_daily" } else { "Churn" };
        let begin = NOW - run * 30 * HOUR;
        let ended = (run > 3).then_some(begin + HOUR);
        db.execute(
            "INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, run_after, start_date, end_date, conf, dag_version)
             VALUES (?1, ?2, ?3, 'success', 'manual', 'x', ?4, ?4, ?5, '{}', 1)",
            (run, dag, format!("{}__{run}", if run % 5 == 0 { "Backfill" } else { "manual" }), begin, ended),
        )
        .unwrap();
        for (task, operator, index) in [
            ("load", "BashOperator", -1),
            ("train_7", "PythonOperator", 0),
            ("train_7", "PythonOperator", 11),
            ("notify", "EmptyOperator", -1),
            ("Übung", "BashOperator", -1),
        ] {
            n += 1;
            let state = if run > 3 && n % 10 > 5 { "success" } else { states[n % states.len()] };
            db.execute(
                "INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight)
                 VALUES (?1, ?2, ?3, 'none', 1, 1, ?4, ?5, 1, 1)",
                (run, task, index, operator, if n.is_multiple_of(11) { "gpu" } else { "default_pool" }),
            )
            .unwrap();
            // One that was marked long after its run, one whose clock is ahead.
            let late = if n.is_multiple_of(37) { 900 * HOUR - begin } else { 0 };
            let took = 60_000_000 * (1 + n as i64 * 7 % 90);
            let (start, end) = match state {
                "none" | "queued" | "upstream_failed" => (None, None),
                "running" => (Some(begin), None),
                _ => (Some(begin), Some(begin + took + late.max(0))),
            };
            db.execute(
                "UPDATE task_instance SET state = ?4, start_date = ?5, end_date = ?6, note = ?7, rendered_map_index = ?8
                 WHERE run = ?1 AND task_id = ?2 AND map_index = ?3",
                (run, task, index, state, start, end, (n.is_multiple_of(29)).then_some("Ask LEE first"), (index == 11).then_some("lr=1e-4")),
            )
            .unwrap();
            if state == "failed" || state == "up_for_retry" {
                db.execute(
                    "INSERT OR REPLACE INTO try (run, task_id, map_index, try_number, state) VALUES (?1, ?2, ?3, 1, 'running')",
                    (run, task, index),
                )
                .unwrap();
                db.execute(
                    "UPDATE try SET cause_summary = iif(?4, 'killed: out of memory', 'no ValueError: bad'),
                         cause_exception = iif(?4, 'OOMKilled', 'ValueError'), fingerprint = 'f'
                     WHERE run = ?1 AND task_id = ?2 AND map_index = ?3",
                    (run, task, index, task != "notify"),
                )
                .unwrap();
            }
            if state == "skipped" {
                db.execute(
                    "INSERT OR REPLACE INTO cause VALUES (?1, ?2, ?3, 'skip', 'the branch 7' || ?1 || ' went elsewhere', NULL, NULL, 'g')",
                    (run, task, index),
                )
                .unwrap();
            }
        }
    }
    seen::recount(db).unwrap();
}
