//! A client's connection to the scheduler.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use serde_json::Value;

use super::via;
use crate::{
    config::Place,
    error::{Error, Result},
    protocol::{Envelope, Reply, Request},
};

/// A connection: asks get their answers in order; notices may come between.
pub struct Client {
    stream: BufReader<UnixStream>,
    asked: u64,
}

impl Client {
    /// Connects; `None` if no scheduler listens.
    pub fn connect(place: &Place) -> Result<Option<Self>> {
        match UnixStream::connect(place.socket()) {
            Ok(stream) => Ok(Some(Self { stream: BufReader::new(stream), asked: 0 })),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
            Err(e) if e.kind() == ErrorKind::PermissionDenied => {
                Err(Error::refused(format!("no right to use the scheduler of {}", place.home.display()))
                    .because(e)
                    .hint("it belongs to another user; the owner can set [dagdeck] group"))
            }
            Err(e) => Err(Error::system(format!("cannot reach the scheduler at {}", place.socket().display()), e)),
        }
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, program: &str, command_line: &str, request: Request) -> Result<Value> {
        self.asked += 1;
        let envelope = Envelope { id: self.asked, via: via(program), command_line: command_line.into(), request };
        let mut line = serde_json::to_string(&envelope).map_err(|e| Error::system("cannot write the request", e))?;
        line.push('\n');
        let gone = |e: &dyn std::fmt::Display| {
            Error::system("the scheduler went away before it answered", e)
                .hint("look whether the act was done before repeating it: `dagdeck audit list`")
        };
        self.stream.get_mut().write_all(line.as_bytes()).map_err(|e| gone(&e))?;
        loop {
            let Some(message) = self.read(None)? else { return Err(gone(&"connection closed")) };
            let Ok(reply) = serde_json::from_value::<Reply>(message) else { continue };
            if reply.id != self.asked {
                continue;
            }
            return match reply.error {
                Some(error) => Err(error.into()),
                None => Ok(reply.ok.unwrap_or(Value::Null)),
            };
        }
    }

    /// The next line; `None` at the end of the connection or when `limit` passes.
    pub fn read(&mut self, limit: Option<Duration>) -> Result<Option<Value>> {
        let failed = |e| Error::system("cannot read from the scheduler", e);
        self.stream.get_ref().set_read_timeout(limit).map_err(failed)?;
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => serde_json::from_str(&line).map(Some).map_err(|e| Error::system("the scheduler sent no JSON", e)),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }
}

/// Sends one request to the scheduler; `None` if none runs.
pub fn scheduler_request(place: &Place, request: Request) -> Result<Option<Value>> {
    match Client::connect(place)? {
        Some(mut client) => client.ask("cli", "", request).map(Some),
        None => Ok(None),
    }
}
