//! Parts of a log file: the end, around an offset, the next match. Each costs one or a few seeks, whatever the size.

use std::{
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use regex::bytes::Regex;

use super::{
    beside::beside,
    find::{find, first_record},
    grep::grep,
    merged::merge,
    pulse::{Look, Pulse},
    record::{self, Line},
};
use crate::{
    error::{Error, Result},
    store::screens::compare::Pair,
};

/// How much of a file is held at once.
pub const WINDOW: u64 = 256 * 1024;
/// Longest line that is left out at an end of it because a part of it is missing.
const EDGE: usize = WINDOW as usize / 4;
/// Records shown before and after one that has a text.
const CONTEXT: usize = 2;
/// Records that are warnings or errors, or carry a traceback.
const PROBLEMS: &str =
    r#"(?i)"level": ?"(warn|warning|error|critical|fatal|exception)"|Traceback \(most recent|"error_detail""#;

/// What is wanted of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The file.
    pub path: PathBuf,
    /// Which part.
    pub part: Part,
}

/// Which part of a file is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// The end.
    End,
    /// The end, if the file's size isn't this one.
    Grown(u64),
    /// Around an offset.
    Around(u64),
    /// The next record, from an offset on or before it, that has a text, or is an error (`None`).
    Find {
        /// Text, without case.
        text: Option<String>,
        /// Where to start.
        from: u64,
        /// Towards the end.
        forward: bool,
    },
    /// The ends of this file and of another beside each other; this one is at the right.
    Beside(PathBuf),
    /// The ends of several logs as one (names and files), or what fits in the whole of them, unless their size is still
    /// this one.
    Merged {
        /// Name and file of each.
        logs: Vec<(String, PathBuf)>,
        /// What fits.
        only: Only,
        /// How many bytes of the end of each are read.
        deep: u64,
        /// Known size.
        known: u64,
    },
    /// Only the records that fit, of the whole file, unless its size is still this one.
    Grep {
        /// What fits.
        only: Only,
        /// Known size.
        known: u64,
    },
}

/// Which records of a log are shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Only {
    /// With this text, without case.
    pub text: Option<String>,
    /// Warnings and errors.
    pub problems: bool,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The file.
    pub path: PathBuf,
    /// Its size when it was read.
    pub size: u64,
    /// First byte held.
    pub start: u64,
    /// Byte after the last one held.
    pub end: u64,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Of a search that shows only what fits: how many records fit.
    pub matches: Option<usize>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A part of the file.
    Window(Box<Window>),
    /// The same, with the offset of the match.
    Match(Box<Window>, u64),
    /// No such text in that direction.
    NoMatch,
    /// Two logs beside each other.
    Beside(Vec<Pair>),
    /// Nothing new.
    Same,
    /// There is no such file.
    Missing,
}

/// Reads what was asked for. `look` is told how far a search is, and ends it.
pub fn answer(ask: &Ask, look: Look<'_>) -> Result<Found> {
    let mut pulse = Pulse::new(look);
    if let Part::Beside(left) = &ask.part {
        return beside(left, &ask.path).map(Found::Beside);
    }
    if let Part::Merged { logs, only, deep, known } = &ask.part {
        let size: u64 = logs.iter().filter_map(|(_, path)| std::fs::metadata(path).ok()).map(|m| m.len()).sum();
        if size == *known {
            return Ok(Found::Same);
        }
        let (fits, context) = fitting(only)?;
        let merged = merge(&ask.path, logs, (&fits, context), *deep, &mut pulse);
        return merged.map(|w| Found::Window(Box::new(w))).map_err(|e| Error::system("cannot read the logs", e));
    }
    let mut file = match File::open(&ask.path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
        Err(e) => return Err(Error::system(format!("cannot open {}", ask.path.display()), e)),
    };
    let failed = |e| Error::system(format!("cannot read {}", ask.path.display()), e);
    let size = file.metadata().map_err(failed)?.len();
    let end = |file: &mut File| window(file, &ask.path, size, size.saturating_sub(WINDOW), size);
    let found = match &ask.part {
        Part::Grown(known) | Part::Grep { known, .. } if *known == size => return Ok(Found::Same),
        Part::Beside(_) | Part::Merged { .. } => return Ok(Found::Same),
        Part::Grep { only, .. } => {
            let (fits, context) = fitting(only)?;
            Found::Window(Box::new(grep(&mut file, &ask.path, size, (&fits, context), &mut pulse).map_err(failed)?))
        }
        Part::End | Part::Grown(_) => Found::Window(Box::new(end(&mut file).map_err(failed)?)),
        Part::Around(offset) => Found::Window(Box::new(around(&mut file, &ask.path, size, *offset).map_err(failed)?)),
        Part::Find { text, from, forward } => {
            let regex = pattern(text.as_deref()).map_err(|e| Error::refused("cannot search for that").because(e))?;
            let mut found = find(&mut file, size, &regex, (*from, *forward), &mut pulse).map_err(failed)?;
            if found.is_none() && text.is_some() {
                // A text is looked for around the end, as in vi; errors are not, so that one sees when there are no more.
                let other = if *forward { 0 } else { size };
                found = match first_record(&mut file, &regex, *forward).map_err(failed)? {
                    true => Some(0),
                    false => find(&mut file, size, &regex, (other, *forward), &mut pulse).map_err(failed)?,
                };
            }
            match found {
                None => Found::NoMatch,
                Some(at) => Found::Match(Box::new(around(&mut file, &ask.path, size, at).map_err(failed)?), at),
            }
        }
    };
    Ok(found)
}

