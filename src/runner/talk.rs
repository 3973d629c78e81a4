//! The conversation between a Python task and its supervisor over their private socket.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::link::take_lines;
use crate::{
    protocol::{Say, task, task::Class},
    tasklog::Log,
};

/// How long what was said may wait for the task's end or its next question, which it then goes with.
const SAY_WITHIN: Duration = Duration::from_millis(200);

/// The supervisor's side of the conversation.
pub struct Talk {
    socket: UnixStream,
    buffer: Vec<u8>,
    /// All that the task said: the outcome repeats it, numbered, in case the scheduler dies before it commits.
    pub says: Vec<Say>,
    /// How much of it this scheduler was told.
    told: usize,
    /// Since when something is to be told.
    untold_since: Option<Instant>,
    /// What it asked, not yet sent: id and body.
    pub asks: Vec<Value>,
    /// What it asked and the scheduler has not answered.
    pub waiting: Vec<Value>,
    /// Its last word.
    pub end: Option<Value>,
    numbered: u32,
    closed: bool,
}

impl Talk {
    /// Starts the conversation with the first line.
    pub fn begin(socket: UnixStream, startup: &Value) -> Self {
        let mut talk = Self {
            socket,
            buffer: Vec::new(),
            says: Vec::new(),
            told: 0,
            untold_since: None,
            asks: Vec::new(),
            waiting: Vec::new(),
            end: None,
            numbered: 0,
            closed: false,
        };
        talk.write(startup);
        talk
    }

    /// The socket, to be polled; `None` when the task closed it.
    pub fn socket(&self) -> Option<&UnixStream> {
        (!self.closed).then_some(&self.socket)
    }

    /// What the scheduler is still to be told.
    pub fn untold(&self) -> &[Say] {
        &self.says[self.told..]
    }

    /// The scheduler was told everything.
    pub fn all_told(&mut self) {
        (self.told, self.untold_since) = (self.says.len(), None);
    }

    /// A new scheduler listens, who was told nothing, and has no question.
    pub fn begin_again(&mut self) {
        (self.told, self.untold_since) = (0, (!self.says.is_empty()).then(Instant::now));
        self.asks.splice(0..0, std::mem::take(&mut self.waiting));
    }

    /// After which time something is to be told even if nothing is asked.
    pub fn tell_in(&self) -> Option<Duration> {
        self.untold_since.map(|since| (since + SAY_WITHIN).saturating_duration_since(Instant::now()))
    }

    /// Sends a line to the task.
    pub fn write(&mut self, message: &Value) {
        let mut line = message.to_string();
        line.push('\n');
        if self.socket.write_all(line.as_bytes()).is_err() {
            self.closed = true;
        }
    }

    /// Reads what has arrived (call it when poll says so).
    pub fn receive(&mut self, log: &mut Log) {
        let mut chunk = [0u8; 64 * 1024];
        match self.socket.read(&mut chunk) {
            Ok(0) => self.closed = true,
            Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.closed = true,
        }
        for line in take_lines(&mut self.buffer) {
            match serde_json::from_slice::<Value>(&line) {
                Ok(message) => self.message(message, log),
                Err(e) => log.say("warning", &format!("the task sent a line that is not JSON: {e}")),
            }
        }
    }

    /// Reads everything that is left after the process ended.
    pub fn drain(&mut self, log: &mut Log) {
        if self.socket.set_nonblocking(true).is_err() {
            return;
        }
        while !self.closed {
            let before = self.buffer.len();
            let had = (self.says.len(), self.asks.len(), self.end.is_some());
            self.receive(log);
            let idle = self.buffer.len() == before && had == (self.says.len(), self.asks.len(), self.end.is_some());
            if idle && !self.readable() {
                break;
            }
        }
    }

    fn readable(&self) -> bool {
        let mut fds = [rustix::event::PollFd::new(&self.socket, rustix::event::PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(rustix::event::poll(&mut fds, Some(&now)), Ok(n) if n > 0)
    }

    fn message(&mut self, message: Value, log: &mut Log) {
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        match task::class(task::kind(&message)) {
            Class::Log => log.forward(&message),
            Class::Say if task::kind(&message) == "MaskSecret" => {
                for text in texts(message.get("value").unwrap_or(&Value::Null)) {
                    log.mask(text);
                }
                self.write(&task::ok(&id));
            }
            Class::Say => {
                self.numbered += 1;
                self.says.push(Say { n: self.numbered, body: message });
                self.untold_since.get_or_insert_with(Instant::now);
                self.write(&task::ok(&id));
            }
            Class::Ask => self.asks.push(message),
            Class::End => {
                self.end = Some(message);
                if !id.is_null() {
                    self.write(&task::ok(&id));
                }
            }
            Class::Unknown => {
                let text = format!("dagdeck does not know the message {:?}", task::kind(&message));
                log.say("warning", &text);
                let mut refusal = task::error("UNKNOWN_MESSAGE", &text);
                refusal["id"] = id;
                self.write(&refusal);
            }
        }
    }
}

/// All texts inside a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
