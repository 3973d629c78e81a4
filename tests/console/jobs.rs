//! Long work: in the top line wherever one is, and on screen 0 with how far it is and what ends it.

use dagdeck::console::Stage;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);
const MB: u64 = 1_000_000;

fn store(dir: &TempDir) -> Connection {
    Connection::open(dir.path().join("dagdeck.db")).unwrap()
}

fn top(stage: &Stage) -> String {
    stage.text().lines().next().unwrap().to_owned()
}

/// A backfill of the three newest runs of a DAG, two of which have ended.
fn backfill(dir: &TempDir, paused: bool) {
    let db = store(dir);
    db.execute(
        "INSERT INTO backfill (id, dag_id, from_date, to_date, dag_run_conf, is_paused, reprocess_behavior, max_active_runs,
            run_backwards, while_paused, triggering_user_name, created_at, updated_at)
         VALUES (7, 'ctr_daily', 0, 1, '{}', ?2, 'none', 10, 0, 0, 'lee', ?1, ?1)",
        (NOW - 600_000_000, paused),
    )
    .unwrap();
    db.execute_batch(
        "INSERT INTO backfill_dag_run (backfill, sort_ordinal, run)
         SELECT 7, row_number() OVER (ORDER BY id DESC), id FROM dag_run WHERE dag_id = 'ctr_daily' ORDER BY id DESC LIMIT 3",
    )
    .unwrap();
}

#[test]
fn a_log_that_is_written_shows_how_far_it_is_and_can_be_ended() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter o").slow_searches();
    stage.keys("X Enter").exporting(MB, 4 * MB);
    assert!(top(&stage).contains("| SAVE 25% |") || top(&stage).contains(" SAVE 25% |"), "{}", stage.text());
    stage.keys("0");
    let text = stage.text();
    assert!(text.contains("JOBS (1)  K ends one"), "{text}");
    assert!(text.contains("> ") && text.contains("write train_with_hp_3_.log: 1.0MB of 4.0MB, "), "{text}");
    stage.keys("K");
    assert_eq!(stage.wanted.last().unwrap(), "end the export");
    let text = stage.text();
    assert!(!text.contains("SAVE") && !text.contains("JOBS") && text.contains("it was ended"), "{text}");
    // There is none left to be ended.
    stage.keys("K");
    assert!(stage.text().contains("no job under the cursor"), "{}", stage.text());
}

#[test]
fn a_backfill_is_a_job_on_every_screen() {
    let (dir, mut stage) = stage(SMALL);
    assert!(!top(&stage).contains("BACKFILL"));
    backfill(&dir, false);
    stage.changed();
    for keys in ["2", "9", "2 Enter"] {
        assert!(top(stage.keys(keys)).contains("BACKFILL 2/3 | sched ok"), "{keys}: {}", stage.text());
    }
    stage.keys("0");
    let text = stage.text();
    assert!(text.contains("backfill 7 of ctr_daily: 2/3 runs, since 10m, some 5m0"), "{text}");
    stage.keys("P");
    assert!(stage.wanted.last().unwrap().ends_with("dagdeck backfill pause 7"), "{:?}", stage.wanted);
    stage.keys("K");
    assert!(stage.text().contains("Cancel backfill 7 of ctr_daily"), "{}", stage.text());
    assert!(stage.wanted.last().unwrap().ends_with("dagdeck backfill cancel 7 --dry-run"), "{:?}", stage.wanted);
}

#[test]
fn one_that_stands_still_is_only_listed() {
    let (dir, mut stage) = stage(SMALL);
    backfill(&dir, true);
    stage.changed().keys("0");
    let text = stage.text();
    assert!(text.contains("backfill 7 of ctr_daily: 2/3 runs, since 10m, paused"), "{text}");
    assert!(!top(&stage).contains("BACKFILL"), "{text}");
}

#[test]
fn several_jobs_are_counted_and_told_apart_where_there_is_room() {
    let (dir, mut stage) = stage(SMALL);
    backfill(&dir, false);
    stage.changed().keys("Enter o").slow_searches();
    stage.keys("X Enter").exporting(MB, 4 * MB);
    assert!(top(&stage).contains("2 JOBS | sched ok"), "{}", stage.text());
    stage.resize(160, 45);
    assert!(top(&stage).contains("2 JOBS: SAVE 25%, BACKFILL 2/3 | sched ok"), "{}", stage.text());
    stage.keys("0");
    assert!(stage.text().contains("JOBS (2)"), "{}", stage.text());
    // The cursor stays on its job when the one above ends.
    stage.keys("j").keys("k K");
    assert_eq!(stage.wanted.last().unwrap(), "end the export");
    assert!(stage.text().contains("JOBS (1)") && stage.text().contains("backfill 7"), "{}", stage.text());
}

#[test]
fn what_the_scheduler_is_asked_is_a_job_until_it_answers() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter C");
    let asked: u64 = stage.wanted.last().unwrap().split(':').next().unwrap().parse().unwrap();
    let plan = json!({"task_instances": [{"task_id": "x", "map_index": -1, "from": "failed", "to": null, "reason": "selected"}],
        "dag_runs": [], "effects": []});
    stage.answer(asked, plan).keys("Right Enter");
    let sent: u64 = stage.wanted.last().unwrap().split(':').next().unwrap().parse().unwrap();
    stage.changed();
    assert!(top(&stage).contains("ACT 0/1"), "{}", stage.text());
    stage.keys("Esc 0");
    let text = stage.text();
    assert!(text.contains("dagdeck tasks clear churn_train") && text.contains("0 of 1 acts"), "{text}");
    // What was sent can't be called back here; it is held, and U undoes it.
    stage.keys("K");
    assert!(stage.text().contains("the scheduler has it already"), "{}", stage.text());
    stage.answer(sent, json!({"plan_id": "p", "state": "held", "task_instances": [{}], "dag_runs": []}));
    assert!(!top(&stage).contains("ACT") && !stage.text().contains("JOBS"), "{}", stage.text());
}

#[test]
fn the_last_acts_have_room_whatever_number_of_pools_there_is() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    for n in 0..30 {
        db.execute("INSERT INTO pool VALUES (?1, 8, '', 0)", [format!("pool_{n:02}")]).unwrap();
    }
    let text = stage.keys("0").text();
    assert!(text.contains("-- last acts") && text.contains(" lee "), "{text}");
    assert!(text.contains("default_pool") && text.contains("more (8)"), "{text}");
    // Fewer are all there.
    db.execute("DELETE FROM pool WHERE name > 'pool_00'", []).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("pool_00") && text.contains(" lee ") && !text.contains("more (8)"), "{text}");
}
