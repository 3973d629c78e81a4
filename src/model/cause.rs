//! Why a try ended as it did: kind, one sentence, and a fingerprint that groups equal failures.

use serde::{Deserialize, Serialize};

use super::state::spelled;
use std::{fmt, str::FromStr};

spelled! {
    /// The kind of reason for which a try (or an instance without a try) ended.
    CauseKind {
        /// It did what it should.
        Success = "success",
        /// The process ended with a code other than 0.
        ExitCode = "exit_code",
        /// The process was ended by a signal that we did not send.
        Signal = "signal",
        /// Python raised an exception.
        Exception = "exception",
        /// `execution_timeout`, a sensor's `timeout` or `dagrun_timeout` ran out.
        Timeout = "timeout",
        /// Rendering a template failed.
        Template = "template",
        /// The DAG file could not be imported, or no longer has the task.
        Import = "import",
        /// A task above failed.
        Upstream = "upstream",
        /// Skipped: by itself, a branch, a short circuit or a trigger rule.
        Skip = "skip",
        /// A person or command ended, cleared or marked it.
        Killed = "killed",
        /// The supervisor died, and took the process with it.
        RunnerKilled = "runner_killed",
        /// It could not be started.
        Start = "start",
        /// The argument or value isn't allowed (mapping, branch target, XCom).
        Value = "value",
        /// Not built into this version.
        Unsupported = "unsupported",
        /// A container was killed for the memory that it used.
        OomKilled = "oom_killed",
        /// The cluster took the pod away: pressure, drain, taint.
        Evicted = "evicted",
        /// The cluster's scheduler took the pod away for one of higher priority.
        Preempted = "preempted",
        /// The pod's node is gone.
        NodeLost = "node_lost",
        /// Someone deleted the pod.
        PodDeleted = "pod_deleted",
        /// An image can't be pulled.
        Image = "image",
        /// No node takes the pod.
        Unschedulable = "unschedulable",
        /// A volume can't be mounted.
        Mount = "mount",
        /// The namespace's quota is used up.
        Quota = "quota",
        /// The API server or the node refused the pod.
        Admission = "admission",
        /// An init container failed.
        InitContainer = "init_container",
        /// The pod failed in another way.
        Pod = "pod",
        /// The cluster can't be used: kubeconfig, rights.
        Cluster = "cluster",
    }
}

/// The reason stored with every finished try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Its kind.
    pub kind: CauseKind,
    /// One sentence for a person.
    pub summary: String,
    /// Class name of the exception that Airflow would have logged, without module.
    #[serde(default)]
    pub exception: Option<String>,
    /// Exit code of the process, if it ended by itself.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Equal for failures that look the same (numbers, hex and quotes taken out).
    #[serde(default)]
    pub fingerprint: String,
}

impl Cause {
    /// A cause with its fingerprint computed from kind, exception and sentence.
    pub fn new(kind: CauseKind, summary: impl Into<String>) -> Self {
        let summary = summary.into();
        let mut cause = Self { kind, summary, exception: None, exit_code: None, fingerprint: String::new() };
        cause.fingerprint = cause.compute_fingerprint();
        cause
    }
    /// Sets the exception's class name.
    #[must_use]
    pub fn exception(mut self, class: impl Into<String>) -> Self {
        self.exception = Some(class.into());
        self.fingerprint = self.compute_fingerprint();
        self
    }
    /// Sets the exit code.
    #[must_use]
    pub fn exit_code(mut self, code: i32) -> Self {
        self.exit_code = Some(code);
        self.fingerprint = self.compute_fingerprint();
        self
    }

    /// Adds the last line of what the program printed, which tells more than its exit code, to its sentence.
    #[must_use]
    pub fn last_line(mut self, line: &str) -> Self {
        if !line.is_empty() {
            self.summary = format!("{}: {}", self.summary, one_line(line, 160));
            self.fingerprint = self.compute_fingerprint();
        }
        self
    }

    /// Digits become `#`, runs of them one `#`, so that "line 12" and "line 97" are one group.
    fn compute_fingerprint(&self) -> String {
        let mut text = String::with_capacity(self.summary.len());
        for c in self.summary.chars() {
            if c.is_ascii_digit() {
                if !text.ends_with('#') {
                    text.push('#');
                }
            } else {
                text.push(c.to_ascii_lowercase());
            }
        }
        let exception = self.exception.as_deref().unwrap_or("");
        // FNV-1a, 64 bit: stable across versions and machines, which a std hasher isn't.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in format!("{}|{exception}|{:?}|{text}", self.kind, self.exit_code).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        format!("{hash:016x}")
    }
}

/// `text` in one line of at most `limit` characters.
pub fn one_line(text: &str, limit: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit + 1).collect();
    if line.chars().count() > limit { line.chars().take(limit - 1).chain(['~']).collect() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_failures_share_a_fingerprint() {
        let a = Cause::new(CauseKind::Exception, "row 12 is bad").exception("ValueError");
        let b = Cause::new(CauseKind::Exception, "Row 977 is bad").exception("ValueError");
        let c = Cause::new(CauseKind::Exception, "row 12 is bad").exception("KeyError");
        assert_eq!(a.fingerprint, b.fingerprint);
        assert_ne!(a.fingerprint, c.fingerprint);
    }
}
