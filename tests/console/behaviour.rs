//! What keys do: the rules of the console, each as a short session.

use dagdeck::console::Stage;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);

/// The line under the cursor.
fn cursor(text: &str) -> String {
    text.lines().skip(2).find(|l| l.starts_with('>')).unwrap_or_default().to_owned()
}

#[test]
fn the_cursor_stays_on_its_object() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("2 j j j");
    let before = cursor(&stage.text());
    assert!(before.contains("fraud_hpo"), "{before}");
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute(
        "INSERT INTO dag SELECT 'aaa_new', fileloc, 0, 0, version_id, 0, timetable_summary, timetable_class, NULL, owners, tags,
         NULL, NULL, NULL, NULL, 0, 0, NULL FROM dag LIMIT 1",
        [],
    )
    .unwrap();
    stage.changed();
    assert!(stage.text().contains("aaa_new"));
    assert!(cursor(&stage.text()).contains("fraud_hpo"));
    stage.resize(160, 45).resize(80, 24);
    assert!(cursor(&stage.text()).contains("fraud_hpo"));
}

#[test]
fn escape_never_quits_and_q_asks_at_the_top() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Esc Esc Esc");
    assert!(stage.wanted.is_empty());
    stage.keys("q");
    assert!(stage.text().contains("Leave the console?"));
    stage.keys("n");
    assert!(!stage.text().contains("Leave the console?"));
    stage.keys("2 Enter q");
    assert!(stage.text().contains("DAGs"), "{}", stage.text());
    // Triage is above the other screens; there only y leaves.
    stage.keys("q");
    assert!(stage.text().contains("NEEDS YOU") && !stage.text().contains("Leave"), "{}", stage.text());
    stage.keys("q q q Enter");
    assert!(stage.wanted.is_empty());
    stage.keys("Esc Esc 1 q y");
    assert_eq!(stage.wanted, ["quit"]);
    stage.wanted.clear();
    stage.keys("Ctrl-c Ctrl-c");
    assert_eq!(stage.wanted, ["quit"]);
}

#[test]
fn a_form_acts_only_on_its_button() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter C");
    assert_eq!(stage.wanted.len(), 1, "only the dry run: {:?}", stage.wanted);
    assert!(stage.wanted[0].contains("--dry-run"));
    // Cancel has the focus.
    stage.keys("Enter");
    assert!(stage.text().contains("CAUSE"));
    assert_eq!(stage.wanted.len(), 1);
    // The plan isn't known yet: the button doesn't act.
    stage.keys("C Right Enter");
    assert_eq!(stage.wanted.len(), 2);
    assert!(stage.text().contains("plan isn't known"), "{}", stage.text());
    let asked: u64 = stage.wanted[1].split(':').next().unwrap().parse().unwrap();
    let plan = serde_json::json!({"task_instances": [{"task_id": "x", "map_index": -1, "from": "failed", "to": null, "reason": "selected"}]});
    stage.answer(asked, plan.clone()).keys("Enter");
    assert!(stage.wanted[2].ends_with("--task-id train_with_hp:3 --downstream --hold 10 -y"), "{:?}", stage.wanted);
    // A toggle asks again, and an answer to the older question doesn't count.
    let sent: u64 = stage.wanted[2].split(':').next().unwrap().parse().unwrap();
    stage.answer(sent, plan);
    assert!(stage.text().contains("done: 1 task instance"), "{}", stage.text());
    stage.keys("C Tab Tab Tab Space");
    assert!(stage.wanted.last().unwrap().contains("--dry-run"));
    assert!(!stage.wanted.last().unwrap().contains("--downstream"));
    stage.answer(asked, serde_json::json!({"task_instances": [{"task_id": "stale"}]}));
    assert!(!stage.text().contains("stale"));
}

#[test]
fn pause_acts_at_once_and_marks_make_it_many() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 P");
    assert!(stage.wanted[0].ends_with("dags pause churn_train"), "{:?}", stage.wanted);
    stage.keys("Space Space P");
    assert!(stage.wanted[1].ends_with("dags pause churn_train ctr_daily"), "{:?}", stage.wanted);
    assert!(stage.text().contains("2 marked"));
    stage.keys("U");
    assert!(stage.wanted[2].ends_with("dags unpause churn_train ctr_daily"), "{:?}", stage.wanted);
    stage.wanted.remove(2);
    stage.keys("u G k P");
    assert!(stage.wanted[2].ends_with("dags unpause old_backtests"), "{:?}", stage.wanted);
}

