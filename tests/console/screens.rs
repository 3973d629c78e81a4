//! Screens at 80x24 and 160x45.

use dagdeck::console::Stage;

use super::home::{NOW, build};

fn stage(w: u16, h: u16) -> (tempfile::TempDir, Stage) {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let stage = Stage::new(dir.path().to_owned(), (w, h), NOW, true).unwrap();
    (dir, stage)
}

#[test]
fn print_all() {
    for (w, h) in [(80, 24), (160, 45)] {
        for keys in
            ["", "2", "3", "4", "0", "2 Enter", "2 Enter v t", "Enter", "Enter b", "Enter d", "2 Enter x", "Enter C"]
        {
            let (_dir, mut stage) = stage(w, h);
            stage.keys(keys);
            println!("=== {keys} {w}x{h}\n{}", stage.text());
        }
    }
}
