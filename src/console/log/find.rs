//! Where a text stands in a log file: looked for block by block, in both directions.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use regex::bytes::Regex;

use super::{pulse::Pulse, record};

/// How much is read at once.
const BLOCK: usize = 1 << 20;

/// Whether the file's first record matches: a search from offset 0 starts after it.
pub fn first_record(file: &mut File, regex: &Regex, forward: bool) -> std::io::Result<bool> {
    if !forward {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut head = vec![0; 64 * 1024];
    let n = file.read(&mut head)?;
    let end = record::first_end(&head[..n], 0);
    Ok(regex.is_match(&head[..end]))
}

/// Start of the record with the next match after the record at `from`, or of the last one before it.
pub fn find(
    file: &mut File,
    size: u64,
    regex: &Regex,
    (from, forward): (u64, bool),
    pulse: &mut Pulse<'_>,
) -> std::io::Result<Option<u64>> {
    pulse.expect(if forward { size.saturating_sub(from) } else { from.min(size) });
    if forward { find_next(file, regex, from, pulse) } else { find_last(file, regex, from.min(size), pulse) }
}

fn find_next(file: &mut File, regex: &Regex, from: u64, pulse: &mut Pulse<'_>) -> std::io::Result<Option<u64>> {
    let mut block = vec![0; BLOCK];
    let mut start = from;
    // The record at `from` itself isn't the next one.
    let mut skip = true;
    let mut rest: Vec<u8> = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    loop {
        let n = file.read(&mut block)?;
        pulse.beat(n as u64)?;
        rest.extend_from_slice(&block[..n]);
        let whole = if n == 0 { rest.len() } else { record::whole(&rest) };
        if whole == 0 && n > 0 {
            continue;
        }
        let mut at = 0;
        if skip {
            at = record::first_end(&rest[..whole], start);
            skip = at == whole && rest[..whole].last() != Some(&b'\n');
        }
        if let Some(m) = regex.find(&rest[at..whole]) {
            return Ok(Some(record_at(&rest[..whole], start, at + m.start())));
        }
        if n == 0 {
            return Ok(None);
        }
        // Of a line that goes on the end is looked at again.
        let is_cut = rest[..whole].last() != Some(&b'\n');
        let done = if is_cut && !skip { whole - record::OVERLAP } else { whole };
        start += done as u64;
        rest.drain(..done);
    }
}

fn find_last(file: &mut File, regex: &Regex, before: u64, pulse: &mut Pulse<'_>) -> std::io::Result<Option<u64>> {
    let mut end = before;
    let mut rest: Vec<u8> = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK as u64);
        let mut part = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut part)?;
        pulse.beat(end - start)?;
        part.extend_from_slice(&rest);
        // The part before the first line end belongs to a record that starts earlier, unless that is very long.
        let line_end = part.iter().position(|b| *b == b'\n').map(|i| i + 1);
        let first = match line_end {
            _ if start == 0 => 0,
            Some(at) => at,
            None if part.len() >= record::HELD => 0,
            None => part.len(),
        };
        if let Some(m) = regex.find_iter(&part[first..]).last() {
            return Ok(Some(record_at(&part, start, first + m.start())));
        }
        part.truncate(if first == 0 { record::OVERLAP } else { first });
        rest = part;
        end = start;
    }
    Ok(None)
}

/// Where the record (or the piece of a very long line) starts that has a place of what was read from `start` on.
fn record_at(read: &[u8], start: u64, at: usize) -> u64 {
    let line = read[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let end = read[at..].iter().position(|b| *b == b'\n').map_or(read.len(), |i| at + i);
    record::piece_of(&read[line..end], start + line as u64, at - line)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file::{Ask, Found, Only, Part, Window, answer};

    /// Plain text of 5 MB without a line end, then a line; a needle at three places.
    fn endless() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("attempt=1.log");
        let mut text: Vec<u8> = b"first line\n".to_vec();
        for n in 0..500_000 {
            text.extend(format!("{n:09} ").bytes());
        }
        // The second stands where one block ends and the next begins, whichever way it is read.
        for at in [100_000, (1 << 20) - 3, 3_000_000] {
            text[at..at + 6].copy_from_slice(b"needle");
        }
        text.extend(b"\nlast line\n");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn ask(path: &Path, part: Part) -> Found {
        answer(&Ask { path: path.to_owned(), part }, &mut |_, _| true).unwrap()
    }

    fn shows(window: &Window, at: u64, text: &str) -> bool {
        window.lines.iter().find(|l| l.offset == at).is_some_and(|l| l.text.contains(text))
    }

    #[test]
    fn what_has_no_line_end_is_looked_through_in_pieces() {
        let (_dir, path) = endless();
        let size = std::fs::metadata(&path).unwrap().len();
        for forward in [true, false] {
            let mut from = if forward { 0 } else { size };
            let mut found = Vec::new();
            for _ in 0..3 {
                let part = Part::Find { text: Some("needle".into()), from, forward };
                let Found::Match(window, at) = ask(&path, part) else { panic!("{found:?}") };
                assert!(window.end - window.start <= 300_000, "{} to {}", window.start, window.end);
                // The one at the border stands in two pieces.
                assert!(shows(&window, at, if found.len() == 1 { "nee" } else { "needle" }), "{at}");
                found.push(at);
                from = at;
            }
            if !forward {
                found.reverse();
            }
            assert_eq!(found, [98_304, (1 << 20) - 16_384, 2_998_272]);
        }
        let Found::Match(window, at) =
            ask(&path, Part::Find { text: Some("last line".into()), from: 0, forward: true })
        else {
            panic!()
        };
        assert!(shows(&window, at, "last line"));
        let only = Only { text: Some("needle".into()), problems: false };
        let Found::Window(window) = ask(&path, Part::Grep { only, known: 0 }) else { panic!() };
        assert!(window.lines.iter().any(|l| l.text.contains("needle")) && window.matches >= Some(2));
    }

    #[test]
    fn all_of_a_long_line_is_shown() {
        let (_dir, path) = endless();
        let Found::Window(window) = ask(&path, Part::Around(2_000_000)) else { panic!() };
        let shown: usize = window.lines.iter().map(|l| l.text.len()).sum();
        // Lines end with a space, which isn't shown at the end of a piece.
        assert!(shown + 100 > 256 * 1024, "{shown}");
        assert!(window.lines.windows(2).all(|w| w[0].offset < w[1].offset));
        let Found::Window(window) = ask(&path, Part::End) else { panic!() };
        assert_eq!(window.lines.last().unwrap().text, "last line");
        assert!(window.lines.len() > 14, "{}", window.lines.len());
    }
}
