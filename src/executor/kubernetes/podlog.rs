//! A pod's part of the task's log: lines of its containers with the cluster's own times, and the place to go on from after
//! an interruption, read back from the log itself. So a line is there exactly once, whoever wrote it.

mod mark;

pub use mark::Mark;

use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{clock, model::time::rfc3339, tasklog::Log};
use mark::{each_line, read_back};

/// Logger of lines of a container: this and its name.
const LOGGER: &str = "task.pod.";
/// Logger of an agent's own lines and of ours, and the key of what isn't for the log.
const OURS: &str = "task";
const FRAME: &str = "{\"dagdeck_frame\"";
/// Key of a line's text where the log has another one.
const GIVEN: &str = "given";
/// The log is read back by so much, then twice that, until far enough.
const FIRST_LOOK: u64 = 256 * 1024;

/// In which form a container's output comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text; `[container] ` may stand before each line.
    Plain {
        /// It does.
        prefix: bool,
    },
    /// Lines of a task's log, as an agent writes them, and frames.
    Agent,
}

/// The task's log, as the one who takes care of a pod writes it.
pub struct PodLog {
    log: Log,
    path: PathBuf,
    form: Form,
    /// What stands before the lines of a label that isn't a container's name.
    names: HashMap<String, String>,
}

impl PodLog {
    /// Opens it; what a killed writer left of a line is cut off.
    pub fn open(path: &Path, form: Form) -> std::io::Result<Self> {
        if let Ok(file) = File::options().read(true).write(true).open(path) {
            cut_half_line(file)?;
        }
        Ok(Self { log: Log::open(path)?, path: path.into(), form, names: HashMap::new() })
    }

    /// From now on lines under a label begin with a name.
    pub fn call(&mut self, label: &str, name: &str) {
        self.names.insert(label.into(), name.into());
    }

    /// A line of our own.
    pub fn say(&mut self, level: &str, text: &str) {
        self.log.say(level, text);
        self.log.flush();
    }

    /// A line of a container, unless `mark` says that it is there. `time` as the cluster wrote it.
    pub fn line(&mut self, container: &str, time: &str, text: &str, mark: &mut Mark) {
        if self.form == Form::Agent {
            if text.starts_with(FRAME) {
                return;
            }
            // Else something else wrote into the container's output.
            if let Ok(line) = serde_json::from_str::<Value>(text)
                && let (Some(time), Some(event)) = (line["timestamp"].as_str(), line["event"].as_str())
            {
                if !mark.has(time, event) {
                    self.log.forward(&line);
                }
                return;
            }
        }
        if self.is_new(container, time, text, mark) {
            self.formatted(container, time, text, None);
        }
    }

    /// When a line of a container was written, as the log has it: `time` is the cluster's own. `None` for what doesn't come
    /// into the log.
    pub fn time_of(&self, time: Timestamp, text: &str) -> Option<Timestamp> {
        if self.form == Form::Agent {
            if text.starts_with(FRAME) {
                return None;
            }
            // An agent's lines have its own time, a little before the cluster's.
            if let Ok(line) = serde_json::from_str::<Value>(text)
                && let Some(at) = line["timestamp"].as_str().and_then(|at| at.parse().ok())
            {
                return Some(at);
            }
        }
        Some(time)
    }

    /// True unless `mark` says that this line of a container is in the log already.
    pub fn is_new(&self, container: &str, time: &str, text: &str, mark: &mut Mark) -> bool {
        !mark.has(time, &self.event(container, text))
    }

    /// A line of a container as `log_formatter` made it, if it did.
    pub fn formatted(&mut self, container: &str, time: &str, text: &str, formatted: Option<String>) {
        let event = self.event(container, text);
        let mut line = json!({
            "timestamp": if time.is_empty() { rfc3339(clock::now()) } else { time.to_string() },
            "level": level(text), "event": event, "logger": format!("{LOGGER}{container}"),
        });
        if let Some(formatted) = formatted.filter(|formatted| *formatted != event) {
            // What it was is kept beside: after an interruption the copy goes on behind it.
            line[GIVEN] = line["event"].take();
            line["event"] = formatted.into();
        }
        self.log.forward(&line);
    }

