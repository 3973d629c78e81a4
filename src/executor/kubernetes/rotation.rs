//! Rotation of a container's output by its kubelet. Only the newest file can be read through the API: whoever follows is
//! handed from one file to the next by the kubelet, and what it had not read of a file by then is lost to him, without a
//! word (Kubernetes 1.34: a follower that was held up for two rotations loses a whole file). So where there is much output, it is
//! asked now and then for the first line of the newest file. Another one than before means a rotation, and the log says so.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::{api::Api, podlog::PodLog};

/// Output without a look at the file's beginning: a file that is rotated is much larger.
const MUCH: u64 = 1024 * 1024;
/// Between two looks: kubelets look for files to rotate every ten seconds.
const SELDOM: Duration = Duration::from_secs(5);
/// What stands in a log about a rotation, before the time of the newest file's first line.
const ROTATED: &str = "the output was rotated at ";
/// The log's first line of a container may be older by so much than the cluster's own time of it: an agent's lines carry theirs.
const LAG: SignedDuration = SignedDuration::from_secs(1);

/// What is known of the newest file.
pub struct Rotation {
    /// The time of its first line, as the cluster writes it.
    first: Option<String>,
    /// Bytes copied since it was looked at.
    copied: u64,
    looked: Instant,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { first: None, copied: 0, looked: Instant::now() }
    }
}

impl Rotation {
    /// So much was copied; true if it is time for a look.
    pub fn count(&mut self, bytes: usize) -> bool {
        self.copied += bytes as u64;
        self.copied >= MUCH && self.looked.elapsed() >= SELDOM
    }

    /// At the end: true if so much is there that a file may have been rotated.
    pub fn is_due(&self, log: &mut PodLog) -> bool {
        self.copied > 0 && (self.first.is_some() || log.size() >= MUCH)
    }

    /// Looks at the newest file. What the log is to say about it, if it is another one than before.
    pub async fn look(&mut self, api: &Api, (pod, container, label): (&str, &str, &str)) -> Option<Look> {
        (self.copied, self.looked) = (0, Instant::now());
        let text = api.log_begin(pod, container).await.ok()?;
        let first = text.split_whitespace().next().filter(|time| time.parse::<Timestamp>().is_ok())?.to_string();
        let before = self.first.replace(first.clone());
        (before.as_ref() != Some(&first)).then(|| Look { first, is_first_look: before.is_none(), label: label.into() })
    }
}

/// Another file than before.
pub struct Look {
    first: String,
    is_first_look: bool,
    label: String,
}

impl Look {
    /// Notes a rotation in the log, unless the file is the container's first one, or was noted by an earlier scheduler.
    pub fn note(&self, container: &str, log: &mut PodLog) {
        let known = self.is_first_look && (self.is_the_only_one(log) || log.holds(&format!("{ROTATED}{}", self.first)));
        if known {
            return;
        }
        let text = format!(
            "[{container}] lines may be missing above: {ROTATED}{}, and what its last file held that had not been read by then is lost to the API",
            self.first
        );
        log.say("warning", &text);
    }

    fn is_the_only_one(&self, log: &mut PodLog) -> bool {
        let first: Option<Timestamp> = self.first.parse().ok();
        first.zip(log.first_line(&self.label)).is_some_and(|(file, line)| file.duration_since(line) <= LAG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::kubernetes::podlog::{Form, Mark};

    #[test]
    fn a_rotation_is_noted_once_and_the_first_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = PodLog::open(&dir.path().join("a.log"), Form::Plain { prefix: true }).unwrap();
        log.say("info", "of ours");
        for time in ["2026-01-01T00:00:01.1Z", "2026-01-01T00:01:00.5Z"] {
            log.line("base", time, "a line", &mut Mark::default());
        }
        let look = |first: &str, is_first_look| Look { first: first.into(), is_first_look, label: "base".into() };
        let mut noted = Vec::new();
        // The first file; another one, which is seen; the same again by the next scheduler; and one that it finds.
        for (first, is_first_look) in [
            ("2026-01-01T00:00:01.1Z", true),
            ("2026-01-01T00:01:00.5Z", false),
            ("2026-01-01T00:01:00.5Z", true),
            ("2026-01-01T00:02:00.5Z", true),
        ] {
            let before = log.size();
            look(first, is_first_look).note("base", &mut log);
            noted.push(log.size() > before);
        }
        assert_eq!(noted, [false, true, false, true]);
    }

    #[test]
    fn little_output_is_never_looked_at() {
        let mut rotation = Rotation::default();
        assert!(!rotation.count(MUCH as usize - 1));
        rotation.looked -= SELDOM;
        assert!(rotation.count(1));
    }
}
