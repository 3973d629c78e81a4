//! One record of a log file: a JSON line (or plain text) as the lines that are shown.

use std::{
    io::{self, BufRead, Read},
    ops::Range,
};

use ratatui::style::Style;
use serde_json::Value;

use super::clean::{Clean, clean};
use crate::store::screens::Micros;

/// Longest line that is kept, in bytes.
const LONGEST: usize = 20_000;
/// Plain text that has no line end for longer is shown in pieces, which begin where the file's offset is a multiple of this.
pub const PIECE: u64 = 16 * 1024;
/// Most that is held of a line while a file is looked through: a longer one counts as several.
pub const HELD: usize = 1 << 20;
/// How much of such a part is looked at again with the next one, so that a text which stands in both is found.
pub const OVERLAP: usize = 4096;

/// How bad a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

impl Level {
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "debug" | "trace" | "notset" => Self::Debug,
            "warning" | "warn" => Self::Warning,
            "error" | "critical" | "fatal" | "exception" => Self::Error,
            _ => Self::Info,
        }
    }
    /// Five columns.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO ",
            Self::Warning => "WARN ",
            Self::Error => "ERROR",
        }
    }
}

/// One line to show. A record may have several.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where its record starts in the file.
    pub offset: u64,
    /// First line of its record.
    pub first: bool,
    /// When it was written.
    pub at: Option<Micros>,
    /// How bad.
    pub level: Level,
    /// Clean text.
    pub text: String,
    /// What the task coloured in it, in bytes.
    pub spans: Vec<(Range<usize>, Style)>,
}

impl Line {
    /// A line that is in no file, before the record at `offset`.
    pub fn note(offset: u64, text: &str) -> Self {
        Self { offset, first: false, at: None, level: Level::Debug, text: text.into(), spans: Vec::new() }
    }
}

/// How much of what was read of a file is whole lines; what is too long counts as one.
pub fn whole(read: &[u8]) -> usize {
    match read.iter().rposition(|b| *b == b'\n') {
        Some(at) => at + 1,
        None if read.len() >= HELD => read.len(),
        None => 0,
    }
}

/// Reads the next line with its end, or as much of it as is held at once; 0 bytes at the end.
///
/// # Errors
/// Of reading.
pub fn next(reader: &mut impl BufRead, raw: &mut Vec<u8>) -> io::Result<u64> {
    raw.clear();
    Ok(reader.take(HELD as u64).read_until(b'\n', raw)? as u64)
}

/// A line that is shown in pieces.
fn is_long(line: &[u8]) -> bool {
    line.len() as u64 > PIECE && !line.starts_with(b"{")
}

/// Where the first line ends of what was read from an offset on, or its piece.
pub fn first_end(read: &[u8], offset: u64) -> usize {
    let end = read.iter().position(|b| *b == b'\n').map_or(read.len(), |i| i + 1);
    if is_long(&read[..end]) { (PIECE - offset % PIECE) as usize } else { end }
}

/// Where the piece starts that has a place of a line; `offset` is the line's.
pub fn piece_of(line: &[u8], offset: u64, at: usize) -> u64 {
    if is_long(line) { offset.max((offset + at as u64) / PIECE * PIECE) } else { offset }
}

/// The lines of one record that starts at `offset`.
pub fn lines(raw: &[u8], offset: u64, out: &mut Vec<Line>) {
    let mut rest = raw;
    let mut offset = offset;
    while is_long(rest) {
        let (piece, more) = rest.split_at((PIECE - offset % PIECE) as usize);
        one(piece, offset, out);
        (rest, offset) = (more, offset + piece.len() as u64);
    }
    one(rest, offset, out);
}

