//! Writes a try's log: one JSON object a line, as Airflow does.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use serde_json::{Value, json};

use crate::{clock, model::time::rfc3339};

/// An open log.
pub struct Log {
    file: BufWriter<File>,
    /// Bytes of an unfinished line of the process's output.
    partial: Vec<u8>,
    /// The last complete line, for the XCom of shell tasks.
    last_line: String,
    failed: bool,
    /// Texts that are written as `***`, as they stand inside JSON.
    secrets: Vec<String>,
}

/// Longest output line that is kept in one piece; longer ones are cut into several.
const LONGEST: usize = 64 * 1024;

impl Log {
    /// Opens the log for appending; makes its folders.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let open = || OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = match (open(), path.parent()) {
            (Err(e), Some(folder)) if e.kind() == std::io::ErrorKind::NotFound => {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                open()?
            }
            (other, _) => other?,
        };
        Ok(Self {
            file: BufWriter::new(file),
            partial: Vec::new(),
            last_line: String::new(),
            failed: false,
            secrets: Vec::new(),
        })
    }

    /// From now on a text is written as `***`. Short ones are left, as in Airflow (fewer than 5 characters, `airflow`).
    pub fn mask(&mut self, secret: &str) {
        if secret.chars().count() < 5 || secret == "airflow" {
            return;
        }
        let quoted = Value::from(secret).to_string();
        let inner = quoted[1..quoted.len() - 1].to_string();
        if !self.secrets.contains(&inner) {
            self.secrets.push(inner);
        }
    }

    /// Writes a line of our own.
    pub fn say(&mut self, level: &str, event: &str) {
        self.write(&json!({"timestamp": rfc3339(clock::now()), "level": level, "event": event, "logger": "task"}));
    }

    /// Writes a line that the task sent.
    pub fn forward(&mut self, message: &Value) {
        let mut line = serde_json::Map::new();
        for key in ["timestamp", "level", "event", "logger", "filename", "lineno", "error_detail", "given"] {
            if let Some(value) = message.get(key).filter(|v| !v.is_null()) {
                line.insert(key.into(), value.clone());
            }
        }
        if !line.contains_key("timestamp") {
            line.insert("timestamp".into(), rfc3339(clock::now()).into());
        }
        self.write(&Value::Object(line));
    }

    /// Takes output of the process; whole lines become log lines.
    pub fn output(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' || self.partial.len() >= LONGEST {
                self.end_line();
            }
            if byte != b'\n' {
                self.partial.push(byte);
            }
        }
    }

    /// Writes what is left of an unfinished line.
    pub fn end_output(&mut self) {
        if !self.partial.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.partial).trim_end().to_string();
        self.partial.clear();
        self.write(
            &json!({"timestamp": rfc3339(clock::now()), "level": "info", "event": line, "logger": "task.stdout"}),
        );
        self.last_line = line;
    }

    /// The last line of output, without trailing white space.
    pub fn last_line(&self) -> &str {
        &self.last_line
    }

    fn write(&mut self, line: &Value) {
        // A full disk must not end the task: the log has a gap, which `flush` reports once it can.
        let mut text = line.to_string();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "***");
            }
        }
        // In one piece: the care of a pod and a process of its task may both write into a log.
        text.push('\n');
        if self.file.write_all(text.as_bytes()).is_err() {
            self.failed = true;
        }
    }

    /// Hands everything to the operating system.
    pub fn flush(&mut self) {
        if self.file.flush().is_err() {
            self.failed = true;
        } else if std::mem::take(&mut self.failed) {
            self.say("warning", "lines are missing here: the log could not be written (disk full?)");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_short_texts_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.log");
        let mut log = Log::open(&path).unwrap();
        log.mask("pass\"word");
        log.mask("abc");
        log.output(b"the pass\"word is abc\nlast");
        log.end_output();
        log.flush();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("the *** is abc"), "{text}");
        assert_eq!(log.last_line(), "last");
    }
}
