//! The rules of the console that keep a person from hitting the wrong thing, and from wondering why a key does nothing.

use rusqlite::Connection;
use tempfile::TempDir;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);

fn store(dir: &TempDir) -> Connection {
    Connection::open(dir.path().join("dagdeck.db")).unwrap()
}

#[test]
fn marks_survive_filters_and_verbs_act_on_all_of_them() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 Space /").type_text("dag:fraud*").keys("Enter");
    assert!(stage.text().contains("1 marked (1 hidden)"), "{}", stage.text());
    // The line under the cursor isn't marked, so it isn't meant.
    stage.keys("P");
    assert!(stage.wanted[0].ends_with("dags pause churn_train"), "{:?}", stage.wanted);
    stage.keys("Space P");
    assert!(stage.wanted[1].ends_with("dags pause churn_train fraud_hpo"), "{:?}", stage.wanted);
    // Also where the store filters, and the marked line isn't even read any more.
    stage.keys("3 / f r a u d Enter Space Space Esc /").type_text("dag:ctr_daily").keys("Enter C");
    assert!(stage.text().contains("Clear 2 runs"), "{}", stage.text());
    stage.keys("Esc u");
    assert!(!stage.text().contains("marked"), "{}", stage.text());
}

#[test]
fn marks_in_a_grid_are_cells_of_the_run_under_the_cursor() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 Enter Space G Space Left C");
    let command = &stage.wanted[0];
    for part in ["--run-id scheduled__2026-11-09T02:00:00", "--task-id wait_for_data", "--task-id deploy"] {
        assert!(command.contains(part), "{part}: {command}");
    }
}

#[test]
fn what_is_marked_can_be_stopped_wherever_the_cursor_is() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("4 /").type_text("state:running").keys("Enter Space Esc g g K");
    assert!(stage.text().contains("Stop 1 running task instance"), "{}", stage.text());
    stage.keys("Esc u").type_text("/state:success").keys("Enter Space K");
    assert!(stage.text().contains("nothing that is marked is running"), "{}", stage.text());
}

#[test]
fn new_rows_wait_behind_a_counter_as_soon_as_the_cursor_has_left_the_top() {
    let (dir, mut stage) = stage(SMALL);
    let newer = |n: i64| {
        store(&dir)
            .execute(
                "INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, run_after, conf, dag_version)
                 VALUES ('churn_train', ?1, 'queued', 'manual', 'cli', ?2, '{}', 1)",
                rusqlite::params![format!("new_{n}"), NOW + n],
            )
            .unwrap();
    };
    // Without the columns that grow with time.
    let under = |text: &str| text.lines().find(|l| l.starts_with('>')).unwrap()[..28].to_owned();
    let before = under(&stage.keys("3 j").text());
    newer(1);
    let text = stage.changed().text();
    assert_eq!(under(&text), before);
    assert!(text.contains("^1 new"), "{text}");
    newer(2);
    assert!(stage.changed().text().contains("^2 new"), "{}", stage.text());
    // At the top they are there.
    let text = stage.keys("g g").text();
    assert!(under(&text).contains("new_2") && !text.contains(" new  "), "{text}");
    newer(3);
    let text = stage.changed().text();
    assert!(under(&text).contains("new_2") && text.contains(" new_3 "), "{text}");
}

#[test]
fn what_is_done_at_once_never_hits_a_line_that_took_another_ones_place() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("2 j");
    store(&dir).execute("DELETE FROM dag WHERE dag_id = 'ctr_daily'", []).unwrap();
    stage.changed().keys("P");
    assert!(stage.wanted.is_empty(), "{:?}", stage.wanted);
    assert!(stage.text().contains("has just gone"), "{}", stage.text());
    stage.keys("P");
    assert!(stage.wanted[0].ends_with("dags pause embed_refresh"), "{:?}", stage.wanted);
}

#[test]
fn a_terminal_that_is_too_small_takes_no_key_that_nobody_sees() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2").context("my-prod").resize(50, 12).text();
    for part in ["MY-PROD> DAGs", "need 60x16, have 50x12", "3 need you", "q: up or quit"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    stage.keys("P Space T Enter");
    assert!(stage.wanted.is_empty() && stage.text().contains("DAGs"), "{}", stage.text());
    assert!(stage.keys("3").text().contains("runs"));
    assert!(stage.keys("q q").text().contains("quit? y/n"), "{}", stage.text());
    stage.keys("n").resize(80, 24).keys("2 T Tab Tab").resize(50, 12);
    assert!(stage.text().contains("a form is open"), "{}", stage.text());
    stage.keys("Enter Enter q");
    assert!(stage.wanted.is_empty(), "{:?}", stage.wanted);
    assert!(stage.resize(80, 24).text().contains("Trigger churn_train"), "{}", stage.text());
}

#[test]
fn what_is_refused_says_why_before_it_is_tried() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2 M").changed().text();
    assert!(text.contains("(no run or task instance under the cursor) mark success"), "{text}");
    stage.keys("Esc").resize(160, 45).lose_scheduler();
    let text = stage.text();
    assert!(text.lines().last().unwrap().contains("(no sched:) T:trigger"), "{text}");
}

#[test]
fn the_focus_decides_whether_the_store_is_read() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("2").focus(false);
    store(&dir).execute("UPDATE dag SET is_paused = 1 WHERE dag_id = 'churn_train'", []).unwrap();
    assert!(!stage.changed().text().contains("P churn_train"));
    assert!(stage.focus(true).text().contains("P churn_train"), "{}", stage.text());
    // A key comes from somebody who has the focus, whatever the terminal said.
    stage.focus(false);
    store(&dir).execute("UPDATE dag SET is_paused = 0 WHERE dag_id = 'churn_train'", []).unwrap();
    assert!(!stage.changed().keys("j").text().contains("P churn_train"), "{}", stage.text());
}
