//! Where the copy of a container's output goes on after an interruption, read back from the log itself.

use std::{
    collections::HashMap,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Take},
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{FIRST_LOOK, Form, GIVEN, LOGGER, OURS};

/// An agent's lines are as old as what they say: those of so many seconds are compared.
const AGENT_LAG: i64 = 60;

/// Where a container's output goes on.
#[derive(Debug, Default)]
pub struct Mark {
    /// Time of the newest line that is in the log.
    pub last: Option<Timestamp>,
    /// The log's lines of the last seconds. What comes again comes in the same order: they are read one by one, as it comes.
    ahead: Option<Lines>,
    /// Once that isn't so: how often each line that is left of them is in the log, by the hash of its time and text.
    pub(super) have: HashMap<u64, u32>,
}

impl Mark {
    /// From when on the output is asked for: a little earlier than what is there, since a second is as fine as the API asks.
    pub fn since(&self) -> Option<Timestamp> {
        let whole = Timestamp::from_second(self.last?.as_second()).ok()?;
        whole.checked_sub(SignedDuration::from_secs(1)).ok()
    }

    /// True if this line is in the log already; it is taken off the account.
    pub(super) fn has(&mut self, time: &str, event: &str) -> bool {
        let wanted = hash_of(time, event);
        if let Some(mut lines) = self.ahead.take() {
            let mut next = || lines.next(|_, time, event| hash_of(time, event)).ok().flatten();
            match next() {
                Some(hash) if hash == wanted => {
                    self.ahead = Some(lines);
                    return true;
                }
                Some(hash) => {
                    *self.have.entry(hash).or_default() += 1;
                    while let Some(hash) = next() {
                        *self.have.entry(hash).or_default() += 1;
                    }
                }
                None => {}
            }
        }
        let Some(count) = self.have.get_mut(&wanted).filter(|c| **c > 0) else { return false };
        *count -= 1;
        true
    }
}

/// Reads the end of a log, as much of it as is needed and one line at a time.
pub(super) fn read_back(path: &Path, container: &str, form: Form) -> std::io::Result<Mark> {
    let size = std::fs::metadata(path)?.len();
    let lag = if form == Form::Agent { AGENT_LAG } else { 0 };
    let mut look = FIRST_LOOK;
    loop {
        let from = size.saturating_sub(look);
        let (mut first, mut mark) = (None::<Timestamp>, Mark::default());
        each_line(path, (from, size), container, form, |at, _, _| {
            first = Some(first.map_or(at, |first| first.min(at)));
            mark.last = Some(mark.last.map_or(at, |last| last.max(at)));
        })?;
        // Two streams of a container may be a moment out of order.
        let since = mark.since();
        let is_enough = first.zip(since).is_some_and(|(first, since)| first.duration_since(since).as_secs() < -1 - lag);
        if !is_enough && from > 0 {
            look *= 2;
            continue;
        }
        if let Some(since) = since {
            mark.ahead =
                Some(Lines::of(path, (from, size), container, form)?.from(since - SignedDuration::from_secs(lag)));
        }
        return Ok(mark);
    }
}

/// The lines of a container in a part of a log, one after the other.
#[derive(Debug)]
struct Lines {
    file: BufReader<Take<File>>,
    line: Vec<u8>,
    logger: String,
    form: Form,
    /// Older ones are left out.
    from: Option<Timestamp>,
}

impl Lines {
    fn of(path: &Path, (from, to): (u64, u64), container: &str, form: Form) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let file = BufReader::with_capacity(64 * 1024, file.take(to - from));
        Ok(Self { file, line: Vec::new(), logger: format!("{LOGGER}{container}"), form, from: None })
    }

    fn from(self, from: Timestamp) -> Self {
        Self { from: Some(from), ..self }
    }

    /// What `with` makes of the next one: its time, as read and as written, and its text. `None` at the end.
    fn next<T>(&mut self, with: impl FnOnce(Timestamp, &str, &str) -> T) -> std::io::Result<Option<T>> {
        loop {
            self.line.clear();
            if self.file.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            let Ok(line) = serde_json::from_slice::<Value>(&self.line) else { continue };
            let name = line["logger"].as_str().unwrap_or(OURS);
            if if self.form == Form::Agent { name == OURS } else { name != self.logger } {
                continue;
            }
            if let (Some(time), Some(event)) =
                (line["timestamp"].as_str(), line[GIVEN].as_str().or_else(|| line["event"].as_str()))
                && let Ok(at) = time.parse()
                && self.from.is_none_or(|from| at >= from)
            {
                return Ok(Some(with(at, time, event)));
            }
        }
    }
}

/// Does something with each line of a container in a part of a log: its time, as read and as written, and its text.
pub(super) fn each_line(
    path: &Path,
    (from, to): (u64, u64),
    container: &str,
    form: Form,
    mut with: impl FnMut(Timestamp, &str, &str),
) -> std::io::Result<()> {
    let mut lines = Lines::of(path, (from, to), container, form)?;
    while lines.next(&mut with)?.is_some() {}
    Ok(())
}

fn hash_of(time: &str, event: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (time, event).hash(&mut hasher);
    hasher.finish()
}