#[test]
fn without_a_scheduler_looking_works_and_acting_says_why_not() {
    let (_dir, mut stage) = stage(SMALL);
    stage.lose_scheduler();
    assert!(stage.text().contains("NO SCHED"));
    stage.keys("A");
    assert!(stage.text().contains("no scheduler: it ended"), "{}", stage.text());
    stage.keys("2 T");
    assert!(stage.text().contains("no scheduler"));
    assert!(stage.wanted.is_empty());
    stage.keys("Enter");
    assert!(stage.text().contains("churn_train > grid"));
}

#[test]
fn an_empty_home_is_calm_while_its_scheduler_starts() {
    let dir = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(dir.path().to_owned(), SMALL, NOW, false).unwrap();
    let text = stage.text();
    assert!(text.contains("There is no store yet") && text.contains("0 and S"), "{text}");
    stage = stage.starting();
    let text = stage.text();
    assert!(text.contains("The scheduler is starting") && text.contains("sched starting"), "{text}");
    // A store without tables is no store yet either.
    rusqlite::Connection::open(dir.path().join("dagdeck.db"))
        .unwrap()
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    stage.changed();
    assert!(stage.text().contains("The scheduler is starting"), "{}", stage.text());
    super::home::build(dir.path());
    stage.changed();
    assert!(stage.text().contains("NEEDS YOU 3"), "{}", stage.text());
}

#[test]
fn a_scheduler_is_started_from_the_console() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("0 S");
    assert!(stage.text().contains("one runs already"), "{}", stage.text());
    stage.lose_scheduler().keys(":").type_text("sched").keys("Enter");
    assert_eq!(stage.wanted, ["start a scheduler"]);
    assert!(stage.text().contains("sched starting"), "{}", stage.text());
    stage.keys("S");
    assert_eq!(stage.wanted.len(), 1);
    assert!(stage.text().contains("starting already"), "{}", stage.text());
}

#[test]
fn a_log_shows_only_what_fits_and_goes_into_a_pipe_or_a_file() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter &").type_text("epoch 2/").keys("Enter");
    let text = stage.text();
    assert!(text.contains("epoch 1/100") && text.contains("epoch 4/100") && !text.contains("epoch 5/100"), "{text}");
    assert!(text.contains("& epoch 2/: 1 records"), "{text}");
    stage.keys("Esc !");
    let text = stage.text();
    assert!(text.contains("WARN  DataLoader") && text.contains("Traceback") && !text.contains("INFO"), "{text}");
    stage.keys("Esc");
    assert!(stage.text().contains("INFO"));
    stage.keys("|").type_text("wc -l").keys("Enter X Enter");
    assert_eq!(stage.wanted[0], "pipe wc -l");
    assert!(stage.wanted[1].ends_with("train_with_hp_3_.log"), "{:?}", stage.wanted);
}

#[test]
fn colours_of_a_task_are_kept_in_its_log() {
    use ratatui::style::Color;
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter");
    let (text, frame) = (stage.text(), stage.frame());
    let y = text.lines().position(|l| l.contains("DataLoader worker 3")).unwrap() as u16;
    let x = text.lines().nth(y as usize).unwrap().find("RSS").unwrap() as u16;
    assert_eq!(frame[(x, y)].fg, Color::Yellow);
}

#[test]
fn a_group_of_failures_is_claimed_silenced_and_noted() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("H Ctrl-u").type_text("ana").keys("Tab Tab Enter");
    assert!(stage.wanted[0].ends_with("incident claim 00aa00aa00aa00aa --to ana"), "{:?}", stage.wanted);
    stage.keys("Esc Z Tab Tab Enter");
    assert!(
        stage.wanted[1].contains("incident silence 00aa00aa00aa00aa --until 2026-11-16T08:18"),
        "{:?}",
        stage.wanted
    );
    stage.keys("Esc N").type_text("gpu").keys("Tab Tab Enter Esc");
    assert!(stage.wanted[2].ends_with("incident note 00aa00aa00aa00aa gpu"), "{:?}", stage.wanted);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let later = NOW + 3_600_000_000;
    db.execute("INSERT INTO incident VALUES ('00aa00aa00aa00aa', 'ana', ?1, NULL, NULL, 'known', 'lee', ?1)", [NOW])
        .unwrap();
    let text = stage.changed().text();
    assert!(text.contains("[ana] killed by SIGKILL") && text.contains("note by lee: known"), "{text}");
    db.execute("UPDATE incident SET silenced_until = ?1", [later]).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("NEEDS YOU 2") && text.contains("QUIET (worked since"), "{text}");
}

