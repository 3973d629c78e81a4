//! Frames of the console without a terminal: how long drawing takes, how long from a key to the new frame (with what is read
//! from the store, over a connection opened anew each time), and how many bytes the terminal gets.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use dagdeck::console::{Stage, changed_bytes};
use rusqlite::Connection;

use super::numbers::percentile;

/// 2026-11-16 04:18:00 UTC, in microseconds.
const NOW: i64 = 1_794_802_680_000_000;
const SIZE: (u16, u16) = (160, 45);

/// A large home, then each screen with a few hundred keys.
pub fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    build(dir.path());
    println!(
        "frames 160x45: home with 100,000 runs, 1,000,000 task instances, a log of 1,000,000 lines made in {:.0?}",
        began.elapsed()
    );
    let open = |keys: &str| {
        let mut stage = Stage::new(dir.path().to_owned(), SIZE, NOW, true).unwrap();
        let began = Instant::now();
        stage.keys(keys);
        let _ = stage.frame();
        (stage, began.elapsed())
    };
    for (name, there, keys) in [
        ("triage", "", "j k"),
        ("DAGs", "2", "j k"),
        ("grid of 200 tasks x 60 runs", "2 Enter", "j j j Left Left Right k G g g"),
        ("timeline of 200 tasks", "2 Enter v t", "j j k"),
        ("diagram of 200 tasks", "2 Enter v d", "j j l h k"),
        ("list of 100,000 runs", "3", "j j j PgDn PgDn PgUp k"),
        ("1,000,000 task instances", "4", "j j j PgDn PgDn PgUp k"),
        ("log of 1,000,000 lines", "2 j Enter o", "k k PgUp PgUp PgDn j g g G"),
    ] {
        let (mut stage, opened) = open(there);
        sample(name, &mut stage, opened, keys);
    }
    let (mut stage, _) = open("2 j Enter o");
    stage.keys("/").type_text("line 17 ");
    let began = Instant::now();
    stage.keys("Enter");
    println!("  search back through the whole log                {:>8.1} ms", millis(began.elapsed()));
    let (mut stage, _) = open("4 /");
    stage.type_text("task:t7 dur>1h");
    let began = Instant::now();
    stage.keys("Enter");
    println!("  1,000,000 instances by a filter that no index has {:>8.1} ms", millis(began.elapsed()));
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn sample(name: &str, stage: &mut Stage, opened: Duration, keys: &str) {
    let (mut draws, mut waits, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = stage.frame();
    let before = last.clone();
    for key in keys.split(' ').cycle().take(300) {
        let began = Instant::now();
        stage.keys(key);
        let drawing = Instant::now();
        let frame = stage.frame();
        draws.push(millis(drawing.elapsed()));
        waits.push(millis(began.elapsed()));
        bytes.push(changed_bytes(&last, &frame) as f64);
        last = frame;
    }
    let all = changed_bytes(&ratatui::buffer::Buffer::empty(*before.area()), &before);
    println!(
        "  {name:<28} open {:>7.1} ms  draw p50 {:>5.2} p99 {:>5.2} ms  key p50 {:>5.2} p99 {:>6.2} ms  bytes p50 {:>5.0} p99 {:>6.0}  whole {all}",
        millis(opened),
        percentile(&mut draws, 50.0),
        percentile(&mut draws, 99.0),
        percentile(&mut waits, 50.0),
        percentile(&mut waits, 99.0),
        percentile(&mut bytes, 50.0),
        percentile(&mut bytes, 99.0),
    );
}

fn build(home: &Path) {
    fs::create_dir_all(home).unwrap();
    drop(dagdeck::store::Store::open(&home.join("dagdeck.db")).unwrap());
    let mut db = Connection::open(home.join("dagdeck.db")).unwrap();
    let tx = db.transaction().unwrap();
    // The grid: 200 tasks in 20 chains, 60 runs. The list: 10 tasks, 100,000 runs.
    for (dag, tasks, runs, chain) in [("grid", 200, 60, 10), ("many", 10, 100_000, 10)] {
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
    tx.commit().unwrap();
    let dir = home.join("logs/dag_id=many/run_id=scheduled__5/task_id=t7");
    fs::create_dir_all(&dir).unwrap();
    let mut text = String::new();
    for n in 0..1_000_000 {
        let _ = writeln!(
            text,
            "{{\"timestamp\":\"2026-11-16T02:00:00Z\",\"level\":\"info\",\"event\":\"line {n} of a long log\"}}"
        );
    }
    fs::write(dir.join("attempt=1.log"), text).unwrap();
}
