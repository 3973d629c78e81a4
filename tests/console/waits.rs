//! What triage says of what waits, of files that all fail for one reason, and of the system.

use dagdeck::console::Stage;
use rusqlite::Connection;
use serde_json::json;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);
const MINUTE: i64 = 60_000_000;

fn with(change: impl Fn(&Connection), size: (u16, u16)) -> (tempfile::TempDir, Stage) {
    let (dir, mut stage) = stage(size);
    change(&Connection::open(dir.path().join("dagdeck.db")).unwrap());
    stage.changed();
    (dir, stage)
}

fn line(text: &str, part: &str) -> String {
    text.lines().find(|l| l.contains(part)).unwrap_or_else(|| panic!("{part} in\n{text}")).to_owned()
}

#[test]
fn each_state_is_counted_by_the_name_that_a_filter_finds_it_by() {
    let (_dir, mut stage) = with(
        |db| {
            db.execute("UPDATE task_instance SET state = 'scheduled' WHERE task_id = 'report' AND state = 'none'", [])
                .unwrap();
        },
        SMALL,
    );
    let title = stage.text().lines().nth(1).unwrap().to_owned();
    assert!(title.contains("running 1   queued 0   scheduled 2   up_for_retry 1"), "{title}");
    for (state, n) in [("scheduled", 2), ("up_for_retry", 1), ("running", 1)] {
        stage.keys("4 /").type_text(&format!("state:{state}")).keys("Enter");
        assert!(stage.text().contains(&format!("{n} of ")), "{state}: {}", stage.text());
        stage.keys("Esc");
    }
}

#[test]
fn what_waits_for_one_pool_is_one_line_with_the_longest_wait() {
    let (_dir, mut stage) = with(
        |db| {
            db.execute(
                "UPDATE task_instance SET state = 'queued', pool = 'gpu', queued_when = ?1 + run WHERE task_id = 'report'
                   AND run IN (SELECT id FROM dag_run ORDER BY id DESC LIMIT 5)",
                [NOW - 90 * MINUTE],
            )
            .unwrap();
        },
        SMALL,
    );
    let text = stage.keys("G").text();
    let row = line(&text, "x5");
    assert!(row.contains("1h30 Q ") || row.contains("90m Q ") || row.contains("1h Q "), "{row}");
    assert!(row.contains("waits for a slot of pool gpu"), "{row}");
    assert!(text.contains("5 wait for the same; Enter lists them"), "{text}");
    // All of them are meant by what is done there, and by going there.
    stage.keys("M f");
    assert!(stage.text().contains("5 task instances in 5 runs"), "{}", stage.text());
    stage.keys("Esc Enter");
    let text = stage.text();
    assert!(text.contains("pool:gpu state:scheduled,queued") && text.contains("5 of "), "{text}");
}

#[test]
fn retries_for_one_reason_are_one_line() {
    let (_dir, stage) = with(
        |db| {
            db.execute_batch(
                "INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots,
                    priority_weight, start_date, end_date, wake_at)
                 SELECT t.run, t.task_id, n.value, t.state, 2, 2, t.operator, t.pool, 1, 1, t.start_date, t.end_date, t.wake_at
                 FROM task_instance t, json_each('[0, 1, 2]') n WHERE t.state = 'up_for_retry';
                 INSERT INTO try SELECT run, task_id, n.value, try_number, state, start_date, end_date, pid, hostname, cause_kind,
                    cause_summary, NULL, NULL, fingerprint
                 FROM try y, json_each('[0, 1, 2]') n WHERE y.cause_summary LIKE 'pod evicted%' AND y.try_number = 2;
                 UPDATE task_instance SET map_index = 3 WHERE state = 'up_for_retry' AND map_index = -1;
                 UPDATE try SET map_index = 3 WHERE cause_summary LIKE 'pod evicted%' AND map_index = -1;",
            )
            .unwrap();
        },
        (160, 45),
    );
    let text = stage.text();
    let row = line(&text, "pod evicted");
    assert!(row.contains("fraud_hpo 11-16 load x4 ") && row.contains("try 3/3 in "), "{text}");
    assert!(text.contains("WAITS (1)"), "{text}");
}

