//! The thread that talks to the scheduler over its socket, and connects again when it is lost.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::{
        Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::protocol::{Envelope, Reply, Request, command::ReplyError};

use super::message::Event;

/// First and longest time between two tries to connect, in milliseconds.
const FASTEST: u64 = 100;
const SLOWEST: u64 = 16_000;

/// What the loop wants of the scheduler.
#[derive(Debug)]
pub enum Wanted {
    /// An answer: number, request, and the shell command that does the same.
    Answer(u64, Box<Request>, String),
    /// To tell it something that has no answer.
    Tell(Box<Request>),
    /// To connect now: a scheduler was just started.
    Connect,
}

/// Keeps a connection until the loop is gone.
pub fn scheduler(socket: &Path, wanted: &Receiver<Wanted>, events: &Sender<Event>) {
    let mut wait = FASTEST;
    loop {
        match connect(socket) {
            Ok(stream) => {
                wait = FASTEST;
                if events.send(Event::Connected).is_err() {
                    return;
                }
                let why = match talk(stream, wanted, events) {
                    Some(why) => why,
                    None => return,
                };
                if events.send(Event::Disconnected(why, wait)).is_err() {
                    return;
                }
            }
            Err(why) => {
                if events.send(Event::Disconnected(why, wait)).is_err() {
                    return;
                }
            }
        }
        // What is asked meanwhile is refused at once.
        let until = Instant::now() + Duration::from_millis(wait);
        wait = (wait * 2).min(SLOWEST);
        loop {
            match wanted.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Wanted::Connect) => {
                    wait = FASTEST;
                    break;
                }
                Ok(Wanted::Tell(_)) => {}
                Ok(Wanted::Answer(number, ..)) => {
                    let gone = error("no_scheduler", "no scheduler runs for this home");
                    if events.send(Event::Reply(number, Err(gone))).is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

fn error(kind: &str, message: impl Into<String>) -> ReplyError {
    ReplyError { kind: kind.into(), message: message.into(), cause: None, hint: None }
}

fn connect(socket: &Path) -> Result<UnixStream, String> {
    UnixStream::connect(socket).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "none runs for this home".into(),
        std::io::ErrorKind::ConnectionRefused => "it ended".into(),
        _ => format!("{}: {e}", socket.display()),
    })
}

/// Talks until the connection breaks (why) or the loop is gone (`None`).
fn talk(stream: UnixStream, wanted: &Receiver<Wanted>, events: &Sender<Event>) -> Option<String> {
    let mut out = match stream.try_clone() {
        Ok(out) => out,
        Err(e) => return Some(e.to_string()),
    };
    // A scheduler that doesn't read must not hold this thread for ever.
    let _ = out.set_write_timeout(Some(Duration::from_secs(5)));
    let subscribe = line(0, Request::Subscribe, String::new());
    if let Err(e) = out.write_all(&subscribe) {
        return Some(e.to_string());
    }
    let ended: Mutex<Option<String>> = Mutex::new(None);
    let mut gone = false;
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let why = listen(&stream, events);
            if let Ok(mut ended) = ended.lock() {
                *ended = Some(why);
            }
        });
        loop {
            match wanted.recv_timeout(Duration::from_millis(250)) {
                Ok(Wanted::Connect) => {}
                Ok(Wanted::Tell(request)) => {
                    if out.write_all(&line(0, *request, String::new())).is_err() {
                        break;
                    }
                }
                Ok(Wanted::Answer(number, request, command)) => {
                    if out.write_all(&line(number, *request, command)).is_err() {
                        let lost = error("no_scheduler", "the scheduler went away");
                        let _ = events.send(Event::Reply(number, Err(lost)));
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) if reader.is_finished() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    gone = true;
                    break;
                }
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    if gone { None } else { Some(ended.into_inner().ok().flatten().unwrap_or_else(|| "it went away".into())) }
}

fn line(id: u64, request: Request, command_line: String) -> Vec<u8> {
    let envelope = Envelope { id, via: "tui".into(), command_line, request };
    let mut text = serde_json::to_vec(&envelope).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Reads lines until there are no more; why they ended.
fn listen(stream: &UnixStream, events: &Sender<Event>) -> String {
    for text in BufReader::new(stream).lines() {
        let text = match text {
            Ok(text) => text,
            Err(e) => return e.to_string(),
        };
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let event = if value["notice"] == "presence" {
            let text = |v: &Value, name: &str| v[name].as_str().unwrap_or_default().to_owned();
            let all = value["consoles"].as_array().cloned().unwrap_or_default();
            Event::Present(all.iter().map(|c| (text(c, "who"), text(c, "at"))).collect())
        } else if value.get("notice").is_some() {
            Event::Changed
        } else {
            match serde_json::from_value::<Reply>(value) {
                // The answer to the subscription.
                Ok(reply) if reply.id == 0 => continue,
                Ok(reply) => Event::Reply(
                    reply.id,
                    match reply.error {
                        Some(e) => Err(e),
                        None => Ok(reply.ok.unwrap_or(Value::Null)),
                    },
                ),
                Err(_) => continue,
            }
        };
        if events.send(event).is_err() {
            break;
        }
    }
    "it ended".into()
}
