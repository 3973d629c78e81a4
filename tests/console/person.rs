//! What people ran into who knew the console from its help only.

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);

fn store(dir: &TempDir) -> Connection {
    Connection::open(dir.path().join("dagdeck.db")).unwrap()
}

/// The line under the cursor.
fn cursor(text: &str) -> String {
    text.lines().skip(2).find(|l| l.starts_with('>')).unwrap_or_default().to_owned()
}

#[test]
fn acts_about_a_task_are_about_that_task_in_that_run() {
    let (dir, mut stage) = stage(SMALL);
    let run = "scheduled__2026-11-16T02:00:00+00:00";
    let act = |who: &str, dag: &str, run: &str, tasks: &str| {
        store(&dir)
            .execute(
                "INSERT INTO audit (at, who, via, action, target, command, result, dag_id, run_ids, tasks)
                 VALUES (?1, ?2, 'cli', 'clear', ?3, 'dagdeck tasks clear .. train_with_hp', 'ok', ?4, ?5, ?6)",
                rusqlite::params![NOW, who, format!("{dag} {run}"), dag, json!([run]).to_string(), tasks],
            )
            .unwrap();
    };
    act("here", "churn_train", run, r#"["train_with_hp[3]", "select_best"]"#);
    act("elsewhere", "ctr_daily", run, r#"["train_with_hp[3]"]"#);
    act("another_run", "churn_train", "manual__1", r#"["train_with_hp[3]"]"#);
    act("another_index", "churn_train", run, r#"["train_with_hp[1]"]"#);
    act("all_indexes", "churn_train", run, r#"["train_with_hp"]"#);
    let text = stage.keys("Enter g a").text();
    assert!(text.contains("here") && text.contains("all_indexes") && text.contains("1 of 3"), "{text}");
    assert!(!text.contains("elsew") && !text.contains("another"), "{text}");
    // Of the DAG all, and Enter leads there.
    let text = stage.keys("2 g a").text();
    assert!(text.contains("of 5") && text.contains("manual__1 train_with_hp[3]"), "{text}");
    assert!(stage.keys("Enter").text().contains("churn_train > grid"));
}

#[test]
fn keys_wait_for_the_screen_that_they_are_about() {
    let (_dir, mut stage) = stage(SMALL);
    assert!(cursor(&stage.fast("2 j j j").text()).contains("fraud_hpo"), "{}", stage.text());
    stage.fast("1 2 g g j P");
    assert!(stage.wanted[0].ends_with("dags pause ctr_daily"), "{:?}", stage.wanted);
    // What was on the way to another screen too, and Escape forgets the rest.
    let text = stage.fast("3 j Esc").text();
    assert!(text.contains("runs") && text.contains("1 of "), "{text}");
    // Keys before a form was there are dropped, and that is said.
    let text = stage.keys("1").fast("Enter C Tab Enter").text();
    assert!(text.contains("dropped, typed before the form was there: Tab Enter"), "{text}");
    assert_eq!(stage.wanted.len(), 2, "only the dry run: {:?}", stage.wanted);
}

#[test]
fn the_palette_waits_for_the_names_that_were_typed() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.fast(": p o o l g p u Enter j").text();
    assert!(text.contains("POOL") && !text.contains("triage"), "{text}");
}

#[test]
fn a_screen_of_the_digits_keeps_its_cursor() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 j j j Enter j 2");
    assert!(cursor(&stage.text()).contains("fraud_hpo"), "{}", stage.text());
}

#[test]
fn what_never_runs_needs_somebody_at_once() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    db.execute(
        "UPDATE task_instance SET state = 'scheduled', scheduled_when = ?1, queued_when = NULL, pool = 'gone' WHERE state = 'running'
         AND task_id = 'load'",
        [NOW],
    )
    .unwrap();
    let text = stage.changed().text();
    assert!(text.contains("NEEDS YOU 4") && text.contains("never runs: there is no pool gone"), "{text}");
    db.execute("INSERT INTO pool VALUES ('gone', 0, '', 0)", []).unwrap();
    assert!(stage.changed().text().contains("never runs: pool gone has 0 slots"), "{}", stage.text());
    db.execute("UPDATE pool SET slots = 1 WHERE name = 'gone'", []).unwrap();
    assert!(stage.changed().text().contains("NEEDS YOU 3"), "{}", stage.text());
}

#[test]
fn a_run_that_waits_for_others_of_its_dag_alarms_nobody() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    db.execute("UPDATE dag SET next_run_after = 1 WHERE dag_id = 'ctr_daily'", []).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("NEEDS YOU 4") && text.contains("run was due 01-01"), "{text}");
    db.execute("UPDATE dag_version SET definition = json_set(definition, '$.max_active_runs', 1)", []).unwrap();
    let active =
        "UPDATE dag_run SET state = 'running' WHERE id = (SELECT max(id) FROM dag_run WHERE dag_id = 'ctr_daily')";
    db.execute(active, []).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("UTC waits: 1 o") && text.contains("NEEDS YOU 3"), "{text}");
}