#[test]
fn what_is_deleted_must_be_typed() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("8 G D Tab Tab Enter");
    assert!(stage.text().contains("type gate_min_gain to delete it"), "{}", stage.text());
    assert!(stage.wanted.is_empty());
    stage.keys("Tab").type_text("gate_min_gain").keys("Tab Tab Enter");
    assert_eq!(stage.wanted.len(), 1);
    assert!(stage.wanted[0].ends_with("variables delete gate_min_gain"), "{:?}", stage.wanted);
}

#[test]
fn tries_are_compared_in_turn() {
    let (_dir, mut stage) = stage((160, 45));
    stage.keys("Enter =");
    let text = stage.text();
    assert!(text.contains("the last time it worked") && text.contains("saved the model"), "{text}");
    assert!(text.contains("CAUSE") || text.contains("killed by SIGKILL"), "{text}");
    stage.keys("!");
    assert!(!stage.text().contains("operator"), "{}", stage.text());
    stage.keys("! =");
    assert!(stage.text().contains("the run before"), "{}", stage.text());
    stage.keys("=");
    assert!(stage.text().contains("the try before"), "{}", stage.text());
    // Marked ones.
    stage.keys("4 / t a s k : l o a d Enter Space Space =");
    assert!(stage.text().contains("the marked one"), "{}", stage.text());
}

#[test]
fn five_days_are_backfilled_with_three_keys() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 B");
    let asked: u64 = stage.wanted[0].split(':').next().unwrap().parse().unwrap();
    assert!(stage.wanted[0].contains("backfill create --dag-id churn_train --from-date 2026-11-11T00:00:00Z"));
    let runs = ["2026-11-11", "2026-11-12"].map(|d| serde_json::json!({"logical_date": d, "reason": "created"}));
    stage.answer(asked, serde_json::json!({"task_instances": [], "dag_runs": runs, "effects": []}));
    let text = stage.text();
    assert!(text.contains("run 2026-11-12  created") && text.contains("[ Start 2 ]"), "{text}");
    stage.keys("Right Enter");
    assert!(
        stage.wanted[1].contains("backfill create") && stage.wanted[1].ends_with("--hold 10 -y"),
        "{:?}",
        stage.wanted
    );
}

#[test]
fn a_task_that_asks_is_answered() {
    let (dir, mut stage) = stage(SMALL);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE task_instance SET state = 'awaiting_input' WHERE state = 'running' AND task_id = 'load'", [])
        .unwrap();
    db.execute(
        "INSERT INTO hitl SELECT run, task_id, map_index, 'Deploy it?', 'gain +0.007', '[\"Approve\", \"Reject\"]', NULL, 0,
         '{}', '[]', ?1, NULL, NULL, NULL, NULL FROM task_instance WHERE state = 'awaiting_input'",
        [NOW],
    )
    .unwrap();
    let text = stage.changed().text();
    assert!(text.contains("Deploy it?") && text.contains("NEEDS YOU 4"), "{text}");
    stage.keys("j A Right");
    assert!(stage.text().contains("< Reject >"), "{}", stage.text());
    stage.keys("Tab Tab Enter");
    assert!(stage.wanted[0].ends_with("load --option Reject"), "{:?}", stage.wanted);
}

