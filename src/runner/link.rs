//! The supervisor's connection to the scheduler: lines both ways, reconnects while there is none.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::protocol::{FromSupervisor, ToSupervisor};

/// How long to wait between two attempts to reach a scheduler that is away.
const RETRY: Duration = Duration::from_millis(500);

/// A connection that may be away.
pub struct Link {
    path: PathBuf,
    stream: Option<UnixStream>,
    buffer: Vec<u8>,
    tried: Option<Instant>,
    hello: String,
    connection: u32,
}

impl Link {
    /// A link that introduces itself with `hello` on every connection.
    pub fn new(path: PathBuf, hello: &FromSupervisor) -> Self {
        let hello = serde_json::to_string(hello).unwrap_or_default();
        Self { path, stream: None, buffer: Vec::new(), tried: None, hello, connection: 0 }
    }

    /// Connects if it isn't and the last attempt is long enough ago. True if connected now.
    pub fn connect(&mut self) -> bool {
        if self.stream.is_some() {
            return true;
        }
        if self.tried.is_some_and(|t| t.elapsed() < RETRY) {
            return false;
        }
        self.tried = Some(Instant::now());
        let Ok(stream) = UnixStream::connect(&self.path) else { return false };
        if stream.set_write_timeout(Some(Duration::from_secs(5))).is_err() {
            return false;
        }
        self.buffer.clear();
        self.stream = Some(stream);
        self.connection += 1;
        let hello = self.hello.clone();
        self.write_line(&hello)
    }

    /// Number of the connection, from 1; grows with each new one.
    pub fn connection(&self) -> u32 {
        self.connection
    }

    /// Time until the next attempt; `None` if connected.
    pub fn retry_in(&self) -> Option<Duration> {
        if self.stream.is_some() {
            return None;
        }
        Some(self.tried.map_or(Duration::ZERO, |t| RETRY.saturating_sub(t.elapsed())))
    }

    /// The connection, to be polled.
    pub fn stream(&self) -> Option<&UnixStream> {
        self.stream.as_ref()
    }

    /// Sends a message; false if there is no connection (any more).
    pub fn send(&mut self, message: &FromSupervisor) -> bool {
        match serde_json::to_string(message) {
            Ok(line) => self.write_line(&line),
            Err(_) => false,
        }
    }

    fn write_line(&mut self, line: &str) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        if stream.write_all(&bytes).is_err() {
            self.stream = None;
            return false;
        }
        true
    }

    /// Reads what has arrived (call it when poll says so).
    pub fn receive(&mut self) -> Vec<ToSupervisor> {
        let Some(stream) = &mut self.stream else { return Vec::new() };
        let mut chunk = [0u8; 16 * 1024];
        match stream.read(&mut chunk) {
            Ok(0) => self.stream = None,
            Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.stream = None,
        }
        take_lines(&mut self.buffer).iter().filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

/// Takes the complete lines out of a buffer.
pub fn take_lines(buffer: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let Some(end) = buffer.iter().rposition(|b| *b == b'\n') else { return Vec::new() };
    let rest = buffer.split_off(end + 1);
    let whole = std::mem::replace(buffer, rest);
    whole.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}
