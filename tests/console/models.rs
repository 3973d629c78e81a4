//! Models, the palette's lists, indexes, colours, and what is usual inside of one run.

use dagdeck::console::Stage;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::{home::NOW, home_pods, screens::stage};

const SMALL: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (160, 45);

fn store(dir: &TempDir) -> Connection {
    Connection::open(dir.path().join("dagdeck.db")).unwrap()
}

/// The asset that stands for a model whose updates name versions.
fn model(size: (u16, u16)) -> (TempDir, Stage) {
    let (dir, mut stage) = stage(size);
    let db = store(&dir);
    let ids: Vec<i64> = db
        .prepare("SELECT id FROM asset_event WHERE asset = 2 ORDER BY timestamp DESC")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (id, (version, alias)) in
        ids.iter().zip([("v118", "champion"), ("v117", "rejected"), ("v115", "champion"), ("v115", "champion")])
    {
        let extra = json!({"version": version, "alias": alias, "accuracy": 0.94}).to_string();
        db.execute("UPDATE asset_event SET extra = ?2 WHERE id = ?1", (id, extra)).unwrap();
    }
    stage.keys("7 /").type_text("churn_prediction").keys("Enter");
    (dir, stage)
}

#[test]
fn a_version_gets_an_alias_after_ten_seconds() {
    let (_dir, mut stage) = model(SMALL);
    stage.keys("M");
    let text = stage.text();
    assert!(text.contains("Alias of a version of churn_prediction"), "{text}");
    assert!(text.contains("DAGs that follow the asset are told: embed_refresh"), "{text}");
    // The focus is on Cancel; offered is the version before the newest, with what was said of it.
    stage.keys("Tab Tab Tab");
    assert!(stage.wanted.is_empty(), "{:?}", stage.wanted);
    stage.keys("Esc M Shift-Tab Shift-Tab Space Tab Tab Right Enter");
    let line = stage.wanted.last().unwrap();
    assert!(line.contains("dagdeck assets update --hold 10 model:churn_prediction --extra "), "{line}");
    for part in ["\"version\":\"v115\"", "\"alias\":\"champion\"", "\"accuracy\":0.94"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    // Without a name of it there is none.
    let (_dir, mut stage) = model(SMALL);
    stage.keys("M Shift-Tab Ctrl-u Tab Right Enter");
    assert!(stage.text().contains("a name such as champion") && stage.wanted.is_empty(), "{}", stage.text());
    // An asset whose updates name no version has none.
    stage.keys("Esc Esc G M");
    assert!(stage.text().contains("names a version"), "{}", stage.text());
}

#[test]
fn the_history_of_aliases_is_whole() {
    let (_dir, mut stage) = model(WIDE);
    stage.keys("=");
    let text = stage.text();
    let rows: Vec<&str> = text.lines().filter(|l| l.contains(" to ")).collect();
    assert!(rows.len() == 3 && rows[0].contains("v118") && rows[0].contains("to now, for 14d"), "{text}");
    assert!(rows[1].contains("v115") && rows[2].contains("v117"), "{text}");
    assert!(text.contains("by churn_train.train_with_hp"), "{text}");
}

#[test]
fn the_palette_goes_to_a_list_with_a_filter() {
    for (typed, filter, title) in [
        ("tasks state:failed dag:churn_train", "state:failed dag:churn_train", "task instances"),
        ("runs @churn_train state:failed", "dag:churn_train state:failed", "test> runs"),
        ("tasks @churn_train /deploy", "dag:churn_train task:deploy", "task instances"),
        ("dags tag:ads", "tag:ads", "test> DAGs"),
        ("audit who:lee", "who:lee", "test> audit"),
    ] {
        let (_dir, mut stage) = stage(SMALL);
        stage.keys(":").type_text(typed);
        assert!(stage.text().contains(&format!("that fit: {filter}")), "{typed}: {}", stage.text());
        stage.keys("Enter");
        let text = stage.text();
        assert!(text.contains(title) && text.contains(&format!(" / {filter}")), "{typed}: {text}");
        assert!(!text.contains("none fits") && text.contains(" of "), "{typed}: {text}");
    }
    // What can't be read as a filter is said, and does nothing.
    let (_dir, mut stage) = stage(SMALL);
    stage.keys(":").type_text("tasks dur>soon");
    let text = stage.text();
    assert!(text.contains("tasks: ") && !text.contains("that fit"), "{text}");
    stage.keys("Enter");
    assert!(stage.text().contains("test> triage"), "{}", stage.text());
}

#[test]
fn brackets_turn_to_other_indexes_everywhere() {
    let (_dir, mut stage) = stage(WIDE);
    // In the grid: the folded task unfolds, then its lines.
    stage.keys("2 Enter j j j j )");
    assert!(stage.text().lines().any(|l| l.starts_with('>') && l.contains("[0]")), "{}", stage.text());
    stage.keys(") )");
    assert!(stage.text().lines().any(|l| l.starts_with('>') && l.contains("[2]")), "{}", stage.text());
    stage.keys("( ( (");
    assert!(stage.text().contains("no other map index there"), "{}", stage.text());
    // Of compared tries.
    let (_dir, mut stage) = super::screens::stage(WIDE);
    stage.keys("Enter = (");
    assert!(stage.text().contains("train_with_hp[2]") && stage.text().contains("> compare"), "{}", stage.text());
    stage.keys(") )");
    assert!(stage.text().contains("no other map index there"), "{}", stage.text());
}

#[test]
fn what_is_usual_is_known_inside_of_one_run() {
    let (dir, mut stage) = stage(SMALL);
    store(&dir)
        .execute(
            "UPDATE task_instance SET start_date = ?1, end_date = ?1 + 9000000000 WHERE task_id = 'prep.validate'
               AND run = (SELECT max(id) FROM dag_run WHERE dag_id = 'churn_train')",
            [NOW - 10_000_000_000],
        )
        .unwrap();
    stage.keys("3 /").type_text("dag:churn_train").keys("Enter g t /").type_text("dur>p50").keys("Enter");
    let text = stage.text();
    assert!(text.contains("> tasks") && text.contains("prep.validate") && !text.contains("prep.features"), "{text}");
    assert!(!text.contains("what is usual"), "{text}");
}

#[test]
fn colours_of_a_log_and_the_path_of_a_timeline_are_turned_off() {
    let (_dir, mut stage) = stage(WIDE);
    stage.keys("Enter o");
    let styles = |stage: &Stage| -> usize {
        let frame = stage.frame();
        let line = |y: u16| (0..160).map(move |x| (x, y));
        (6..40).flat_map(line).map(|at| frame[at].fg).collect::<std::collections::HashSet<_>>().len()
    };
    let own = styles(&stage);
    stage.keys("c");
    assert!(stage.text().contains("numbers, texts and names stand out") && styles(&stage) > own, "{}", stage.text());
    stage.keys("c");
    assert!(stage.text().contains("only levels stand out"), "{}", stage.text());
    stage.keys("c");
    assert_eq!(styles(&stage), own);
    let (_dir, mut stage) = super::screens::stage(WIDE);
    stage.keys("2 Enter v t");
    let marked = |stage: &Stage| stage.text().lines().skip(3).filter(|l| l.contains('*')).count();
    let with = marked(&stage);
    assert!(with > 0, "{}", stage.text());
    stage.keys("c");
    assert!(marked(&stage) < with && stage.text().contains("without the critical path"), "{}", stage.text());
}

#[test]
fn what_compared_tries_used_stands_as_curves_beside_each_other() {
    let (dir, mut stage) = stage(WIDE);
    home_pods::add(dir.path());
    stage.keys("Enter =");
    let text = stage.text();
    assert!(text.contains("WHAT THEIR PODS USED (peak, curve); clearly different"), "{text}");
    let row = text.lines().find(|l| l.contains("memory base")).unwrap_or_else(|| panic!("{text}"));
    assert!(row.contains("47.8Gi _") && row.contains('^'), "{row}");
    // What was kept of one of the two only isn't said to differ.
    store(&dir).execute("UPDATE try SET hostname = NULL WHERE try_number = 1", []).unwrap();
    stage.changed();
    assert!(!stage.text().lines().any(|l| l.contains("* host")), "{}", stage.text());
}
