//! Searches through logs that take long: how far they are, what ends them.

use std::fs;

use dagdeck::console::Stage;
use tempfile::TempDir;

use super::screens::stage;

const SMALL: (u16, u16) = (80, 24);
const MB: u64 = 1_000_000;

/// The log of the newest failure, with searches that aren't answered.
fn in_a_log() -> (TempDir, Stage) {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("Enter o").slow_searches();
    (dir, stage)
}

#[test]
fn how_far_a_search_is_stands_above_and_escape_ends_it() {
    let (_dir, mut stage) = in_a_log();
    let before = stage.text();
    stage.keys("/").type_text("nowhere").keys("Enter");
    assert!(stage.wanted.len() == 1 && stage.wanted[0].starts_with("search /"), "{:?}", stage.wanted);
    stage.searching(12 * MB, 240 * MB);
    let text = stage.text();
    assert!(text.contains("SEARCH 12MB of 240MB, ") && text.contains("left"), "{text}");
    // What was there is still there, and can be read.
    let body = |text: &str| text.lines().skip(3).take(15).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&text), body(&before));
    // Ends the search only, not the screen.
    stage.keys("Esc");
    assert_eq!(stage.wanted.last().unwrap(), "end the search");
    let text = stage.text();
    assert!(text.contains("ended: find nowhere: 12MB of 240MB") && !text.contains("SEARCH"), "{text}");
    assert_eq!(body(&text), body(&before));
}

#[test]
fn a_search_ends_when_another_is_typed_or_the_log_is_left() {
    let (_dir, mut stage) = in_a_log();
    for (keys, searches) in [("/", 1), ("&", 1), ("q", 1), ("2", 1), ("!", 2)] {
        let (_dir, mut stage) = in_a_log();
        stage.keys("/").type_text("nowhere").keys("Enter").searching(MB, 2 * MB).keys(keys);
        let begun = stage.wanted.iter().filter(|w| w.starts_with("search ")).count();
        assert_eq!(begun, searches, "{keys}: {:?}", stage.wanted);
        // A newer question to logs ends the one before by itself.
        let ended = stage.wanted.iter().any(|w| w == "end the search");
        assert!(ended || searches == 2, "{keys}: {:?}", stage.wanted);
    }
    // A log that grows isn't read again under a search.
    stage.keys("/").type_text("nowhere").keys("Enter");
    stage.changed().changed();
    assert_eq!(stage.wanted.len(), 1, "{:?}", stage.wanted);
    stage.searched();
    assert!(stage.text().contains("nowhere: not found"), "{}", stage.text());
}

#[test]
fn a_filter_of_lines_that_was_ended_leaves_the_whole_log() {
    let (_dir, mut stage) = in_a_log();
    let first = stage.text();
    for keys in ["! ", "& "] {
        stage.keys(keys);
        if keys == "& " {
            stage.type_text("nowhere").keys("Enter");
        }
        stage.searching(MB, 2 * MB);
        assert!(stage.text().contains("SEARCH 1.0MB of 2.0MB"), "{keys} {}", stage.text());
        stage.keys("Esc");
        let end = |text: &str| text.lines().skip(2).take(10).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(end(&stage.text()), end(&first), "{keys}");
    }
}

#[test]
fn a_search_is_a_job_on_the_screen_of_the_system() {
    let (_dir, mut stage) = in_a_log();
    stage.keys("/").type_text("nowhere").keys("Enter").searching(MB, 3 * MB).keys("0");
    let text = stage.text();
    assert!(text.contains("JOBS (1)  K ends one") && text.contains("find nowhere: 1.0MB of 3.0MB"), "{text}");
    assert!(!stage.wanted.iter().any(|w| w == "end the search"), "{:?}", stage.wanted);
    // It goes on meanwhile, and says when it is done.
    stage.searched();
    assert!(
        stage.text().contains("nowhere: not found; Backspace goes back to the log") && !stage.text().contains("JOBS"),
        "{}",
        stage.text()
    );
    stage.keys("Backspace");
    stage.keys("n").searching(MB, 3 * MB).keys("0 K");
    assert_eq!(stage.wanted.last().unwrap(), "end the search", "{}", stage.text());
    assert!(!stage.text().contains("JOBS"), "{}", stage.text());
}

#[test]
fn several_logs_are_searched_as_one_job() {
    let (dir, mut stage) = stage(SMALL);
    let logs = fs::read_dir(dir.path().join("logs")).map(Iterator::count).unwrap_or(0);
    assert!(logs > 0);
    stage.keys("4 /").type_text("dag:embed_refresh").keys("Enter Space Space o").slow_searches();
    stage.keys("&").type_text("x").keys("Enter").searching(MB, 2 * MB);
    assert!(stage.text().contains("SEARCH 1.0MB of 2.0MB"), "{}", stage.text());
    stage.keys("Esc");
    assert!(stage.wanted.iter().any(|w| w == "end the search"), "{:?}", stage.wanted);
    assert!(stage.text().contains("ended: only lines with x"), "{}", stage.text());
}

#[test]
fn a_search_in_all_logs_ends_when_its_screen_is_left_and_begins_again() {
    for (leave, back) in [("q", "g s"), ("2", "Backspace"), ("8", "Backspace")] {
        let (_dir, mut stage) = stage(SMALL);
        stage.keys("9").slow_searches();
        stage.keys("g s").type_text("nowhere").keys("Enter");
        assert_eq!(stage.wanted, ["search in all logs for nowhere"], "{leave}");
        stage.searching(3, 9);
        // A look at the help isn't leaving, and what the store changes is nothing to it.
        stage.keys("? Esc").changed();
        assert_eq!(stage.wanted.len(), 1, "{leave}: {:?}", stage.wanted);
        stage.keys(leave);
        assert_eq!(stage.wanted.last().unwrap(), "end the search", "{leave}");
        stage.changed();
        assert_eq!(stage.wanted.len(), 2, "{leave}: {:?}", stage.wanted);
        stage.keys(back);
        if back == "g s" {
            stage.type_text("nowhere").keys("Enter");
        }
        assert_eq!(stage.wanted[2..], ["search in all logs for nowhere"], "{leave}");
        // What was found before stays until the new search is as far.
        let far = stage.searching(1, 9).text();
        assert!(far.contains(if back == "g s" { "1 of 9 logs" } else { "3 of 9 logs" }), "{leave}: {far}");
        assert!(stage.searching(5, 9).text().contains("5 of 9 logs"), "{leave}: {}", stage.text());
    }
}

#[test]
fn a_search_in_all_logs_goes_on_while_the_jobs_are_looked_at() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("9").slow_searches();
    stage.keys("g s").type_text("nowhere").keys("Enter").searching(300, 900);
    assert!(stage.text().contains("SEARCH 300/900"), "{}", stage.text());
    stage.keys("0");
    assert!(stage.text().contains("look for nowhere in all logs: 300 of 900 logs, "), "{}", stage.text());
    assert_eq!(stage.wanted.len(), 1, "{:?}", stage.wanted);
    // Whoever comes back finds it as far as it is, and it ends with a key there.
    stage.keys("Backspace").searching(450, 900).keys("0 K");
    assert_eq!(stage.wanted[1..], ["end the search"]);
    assert!(stage.text().contains("ended: look for nowhere") && !stage.text().contains("JOBS"), "{}", stage.text());
}
