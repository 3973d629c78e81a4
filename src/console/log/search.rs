//! All logs there are, searched for a text: newest files first, told bit by bit, ended when nobody waits any more.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use regex::bytes::Regex;

use crate::{
    error::{Error, Result},
    model::{MapIndex, UNMAPPED},
    store::screens::Micros,
};

use super::{file::pattern, record};

/// Lines that are kept of all files.
const MOST: usize = 5_000;
/// Lines that are kept of one file.
const MOST_OF_ONE: usize = 100;
/// How often it is told how far the search is.
const TELL: Duration = Duration::from_millis(250);

/// A line that has the text, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// DAG.
    pub dag_id: String,
    /// Run.
    pub run_id: String,
    /// Task.
    pub task_id: String,
    /// Index.
    pub map_index: MapIndex,
    /// Try.
    pub try_number: u32,
    /// When it was written; of a line without a time, when its file was last written to.
    pub at: Micros,
    /// Where its record starts in the file.
    pub offset: u64,
    /// And where it ends.
    pub end: u64,
    /// The line.
    pub text: String,
}

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hits {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// The oldest of all, also of those that weren't kept.
    pub first: Option<Hit>,
    /// Records that have the text.
    pub count: usize,
    /// Files that have it.
    pub in_files: usize,
    /// Files looked at, and all of them.
    pub files: (usize, usize),
    /// Bytes looked at.
    pub bytes: u64,
    /// Microseconds that it took.
    pub took: Micros,
    /// All was looked at.
    pub done: bool,
}

/// Searches all logs below a folder. `tell` hears how far it is and, at last, the whole; it says whether to go on.
///
/// # Errors
/// `Refused` for a text that can't be looked for.
pub fn search(logs: &Path, text: &str, mut tell: impl FnMut(Hits) -> bool) -> Result<()> {
    let regex = pattern(Some(text)).map_err(|e| Error::refused("cannot search for that").because(e))?;
    let began = Instant::now();
    let mut files = files(logs);
    files.sort_by_key(|(time, ..)| std::cmp::Reverse(*time));
    let mut found = Hits { files: (0, files.len()), ..Hits::default() };
    let mut told = Instant::now();
    // Also inside of a file: one alone may be as large as all others.
    let mut goes_on = |found: &mut Hits| {
        if told.elapsed() < TELL {
            return true;
        }
        told = Instant::now();
        found.took = began.elapsed().as_micros() as Micros;
        tell(sorted(found))
    };
    for (time, path, place) in &files {
        // A file that went meanwhile, or may not be read, has no line of it.
        if !one(path, *time, place, &regex, &mut found, &mut goes_on).unwrap_or(true) {
            return Ok(());
        }
        found.files.0 += 1;
    }
    found.took = began.elapsed().as_micros() as Micros;
    found.done = true;
    tell(sorted(&found));
    Ok(())
}

fn sorted(found: &Hits) -> Hits {
    let mut found = found.clone();
    found.hits.sort_by_key(|h| std::cmp::Reverse(h.at));
    found
}

/// Whose log a file is, in Airflow's layout; the offset, text and time are of no line.
fn place(below: &Path) -> Option<Hit> {
    let mut hit = Hit {
        dag_id: String::new(),
        run_id: String::new(),
        task_id: String::new(),
        map_index: UNMAPPED,
        try_number: 0,
        at: 0,
        offset: 0,
        end: 0,
        text: String::new(),
    };
    for part in below.components() {
        let part = part.as_os_str().to_str()?;
        match part.split_once('=')? {
            ("dag_id", id) => hit.dag_id = id.into(),
            ("run_id", id) => hit.run_id = id.into(),
            ("task_id", id) => hit.task_id = id.into(),
            ("map_index", index) => hit.map_index = index.parse().ok()?,
            ("attempt", file) => hit.try_number = file.strip_suffix(".log")?.parse().ok()?,
            _ => return None,
        }
    }
    (hit.try_number > 0).then_some(hit)
}