/// 4,000 runs: the list reads on where the cursor goes, and a filter finds what isn't read.
#[test]
fn lists_have_no_end() {
    let (dir, mut stage) = stage(SMALL);
    let mut db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let tx = db.transaction().unwrap();
    for n in 0..4000_i64 {
        tx.execute(
            "INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, run_after, conf, dag_version)
             VALUES ('many', ?1, ?2, 'manual', 'cli', ?3, '{}', 1)",
            rusqlite::params![
                format!("r{n}"),
                if n == 7 { "failed" } else { "success" },
                NOW - 200 * 86_400_000_000 + n
            ],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots,
             priority_weight) VALUES (?1, 'one', -1, ?2, 1, 0, 'X', 'default_pool', 1, 1)",
            rusqlite::params![tx.last_insert_rowid(), if n == 7 { "failed" } else { "success" }],
        )
        .unwrap();
    }
    dagdeck::store::seen::recount(&tx).unwrap();
    tx.commit().unwrap();
    stage.keys("3");
    assert!(stage.text().contains("of 400+"), "{}", stage.text());
    stage.keys("G G G G G");
    assert!(stage.text().contains("4113 of 4113"), "{}", stage.text());
    assert!(cursor(&stage.text()).contains(" r0 "), "{}", stage.text());
    // Whoever comes back finds it as it was, however long it is.
    for way in ["1 3", "2 Backspace"] {
        stage.keys(way);
        assert!(stage.text().contains("4113 of 4113"), "{way}\n{}", stage.text());
        assert!(cursor(&stage.text()).contains(" r0 "), "{way}\n{}", stage.text());
    }
    stage.keys("1 3 g g /").type_text("dag:many state:failed").keys("Enter");
    assert!(cursor(&stage.text()).contains(" r7 "), "{}", stage.text());
    for filter in ["dag:many state:failed", "r7 state:failed", "dag:many run:r7"] {
        stage.keys("4 Esc /").type_text(filter).keys("Enter");
        assert!(cursor(&stage.text()).contains("F many"), "{filter}\n{}", stage.text());
    }
    stage.keys("Esc /").type_text("state:running").keys("Enter");
    assert!(cursor(&stage.text()).contains("ctr_daily"), "{}", stage.text());
}

#[test]
fn a_day_of_the_calendar_lists_its_runs() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 v c Left Enter");
    let text = stage.text();
    assert!(text.contains("run:*2026-11-09*") && text.contains("11-09 02:00"), "{text}");
}

#[test]
fn the_diagram_is_walked_folded_and_narrowed() {
    let (_dir, mut stage) = stage(SMALL);
    // From a cell of the grid: the cursor stays on the task, the run is that of the column.
    stage.keys("2 Enter ]");
    assert!(stage.text().contains("| train_with_hp"), "{}", stage.text());
    stage.keys("v d");
    assert!(stage.text().contains(">[F train_with_hp x4]"), "{}", stage.text());
    stage.keys("j");
    assert!(stage.text().contains(">[U select_best]"), "{}", stage.text());
    stage.keys("k k");
    assert!(stage.text().contains(">[S prep.features]"), "{}", stage.text());
    stage.keys("-");
    let text = stage.text();
    assert!(text.contains(">[S prep 2 +]") && !text.contains("prep.features]") && text.contains("1 folded"), "{text}");
    stage.keys("+ <");
    let text = stage.text();
    assert!(text.contains("prep.validate") && !text.contains("deploy"), "{text}");
    stage.keys("Esc !");
    let text = stage.text();
    assert!(text.contains("[F train_with_hp x4]") && !text.contains("wait_for_data]"), "{text}");
    // What failed opens at its log.
    stage.keys("Esc g g j j j o");
    assert!(stage.text().contains("train_with_hp"), "{}", stage.text());
}

#[test]
fn on_wide_terminals_the_log_stands_beside_the_list() {
    let (_dir, mut stage) = stage((160, 45));
    let text = stage.text();
    assert!(text.contains("RuntimeError: DataLoader worker"), "{text}");
    // It follows the cursor, and goes with the width.
    stage.keys("3 /").type_text("dag:churn* state:failed").keys("Enter");
    assert!(stage.text().contains("RuntimeError: DataLoader"), "{}", stage.text());
    stage.keys("2");
    assert!(stage.text().contains("needs you 3 (1)"), "{}", stage.text());
    assert!(!stage.resize(120, 45).text().contains("needs you 3 (1)"));
}

