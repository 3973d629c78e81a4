//! What stands where: the order of a grid, names in the palette, words of refusals and causes, where something is used.

use dagdeck::console::Stage;
use serde_json::json;

use super::{home::NOW, large, screens::stage};

const SMALL: (u16, u16) = (80, 24);

#[test]
fn a_grid_is_in_the_order_of_the_flow_under_the_times_of_its_runs() {
    let dir = tempfile::tempdir().unwrap();
    large::build(dir.path(), &[("flow", 3, 4, 3)]);
    let task = |id: &str, up: &[&str]| json!({"task_id": id, "operator": "X", "upstream_task_ids": up});
    let definition = json!({"dag_id": "flow", "children": ["t0", "t1", "t2"],
        "tasks": {"t0": task("t0", &["t1"]), "t1": task("t1", &["t2"]), "t2": task("t2", &[])}});
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE dag_version SET definition = ?1", [definition.to_string()]).unwrap();
    let mut stage = Stage::new(dir.path().to_owned(), SMALL, large::NOW, true).unwrap();
    let text = stage.keys("2 Enter").text();
    let at =
        |task: &str| text.lines().position(|l| l.get(1..).is_some_and(|l| l.trim_start().starts_with(task))).unwrap();
    assert!(at("t2") < at("t1") && at("t1") < at("t0"), "{text}");
    // Runs an hour apart: the day where it begins, then the hours, the newest at the right.
    let heads: Vec<&str> = text.lines().skip(2).take(2).map(|l| l.split('|').next().unwrap_or("").trim()).collect();
    assert_eq!(heads, ["11 01 02 03", "16 :18:18:18"], "{text}");
}

#[test]
fn without_a_scheduler_each_act_says_why_it_is_refused() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter").lose_scheduler();
    for (keys, what) in [
        ("C", "clear"),
        ("R", "retry"),
        ("M s", "mark"),
        ("M f", "mark"),
        ("M k", "mark"),
        ("T", "trigger"),
        ("P", "pause"),
        ("U", "undo"),
    ] {
        let text = stage.keys(keys).text();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("no scheduler: it ended (0 and S, or :sched, starts one)"), "{keys}: {text}");
        assert!(words.contains("refused: "), "{keys} ({what}): {text}");
    }
    assert!(stage.wanted.is_empty(), "{:?}", stage.wanted);
}

#[test]
fn who_ended_a_try_stands_in_its_cause() {
    let (dir, mut stage) = stage(SMALL);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let changed = db
        .execute("UPDATE try SET cause_kind = 'killed', cause_summary = 'cleared by lee', cause_exception = NULL WHERE cause_summary IS NOT NULL", [])
        .unwrap();
    db.execute("UPDATE cause SET kind = 'killed', summary = 'cleared by lee', exception = NULL", []).unwrap();
    assert!(changed > 0);
    // In triage, on the task instance, and found by it.
    assert!(stage.changed().text().contains("cleared by lee"), "{}", stage.text());
    assert!(stage.keys("Enter").text().contains("cleared by lee"), "{}", stage.text());
    let text = stage.keys("4 /").type_text("\"cleared by\" state:failed").keys("Enter").text();
    assert!(text.contains("cleared by lee") && !text.contains("none fits"), "{text}");
}

#[test]
fn the_palette_finds_whatever_has_a_name() {
    for (typed, name, there) in [
        ("ctr_daily", "DAG ctr_daily", "ctr_daily > grid"),
        ("select_best", "task churn_train.select_best", "churn_train"),
        ("pool gpu", "pool gpu", "pools, connections, variables"),
        ("connection mlflow", "connection mlflow", "pools, connections, variables"),
        ("gate_min", "variable gate_min_gain", "pools, connections, variables"),
    ] {
        let (_dir, mut stage) = stage(SMALL);
        let text = stage.keys(":").type_text(typed).text();
        assert!(text.contains(name), "{typed}: {text}");
        let text = stage.keys("Enter").text();
        assert!(text.lines().next().unwrap().contains(there), "{typed}: {text}");
    }
}

#[test]
fn a_setting_leads_to_the_dags_that_name_it() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys(":").type_text("variable gate_min").keys("Enter Enter");
    let text = stage.text();
    assert!(text.contains("test> DAGs") && text.contains("dag:"), "{text}");
    assert!(text.contains("churn_train"), "{text}");
}

#[test]
fn a_store_that_cannot_be_read_says_what_to_do() {
    let (dir, _) = stage(SMALL);
    let db = dir.path().join("dagdeck.db");
    let store = rusqlite::Connection::open(&db).unwrap();
    let frame = || {
        let mut stage = Stage::new(dir.path().to_owned(), SMALL, NOW, true).unwrap();
        // Whatever is looked at, it is said, and nothing ends.
        for keys in ["2", "3", "4", "Enter", "5", "8", "9", "0", ":", "Esc", "1"] {
            stage.keys(keys);
        }
        stage.text().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let version: i64 = store.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
    store.pragma_update(None, "user_version", 99).unwrap();
    let text = frame();
    assert!(text.contains("schema version 99") && text.contains("use the newer dagdeck"), "{text}");
    store.pragma_update(None, "user_version", version).unwrap();
    assert!(!frame().contains("schema version"));
    drop(store);
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path().join(format!("dagdeck.db{end}")));
    }
    std::fs::write(&db, "this is no database, however long it is. ".repeat(200)).unwrap();
    let text = frame();
    assert!(text.contains("file is not a database") && text.contains("dagdeck db check"), "{text}");
}
