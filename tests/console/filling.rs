//! Forms: what they offer beside the bare act, and what they tell of it.

use serde_json::json;

use super::screens::stage;

const SMALL: (u16, u16) = (80, 24);

/// The number of the newest request.
fn asked(stage: &dagdeck::console::Stage) -> u64 {
    stage.wanted.last().unwrap().split(':').next().unwrap().parse().unwrap()
}

fn plan(tasks: &[(&str, i64)]) -> serde_json::Value {
    let rows: Vec<_> = tasks
        .iter()
        .enumerate()
        .map(|(n, (task, index))| {
            json!({"dag_run_id": "scheduled__2026-11-16T02:00:00+00:00", "task_id": task, "map_index": index,
                "from": "failed", "to": null, "reason": if n == 0 { "selected" } else { "downstream" }})
        })
        .collect();
    json!({"task_instances": rows, "dag_runs": [], "effects": []})
}

#[test]
fn single_tasks_are_left_out_of_a_clear() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter C");
    let first = asked(&stage);
    stage.answer(first, plan(&[("train_with_hp", 3), ("select_best", -1), ("deploy", -1)]));
    let text = stage.text();
    // Each with how long it usually takes, and the sum.
    assert!(text.contains("about 57m00 of work"), "{text}");
    assert!(text.lines().any(|l| l.contains("train_with_hp[3]") && l.contains("~55m00")), "{text}");
    // Cancel, Clear, Save plan, then the lines.
    stage.keys("Tab Tab Tab Down Down Space");
    assert!(stage.wanted.last().unwrap().contains("--exclude deploy"), "{:?}", stage.wanted);
    let second = asked(&stage);
    stage.answer(second, plan(&[("train_with_hp", 3), ("select_best", -1)]));
    let text = stage.text();
    assert!(text.contains("deploy           left out, stays as it is"), "{text}");
    // The cursor is still on it: it is taken back.
    stage.keys("Space");
    assert!(!stage.wanted.last().unwrap().contains("--exclude"), "{:?}", stage.wanted);
}