#[test]
fn logs_of_several_instances_are_one() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("4 /").type_text("task:train_with_hp run:*2026-11-16*").keys("Enter *");
    assert!(stage.text().contains("4 marked"), "{}", stage.text());
    stage.keys("o");
    let text = stage.text();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in\n{text}"));
    assert!(at("[3] ") < at("saved the model of index 0"), "{text}");
    assert!(at("saved the model of index 0") < at("ERROR [3] ") && text.contains("RuntimeError"), "{text}");
    stage.keys("/").type_text("epoch 2/").keys("Enter");
    assert!(stage.text().contains(">") && stage.text().contains("[0] epoch 2/100"), "{}", stage.text());
    stage.keys("Esc &").type_text("epoch 1/").keys("Enter");
    let text = stage.text();
    assert!(
        text.contains("[0] epoch 1/100") && text.contains("[3] epoch 1/100") && text.contains("2 records"),
        "{text}"
    );
    // It goes into a pipe as it is seen.
    stage.keys("|").type_text("cat").keys("Enter");
    assert_eq!(stage.wanted, ["pipe cat"]);
}

#[test]
fn how_far_a_task_is_stands_where_it_is_seen() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("4 /").type_text("state:running").keys("Enter");
    assert!(stage.text().contains("[######    ] 34/50"), "{}", stage.text());
    stage.keys("Enter");
    assert!(stage.text().contains("log  [######    ] 34/50"), "{}", stage.text());
    stage.keys("v t");
    assert!(stage.text().contains("68%"), "{}", stage.text());
    stage.keys("v g");
    let text = stage.text();
    assert!(text.contains("R6 ") && text.contains("[######    ] 34/50"), "{text}");
}

#[test]
fn the_mouse_goes_to_a_line_and_opens_it() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys(":").type_text("mouse").keys("Enter");
    assert_eq!(stage.wanted, ["mouse true"]);
    stage.keys("2").click(10, 5);
    assert!(cursor(&stage.text()).contains("embed_refresh"), "{}", stage.text());
    stage.click(10, 5);
    assert!(stage.text().contains("embed_refresh > grid"), "{}", stage.text());
    // A form is no place for it: nothing is done with the mouse.
    stage.keys("q T").click(40, 20).click(40, 20);
    assert!(stage.text().contains("[ Trigger ]"), "{}", stage.text());
}

#[test]
fn others_are_seen_with_what_they_look_at() {
    let (_dir, mut stage) = stage(SMALL);
    stage.present(&[("ana", "churn_train > 11-16 02:00 > train_with_hp[3]"), ("raj", "DAGs")]);
    let text = stage.text();
    assert!(text.contains("+2 others") && text.contains("ana looks at train_with_hp[3] now"), "{text}");
    assert!(stage.keys("2").text().contains("raj here"), "{}", stage.text());
    assert!(stage.keys("0").text().contains("CONSOLES     ana: churn_train > 11-16"), "{}", stage.text());
    assert!(!stage.lose_scheduler().text().contains("CONSOLES"), "{}", stage.text());
}

#[test]
fn assets_lead_to_what_made_them() {
    let (_dir, mut stage) = stage(SMALL);
    let text = stage.keys("7").text();
    assert!(text.contains("1 late") && text.contains("1 never"), "{text}");
    assert!(cursor(&text).contains("LATE"), "{text}");
    assert!(text.contains("s3://ml-datasets/daily -> [churn_prediction] -> features"), "{text}");
    stage.keys("j T");
    assert!(stage.text().contains("Trigger embed_refresh"), "{}", stage.text());
    stage.keys("Esc k /").type_text("state:late").keys("Enter");
    assert!(stage.text().contains("1 of 3"), "{}", stage.text());
}

#[test]
fn the_focus_is_seen_without_colour() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter C");
    assert!(stage.text().contains(">[ Cancel ]<"));
    stage.keys("Tab Tab Tab");
    let text = stage.text();
    assert!(text.contains(">[x]downstream") && text.contains(" [ Cancel ] "), "{text}");
    assert!(stage.keys("Esc").text().contains("[o log] d details"));
}

#[test]
fn filters_narrow_and_say_what_is_wrong() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 /").type_text("state:failed").keys("Enter");
    let text = stage.text();
    assert!(text.contains("churn_train") && !text.contains("ctr_daily"), "{text}");
    stage.keys("Esc");
    assert!(stage.text().contains("ctr_daily"));
    stage.keys("/").type_text("colour:red");
    assert!(stage.text().contains("no such key"), "{}", stage.text());
    stage.keys("Esc 4 /").type_text("task:train_with_hp[3] state:failed since:2d").keys("Enter");
    let text = stage.text();
    assert!(text.contains("  F churn_train   11-16") || text.contains("> F churn_train"), "{text}");
    assert!(!text.contains("ctr_daily"), "{text}");
    stage.keys("Esc !");
    assert!(stage.text().contains("only problems"));
}

