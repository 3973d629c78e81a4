//! The ends of several logs as one, in the order of their times, each line with the name of its log.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use ratatui::style::{Color, Style};
use regex::bytes::Regex;

use super::{
    file::{Window, window},
    grep::grep,
    pulse::Pulse,
    record::Line,
};
use crate::console::widgets::text;

/// Colours of the names, in turn.
const COLOURS: [Color; 6] =
    [Color::Cyan, Color::Yellow, Color::Magenta, Color::Green, Color::LightBlue, Color::LightRed];

/// Reads the ends of logs, so many bytes of each (or, with `fits`, what fits in the whole of them) and merges them. Files that aren't there yet are
/// left out. Offsets are positions in what was merged.
pub fn merge(
    path: &Path,
    logs: &[(String, PathBuf)],
    (fits, context): (&[Regex], usize),
    deep: u64,
    pulse: &mut Pulse<'_>,
) -> std::io::Result<Window> {
    if fits.is_empty() {
        let lengths = logs.iter().filter_map(|(_, path)| std::fs::metadata(path).ok());
        pulse.expect(lengths.map(|m| m.len().min(deep)).sum());
    }
    let columns = logs.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0).min(24);
    let mut size = 0;
    let mut matches = (!fits.is_empty()).then_some(0);
    let mut all: Vec<(Option<i64>, usize, Line)> = Vec::new();
    // Before this instant a log may have lines that weren't read, so that the others' would stand alone.
    let mut from = None;
    for (number, (name, path)) in logs.iter().enumerate() {
        let Ok(mut file) = File::open(path) else { continue };
        let length = file.metadata()?.len();
        size += length;
        let part = if fits.is_empty() {
            let part = window(&mut file, path, length, length.saturating_sub(deep), length)?;
            pulse.beat(length.min(deep))?;
            part
        } else {
            grep(&mut file, path, length, (fits, context), pulse)?
        };
        matches = matches.zip(part.matches).map(|(a, b)| a + b);
        if part.start > 0 {
            from = from.max(part.lines.iter().find_map(|l| l.at));
        }
        let style = Style::new().fg(COLOURS[number % COLOURS.len()]);
        let mut at = None;
        for mut line in part.lines {
            // A line without a time belongs to the one above it.
            at = line.at.or(at);
            let head = format!("{} ", text::fit(name, columns));
            let before = head.len();
            line.text.insert_str(0, &head);
            line.spans.iter_mut().for_each(|(range, _)| *range = range.start + before..range.end + before);
            line.spans.insert(0, (0..before, style));
            all.push((at, number, line));
        }
    }
    if let Some(from) = from {
        all.retain(|(at, ..)| at.is_none_or(|at| at >= from));
    }
    all.sort_by_key(|(at, number, _)| (*at, *number));
    let lines = all.into_iter().zip(0..).map(|((_, _, line), offset)| Line { offset, ..line }).collect();
    // More than the start: something before it wasn't read.
    let start = u64::from(from.is_some());
    Ok(Window { path: path.to_owned(), size, start, end: size, lines, matches })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_in_the_order_of_their_times() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, seconds: &[u32]| {
            let line =
                |s: &u32| format!("{{\"timestamp\":\"2026-01-01T00:00:{s:02}Z\",\"event\":\"at {s}\\nmore\"}}\n");
            let path = dir.path().join(name);
            std::fs::write(&path, seconds.iter().map(line).collect::<String>()).unwrap();
            (name.to_owned(), path)
        };
        let logs = [write("a", &[1, 4]), write("bb", &[2, 3]), ("gone".to_owned(), dir.path().join("gone"))];
        let merged = merge(Path::new("x"), &logs, (&[], 0), u64::MAX, &mut Pulse::new(&mut |_, _| true)).unwrap();
        let texts: Vec<&str> = merged.lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts[..4], ["a    at 1", "a    more", "bb   at 2", "bb   more"]);
        assert_eq!(texts[6..], ["a    at 4", "a    more"]);
        assert!(merged.lines.iter().zip(0..).all(|(line, n)| line.offset == n));
        assert_eq!(merged.start, 0);
        // Of less than the whole only what all of them have is shown.
        let end = merge(Path::new("x"), &logs, (&[], 0), 80, &mut Pulse::new(&mut |_, _| true)).unwrap();
        let texts: Vec<&str> = end.lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!((end.start, texts[0], texts.len()), (1, "a    at 4", 2));
        let some =
            merge(Path::new("x"), &logs, (&[Regex::new("at [34]").unwrap()], 0), 1, &mut Pulse::new(&mut |_, _| true))
                .unwrap();
        assert_eq!(some.matches, Some(2));
        assert_eq!(some.lines.len(), 4);
    }
}