#[test]
fn a_missing_python_is_one_line_whatever_number_of_files_there_is() {
    let why = "Python cannot be started: python3: No such file or directory";
    let (_dir, mut stage) = with(
        |db| {
            for n in 0..5 {
                let file = format!("/dags/f{n}.py");
                let error = json!([{"severity": "error", "file": file, "line": 0, "column": 0, "message": why, "hint": "install python3"}]);
                db.execute(
                    "INSERT INTO dag_file VALUES (?1, 'h', 0, 10, ?2, 0.2, ?3)",
                    (&file, NOW, error.to_string()),
                )
                .unwrap();
            }
        },
        SMALL,
    );
    for keys in ["1", "2", "0"] {
        let text = stage.keys(keys).text();
        let rows: Vec<&str> = text.lines().filter(|l| l.contains("E 5 files") || l.contains("E f")).collect();
        assert!(rows.len() == 1 && rows[0].contains("IMPORT ERROR: Python cannot be started"), "{keys}: {text}");
        assert!(text.contains("line 41"), "the other error is its own line; {keys}: {text}");
    }
    // The other kind, a failure, a late run, one question more or less: one more than without.
    assert!(stage.keys("1").text().contains("NEEDS YOU (4)"), "{}", stage.text());
    stage.keys("0 j").keys("Enter");
    let text = stage.text();
    assert!(text.contains("/dags/f0.py") && text.contains("/dags/f4.py") || text.contains("churn_v2.py:41"), "{text}");
}

#[test]
fn files_that_are_being_read_are_no_missing_dags() {
    let dir = tempfile::tempdir().unwrap();
    drop(dagdeck::store::Store::open(&dir.path().join("dagdeck.db")).unwrap());
    let mut stage = Stage::new(dir.path().to_owned(), SMALL, NOW, true).unwrap();
    let says = |n: u32| json!({"counts": {"parsing": n}});
    stage.answer(9_999, says(5));
    assert!(stage.text().contains("reading 5 files in "), "{}", stage.text());
    stage.keys("2");
    assert!(stage.text().contains("reading 5 files in "), "{}", stage.text());
    stage.answer(9_999, says(0));
    assert!(stage.text().contains("no DAGs yet; put files into"), "{}", stage.text());
    stage.keys("1");
    assert!(stage.text().contains("nothing needs you"), "{}", stage.text());
}

#[test]
fn how_the_system_is_stands_below_triage_where_there_is_room() {
    let (_dir, mut stage) = stage((160, 45));
    assert!(!stage.text().contains("SYSTEM "), "nobody said anything yet");
    let status = json!({"counts": {"parsing": 0}, "lag": 0.2, "stuck": null, "tick": {"p50": 0.0031, "p99": 0.011},
        "log_disk": {"path": "/logs", "used_percent": 96, "free_bytes": 5}});
    stage.answer(9_999, status.clone());
    let row = line(&stage.text(), "SYSTEM ");
    assert!(
        row.contains("SYSTEM tick 3ms (p99 11)  db ") && row.contains(" wal ") && row.contains("  log disk 96%"),
        "{row}"
    );
    assert!(!row.contains("late"), "{row}");
    stage.answer(9_999, json!({"counts": {}, "lag": 75.0, "stuck": "database or disk is full"}));
    let row = line(&stage.text(), "SYSTEM ");
    assert!(row.contains("1m15 late  STUCK: database or disk is full"), "{row}");
    stage.lose_scheduler();
    assert!(line(&stage.text(), "SYSTEM ").contains("SYSTEM no scheduler  db "), "{}", stage.text());
    // At 80x24 what needs somebody comes first.
    let (_dir, mut small) = super::screens::stage(SMALL);
    small.answer(9_999, status);
    let text = small.text();
    assert!(text.contains("WAITS (1)") && text.contains("NEEDS YOU (3)"), "{text}");
}
