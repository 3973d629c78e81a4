//! Scheduler <-> agent in a pod: JSON lines over an exec stream that may break and be opened again at any point.
//!
//! What the task says is numbered from 1; after every connection the agent repeats what isn't acknowledged and what isn't
//! answered. A number or a question that comes twice is the same one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Say, task};

/// What an agent says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromAgent {
    /// First line of every connection.
    Hello {
        /// It was not told yet what to start.
        waiting: bool,
    },
    /// The task's process was started.
    Started {
        /// When.
        at: Timestamp,
        /// Its pid, in the pod.
        pid: u32,
    },
    /// The task said something.
    Say(Say),
    /// The task's process has ended; the last of all numbers.
    Ended {
        /// Number.
        n: u32,
        /// How.
        end: Box<AgentEnd>,
    },
    /// The task asked something.
    Ask {
        /// Number of the question within the try.
        id: u64,
        /// It.
        body: Value,
    },
    /// It is still there.
    Pong,
}

/// How a task's process ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentEnd {
    /// Exit code, or minus the signal's number.
    pub status: i32,
    /// The task's last word.
    #[serde(default)]
    pub end: Option<Value>,
    /// Its pid, in the pod; 0 if it never started.
    #[serde(default)]
    pub pid: u32,
    /// Its time limit ended it.
    #[serde(default)]
    pub timed_out: bool,
    /// The agent was told to end (the pod was deleted).
    #[serde(default)]
    pub told_to_end: bool,
    /// The kernel killed it for its memory: the container's limit in bytes.
    #[serde(default)]
    pub oom_limit: Option<u64>,
    /// When the process was started.
    pub start_date: Timestamp,
    /// When its end was seen.
    pub end_date: Timestamp,
    /// Last line of its output.
    #[serde(default)]
    pub last_line: String,
}

impl AgentEnd {
    /// True if the pod was told to end, and its task with it.
    pub fn is_of_pod(&self) -> bool {
        self.end.is_none() && self.told_to_end && !self.timed_out
    }
}

/// Reads a line of an agent. Errors say what is wrong with it.
pub fn read(line: &[u8]) -> Result<FromAgent, String> {
    let message: Value = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    if message.get("hello").is_some() {
        return Ok(FromAgent::Hello { waiting: message.get("state").and_then(Value::as_str) == Some("waiting") });
    }
    if let Some(at) = message.get("started").and_then(Value::as_str) {
        let at = at.parse().map_err(|e| format!("the start {at:?} is no time: {e}"))?;
        return Ok(FromAgent::Started { at, pid: message.get("pid").and_then(Value::as_u64).unwrap_or(0) as u32 });
    }
    if let Some(id) = message.get("ask").and_then(Value::as_u64) {
        return Ok(FromAgent::Ask { id, body: message.get("body").cloned().unwrap_or(Value::Null) });
    }
    if message.get("pong").is_some() {
        return Ok(FromAgent::Pong);
    }
    item(message)
}

/// A numbered message.
fn item(mut message: Value) -> Result<FromAgent, String> {
    let n = message.get("n").and_then(Value::as_u64).ok_or("it is of no known kind")? as u32;
    let body = message.get_mut("body").map(Value::take).ok_or_else(|| format!("number {n} has no body"))?;
    if task::kind(&body) == "Outcome" {
        let end = serde_json::from_value(body).map_err(|e| format!("the outcome is damaged: {e}"))?;
        return Ok(FromAgent::Ended { n, end });
    }
    Ok(FromAgent::Say(Say { n, body }))
}

/// What the agent is told.
#[derive(Debug, Clone, PartialEq)]
pub enum ToAgent {
    /// Start the task. Only the first one counts.
    Start(Box<AgentStart>),
    /// Everything up to this number is committed.
    Ack(u32),
    /// Answer to a question.
    Answer {
        /// Of the question.
        id: u64,
        /// The answer.
        body: Value,
    },
    /// Say that you are there.
    Ping,
}

/// What an agent needs to run its task.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentStart {
    /// First line for the task.
    pub startup: Value,
    /// Variables added to those of the container.
    pub env: Vec<(String, String)>,
    /// Time limit in seconds.
    pub timeout: Option<f64>,
    /// Seconds between TERM and KILL.
    pub grace: f64,
    /// Seconds that a large result waits to be fetched.
    pub result_hold: f64,
}

