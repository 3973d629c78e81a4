//! Keys of the map that mean the same everywhere: parts of a screen, texts, zoom, zones, files, the editor.

use rusqlite::Connection;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);

/// The line under the cursor.
fn cursor(text: &str) -> String {
    text.lines().skip(2).find(|l| l.starts_with('>')).unwrap_or_default().to_owned()
}

#[test]
fn tab_goes_from_part_to_part() {
    let (_dir, mut stage) = stage(SMALL);
    assert!(stage.keys("Enter Tab").text().contains("[d details]"), "{}", stage.text());
    assert!(stage.keys("Shift-Tab Shift-Tab").text().contains("[b why]"), "{}", stage.text());
    // From list to list.
    stage.keys("8");
    for name in ["mlflow", "gate_min_gain", "default_pool"] {
        assert!(cursor(&stage.keys("Tab").text()).contains(name), "{name}\n{}", stage.text());
    }
    assert!(cursor(&stage.keys("Shift-Tab").text()).contains("gate_min_gain"), "{}", stage.text());
    assert!(stage.keys("2 d Tab").text().contains("one part"), "{}", stage.text());
}

#[test]
fn a_preview_that_has_no_room_says_so_and_scrolls() {
    let (dir, mut stage) = stage(SMALL);
    let db = Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let rows: Vec<String> = (0..30).map(|n| format!("\"key_{n:02}\": {n}")).collect();
    db.execute("UPDATE xcom SET value = ?1 WHERE key = 'rows'", [format!("{{{}}}", rows.join(", "))]).unwrap();
    let text = stage.keys("2 Enter v t x Esc g g").text();
    assert!(text.contains("key_00") && !text.contains("key_29") && text.contains("(Tab)"), "{text}");
    let before = cursor(&text);
    let text = stage.keys("Tab G").text();
    assert!(text.contains("key_29") && text.contains("end (Esc)"), "{text}");
    assert_eq!(cursor(&text), before);
    assert!(stage.keys("g g").text().contains("key_00"), "{}", stage.text());
    // Esc gives the keys back to the list, and a step of it starts the preview over.
    stage.keys("j Esc j");
    assert_ne!(cursor(&stage.text()), before);
}

#[test]
fn texts_are_searched_scrolled_and_wrapped() {
    let (dir, mut stage) = stage(SMALL);
    let source: Vec<String> = (1..=100).map(|n| format!("line_{n} = {}end_{n}", "x".repeat(n))).collect();
    let db = Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE dag_version SET source = ?1 WHERE dag_id = 'churn_train' AND number = 37", [source.join("\n")])
        .unwrap();
    let text = stage.keys("2 v s G").text();
    assert!(text.contains("  100 line_100"), "{text}");
    // From the end one step up is one line.
    assert!(!stage.keys("k").text().contains("  100 line_100"), "{}", stage.text());
    let text = stage.keys("g g /").type_text("line_7").keys("Enter").text();
    assert!(text.contains("line 7 of 100, 11 with it"), "{text}");
    assert!(stage.keys("n").text().contains("line 70 of 100"), "{}", stage.text());
    assert!(stage.text().contains("   70 line_70"), "{}", stage.text());
    assert!(stage.keys("N N").text().contains("line 79 of 100"), "{}", stage.text());
    // A text is no list: what isn't a filter is found too.
    assert!(stage.keys("Esc /").type_text("= xxx").keys("Enter").text().contains("98 with it"), "{}", stage.text());
    stage.keys("Esc G");
    assert!(!stage.text().contains("end_100"), "{}", stage.text());
    assert!(stage.keys("l l l l").text().contains("end_100"), "{}", stage.text());
    assert!(stage.keys("Home w G").text().contains("end_100"), "{}", stage.text());
    // Parts of a task instance too.
    let text = stage.keys("1 Enter d /").type_text("pool").keys("Enter").text();
    assert!(text.contains("with it"), "{text}");
    assert!(stage.keys("2 d /").type_text("runbook").keys("Enter").text().contains("1 with it"), "{}", stage.text());
}

#[test]
fn a_timeline_is_zoomed() {
    let (_dir, mut stage) = stage((160, 45));
    let whole = stage.keys("2 Enter v t").text();
    let zoomed = stage.keys("+ + +").text();
    assert!(zoomed.contains("zoom 8x (.: whole)"), "{zoomed}");
    // The first task's bar is eight times as long, and what is later isn't there.
    let bars = |text: &str, task: &str| text.lines().find(|l| l.contains(task)).unwrap().matches('=').count();
    let (before, after) = (bars(&whole, "wait_for_data"), bars(&zoomed, "wait_for_data"));
    assert!(after >= 6 * before, "{before} {after}\n{zoomed}");
    assert_eq!(bars(&zoomed, "train_with_hp"), 0, "{zoomed}");
    assert!(stage.keys("-").text().contains("zoom 4x"), "{}", stage.text());
    assert_eq!(stage.keys(".").text(), whole);
}

