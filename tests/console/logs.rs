//! A log on the screen.

use std::fs;

use dagdeck::console::Stage;

use super::home::{NOW, build};

#[test]
fn a_tall_line_doesnt_hide_what_is_around_it() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let logs = glob(dir.path(), "map_index=3");
    let pod: String = (0..400).map(|n| format!("field{n}: value ")).collect();
    fs::write(logs.join("attempt=2.log"), format!("it began\nit trains\n{pod}\nit failed\n")).unwrap();
    let mut stage = Stage::new(dir.path().to_owned(), (80, 24), NOW, false).unwrap();
    stage.keys("Enter <");
    let text = stage.text();
    assert!(text.contains("it trains") && text.contains("it failed"), "{text}");
    assert!(text.contains("field0: ") && text.contains("KB more (w)") && !text.contains("field60: "), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("field")).count(), 6, "{text}");
    // What is looked for is shown, wherever in the line it stands.
    stage.keys("/").type_text("field60:").keys("Enter");
    assert!(stage.text().contains("field60: "), "{}", stage.text());
}

/// The newest folder of this name below another.
fn glob(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let mut found = Vec::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
            if entry.file_name() == name && entry.path().join("attempt=2.log").exists() {
                found.push(entry.path());
            }
            left.push(entry.path());
        }
    }
    found.into_iter().max().unwrap()
}

#[test]
fn the_title_of_a_log_counts_its_errors() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let mut stage = Stage::new(dir.path().to_owned(), (80, 24), NOW, false).unwrap();
    let title =
        |stage: &Stage| stage.text().lines().find(|l| l.starts_with("-- log ")).map(str::to_owned).unwrap_or_default();
    let whole = title(stage.keys("Enter o"));
    let errors = |line: &str| line.split(", ").find_map(|w| w.split_once(" error")?.0.parse::<usize>().ok());
    assert!(whole.contains(" lines, ") && errors(&whole).is_some_and(|n| n > 0), "{whole}");
    // A record of several lines is one error; of a long log only what is held is counted, and that is said.
    let path = glob(dir.path(), "map_index=3").join("attempt=3.log");
    let line = |level: &str, n: usize| {
        format!("{{\"timestamp\":\"2026-11-16T03:00:00Z\",\"level\":\"{level}\",\"event\":\"{n}\\nmore\"}}\n")
    };
    let text: String = (0..4).map(|n| line(if n < 2 { "error" } else { "info" }, n)).collect();
    fs::write(&path, text).unwrap();
    let short = title(stage.keys("q Enter o"));
    assert!(short.contains(", 8 lines, 2 errors"), "{short}");
    fs::write(&path, (0..20_000).map(|n| line("info", n)).collect::<String>() + &line("error", 1)).unwrap();
    let long = title(stage.keys("q Enter o"));
    assert!(long.contains(", 1 error in this part") && !long.contains("lines"), "{long}");
}