/// What a record must have, and how many records around it are shown.
fn fitting(only: &Only) -> Result<(Vec<Regex>, usize)> {
    let mut fits = Vec::new();
    let refused = |e| Error::refused("cannot search for that").because(e);
    if let Some(text) = &only.text {
        fits.push(pattern(Some(text)).map_err(refused)?);
    }
    if only.problems {
        fits.push(Regex::new(PROBLEMS).map_err(refused)?);
    }
    // Lines around a text tell what it is about; around every warning they would be the whole log.
    Ok((fits, if only.problems { 0 } else { CONTEXT }))
}

fn around(file: &mut File, path: &Path, size: u64, offset: u64) -> std::io::Result<Window> {
    let start = offset.saturating_sub(WINDOW / 2).min(size.saturating_sub(WINDOW));
    window(file, path, size, start, (start + WINDOW).min(size))
}

/// Reads `start..end`, cut to whole records (the last one of the file may be unfinished).
pub(super) fn window(file: &mut File, path: &Path, size: u64, start: u64, end: u64) -> std::io::Result<Window> {
    let mut raw = vec![0; (end - start) as usize];
    file.seek(SeekFrom::Start(start))?;
    let mut got = 0;
    while got < raw.len() {
        match file.read(&mut raw[got..])? {
            0 => break,
            n => got += n,
        }
    }
    raw.truncate(got);
    // What is cut off at both sides; but of a very long line as much as there is.
    let mut first = 0;
    if start > 0 {
        first = raw.iter().take(EDGE).position(|b| *b == b'\n').map_or(0, |i| i + 1);
    }
    let mut last = raw.len();
    if end < size {
        let cut = raw.iter().rev().take(EDGE).position(|b| *b == b'\n').unwrap_or(0);
        last = (last - cut).max(first);
    }
    let mut lines = Vec::new();
    let mut at = first;
    for part in raw[first..last].split_inclusive(|b| *b == b'\n') {
        record::lines(part, start + at as u64, &mut lines);
        at += part.len();
    }
    Ok(Window {
        path: path.to_owned(),
        size,
        start: start + first as u64,
        end: start + last as u64,
        lines,
        matches: None,
    })
}