#[test]
fn a_paste_is_never_keys() {
    let (_dir, mut stage) = stage(SMALL);
    stage.paste("2 P q y\n");
    assert!(stage.wanted.is_empty());
    assert!(stage.text().contains("triage"));
}

#[test]
fn a_log_cannot_drive_the_terminal_and_is_searched() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter");
    let text = stage.text();
    assert!(text.contains("DataLoader worker 3 RSS 11.2GiB, prefetch"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains("pwned") && !text.contains("[33m"), "{text}");
    stage.keys("/").type_text("epoch 2/100").keys("Enter");
    assert!(stage.text().contains("epoch 2/100 loss"), "{}", stage.text());
    stage.keys("n n");
    assert!(stage.text().contains("epoch 2/100 loss"), "{}", stage.text());
    stage.keys("Esc /").type_text("nowhere").keys("Enter");
    assert!(stage.text().contains("nowhere: not found"), "{}", stage.text());
    stage.keys("Esc");
    stage.keys("]");
    assert!(stage.text().contains(">04:12:43  ERROR DataLoader worker (pid 214)"), "{}", stage.text());
    stage.keys("<");
    assert!(stage.text().contains("a plain line"), "{}", stage.text());
    stage.keys("( (");
    assert!(stage.text().contains("train_with_hp[1]"), "{}", stage.text());
}

#[test]
fn trees_fold() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 Enter j Enter");
    let text = stage.text();
    assert!(text.contains("+ prep") && !text.contains("validate"), "{text}");
    stage.keys("+");
    assert!(stage.text().contains("validate"));
    stage.keys("-");
    assert!(!stage.text().contains("validate"));
}

#[test]
fn copies_go_to_the_terminal() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("y y y c y i");
    assert_eq!(stage.wanted[0], "copy churn_train/scheduled__2026-11-16T02:00:00+00:00/train_with_hp[3]");
    assert!(stage.wanted[1].starts_with("copy dagdeck logs churn_train"));
    assert!(stage.wanted[2].contains("out of memory"), "{:?}", stage.wanted);
}

#[test]
fn frozen_screens_stay() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("2 z");
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE dag SET is_paused = 1, last_parsed = ?1", [NOW]).unwrap();
    stage.changed();
    assert!(!stage.text().contains("P churn_train"));
    stage.keys("z");
    assert!(stage.text().contains("P churn_train"));
}

#[test]
fn prefixes_show_what_may_follow() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter M").changed();
    let text = stage.text();
    assert!(text.contains("mark success") && text.contains("mark skipped"), "{text}");
    stage.keys("Esc");
    assert!(!stage.text().contains("mark skipped"));
    stage.keys("M x");
    assert!(stage.text().contains("means nothing here"));
}

/// Any keys at any size: no panic, and every frame can be drawn.
#[test]
fn a_monkey_breaks_nothing() {
    let (_dir, mut stage) = stage(SMALL);
    let keys: Vec<&str> = "1 2 3 4 5 7 8 9 0 Enter Enter Enter j j j k h l G Esc q Backspace Tab Space V * u / x y z ! s + - [ ] < > ( ) \
        o b i d f w t n N v g c M P T C R K A @ : ? . & B E H I N S U X Z | d d Left Right Up Down PgUp PgDn Home End Ctrl-d Ctrl-u Ctrl-r Shift-Tab a = é"
        .split_whitespace()
        .collect();
    let mut seed: u64 = 7;
    let mut random = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    for step in 0..2500 {
        match random(40) {
            0 => drop(stage.resize(random(260) as u16, random(90) as u16)),
            1 => drop(stage.resize(80, 24)),
            2 => drop(stage.changed()),
            5 => drop(stage.click(random(200) as u16, random(60) as u16)),
            6 => drop(stage.present(&[("ana", "triage"), ("raj", "DAGs")])),
            3 => drop(stage.paste("p;a\u{1b}[Ast e")),
            4 => {
                let last = stage.wanted.len() as u64;
                stage.answer(last, serde_json::json!({"task_instances": [{"task_id": 3}, {}], "dag_runs": "odd"}));
            }
            _ => drop(stage.keys(keys[random(keys.len())])),
        }
        if step % 7 == 0 {
            stage.text();
        }
    }
}