#[test]
fn a_failure_is_quiet_only_if_a_later_run_worked_after_it() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    let newest = "SELECT max(run) FROM task_instance WHERE state = 'failed' AND task_id = 'train_with_hp'";
    let run: i64 = db.query_row(newest, [], |r| r.get(0)).unwrap();
    db.execute("UPDATE task_instance SET end_date = ?1 WHERE state = 'failed'", [NOW - 60_000_000]).unwrap();
    let mut worked_at = |end: i64| {
        let sql =
            "UPDATE task_instance SET state = 'success', end_date = ?2 WHERE run = ?1 AND task_id = 'train_with_hp'";
        assert!(db.execute(sql, [run, end]).unwrap() > 0);
        stage.changed().text()
    };
    // The older run failed once more after that: it was cleared, or is of a backfill.
    let text = worked_at(1);
    assert!(!text.contains("QUIET") && text.contains("train_with_hp[3]"), "{text}");
    let text = worked_at(NOW);
    assert!(text.contains("QUIET (worked since"), "{text}");
}

#[test]
fn a_paused_dag_says_so_where_a_run_is_asked_for() {
    let (dir, mut stage) = stage(SMALL);
    store(&dir).execute("UPDATE dag SET is_paused = 1 WHERE dag_id = 'churn_train'", []).unwrap();
    let text = stage.changed().keys("2 T").text();
    assert!(text.contains("DAG churn_train is paused: the run stays queued"), "{text}");
    let text = stage.keys("Tab Tab Tab Tab Tab Tab Tab Tab").text();
    assert!(text.contains("is paused"), "{text}");
}

#[test]
fn why_it_waits_is_said_once_and_truly() {
    let (dir, mut stage) = stage(SMALL);
    let db = store(&dir);
    db.execute("UPDATE dag SET is_paused = 1 WHERE dag_id = 'ctr_daily'", []).unwrap();
    db.execute("UPDATE dag_run SET state = 'queued' WHERE dag_id = 'ctr_daily' AND state = 'running'", []).unwrap();
    db.execute("UPDATE task_instance SET state = 'none' WHERE state = 'running' AND task_id = 'load'", []).unwrap();
    dagdeck::store::seen::recount(&db).unwrap();
    stage.changed().keys("4 /").type_text("dag:ctr_daily task:load state:none").keys("Enter b");
    let text = stage.text();
    // In the line at the top, and once below.
    assert_eq!(text.matches("the DAG is paused").count(), 2, "{text}");
    assert!(!text.contains("as many active runs") && !text.contains("waits for the tasks above"), "{text}");
}

#[test]
fn help_is_turned_page_by_page() {
    let (_dir, mut stage) = stage(SMALL);
    let first = stage.keys("?").text();
    assert!(first.contains("PgDn: more") && first.contains("Esc:close"), "{first}");
    let second = stage.keys("PgDn").text();
    assert_ne!(first.lines().nth(6), second.lines().nth(6), "{second}");
    assert!(stage.keys("PgDn PgDn PgDn").text().contains("ACT (changes something"), "{}", stage.text());
}

#[test]
fn narrow_terminals_keep_the_way_to_the_help() {
    for keys in ["", "2", "3", "4"] {
        let (_dir, mut stage) = stage((60, 16));
        let text = stage.keys(keys).text();
        assert!(text.lines().last().unwrap().contains("?:help"), "{text}");
    }
}

#[test]
fn a_comparison_is_one_that_exists() {
    let (dir, mut stage) = stage(SMALL);
    // It never worked, and there is no other run: only tries of its own are left.
    store(&dir)
        .execute("DELETE FROM dag_run WHERE dag_id = 'churn_train' AND run_id NOT LIKE '%2026-11-16%'", [])
        .unwrap();
    let text = stage.changed().keys("Enter =").text();
    assert!(text.contains("the try before"), "{text}");
    let text = stage.keys("q b").text();
    assert!(text.contains("It has no earlier run to compare with"), "{text}");
}

