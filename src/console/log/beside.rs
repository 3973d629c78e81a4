//! The ends of two logs beside each other, times and numbers aside.

use std::path::Path;

use super::{
    file::{Ask, Found, Part, answer},
    record::Line,
};
use crate::{console::widgets::diff, error::Result, store::screens::compare::Pair};

/// Lines of each log that are compared.
const LINES: usize = 1500;

/// Pairs of lines: the same, or different at the same place, or only in one.
///
/// # Errors
/// A log can't be read; one that isn't there is empty.
pub fn beside(left: &Path, right: &Path) -> Result<Vec<Pair>> {
    let (a, b) = (tail(left)?, tail(right)?);
    let shape = |lines: &[Line]| lines.iter().map(|l| numberless(&l.text)).collect::<Vec<_>>();
    let (x, y) = (shape(&a), shape(&b));
    let mut pairs: Vec<Pair> = Vec::new();
    let text = |lines: &[Line], at: usize| lines[at].text.clone();
    for edit in diff::lines(&x, &y) {
        match edit {
            // Numbers may differ: one line is shown for both.
            diff::Edit::Same(_, j) => {
                pairs.push(Pair { name: String::new(), left: text(&b, j), right: text(&b, j) });
            }
            diff::Edit::Left(i) => {
                pairs.push(Pair { name: "log".into(), left: text(&a, i), right: String::new() });
            }
            diff::Edit::Right(j) => match pairs.iter_mut().find(|p| p.name == "log" && p.right.is_empty()) {
                Some(pair) => pair.right = text(&b, j),
                None => pairs.push(Pair { name: "log".into(), left: String::new(), right: text(&b, j) }),
            },
        }
        // A block of differences ends at the next equal line.
        if matches!(edit, diff::Edit::Same(..)) {
            pairs.iter_mut().for_each(|p| p.name.clear());
        }
    }
    pairs.iter_mut().for_each(|p| p.name = if p.differs() { "log".into() } else { String::new() });
    Ok(pairs)
}

fn tail(path: &Path) -> Result<Vec<Line>> {
    let found = answer(&Ask { path: path.to_owned(), part: Part::End }, &mut |_, _| true)?;
    let mut lines = match found {
        Found::Window(window) => window.lines,
        _ => Vec::new(),
    };
    let skip = lines.len().saturating_sub(LINES);
    Ok(lines.split_off(skip))
}

/// A line without its numbers: what differs from try to try anyway.
fn numberless(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_dont_count_and_blocks_stand_beside_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, "start 10:01\nread 5 rows\nok\nend\n").unwrap();
        std::fs::write(&b, "start 12:44\nread 7 rows\nMemoryError\nabort\nend\n").unwrap();
        let pairs = beside(&a, &b).unwrap();
        let shown: Vec<(String, String)> = pairs.into_iter().map(|p| (p.left, p.right)).collect();
        let pair = |l: &str, r: &str| (l.to_owned(), r.to_owned());
        assert_eq!(
            shown,
            [
                pair("start 12:44", "start 12:44"),
                pair("read 7 rows", "read 7 rows"),
                pair("ok", "MemoryError"),
                pair("", "abort"),
                pair("end", "end")
            ]
        );
        assert!(beside(Path::new("/nonexistent"), &b).unwrap().iter().all(|p| p.left.is_empty()));
    }
}
