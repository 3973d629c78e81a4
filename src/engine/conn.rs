//! One connection to the scheduler's socket: a client, the supervisor of a try, or a triggerer.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
};

use serde::Serialize;

use crate::{model::TiKey, runner::link::take_lines};

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq)]
pub enum Peer {
    /// Has not said yet.
    Unknown,
    /// Console or command line.
    Client {
        /// Wants notices.
        subscribed: bool,
    },
    /// The supervisor of a try.
    Supervisor {
        /// Which instance.
        key: TiKey,
        /// Epoch.
        epoch: u32,
    },
    /// A triggerer that this scheduler started.
    Triggerer {
        /// Its interpreter.
        interpreter: String,
    },
}

/// A connection with its buffers. Nothing here blocks.
pub struct Conn {
    /// The socket.
    pub stream: UnixStream,
    /// Who.
    pub peer: Peer,
    /// Unix user of a client.
    pub user: String,
    /// What a console shows; empty for others.
    pub looks: String,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// A client that doesn't read may not fill the scheduler's memory.
const MOST_UNREAD: usize = 64 * 1024 * 1024;

impl Conn {
    /// Takes over an accepted socket.
    pub fn new(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            peer: Peer::Unknown,
            user: String::new(),
            looks: String::new(),
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    /// Complete lines that have arrived, and whether the connection is still open.
    pub fn receive(&mut self) -> (Vec<Vec<u8>>, bool) {
        let mut chunk = [0u8; 64 * 1024];
        let mut open = true;
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    open = false;
                    break;
                }
                Ok(n) => {
                    self.input.extend_from_slice(&chunk[..n]);
                    if n < chunk.len() {
                        break;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    open = false;
                    break;
                }
            }
        }
        (take_lines(&mut self.input), open)
    }

    /// Queues a line and sends what the socket takes.
    pub fn send(&mut self, message: &impl Serialize) {
        if let Ok(mut line) = serde_json::to_vec(message) {
            line.push(b'\n');
            self.output.extend_from_slice(&line);
            self.flush();
        }
    }

    /// Sends what is left; false if the other end is gone or reads nothing.
    pub fn flush(&mut self) -> bool {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(0) => return false,
                Ok(n) => {
                    self.output.drain(..n);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return self.output.len() < MOST_UNREAD,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// True if output waits for the socket.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }
}
