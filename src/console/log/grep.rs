//! Only the lines of a log that fit, with some lines around them; and a whole log as plain text.

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use regex::bytes::Regex;

use super::{
    file::Window,
    pulse::{Look, Pulse},
    record::{self, Line},
};
use crate::console::widgets::text;

/// Records that are kept, and bytes of them; of more the newest.
const MOST: usize = 20_000;
const MOST_BYTES: u64 = 16 << 20;

/// Bytes between two looks whether anybody still waits.
const STEP: u64 = 256 * 1024;

/// Lines that separate parts of a file which don't follow each other.
const GAP: &str = "--";

/// Reads the whole file and keeps the records that fit, with `context` records before and after each.
pub fn grep(
    file: &mut File,
    path: &Path,
    size: u64,
    (fits, context): (&[Regex], usize),
    pulse: &mut Pulse<'_>,
) -> std::io::Result<Window> {
    pulse.expect(size);
    let mut told = 0;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 20, file.take(size));
    let mut before: VecDeque<(u64, Vec<u8>)> = VecDeque::new();
    let mut kept: VecDeque<(u64, u64, Vec<u8>)> = VecDeque::new();
    let (mut at, mut after, mut matches, mut bytes) = (0, 0, 0, 0);
    let mut raw = Vec::new();
    loop {
        let n = record::next(&mut reader, &mut raw)?;
        if n == 0 {
            break;
        }
        let text = raw.strip_suffix(b"\n").unwrap_or(&raw);
        let hit = fits.iter().all(|r| r.is_match(text));
        if hit {
            matches += 1;
            after = context + 1;
            bytes += before.iter().map(|(_, raw)| raw.len() as u64).sum::<u64>();
            kept.extend(before.drain(..).map(|(start, raw)| (start, start + raw.len() as u64, raw)));
        }
        if after > 0 {
            after -= 1;
            bytes += n;
            kept.push_back((at, at + n, raw.clone()));
        } else if context > 0 {
            before.push_back((at, raw.clone()));
            if before.len() > context {
                before.pop_front();
            }
        }
        while kept.len() > MOST || bytes > MOST_BYTES {
            bytes -= kept.pop_front().map_or(0, |(from, to, _)| to - from);
        }
        at += n;
        if at - told >= STEP {
            pulse.beat(at - told)?;
            told = at;
        }
    }
    pulse.beat(at - told)?;
    let mut lines: Vec<Line> = Vec::new();
    let mut end = None;
    for (from, to, raw) in kept {
        if context > 0 && end.is_some_and(|end| end != from) {
            lines.push(Line::note(from, GAP));
        }
        record::lines(&raw, from, &mut lines);
        end = Some(to);
    }
    Ok(Window { path: path.to_owned(), size, start: 0, end: size, lines, matches: Some(matches) })
}

/// Writes a log as plain lines: time, level, text. Gives how many.
///
/// # Errors
/// Of reading the log or writing to `out`; that nobody wants it any more.
pub fn plain(path: &Path, out: &mut impl Write, look: Look<'_>) -> std::io::Result<usize> {
    let file = File::open(path)?;
    let mut pulse = Pulse::new(look);
    pulse.expect(file.metadata()?.len());
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut raw = Vec::new();
    let mut lines = Vec::new();
    let (mut count, mut read) = (0, 0);
    loop {
        if record::next(&mut reader, &mut raw)? == 0 {
            return Ok(count);
        }
        read += raw.len() as u64;
        if read >= STEP {
            pulse.beat(std::mem::take(&mut read))?;
        }
        lines.clear();
        record::lines(&raw, 0, &mut lines);
        for line in &lines {
            let stamp = line.at.map_or_else(String::new, |at| text::time(at, "%Y-%m-%dT%H:%M:%S%.3fZ "));
            let level = if line.first && line.at.is_some() { format!("{} ", line.level.tag()) } else { String::new() };
            writeln!(out, "{stamp}{level}{}", line.text)?;
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_come_with_their_neighbours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        std::fs::write(&path, (0..100).map(|i| format!("line {i}\n")).collect::<String>()).unwrap();
        let grep = |pattern: &str, context| {
            let size = std::fs::metadata(&path).unwrap().len();
            let window = grep(
                &mut File::open(&path).unwrap(),
                &path,
                size,
                (&[Regex::new(pattern).unwrap()], context),
                &mut Pulse::new(&mut |_, _| true),
            )
            .unwrap();
            (window.matches, window.lines.into_iter().map(|l| l.text).collect::<Vec<_>>())
        };
        assert_eq!(grep("line 5$", 0), (Some(1), vec!["line 5".to_owned()]));
        let (matches, lines) = grep("line (5|7|50)$", 1);
        assert_eq!(matches, Some(3));
        assert_eq!(lines, ["line 4", "line 5", "line 6", "line 7", "line 8", "--", "line 49", "line 50", "line 51"]);
        let mut out = Vec::new();
        assert_eq!(plain(&path, &mut out, &mut |_, _| true).unwrap(), 100);
        assert!(out.starts_with(b"line 0\nline 1\n"));
    }
}