fn one(raw: &[u8], offset: u64, out: &mut Vec<Line>) {
    let text = String::from_utf8_lossy(raw);
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return;
    }
    let record = if text.starts_with('{') { serde_json::from_str::<Value>(text).ok() } else { None };
    let mut push = |at, level, body: &str| {
        for (i, part) in body.split('\n').enumerate() {
            let Clean { mut text, mut spans } = clean(part);
            if text.len() > LONGEST {
                let end = (0..=LONGEST).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
                text.truncate(end);
                text.push('~');
                spans.retain(|(range, _)| range.end <= end);
            }
            out.push(Line { offset, first: i == 0, at, level, text, spans });
        }
    };
    let Some(Value::Object(record)) = record else {
        push(None, Level::Info, text);
        return;
    };
    let field = |name: &str| record.get(name).and_then(Value::as_str);
    let at = field("timestamp").and_then(|t| t.parse::<jiff::Timestamp>().ok()).map(|t| t.as_microsecond());
    let level = field("level").map_or(Level::Info, Level::parse);
    let mut body = field("event").unwrap_or("").to_owned();
    for (key, value) in &record {
        if !matches!(key.as_str(), "timestamp" | "level" | "event" | "logger" | "error_detail") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            body.push_str(&format!(" {key}={text}"));
        }
    }
    push(at, level, &body);
    if let Some(detail) = record.get("error_detail") {
        let mut all = String::new();
        trace(detail, &mut all);
        let start = out.len();
        push_detail(offset, at, &all, out);
        debug_assert!(out[start..].iter().all(|l| !l.first));
    }
}

fn push_detail(offset: u64, at: Option<Micros>, text: &str, out: &mut Vec<Line>) {
    for part in text.lines() {
        let Clean { text, spans } = clean(part);
        out.push(Line { offset, first: false, at, level: Level::Error, text, spans });
    }
}

/// Airflow's structured traceback as Python prints it; anything else as it is.
fn trace(detail: &Value, out: &mut String) {
    let Some(list) = detail.as_array() else {
        out.push_str(detail.as_str().map_or_else(|| detail.to_string(), str::to_owned).as_str());
        return;
    };
    for error in list {
        let text = |v: &Value, name: &str| {
            v.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap_or_default()
        };
        if let Some(frames) = error.get("frames").and_then(Value::as_array).filter(|f| !f.is_empty()) {
            out.push_str("Traceback (most recent call last):\n");
            for f in frames {
                let (file, line, name) = (text(f, "filename"), text(f, "lineno"), text(f, "name"));
                out.push_str(&format!("  File \"{file}\", line {line}, in {name}\n"));
                let source = text(f, "line");
                if !source.is_empty() {
                    out.push_str(&format!("    {source}\n"));
                }
            }
        }
        out.push_str(&format!("{}: {}\n", text(error, "exc_type"), text(error, "exc_value")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> Vec<String> {
        let mut out = Vec::new();
        lines(raw.as_bytes(), 0, &mut out);
        out.into_iter().map(|l| format!("{} {}{}", l.level.tag(), if l.first { "" } else { ". " }, l.text)).collect()
    }

    #[test]
    fn records_become_lines() {
        let raw = r#"{"timestamp":"2026-01-02T03:04:05.5Z","level":"error","event":"bad \u001b[31mrow\nsecond","logger":"t",
            "error_detail":[{"exc_type":"ValueError","exc_value":"row 3","frames":[{"filename":"d.py","lineno":7,"name":"f"}]}]}"#;
        assert_eq!(
            shown(&raw.replace('\n', " ")),
            [
                "ERROR bad row",
                "ERROR . second",
                "ERROR . Traceback (most recent call last):",
                "ERROR .   File \"d.py\", line 7, in f",
                "ERROR . ValueError: row 3"
            ]
        );
        assert_eq!(shown("not json"), ["INFO  not json"]);
        assert_eq!(shown("{\"broken"), ["INFO  {\"broken"]);
        assert_eq!(shown(r#"{"event":"x","level":"warning","rows":3}"#), ["WARN  x rows=3"]);
    }
}