#[test]
fn times_are_in_utc_or_in_this_machines_zone() {
    let (_dir, mut stage) = stage(SMALL);
    let utc = stage.keys("9").text();
    assert!(utc.contains("WHEN (UTC)") && utc.contains("04:18Z"), "{utc}");
    let local = stage.keys("t").text();
    assert!(local.contains("WHEN ") && !local.contains("(UTC)") && !local.contains("04:18Z"), "{local}");
    // Ids are the same for everybody.
    assert!(stage.keys("3").text().contains("churn_train   11-16 02:00"), "{}", stage.text());
    assert!(stage.keys("t").text().contains("04:18Z"), "{}", stage.text());
}

#[test]
fn every_screen_can_be_written_into_a_file() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 / c h u r n Enter X Enter");
    assert!(stage.wanted[0].starts_with("export {") && stage.wanted[0].ends_with("dags.jsonl"), "{:?}", stage.wanted);
    let rows: Vec<&str> = stage.wanted[0]["export ".len()..].rsplit_once(' ').unwrap().0.lines().collect();
    let row: serde_json::Value = serde_json::from_str(rows[0]).unwrap();
    assert_eq!(
        (row["dag_id"].as_str(), row["state"].as_str(), row["paused"].as_bool()),
        (Some("churn_train"), Some("failed"), Some(false))
    );
    stage.wanted.clear();
    stage.keys("9 X Enter");
    assert!(
        stage.wanted[0].contains("\"who\":\"lee\"") && stage.wanted[0].ends_with("audit.jsonl"),
        "{:?}",
        stage.wanted
    );
    stage.keys("2 v s X Enter");
    assert!(
        stage.wanted[1].contains("def train_with_hp") && stage.wanted[1].ends_with("churn_train_v37.py"),
        "{:?}",
        stage.wanted
    );
    stage.keys("5 X");
    assert!(stage.text().contains("nothing here to export"), "{}", stage.text());
}

#[test]
fn a_text_field_goes_to_the_editor_and_comes_back() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("2 Enter N").type_text("short").keys("Ctrl-e");
    assert_eq!(stage.wanted, ["edit short"]);
    stage.edited("a longer note\nof two lines").keys("Tab Tab Enter");
    assert!(stage.wanted[1].contains("a longer note of two lines"), "{:?}", stage.wanted);
    assert!(stage.keys("Esc C Ctrl-e").text().contains("edits a field of text"), "{}", stage.text());
}

#[test]
fn copies_of_whatever_has_a_command() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("8 y c Tab y c 9 y c");
    assert_eq!(stage.wanted[..2], ["copy dagdeck pools get default_pool", "copy dagdeck connections get mlflow"]);
    assert_eq!(stage.wanted[2], "copy dagdeck tasks clear ..");
    // What is longer than a clipboard takes says so.
    let (dir, mut stage) = super::screens::stage(SMALL);
    let db = Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE xcom SET value = ?1", [format!("\"{}\"", "x".repeat(80_000))]).unwrap();
    assert!(stage.keys("2 Enter v t x Esc y l").text().contains("copied the first 74000 of 80002"), "{}", stage.text());
}

#[test]
fn lists_are_sorted_by_what_is_in_them() {
    let (_dir, mut stage) = stage(SMALL);
    let first = cursor(&stage.keys("9").text());
    assert!(stage.keys("s").text().contains("sorted by who"), "{}", stage.text());
    assert!(stage.keys("s s s").text().contains("sorted by newest"), "{}", stage.text());
    assert_eq!(cursor(&stage.keys("g g").text()), first);
    assert!(stage.keys("7 s").text().contains("sorted by name"), "{}", stage.text());
    assert!(stage.keys("2 Enter v t x Esc s s").text().contains("sorted by largest"), "{}", stage.text());
}

#[test]
fn the_filter_knows_what_is_usual_and_who_asks() {
    let (dir, mut stage) = stage(SMALL);
    // Of 13 runs the two that failed took longer than those that worked.
    let text = stage.keys("3 /").type_text("dag:churn_train dur>p95").keys("Enter").text();
    assert!(text.contains("2 of 13") && cursor(&text).contains("F churn_train"), "{text}");
    let text = stage.keys("4 /").type_text("dur>p95 task:train_with_hp").keys("Enter").text();
    assert!(!text.contains("S churn_train") || text.contains("of"), "{text}");
    assert!(
        stage.keys("9 /").type_text("dur>p95").keys("Enter").text().contains("known of DAGs, runs"),
        "{}",
        stage.text()
    );
    let me = dagdeck::command::user_name(rustix::process::getuid().as_raw());
    let db = Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE dag SET owners = ?1 WHERE dag_id = 'fraud_hpo'", [format!("ml-plt, {me}")]).unwrap();
    let text = stage.keys("2 /").type_text("owner:me").keys("Enter").text();
    assert!(text.contains("1 of 8") && cursor(&text).contains("fraud_hpo"), "{text}");
    let _ = NOW;
}

