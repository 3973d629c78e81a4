//! What the screens say before somebody asks: what takes too long, what will be late, what points at a cause.

use rusqlite::Connection;
use tempfile::TempDir;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);
const MINUTE: i64 = 60_000_000;

fn store(dir: &TempDir) -> Connection {
    Connection::open(dir.path().join("dagdeck.db")).unwrap()
}

#[test]
fn what_runs_longer_than_it_ever_did_is_named() {
    let (dir, mut stage) = stage(SMALL);
    // 2 h, where it took 30 minutes 19 times.
    let text = stage.text();
    assert!(text.contains("SLOW, OR LATE SOON (1)") && text.contains("runs 1h59; p95 30m00, p50 30m00"), "{text}");
    // It isn't yet what needs somebody; its own screen says it too.
    assert!(text.contains("NEEDS YOU 3"), "{text}");
    let text = stage.keys("j j j Enter").text();
    assert!(text.contains("running for 1h, longer than p95 30m00"), "{text}");
    store(&dir).execute("UPDATE task_instance SET start_date = ?1 WHERE state = 'running'", [NOW - MINUTE]).unwrap();
    assert!(!stage.keys("1").changed().text().contains("SLOW"), "{}", stage.text());
}

#[test]
fn a_missed_deadline_needs_somebody_and_one_that_will_be_is_told() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    let run: i64 = db
        .query_row("SELECT id FROM dag_run WHERE dag_id = 'fraud_hpo' AND state = 'running'", [], |r| r.get(0))
        .unwrap();
    // It began two hours ago and takes 33 minutes.
    db.execute("UPDATE dag_run SET start_date = ?1 WHERE id = ?2", [NOW - MINUTE, run]).unwrap();
    db.execute("INSERT INTO deadline VALUES (?1, 0, ?2, 0)", [run, NOW + 60 * MINUTE]).unwrap();
    assert!(!stage.changed().text().contains("deadline"), "{}", stage.text());
    db.execute("UPDATE deadline SET due_at = ?1", [NOW + 20 * MINUTE]).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("deadline 04:38 in 19m, ends 04:49") && text.contains("NEEDS YOU 3"), "{text}");
    db.execute("UPDATE deadline SET due_at = ?1, missed = 1", [NOW - 38 * MINUTE]).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("38m L fraud_hpo") && text.contains("deadline 03:40 missed"), "{text}");
    assert!(text.contains("NEEDS YOU 4"), "{text}");
    // The list of DAGs says it where there is room.
    let text = stage.resize(160, 45).keys("2").text();
    assert!(text.contains("03:40 +38m!"), "{text}");
}

#[test]
fn a_cause_comes_with_what_points_at_it() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.text();
    assert!(
        text.contains("the same in 2 runs in a row") && text.contains("<< 8d ago this task's retries: 5 -> 2"),
        "{text}"
    );
    let text = stage.keys("Enter").text();
    assert!(text.contains("HINT the same in 2 runs in a row; since 11-02 02:00 retries: 5 -> 2 (b)"), "{text}");
    // The log still begins right below its tabs.
    assert!(text.lines().nth(5).unwrap().starts_with("-- log"), "{text}");
    // What ended well has none.
    let text = stage.keys("(").text();
    assert!(!text.contains("HINT") && text.lines().nth(4).unwrap().starts_with("-- log"), "{text}");
}

#[test]
fn the_card_of_a_cell_says_how_long_it_takes_and_why_it_failed() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2 Enter j j j j Enter ]").text();
    for part in ["try 3/3 took 21m04", "killed by SIGKILL", "p50 55m00", "gpu 0/8, 0 waiting"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn a_timeline_names_what_made_the_run_long() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2 Enter v t").text();
    assert!(text.contains("critical path 2h12: ran"), "{text}");
    // The mapped index that failed is on it, after what it waited for; a p50 stands where the index usually ends.
    let text = stage.keys("G k k Enter").text();
    let line = |name: &str| text.lines().find(|l| l.contains(name)).unwrap().to_owned();
    assert!(line("[3]").contains('*') && !line("[0]").contains('*') && line("wait_for_data").contains('*'), "{text}");
    assert!(line("[0]").contains('^'), "{text}");
}

