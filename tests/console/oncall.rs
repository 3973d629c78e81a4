//! What people on call do, with at most five keys each from the first screen; moves to an object and typed values don't count.

use dagdeck::console::Stage;

use super::{home::NOW, screens::stage};

/// Presses keys; those in brackets are moves or values and don't count. Gives how many counted.
fn press(stage: &mut Stage, keys: &str) -> usize {
    let mut counted = 0;
    for key in keys.split_whitespace() {
        match key.strip_prefix('[').and_then(|k| k.strip_suffix(']')) {
            Some(moved) => {
                stage.keys(moved);
            }
            None => {
                stage.keys(key);
                counted += 1;
            }
        }
    }
    counted
}

/// The plan of the open form is known now.
fn answer(stage: &mut Stage) {
    let number = stage.wanted.last().and_then(|l| l.split(':').next()?.parse().ok()).unwrap();
    let plan = serde_json::json!({"task_instances": [{"task_id": "x", "map_index": -1, "from": "failed", "to": null,
        "reason": "selected"}], "dag_runs": [{"logical_date": "2026-11-12", "reason": "created"}], "effects": []});
    stage.answer(number, plan);
}

#[test]
fn the_log_line_of_the_newest_failure() {
    let (_dir, mut stage) = stage((80, 24));
    assert!(press(&mut stage, "Enter") <= 5);
    assert!(stage.text().contains("RuntimeError: DataLoader worker exited unexpectedly"), "{}", stage.text());
}

#[test]
fn why_a_queued_task_waits() {
    let (dir, mut stage) = stage((80, 24));
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE task_instance SET state = 'queued', pool = 'gpu', queued_when = ?1 WHERE task_id = 'report' AND state = 'none'", [NOW - 60_000_000])
        .unwrap();
    db.execute("UPDATE task_instance SET pool = 'gpu' WHERE task_id = 'load' AND state = 'running'", []).unwrap();
    db.execute("UPDATE pool SET slots = 1 WHERE name = 'gpu'", []).unwrap();
    stage.changed();
    // All that waits is found by its state on the list of instances.
    stage.keys("4 /").type_text("state:queued").keys("Enter");
    assert!(1 + 1 + 1 + press(&mut stage, "b") <= 5);
    let text = stage.text();
    assert!(
        text.contains("POOL gpu: 1 slots") && text.contains("holds R") && text.contains("ctr_daily load"),
        "{text}"
    );
}

#[test]
fn clearing_a_failed_task_with_its_downstream() {
    let (_dir, mut stage) = stage((80, 24));
    let first = press(&mut stage, "C");
    answer(&mut stage);
    assert!(first + press(&mut stage, "Right Enter") <= 5);
    let line = stage.wanted.last().unwrap();
    assert!(line.contains("tasks clear churn_train") && line.contains("--downstream --hold 10 -y"), "{line}");
}

#[test]
fn retrying_one_mapped_index() {
    let (_dir, mut stage) = stage((80, 24));
    let first = press(&mut stage, "R");
    answer(&mut stage);
    assert!(first + press(&mut stage, "Right Enter") <= 5);
    let line = stage.wanted.last().unwrap();
    assert!(line.contains("--task-id train_with_hp:3 --hold") && !line.contains("downstream"), "{line}");
}

#[test]
fn marking_a_task_success() {
    let (_dir, mut stage) = stage((80, 24));
    let first = press(&mut stage, "M s");
    answer(&mut stage);
    assert!(first + press(&mut stage, "Right Enter") <= 5);
    let line = stage.wanted.last().unwrap();
    assert!(line.contains("tasks mark churn_train") && line.contains("train_with_hp:3 success"), "{line}");
}

#[test]
fn backfilling_five_days() {
    let (_dir, mut stage) = stage((80, 24));
    let first = press(&mut stage, "2 [j] B");
    answer(&mut stage);
    assert!(first + press(&mut stage, "Right Enter") <= 5);
    let line = stage.wanted.last().unwrap();
    assert!(
        line.contains("--dag-id ctr_daily --from-date 2026-11-11") && line.contains("--to-date 2026-11-15"),
        "{line}"
    );
}

#[test]
fn pausing_a_dag() {
    let (_dir, mut stage) = stage((80, 24));
    assert!(press(&mut stage, "2 [j] P") <= 5);
    assert!(stage.wanted[0].ends_with("dags pause ctr_daily"), "{:?}", stage.wanted);
}

#[test]
fn reading_an_xcom_and_comparing_it_with_the_previous_runs() {
    let (_dir, mut stage) = stage((80, 24));
    assert!(press(&mut stage, "x [Esc] [G]") <= 5);
    assert!(stage.text().contains("\"accuracy\": 0.9487"), "{}", stage.text());
    assert!(press(&mut stage, "=") < 5);
    let text = stage.text();
    assert!(text.contains("0.9431") && text.contains("0.9487"), "{text}");
}

#[test]
fn comparing_two_tries() {
    let (_dir, mut stage) = stage((80, 24));
    let keys = press(&mut stage, "Enter =");
    assert!(stage.text().contains("the last time it worked"), "{}", stage.text());
    assert!(keys + press(&mut stage, "= =") <= 5);
    assert!(stage.text().contains("the try before"), "{}", stage.text());
}

#[test]
fn who_cleared_this_and_when() {
    let (_dir, mut stage) = stage((80, 24));
    assert!(press(&mut stage, "g a") <= 5);
    let text = stage.text();
    assert!(text.contains("lee") && text.contains("clear") && text.contains("11-16 03:18"), "{text}");
}

#[test]
fn seeing_a_pods_events() {
    let (dir, mut stage) = stage((80, 24));
    super::home_pods::add(dir.path());
    assert!(press(&mut stage, "e [G]") <= 5);
    let text = stage.text();
    assert!(text.contains("OOMKilling") && text.contains("Memory cgroup out of memory"), "{text}");
}

#[test]
fn stopping_a_running_task() {
    let (_dir, mut stage) = stage((80, 24));
    assert!(press(&mut stage, "4 [j] [j] [j] [j] [j] [j] K Right Enter") <= 5);
    assert!(stage.wanted.last().unwrap().contains("tasks stop ctr_daily"), "{:?}", stage.wanted);
}
