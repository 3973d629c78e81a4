//! Texts in any script: wide letters, combining marks, words from right to left. No column moves, and no letter is cut in two.

use dagdeck::console::{Stage, changed_bytes, frame_text};
use ratatui::buffer::Buffer;
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;

use super::home::{NOW, build};

const WIDE: &str = "模型训练_每日";
const RIGHT: &str = "تدريب_النموذج";
const MARKS: &str = "re\u{301}entrai\u{302}nement";
const LONG: &str = "日本語のとても長いログの行で、端末の幅より長いので折り返されます。最後の文字まで見えるはずです。終";

/// A home with DAGs whose names, notes, logs and params are in other scripts.
fn home() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let db = Connection::open(dir.path().join("dagdeck.db")).unwrap();
    for (n, id) in [WIDE, RIGHT, MARKS].into_iter().enumerate() {
        let definition = json!({"dag_id": id, "dag_display_name": format!("{id} \u{202e}abc"), "tags": [id],
            "description": format!("{id} 12 {RIGHT} 34"), "owner": id,
            "tasks": {id: {"task_id": id, "operator": "X", "owner": id, "upstream_task_ids": []}}, "children": [id],
            "params": {id: {"value": RIGHT, "schema": {"type": "string"}, "description": WIDE}}});
        db.execute(
            "INSERT INTO dag_version (dag_id, number, hash, definition, source, created_at) VALUES (?1, 1, ?1, ?2, ?3, ?4)",
            params![id, definition.to_string(), format!("# {LONG}\nx = 1  # {RIGHT} 12\n"), NOW],
        )
        .unwrap();
        let version = db.last_insert_rowid();
        db.execute(
            "INSERT INTO dag (dag_id, fileloc, is_paused, version_id, timetable_summary, timetable_class, description, owners, tags,
             first_seen, last_parsed) VALUES (?1, '/dags/x.py', 0, ?2, '@daily', 'Cron', ?3, ?1, ?4, 0, ?5)",
            params![id, version, format!("{id} 12 {RIGHT}"), json!([id]).to_string(), NOW],
        )
        .unwrap();
        let run = format!("manual__{id}");
        db.execute(
            "INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, run_after, start_date, end_date, conf, dag_version, note)
             VALUES (?1, ?2, 'failed', 'manual', 'cli', ?3, ?3, ?4, '{}', ?5, ?6)",
            params![id, run, NOW + n as i64, NOW + 9_000_000, version, format!("{RIGHT} 12 {WIDE}")],
        )
        .unwrap();
        let row = db.last_insert_rowid();
        db.execute(
            "INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight,
             start_date, end_date, duration) VALUES (?1, ?2, -1, 'failed', 1, 0, 'X', 'default_pool', 1, 1, ?3, ?4, 9)",
            params![row, id, NOW, NOW + 9_000_000],
        )
        .unwrap();
        db.execute(
            "INSERT INTO try VALUES (?1, ?2, -1, 1, 'failed', ?3, ?4, 1, 'box', 'exit', ?5, NULL, NULL, ?6)",
            params![row, id, NOW, NOW + 9_000_000, format!("{RIGHT}: {LONG}"), id],
        )
        .unwrap();
        let log = dir.path().join(format!("logs/dag_id={id}/run_id={run}/task_id={id}"));
        std::fs::create_dir_all(&log).unwrap();
        let lines = [LONG.to_owned(), format!("{RIGHT} 100% {RIGHT} 12"), format!("a\u{202e}b {MARKS} 👩\u{200d}🚀 x")];
        let lines: Vec<String> = lines
            .iter()
            .map(|l| json!({"timestamp": "2026-11-16T04:18:00Z", "level": "error", "event": l}).to_string() + "\n")
            .collect();
        std::fs::write(log.join("attempt=1.log"), lines.concat()).unwrap();
    }
    dagdeck::store::seen::recount(&db).unwrap();
    dir
}

fn stage(dir: &TempDir, size: (u16, u16)) -> Stage {
    Stage::new(dir.path().to_owned(), size, NOW + 60_000_000, true).unwrap()
}