    /// A line as it stands in the log.
    fn event(&self, container: &str, text: &str) -> String {
        let prefix = self.form == Form::Plain { prefix: true };
        let is_group = text.starts_with("::group::") || text.starts_with("::endgroup::");
        let name = self.names.get(container).map_or(container, String::as_str);
        if prefix && !is_group { format!("[{name}] {text}") } else { text.to_string() }
    }

    /// The last line that isn't empty of a container's output; an empty one if there is none.
    pub fn last_line(&mut self, container: &str) -> String {
        self.flush();
        let (name, mut last) = (self.event(container, ""), String::new());
        let size = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        let part = (size.saturating_sub(FIRST_LOOK), size);
        let read = each_line(&self.path, part, container, self.form, |_, _, event| {
            let line = event.strip_prefix(&name).unwrap_or(event).trim();
            if !line.is_empty() {
                line.clone_into(&mut last);
            }
        });
        if read.is_ok() { last } else { String::new() }
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) {
        self.log.flush();
    }

    /// Bytes.
    pub fn size(&mut self) -> u64 {
        self.flush();
        std::fs::metadata(&self.path).map_or(0, |data| data.len())
    }

    /// The time of a container's first line.
    pub fn first_line(&mut self, container: &str) -> Option<Timestamp> {
        let mut first = None;
        let size = self.size();
        let mut from = 0;
        // Our own lines are few: it is among the first ones.
        while first.is_none() && from < size {
            let to = (from + FIRST_LOOK).min(size);
            each_line(&self.path, (from, to), container, self.form, |at, _, _| first = first.or(Some(at))).ok()?;
            from = to;
        }
        first
    }

    /// True if these words stand somewhere in it.
    pub fn holds(&mut self, words: &str) -> bool {
        self.flush();
        let Ok(file) = File::open(&self.path) else { return false };
        let (mut file, words, mut part) = (file, words.as_bytes(), Vec::with_capacity(2 << 20));
        loop {
            // What could be the beginning of the words is looked at again with what follows.
            let kept = part.len().min(words.len().saturating_sub(1));
            part.drain(..part.len() - kept);
            if !matches!((&mut file).take(1 << 20).read_to_end(&mut part), Ok(1..)) {
                return false;
            }
            if part.windows(words.len()).any(|window| window == words) {
                return true;
            }
        }
    }

    /// Where a container's output goes on.
    pub fn mark(&mut self, container: &str) -> Mark {
        self.flush();
        read_back(&self.path, container, self.form).unwrap_or_default()
    }
}

