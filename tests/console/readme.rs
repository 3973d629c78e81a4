//! The picture in README.md is a frame that the console really draws.

use std::{fs, path::Path};

use super::screens::stage;

const BEGIN: &str = "<!-- frame -->\n```text\n";
const END: &str = "```\n<!-- /frame -->";

/// `UPDATE_DOCS=1` writes the frame into README.md.
#[test]
fn readme_shows_a_real_frame() {
    let (_dir, mut stage) = stage((96, 20));
    stage.keys("2 Enter j j j j Enter ]");
    let frame: String = stage.text().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README.md has a frame");
    let (shown, after) = rest.split_once(END).expect("the frame ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{frame}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, frame, "UPDATE_DOCS=1 cargo test readme_shows writes the frame anew");
}