/// Every log of a try, with when it was last written to.
fn files(logs: &Path) -> Vec<(SystemTime, PathBuf, Hit)> {
    let mut found = Vec::new();
    let mut folders = vec![logs.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => {
                    let time = entry.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                    found.extend(path.strip_prefix(logs).ok().and_then(place).map(|hit| (time, path.clone(), hit)));
                }
                _ => {}
            }
        }
    }
    found
}

/// Looks through one file; false if nobody waits any more.
fn one(
    path: &Path,
    time: SystemTime,
    place: &Hit,
    regex: &Regex,
    found: &mut Hits,
    goes_on: &mut impl FnMut(&mut Hits) -> bool,
) -> std::io::Result<bool> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let written = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |t| t.as_micros() as Micros);
    let (mut at, mut kept) = (0, 0);
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let block = reader.fill_buf()?;
        let n = block.len();
        rest.extend_from_slice(block);
        reader.consume(n);
        let whole = if n == 0 { rest.len() } else { record::whole(&rest) };
        let mut from = 0;
        while let Some(m) = regex.find_at(&rest[..whole], from) {
            let start = rest[..m.start()].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let end = rest[m.end()..whole].iter().position(|b| *b == b'\n').map_or(whole, |i| m.end() + i + 1);
            found.count += 1;
            found.in_files += usize::from(kept == 0);
            kept += 1;
            if kept <= MOST_OF_ONE {
                let hit = read(&rest[start..end], at + start as u64, written, place, regex);
                if found.first.as_ref().is_none_or(|first| hit.at < first.at) {
                    found.first = Some(hit.clone());
                }
                if found.hits.len() < MOST {
                    found.hits.push(hit);
                }
            }
            from = end;
            if from >= whole {
                break;
            }
        }
        if n == 0 {
            return Ok(true);
        }
        at += whole as u64;
        rest.drain(..whole);
        found.bytes += n as u64;
        if !goes_on(found) {
            return Ok(false);
        }
    }
}

/// The line of a record that has the text.
fn read(raw: &[u8], offset: u64, written: Micros, place: &Hit, regex: &Regex) -> Hit {
    let mut lines = Vec::new();
    record::lines(raw, offset, &mut lines);
    let fits = lines.iter().position(|l| regex.is_match(l.text.as_bytes())).unwrap_or(0);
    let text = lines.get(fits).map(|l| l.text.trim().to_owned()).unwrap_or_default();
    let at = lines.first().and_then(|l| l.at).unwrap_or(written);
    Hit { at, offset, end: offset + raw.len() as u64, text, ..place.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasklog;

    #[test]
    fn every_log_is_looked_at_and_the_first_time_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let write = |run: &str, index: MapIndex, text: &str| {
            let path = tasklog::file(dir.path(), "d", run, "g.t", index, 2);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let line =
            |day: u32, event: &str| format!("{{\"timestamp\":\"2026-11-{day:02}T00:00:00Z\",\"event\":\"{event}\"}}\n");
        write("one", -1, &(line(2, "fine") + &line(2, "No space \\\"left\\\"")));
        write("two", 3, &(line(9, "no space \\\"left\\\"") + &line(9, "fine") + &line(10, "NO SPACE \\\"LEFT\\\"")));
        fs::write(dir.path().join("scheduler.log"), "no space \"left\"").unwrap();
        let mut last = None;
        search(dir.path(), "no space \"left\"", |hits| {
            last = Some(hits);
            true
        })
        .unwrap();
        let found = last.unwrap();
        assert_eq!((found.count, found.in_files, found.files, found.done), (3, 2, (2, 2), true));
        let seen: Vec<_> = found.hits.iter().map(|h| (h.run_id.as_str(), h.map_index, h.text.as_str())).collect();
        assert_eq!(
            seen,
            [("two", 3, "NO SPACE \"LEFT\""), ("two", 3, "no space \"left\""), ("one", -1, "No space \"left\"")]
        );
        let first = found.first.unwrap();
        assert_eq!((first.run_id.as_str(), first.try_number, first.text.as_str()), ("one", 2, "No space \"left\""));
    }
}