fn cut_half_line(mut file: File) -> std::io::Result<()> {
    let size = file.metadata()?.len();
    let mut end = size;
    let mut chunk = [0u8; 4096];
    while end > 0 {
        let from = end.saturating_sub(chunk.len() as u64);
        let part = &mut chunk[..(end - from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|b| *b == b'\n') {
            end = from + at as u64 + 1;
            break;
        }
        end = from;
    }
    if end < size { file.set_len(end) } else { Ok(()) }
}

/// The level that a line's own first word names (the provider's pattern, 10.25.0): `ERROR:`, `[WARNING]`.
fn level(text: &str) -> &'static str {
    let text = text.trim_start();
    let text = text.strip_prefix('[').unwrap_or(text);
    let names = [
        ("debug", "debug"),
        ("info", "info"),
        ("warning", "warning"),
        ("warn", "warning"),
        ("error", "error"),
        ("critical", "critical"),
        ("fatal", "critical"),
    ];
    let begins = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    names.iter().find(|(name, _)| begins(name)).map_or("info", |(_, level)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_there_is_not_written_again_and_a_half_line_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let times = ["2026-01-01T00:00:01.1Z", "2026-01-01T00:00:05.000000001Z", "2026-01-01T00:00:05.000000001Z"];
        let mut log = PodLog::open(&path, Form::Plain { prefix: true }).unwrap();
        let mut none = log.mark("base");
        assert_eq!(none.since(), None);
        for time in times {
            log.line("base", time, "same", &mut none);
        }
        log.line("other", "2026-01-01T00:00:09Z", "same", &mut none);
        log.flush();
        drop(log);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"timestamp\":\"2026-01-01T00:0")).unwrap();
        let mut log = PodLog::open(&path, Form::Plain { prefix: true }).unwrap();
        let mut mark = log.mark("base");
        assert_eq!(mark.since().unwrap().to_string(), "2026-01-01T00:00:04Z");
        // The API gives everything from then on once more, and one line that is new.
        for time in [times[1], times[2], times[2]] {
            log.line("base", time, "same", &mut mark);
        }
        log.flush();
        let after = std::fs::read_to_string(&path).unwrap();
        assert_eq!(after.lines().count(), whole.lines().count() + 1, "{after}");
        assert!(after.starts_with(&whole));
        log.line("base", "2026-01-01T00:00:06Z", "ValueError: bad \t", &mut mark);
        log.line("base", "2026-01-01T00:00:06Z", " ", &mut mark);
        assert_eq!((log.last_line("base").as_str(), log.last_line("none").as_str()), ("ValueError: bad", ""));
    }

    #[test]
    fn lines_that_come_again_are_compared_as_they_come_and_in_any_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = PodLog::open(&dir.path().join("a.log"), Form::Plain { prefix: false }).unwrap();
        let line = |n: usize| (format!("2026-01-01T00:00:05.{n:09}Z"), format!("line {}", n % 3));
        let mut none = Mark::default();
        (0..1000).for_each(|n| log.line("base", &line(n).0, &line(n).1, &mut none));
        let mut new_of = |order: &mut dyn Iterator<Item = usize>| {
            let mut mark = log.mark("base");
            let new = order.filter(|n| log.is_new("base", &line(*n).0, &line(*n).1, &mut mark)).collect::<Vec<_>>();
            (new, mark.have.len())
        };
        // The same order needs nothing to be kept; another one is taken as it is.
        assert_eq!(new_of(&mut (0..1003)), (vec![1000, 1001, 1002], 0));
        assert_eq!(new_of(&mut (0..999)), (vec![], 0));
        assert_eq!(new_of(&mut (600..1001).chain(0..600)).0, [1000]);
        assert_eq!(new_of(&mut (0..1001).filter(|n| *n != 500)), (vec![1000], 500));
        assert_eq!(new_of(&mut [7, 7, 8].into_iter()).0, [7]);
    }

    #[test]
    fn a_line_of_an_agent_is_as_old_as_it_says_and_its_frames_are_not_in_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = PodLog::open(&dir.path().join("a.log"), Form::Agent).unwrap();
        let time: Timestamp = "2026-01-01T00:00:02Z".parse().unwrap();
        let own = r#"{"timestamp": "2026-01-01T00:00:01.5Z", "event": "a", "logger": "task.pod"}"#;
        assert_eq!(log.time_of(time, own), "2026-01-01T00:00:01.5Z".parse().ok());
        assert_eq!(log.time_of(time, "{\"dagdeck_frame\": 1}"), None);
        assert_eq!(log.time_of(time, "something else wrote this"), Some(time));
    }

    #[test]
    fn levels_by_the_first_word() {
        let rows = [("ERROR: x", "error"), ("[WARNING] x", "warning"), ("  fatal - x", "critical"), ("hello", "info")];
        for (text, wanted) in rows {
            assert_eq!(level(text), wanted, "{text}");
        }
    }
}