#[test]
fn a_line_is_looked_for_in_all_logs_from_anywhere() {
    let (dir, mut stage) = stage(SMALL);
    // From a log its last error is offered, without its numbers.
    let text = stage.keys("Enter g s").text();
    assert!(text.contains("every log of every run") && text.contains("/ Task failed"), "{text}");
    stage.keys("Esc 8 g s").type_text("epoch 17/100");
    let text = stage.keys("Enter").text();
    assert!(text.contains("\"epoch 17/100\": 2 lines in 2 logs; first ") && text.contains("all 5 logs"), "{text}");
    // The oldest is named, wherever the cursor is.
    assert!(text.contains("FIRST TIME: ") && text.contains("epoch 17/100 loss 0.2300"), "{text}");
    // The newest line opens its try's log, right there.
    let shown = stage.keys("g g Enter").text();
    assert!(shown.contains("train_with_hp[3] lr=1e-4") && shown.contains("epoch 17/100"), "{shown}");
    assert!(stage.keys("q").text().contains("search in all logs"), "{}", stage.text());
    // What the store changes doesn't search again; another search takes the screen's place.
    stage.changed().keys("g s Ctrl-u").type_text("no such line").keys("Enter");
    assert!(stage.text().contains("no log has such a line"), "{}", stage.text());
    assert!(stage.keys("q").text().contains("pools, connections"), "{}", stage.text());
    // A run that is gone is said to be gone.
    Connection::open(dir.path().join("dagdeck.db")).unwrap().execute_batch("DELETE FROM task_instance").unwrap();
    stage.keys("g s").type_text("saved the model").keys("Enter Enter");
    assert!(stage.text().contains("is gone from the store"), "{}", stage.text());
}

#[test]
fn an_act_leads_to_what_it_was_about() {
    let (dir, mut stage) = stage(SMALL);
    let text = stage.keys("9 Enter").text();
    assert!(text.contains("train_with_hp[3]") && text.contains("-- details"), "{text}");
    store(&dir).execute("UPDATE audit SET tasks = NULL", []).unwrap();
    let text = stage.keys("9").changed().keys("Enter").text();
    assert!(text.contains("churn_train > 11-16 02:00 > gantt"), "{text}");
    store(&dir).execute("UPDATE audit SET run_ids = '[\"manual__1\"]'", []).unwrap();
    assert!(stage.keys("9").changed().keys("Enter").text().contains("is gone from the store"), "{}", stage.text());
}

#[test]
fn what_an_upstream_failure_goes_back_to_is_named() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2 Enter v t G").text();
    assert!(text.contains("because train_with_hp[3] failed: killed by SIGKILL"), "{text}");
}

#[test]
fn the_next_try_its_delay_and_what_is_left_are_told() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    db.execute_batch(
        "UPDATE dag_version SET definition = json_set(definition, '$.tasks.load.retry_exponential_backoff', 2.0,
            '$.tasks.load.retry_delay', 300.0, '$.tasks.load.max_retry_delay', 3600.0) WHERE dag_id = 'fraud_hpo'",
    )
    .unwrap();
    let text = stage.changed().keys("G b").text();
    assert!(text.contains("waits for its next try, in 5m"), "{text}");
    assert!(text.contains("1 of 3 tries are left; retries 2 after 5m00, about x2 each time, at most 1h00"), "{text}");
}

#[test]
fn the_system_says_how_full_its_disk_is() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("0").text();
    assert!(text.contains("wal ") && text.contains("% used, ") && text.contains("audit rows"), "{text}");
}

#[test]
fn a_connection_is_tested_where_it_is_seen() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("8 T");
    assert!(stage.wanted.is_empty() && stage.text().contains("no connection under the cursor"), "{}", stage.text());
    stage.keys("j j T");
    assert_eq!(stage.wanted, ["test mlflow"]);
    assert!(stage.text().contains("testing connection mlflow"), "{}", stage.text());
}

#[test]
fn who_waits_for_a_slot_is_told_since_when_and_when_one_is_free() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    db.execute("UPDATE pool SET slots = 1 WHERE name = 'gpu'", []).unwrap();
    db.execute("UPDATE task_instance SET pool = 'gpu', start_date = ?1 WHERE state = 'running'", [NOW - 20 * MINUTE])
        .unwrap();
    db.execute(
        "UPDATE task_instance SET pool = 'gpu', state = 'scheduled', scheduled_when = ?1 WHERE state = 'up_for_retry'",
        [NOW - 12 * MINUTE],
    )
    .unwrap();
    let text = stage.changed().keys("8 j").text();
    assert!(text.contains("1/1  1 run 0 que 1 wait, oldest 12m"), "{text}");
    // It takes 30 minutes and began 20 ago.
    let text = stage.keys("4 /").type_text("dag:fraud_hpo state:scheduled").keys("Enter b").text();
    assert!(text.contains("a slot is likely to be free in 9m: ctr_daily load"), "{text}");
}

#[test]
fn input_that_was_updated_is_among_what_changed() {
    let (_dir, mut stage) = stage((80, 40));
    let text = stage.keys("Enter b").text();
    assert!(text.contains("asset s3://ml-datasets/daily updated 5 times, last by"), "{text}");
}

#[test]
fn the_help_says_what_the_terminal_can() {
    let (_dir, mut stage) = stage((100, 120));
    let text = stage.keys("?").text();
    assert!(
        text.contains("TERM") && text.contains("100x120  colours") && text.contains("unicode  mouse off"),
        "{text}"
    );
}

#[test]
fn the_card_of_a_mapped_task_is_about_the_index_that_failed() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2 Enter j j j j").text();
    assert!(text.contains("4 instances: 3S 1F") && text.contains("[3] lr=1e-4 b64 failed"), "{text}");
    assert!(text.contains("try 3/3 took 21m04") && text.contains("killed by SIGKILL"), "{text}");
}