#[test]
fn xcoms_of_the_first_run_have_none_to_compare_with() {
    let (dir, mut stage) = stage(SMALL);
    store(&dir)
        .execute("DELETE FROM dag_run WHERE dag_id = 'churn_train' AND run_id NOT LIKE '%2026-11-16%'", [])
        .unwrap();
    let text = stage.changed().keys("2 Enter v t x Esc =").text();
    assert!(text.contains("no earlier run has it"), "{text}");
    assert!(!text.contains("BEFORE"), "{text}");
}

#[test]
fn what_ended_well_needs_no_cause() {
    let (dir, mut stage) = stage(SMALL);
    let text = stage.keys("4 /").type_text("state:success dag:churn_train").keys("Enter b").text();
    assert!(text.contains("It ended well.") && !text.contains("no cause"), "{text}");
    store(&dir).execute("UPDATE task_instance SET state = 'skipped' WHERE state = 'success'", []).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("It was skipped; nobody said why."), "{text}");
}

#[test]
fn what_runs_is_as_old_as_it_has_run() {
    let (dir, mut stage) = stage(SMALL);
    let start = super::home::NOW - 8_900_000;
    for table in ["task_instance", "dag_run"] {
        let sql = format!("UPDATE {table} SET start_date = ?1, end_date = NULL WHERE state = 'running'");
        store(&dir).execute(&sql, [start]).unwrap();
    }
    for keys in ["3 /", "4 /"] {
        let text = stage.changed().keys(keys).type_text("state:running").keys("Enter").text();
        let line = cursor(&text);
        let words: Vec<&str> = line.split_whitespace().collect();
        // AGE and DUR: seconds, the same ones.
        assert!(words.windows(2).any(|w| w[0] == w[1] && w[0].ends_with('s')), "{text}");
    }
}

#[test]
fn enter_goes_on_in_a_form_and_space_toggles() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("Enter C Tab Tab Tab").text();
    let text = if text.contains(">[x]downstream") { text } else { stage.keys("Tab").text() };
    assert!(text.contains(">[x]downstream") && text.contains("Space:toggle  Enter:next"), "{text}");
    let text = stage.keys("Enter").text();
    assert!(text.contains(" [x]downstream") && text.contains(">[ ]upstream"), "{text}");
    assert!(stage.keys("Space").text().contains(">[x]upstream"), "{}", stage.text());
    // A choice too.
    let text = stage.keys("Enter Enter Enter Enter Enter Enter").text();
    assert!(text.contains(">retries <all>"), "{text}");
    assert!(stage.keys("Enter").text().contains(">running <restart>"), "{}", stage.text());
}

#[test]
fn messages_that_are_long_are_whole() {
    let (_dir, mut stage) = stage((60, 16));
    let text = stage.keys("0 b").text();
    assert!(!text.lines().last().unwrap().contains('~'), "{text}");
    stage.keys("1 q");
    let text = stage.text();
    assert!(text.contains("Leave the console? The scheduler and its tasks go on."), "{text}");
}

#[test]
fn the_palette_finds_whatever_has_a_name() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys(":").type_text("ctr_daily.report").text();
    assert!(text.contains("task ctr_daily.report") && text.contains("1 match "), "{text}");
    let text = stage.keys("Enter").text();
    assert!(text.contains("ctr_daily > grid") && text.contains(">   report"), "{text}");
    stage.keys(":").type_text("pool gpu").keys("Enter");
    assert!(cursor(&stage.text()).contains("gpu"), "{}", stage.text());
    stage.keys(":").type_text("gate_min").keys("Enter");
    assert!(cursor(&stage.text()).contains("gate_min_gain"), "{}", stage.text());
    assert!(stage.keys(":").type_text("zzzz").text().contains("nothing is called that"), "{}", stage.text());
}

#[test]
fn why_of_a_dag_leads_to_what_waits() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("2 j b").text();
    assert!(text.contains("> report") && text.contains("waits for the tasks above it"), "{text}");
    assert!(stage.keys("2 j b").text().contains("nothing of it failed, and nothing of it waits"), "{}", stage.text());
}