/// JSON escapes what is special in it, so the text is looked for as JSON would write it.
pub(super) fn pattern(text: Option<&str>) -> std::result::Result<Regex, regex::Error> {
    let source = match text {
        Some(text) => {
            let json = serde_json::Value::from(text).to_string();
            format!("(?i){}", regex::escape(&json[1..json.len() - 1]))
        }
        None => r#"(?i)"level": ?"(error|critical)"|Traceback \(most recent|"error_detail""#.to_owned(),
    };
    Regex::new(&source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("attempt=1.log");
        let mut text = String::new();
        for i in 0..60_000 {
            let level = if i == 100 || i == 59_000 { "error" } else { "info" };
            text.push_str(&format!("{{\"level\":\"{level}\",\"event\":\"line {i} \\\"q\\\"\"}}\n"));
        }
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn ask(path: &Path, part: Part) -> Found {
        answer(&Ask { path: path.to_owned(), part }, &mut |_, _| true).unwrap()
    }

    #[test]
    fn a_search_that_nobody_waits_for_ends_with_its_first_block() {
        let (_dir, path) = big();
        let size = std::fs::metadata(&path).unwrap().len();
        assert!(size > 2 << 20);
        let only = Only { text: Some("nowhere".into()), problems: false };
        let find = |from, forward| Part::Find { text: Some("nowhere".into()), from, forward };
        let logs = vec![("a".to_owned(), path.clone()), ("b".to_owned(), path.clone())];
        for part in [
            find(0, true),
            find(size, false),
            Part::Grep { only: only.clone(), known: 0 },
            Part::Merged { logs: logs.clone(), only, deep: WINDOW, known: 0 },
            Part::Merged { logs, only: Only::default(), deep: WINDOW, known: 0 },
        ] {
            let ask = Ask { path: path.clone(), part };
            let mut told = Vec::new();
            let mut stop = |done: u64, all: u64| {
                told.push((done, all));
                false
            };
            assert!(answer(&ask, &mut stop).is_err(), "{ask:?}");
            assert!(told.len() == 1 && told[0].0 <= 1 << 20 && told[0].1 >= 2 * WINDOW, "{ask:?}: {told:?}");
            // Who waits is told how far it is, up to the end.
            let mut told = Vec::new();
            let mut watch = |done: u64, all: u64| {
                told.push((done, all));
                true
            };
            answer(&ask, &mut watch).unwrap();
            assert!(told.windows(2).all(|w| w[0].0 < w[1].0 || w[1].0 == w[1].1), "{told:?}");
            assert!(told.last().is_some_and(|(done, all)| done == all), "{ask:?}: {told:?}");
        }
    }

    #[test]
    fn the_end_is_read_without_the_rest() {
        let (_dir, path) = big();
        let Found::Window(w) = ask(&path, Part::End) else { panic!() };
        assert_eq!(w.lines.last().unwrap().text, "line 59999 \"q\"");
        assert!(w.start > 0 && w.end == w.size && w.end - w.start <= WINDOW);
        assert_eq!(ask(&path, Part::Grown(w.size)), Found::Same);
        let Found::Window(w) = ask(&path, Part::Around(0)) else { panic!() };
        assert_eq!((w.start, w.lines[0].text.as_str()), (0, "line 0 \"q\""));
        assert_eq!(ask(Path::new("/nonexistent/x.log"), Part::End), Found::Missing);
    }

    #[test]
    fn matches_are_found_in_both_directions() {
        let (_dir, path) = big();
        let find = |text: Option<&str>, from, forward| match ask(
            &path,
            Part::Find { text: text.map(str::to_owned), from, forward },
        ) {
            Found::Match(w, at) => Some((at, w.lines.iter().find(|l| l.offset == at).unwrap().text.clone())),
            Found::NoMatch => None,
            other => panic!("{other:?}"),
        };
        let (first, text) = find(None, 0, true).unwrap();
        assert_eq!(text, "line 100 \"q\"");
        let (second, text) = find(None, first, true).unwrap();
        assert_eq!(text, "line 59000 \"q\"");
        assert_eq!(find(None, second, true), None);
        assert_eq!(find(None, second, false).unwrap().0, first);
        assert_eq!(find(None, first, false), None);
        assert_eq!(find(Some("LINE 31415 \"Q\""), 0, true).unwrap().1, "line 31415 \"q\"");
        assert_eq!(find(Some("line 7 "), u64::MAX, false).unwrap().1, "line 7 \"q\"");
        // Around the end, in both directions.
        assert_eq!(find(Some("line 7 "), second, true).unwrap().1, "line 7 \"q\"");
        assert_eq!(find(Some("line 0 "), second, true).unwrap().1, "line 0 \"q\"");
        assert_eq!(find(Some("line 59999 "), first, false).unwrap().1, "line 59999 \"q\"");
        assert_eq!(find(Some("nowhere"), first, false), None);
    }
}