impl ToAgent {
    /// The line, with its end.
    pub fn line(&self) -> String {
        let message = match self {
            Self::Start(start) => json!({"start": {
                "startup": start.startup, "env": start.env.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
                "timeout": start.timeout, "grace": start.grace, "result_hold": start.result_hold,
                "says": task::SAYS,
            }}),
            Self::Ack(n) => json!({"ack": n}),
            Self::Answer { id, body } => json!({"answer": id, "body": body}),
            Self::Ping => json!({"ping": 1}),
        };
        format!("{message}\n")
    }
}

/// What an agent wrote as the container's termination message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LastWords {
    /// The task was started.
    pub started: bool,
    /// The task's exit code, or minus the signal's number; `None` if it never ended.
    #[serde(default)]
    pub status: Option<i32>,
    /// Number of the last message.
    pub last: u32,
    /// Number of the last one that was acknowledged.
    pub acked: u32,
    /// Frames in the log, which hold all from there on.
    pub frames: u32,
    /// Hash of their text.
    pub sha1: String,
}

impl LastWords {
    /// Reads a termination message; `None` if no agent wrote it.
    pub fn read(message: &str) -> Option<Self> {
        let words: Value = serde_json::from_str(message).ok()?;
        words.get("dagdeck")?;
        serde_json::from_value(words).ok()
    }
}

/// The frames of a log, in any number of pieces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frames {
    texts: Vec<String>,
}

impl Frames {
    /// Takes a line of the log if it is a frame; true if it was.
    pub fn take(&mut self, line: &Value) -> bool {
        let Some(number) = line.get("dagdeck_frame").and_then(Value::as_u64) else { return false };
        let data = line.get("data").and_then(Value::as_str).unwrap_or("");
        // A log that is read again from an earlier line repeats itself.
        if number as usize == self.texts.len() + 1 {
            self.texts.push(data.to_string());
        }
        true
    }

    /// The messages in them, if they are all there.
    pub fn messages(&self, words: &LastWords) -> Result<Vec<FromAgent>, String> {
        let text = self.texts.concat();
        if self.texts.len() != words.frames as usize || crate::model::hash::text(&text) != words.sha1 {
            return Err(format!(
                "{} of {} frames of its result are left in the container's log",
                self.texts.len(),
                words.frames
            ));
        }
        text.lines().map(|line| read(line.as_bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_agent_are_read_and_others_refused() {
        let end = json!({"n": 3, "body": {"type": "Outcome", "status": -9, "end": null, "pid": 7, "timed_out": true,
            "told_to_end": false, "start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-01T00:00:01Z", "last_line": "x"}});
        let Ok(FromAgent::Ended { n: 3, end }) = read(end.to_string().as_bytes()) else { panic!() };
        assert_eq!((end.status, end.timed_out, end.last_line.as_str()), (-9, true, "x"));
        assert_eq!(read(br#"{"hello": 1, "state": "waiting"}"#), Ok(FromAgent::Hello { waiting: true }));
        assert_eq!(read(br#"{"hello": 1, "state": "ended"}"#), Ok(FromAgent::Hello { waiting: false }));
        assert!(matches!(read(br#"{"ask": 4, "body": {"type": "GetXCom"}}"#), Ok(FromAgent::Ask { id: 4, .. })));
        assert!(matches!(read(br#"{"n": 1, "body": {"type": "SetXCom"}}"#), Ok(FromAgent::Say(Say { n: 1, .. }))));
        for wrong in [r#"{"n": 1}"#, "{}", "no", r#"{"n": 1, "body": {"type": "Outcome"}}"#] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn frames_count_only_when_all_are_there() {
        let text = "{\"n\":2,\"body\":{\"type\":\"SetXCom\"}}\n";
        let sha1 = crate::model::hash::text(text);
        let words =
            json!({"dagdeck": 1, "started": true, "status": 0, "last": 2, "acked": 1, "frames": 2, "sha1": sha1});
        let words = LastWords::read(&words.to_string()).expect("an agent's words");
        let frame = |n: usize, data: &str| json!({"dagdeck_frame": n, "of": 2, "data": data});
        let mut frames = Frames::default();
        assert!(frames.take(&frame(1, &text[..9])) && !frames.take(&json!({"event": "a line"})));
        assert!(frames.messages(&words).is_err());
        assert!(frames.take(&frame(1, &text[..9])) && frames.take(&frame(2, &text[9..])));
        assert_eq!(frames.messages(&words).expect("messages").len(), 1);
        assert_eq!(LastWords::read("Error: no such file"), None);
        assert_eq!(LastWords::read(r#"{"error": 1}"#), None);
    }
}
