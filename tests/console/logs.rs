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