/// Column of a text in a row, counted in cells.
fn column(frame: &Buffer, y: u16, text: &str) -> Option<u16> {
    (0..frame.area().width).find(|x| {
        let rest: String = (*x..frame.area().width).map(|x| frame[(x, y)].symbol()).collect();
        rest.starts_with(text)
    })
}

#[test]
fn columns_stay_where_they_are() {
    let dir = home();
    for size in [(80, 24), (160, 45), (250, 80)] {
        let mut stage = stage(&dir, size);
        stage.keys("2");
        let (frame, text) = (stage.frame(), stage.text());
        let rows = text.lines().enumerate().filter(|(_, l)| l.contains("@daily"));
        let columns: Vec<u16> = rows.map(|(y, _)| column(&frame, y as u16, "@daily").unwrap()).collect();
        assert!(columns.len() >= 4 && columns.iter().all(|x| *x == columns[0]), "{size:?} {columns:?}\n{text}");
    }
}

/// No frame holds a control of direction but the one that ends such a word, and after each such word there is one.
#[test]
fn words_from_right_to_left_move_nothing() {
    let dir = home();
    let is_right = |c: char| ('\u{590}'..'\u{8ff}').contains(&c);
    for size in [(60, 16), (80, 24), (160, 45)] {
        for keys in [
            "",
            "2",
            "3",
            "4",
            "2 G k Enter",
            "2 g g d",
            "3 Enter",
            "3 Enter d",
            "3 Enter b",
            "3 T",
            "3 N",
            "2 v s",
            "9",
            ":",
        ] {
            let mut stage = stage(&dir, size);
            let frame = stage.keys(keys).frame();
            for y in 0..size.1 {
                let symbols: Vec<&str> = (0..size.0).map(|x| frame[(x, y)].symbol()).collect();
                assert!(
                    !symbols.iter().any(|s| s.contains(['\u{202e}', '\u{200f}', '\u{2067}'])),
                    "{keys} {symbols:?}"
                );
                for (x, symbol) in symbols.iter().enumerate().filter(|(_, s)| s.chars().any(is_right)) {
                    let next = |n: usize| symbols.get(x + n).copied().unwrap_or_default();
                    let goes_on = next(1).chars().any(is_right) || next(1) == " " && next(2).chars().any(is_right);
                    assert!(goes_on || symbol.ends_with('\u{200e}'), "{keys} at {size:?}: {}", symbols.concat());
                }
            }
        }
    }
}

#[test]
fn a_long_line_of_wide_letters_is_whole() {
    let dir = home();
    for size in [(60, 16), (80, 24), (81, 24), (160, 45)] {
        let mut stage = stage(&dir, size);
        stage.keys("3 G g g Enter");
        let text = stage.text();
        let all: String = text.split_whitespace().collect();
        assert!(all.contains("終") && all.contains("見えるはずです。"), "{size:?}\n{text}");
        assert!(text.contains("re\u{301}entrai\u{302}nement"), "{text}");
        // Scrolled sideways a wide letter is never cut in two: what sticks out is a space.
        stage.keys("w l");
        assert!(!stage.text().contains('\u{fffd}'), "{}", stage.text());
    }
}

/// A line of letters about whose width terminals differ: what follows them is gone to, not reached.
#[test]
fn letters_of_unknown_width_push_nothing_away() {
    let dir = home();
    let mut stage = stage(&dir, (80, 24));
    let before = stage.keys("3 G g g").frame();
    let after = stage.keys("Enter").frame();
    let text = frame_text(&after);
    assert!(text.contains("👩\u{200d}🚀 x"), "{text}");
    assert!(changed_bytes(&before, &after) > 0);
    let mut screen = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
    screen.process(&dagdeck::console::change(&before, &after));
    let at = text.lines().position(|l| l.contains("🚀 x")).unwrap() as u16;
    let x = column(&after, at, "x").unwrap();
    assert_eq!(screen.screen().cell(at, x).unwrap().contents(), "x");
}