#[test]
fn in_production_the_name_is_typed() {
    let (_dir, mut stage) = stage(SMALL);
    stage.context("eu-production").keys("2 B");
    let asked: u64 = stage.wanted[0].split(':').next().unwrap().parse().unwrap();
    let runs = ["2026-11-11"].map(|d| serde_json::json!({"logical_date": d, "reason": "created"}));
    stage.answer(asked, serde_json::json!({"task_instances": [], "dag_runs": runs, "effects": []}));
    let text = stage.keys("Right Enter").text();
    assert!(text.contains("EU-PRODUCTION: type churn_train to do it") && text.contains("run 2026-11-11"), "{text}");
    assert!(stage.type_text("churn").keys("Enter").text().contains("that isn't churn_train"), "{}", stage.text());
    assert_eq!(stage.wanted.len(), 1);
    // Esc goes back to the form, with everything in it.
    assert!(stage.keys("Esc").text().contains("[ Start 1 ]<"), "{}", stage.text());
    stage.keys("Enter").type_text("churn_train").keys("Enter");
    assert!(
        stage.wanted[1].contains("backfill create") && stage.wanted[1].ends_with("--hold 10 -y"),
        "{:?}",
        stage.wanted
    );
    // What is done at once and can be taken back asks nothing.
    stage.keys("Esc P");
    assert!(stage.wanted[2].ends_with("dags pause churn_train"), "{:?}", stage.wanted);
}

/// The program itself: what it copies is about its home, whichever shell it is pasted into; Ctrl-z where no shell waits stops nothing.
#[test]
fn a_copied_command_is_about_this_home() {
    let mut session = super::terminal::Session::start(&[], false);
    let home = session.home.path().display().to_string();
    session.wait_for("NEEDS YOU");
    session.types("yc");
    session.wait_for("copied");
    session.types("\u{1a}");
    session.types("1qy");
    assert_eq!(session.ended(), 0);
    let seen = String::from_utf8_lossy(&session.seen.lock().unwrap()).into_owned();
    let copied = seen.split("\u{1b}]52;c;").nth(1).unwrap().split('\u{7}').next().unwrap();
    let text = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, copied).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with(&format!("dagdeck --home {home} logs churn_train ")), "{text}");
}

/// Terminals by their name: one that can't move its cursor gets a sentence, an old one no colour, the sixteen colours the codes that
/// every terminal knows, another locale only ASCII.
#[test]
fn terminals_get_what_they_understand() {
    let run = |variables: &[(&str, &str)]| {
        let home = tempfile::tempdir().unwrap();
        super::home::build(home.path());
        let arguments = ["--home", home.path().to_str().unwrap(), "--read-only"];
        let mut terminal = super::terminal::Terminal::start(&arguments, variables);
        if variables.contains(&("TERM", "dumb")) {
            terminal.wait_for("can move its cursor");
        } else {
            terminal.wait_for("NEEDS YOU");
            terminal.types("2");
            terminal.wait_for("churn_train");
            terminal.types("1qy");
        }
        let code = terminal.ended();
        let seen = String::from_utf8_lossy(&terminal.seen.lock().unwrap()).into_owned();
        (code, seen)
    };
    let (code, said) = run(&[("TERM", "dumb")]);
    assert!(code == 2 && said.contains("can move its cursor") && !said.contains('\u{1b}'), "{code} {said}");
    let codes = |seen: &str| -> Vec<String> {
        let parts = seen.split("\u{1b}[").skip(1).filter_map(|part| part.split_once('m'));
        let numbers = parts.filter(|(n, _)| n.chars().all(|c| c.is_ascii_digit() || c == ';'));
        numbers.flat_map(|(n, _)| n.split(';').map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let colours = |seen: &str| codes(seen).iter().filter(|c| c.parse::<u32>().is_ok_and(|n| n >= 30)).count();
    for variables in [&[("TERM", "vt100")][..], &[("TERM", "xterm"), ("NO_COLOR", "1")]] {
        assert_eq!(colours(&run(variables).1), 0, "{variables:?}");
    }
    for term in ["linux", "xterm-16color", "screen"] {
        let seen = run(&[("TERM", term), ("COLORTERM", "")]).1;
        assert!(colours(&seen) > 5, "{term}");
        assert!(!codes(&seen).iter().any(|c| c == "38" || c == "48"), "{term}: not one of the sixteen");
    }
    for locale in ["C", "de_DE.ISO-8859-1"] {
        let seen = run(&[("LC_ALL", locale)]).1;
        assert!(seen.is_ascii(), "{locale}");
    }
}