#[test]
fn a_clear_may_keep_the_retries_and_running_work_and_take_the_newest_code() {
    let (_dir, mut stage) = stage(SMALL);
    // From Cancel back to the last field, and to those before it.
    stage.keys("Enter C Shift-Tab Space Shift-Tab Space Shift-Tab Space");
    let line = stage.wanted.last().unwrap();
    assert!(line.contains("--retries keep --running skip --run-on-latest-version"), "{line}");
    let text = stage.text();
    for part in ["retries <left>", "running <skip>", "code <newest>", "[x]downstream", "[ ]past", "[ ]future"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    // Earlier and later runs, with a run id.
    stage.keys("Tab Tab Tab Tab Tab Tab Tab Tab Space Tab Space");
    let line = stage.wanted.last().unwrap();
    assert!(line.contains("--run-id scheduled__2026-11-16") && line.contains("--past --future"), "{line}");
}

#[test]
fn a_trigger_takes_over_what_a_run_had_and_says_what_is_different() {
    let (dir, mut stage) = stage(SMALL);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute(
        "UPDATE dag_run SET conf = '{\"epochs\": 50, \"reason\": \"test\"}' WHERE dag_id = 'churn_train' AND run_id LIKE '%2026-11-16%'",
        [],
    )
    .unwrap();
    let text = stage.changed().keys("2 T").text();
    assert!(text.contains("prefill      < defaults > 1 of 2") && text.contains("last: 64"), "{text}");
    assert!(text.contains("changed against run 11-16 02:00: epochs: 50 -> 100"), "{text}");
    assert!(text.contains("starts now; usually takes 1h"), "{text}");
    let text = stage.keys("Tab Tab Space").text();
    assert!(text.contains("the same as run 11-16 02:00 had") && text.contains("[50"), "{text}");
    stage.keys("Shift-Tab Enter");
    let line = stage.wanted.last().unwrap();
    assert!(line.contains(r#"-c '{"epochs":50,"reason":"test"}'"#), "{line}");
}

#[test]
fn a_backfill_says_which_days_and_how_long() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 B");
    let days = |n: i64, from: Option<&str>| json!({"logical_date": format!("2026-11-{n}T02:00:00+00:00"), "from": from, "to": "queued"});
    let number = asked(&stage);
    stage.answer(
        number,
        json!({"task_instances": [], "effects": [],
            "dag_runs": [days(11, None), days(12, None), days(13, Some("failed")), days(14, None), days(15, None)]}),
    );
    // At 10 at a time it is one round; field 5 says how many.
    let text = stage.text();
    assert!(text.contains("each usually takes 1h37, 10 at a time: about 1h37"), "{text}");
    assert!(text.contains("11+ 12+ 13F 14+ 15+"), "{text}");
}

#[test]
fn an_xcom_says_who_reads_it_and_what_it_was_before() {
    let (dir, mut stage) = stage(SMALL);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let run: i64 = db
        .query_row("SELECT id FROM dag_run WHERE run_id LIKE '%2026-11-16T02%' AND dag_id = 'churn_train'", [], |r| {
            r.get(0)
        })
        .unwrap();
    let put = |index: i64, value: &str| {
        db.execute(
            "INSERT OR REPLACE INTO xcom VALUES (?1, 'train_with_hp', ?2, 'return_value', ?3, 0, 'task', NULL)",
            (run, index, value),
        )
        .unwrap()
    };
    put(0, r#"{"accuracy": 0.9441, "opt": "adam"}"#);
    put(1, r#"{"accuracy": 0.9418, "opt": "adamw"}"#);
    db.execute("UPDATE xcom SET value = '211000' WHERE task_id = 'prep.validate' AND run <> ?1", [run]).unwrap();
    let text = stage.changed().keys("2 Enter v t x Esc").text();
    assert!(
        text.contains("read by   prep.features") && text.contains("prev run  211000 (+1000) in 11-09 02:00"),
        "{text}"
    );
    // A mapped task's are a table over its indexes.
    let text = stage.keys("j").text();
    assert!(text.contains("idx  accuracy  opt") && text.contains("0    0.9441    adam"), "{text}");
    assert!(text.lines().any(|l| l.contains("1    0.9418    adamw")), "{text}");
    // Sorted by size, the largest first.
    stage.keys("s s");
    let first = stage.text().lines().nth(3).unwrap().to_owned();
    assert!(stage.text().contains("sorted by largest") && first.contains("train_with_hp[2]"), "{}", stage.text());
}

#[test]
fn an_incident_is_told_in_a_chat() {
    let (dir, mut stage) = stage(SMALL);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    stage.keys("y i");
    let text = stage.wanted.pop().unwrap();
    for part in [
        "killed by SIGKILL",
        "the same in 2 runs in a row",
        "1 times, last 11-16",
        "last worked 11-02",
        "retries: 5 -> 2",
        "dagdeck logs churn_train",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let (run, at): (i64, i64) = db
        .query_row(
            "SELECT run, end_date FROM task_instance WHERE state = 'failed' ORDER BY end_date DESC LIMIT 1",
            [],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .unwrap();
    db.execute("INSERT INTO event (run, task_id, map_index, at, kind, text, who) VALUES (?1, 'train_with_hp', 3, ?2, 'note', 'looked at the node', 'ana')", (run, at + 1)).unwrap();
    stage.changed().keys("Enter y i");
    let text = stage.wanted.pop().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let at = |part: &str| lines.iter().position(|l| l.contains(part)).unwrap_or_else(|| panic!("{part} in\n{text}"));
    assert!(at("timeline (UTC)") < at("try 1 began") && at("try 1 up_for_retry: killed") < at("try 3 began"), "{text}");
    assert!(at("try 3 failed") < at("note by ana looked at the node"), "{text}");
}

#[test]
fn a_group_of_tasks_is_cleared_as_a_whole_and_nothing_else() {
    for way in ["2 Enter j", "2 Enter v t j"] {
        let (_dir, mut stage) = stage(SMALL);
        let text = stage.keys(way).text();
        assert!(text.lines().any(|l| l.starts_with('>') && l.contains("- prep")), "{text}");
        stage.keys("C");
        let line = stage.wanted.last().unwrap();
        assert!(line.contains("--task-id prep --downstream"), "{line}");
        assert!(stage.text().contains("Clear prep of churn_train"), "{}", stage.text());
        stage.keys("Esc R");
        let line = stage.wanted.last().unwrap();
        assert!(line.contains("--task-id prep ") && !line.contains("--downstream"), "{line}");
    }
}

#[test]
fn an_xcom_is_written_by_hand_and_deleted_by_name() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("2 Enter v t x Esc");
    let before = stage.text();
    stage.keys("E");
    let text = stage.text();
    assert!(text.contains("Edit XCom rows of prep.validate") && text.contains("212000"), "{text}");
    assert!(text.contains("read by   prep.features") && text.contains("isn't repeated"), "{text}");
    // What isn't JSON is refused, with what it would be as a text; Enter in the field doesn't act.
    stage.keys("Ctrl-u").type_text("two words").keys("Enter");
    let text = stage.text();
    assert!(text.contains("not JSON") && text.contains("\"two words\""), "{text}");
    stage.keys("Tab Enter");
    assert!(stage.wanted.is_empty(), "{:?}", stage.wanted);
    stage.keys("Tab Ctrl-u").type_text("-5").keys("Enter");
    assert!(stage.wanted.is_empty(), "{:?}", stage.wanted);
    stage.keys("Right Enter");
    let run = "scheduled__2026-11-16T02:00:00+00:00";
    let of = format!("churn_train {run} prep.validate --key rows");
    assert!(stage.wanted[0].ends_with(&format!("xcoms set --hold 10 {of} -- -5")), "{:?}", stage.wanted);
    // It is held, as what starts work is: U throws it away.
    let sent = asked(&stage);
    stage.answer(sent, json!({"plan_id": "p1", "state": "held", "task_instances": [], "dag_runs": []})).keys("U");
    assert!(stage.wanted[1].ends_with("plans discard p1") || stage.text().contains("Take back"), "{:?}", stage.wanted);
    stage.keys("Esc");
    stage.wanted.truncate(2);
    // One of an index, deleted: its key is typed.
    stage.keys("j D Tab Tab Enter");
    assert!(stage.text().contains("type return_value to delete it"), "{}", stage.text());
    assert_eq!(stage.wanted.len(), 2, "{:?}", stage.wanted);
    stage.keys("Tab").type_text("return_value").keys("Tab Tab Enter");
    assert!(
        stage.wanted[2].contains("xcoms delete --hold 10 churn_train ") && stage.wanted[2].contains(" --map-index ")
    );
    // A value that is cut here can't be written back whole.
    let long = format!("\"{}\"", "x".repeat(200_000));
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE xcom SET value = ?1", [long]).unwrap();
    stage.keys("Esc").changed().keys("g g E");
    assert!(stage.text().contains("too long to be edited here") && stage.wanted.len() == 3, "{}", stage.text());
    assert!(before.contains("212000"), "{before}");
}
