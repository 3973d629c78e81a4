//! The scheduler's side of the spawner: starts one where none lives, hands it tries.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use super::detach;
use crate::{
    config::Place,
    error::{Error, Result},
    protocol::{Spawn, TrySpec},
    runner::link::take_lines,
};

/// A connection to the home's spawner.
pub struct Spawner {
    stream: UnixStream,
    input: Vec<u8>,
}

impl Spawner {
    /// Connects to a living spawner or starts one; returns when every try that an earlier scheduler handed over is claimed.
    pub fn ensure(place: &Place) -> Result<Self> {
        let give_up = Instant::now() + Duration::from_secs(10);
        let mut launched: Option<Instant> = None;
        loop {
            if let Ok(stream) = UnixStream::connect(place.spawner_socket())
                && let Some(spawner) = Self::synced(stream)
            {
                return Ok(spawner);
            }
            // One that is just ending holds the lock, and a new one then gives way: so again after a while.
            if launched.is_none_or(|at| at.elapsed() > Duration::from_millis(300)) {
                launch(place)?;
                launched = Some(Instant::now());
            }
            if Instant::now() > give_up {
                return Err(Error::refused("the spawner of tries does not start")
                    .hint(format!("see {}", place.home.join("spawner.log").display())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn synced(stream: UnixStream) -> Option<Self> {
        let mut line = serde_json::to_vec(&Spawn::Sync).ok()?;
        line.push(b'\n');
        (&stream).write_all(&line).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).ok()?;
        stream.set_read_timeout(None).ok()?;
        stream.set_nonblocking(false).ok()?;
        (answer == "ready\n").then_some(Self { stream, input: Vec::new() })
    }

    /// Hands a try over, and a claim that is not needed any more; false if the spawner is gone.
    pub fn start(&mut self, spec: Box<TrySpec>, spent: Option<String>) -> bool {
        let Ok(mut line) = serde_json::to_vec(&Spawn::Start { spec, spent }) else { return false };
        line.push(b'\n');
        self.stream.write_all(&line).is_ok()
    }

    /// Tells it that nothing is left to do.
    pub fn quit(&mut self) {
        if let Ok(mut line) = serde_json::to_vec(&Spawn::Quit) {
            line.push(b'\n');
            let _ = self.stream.write_all(&line);
        }
    }

    /// To be polled: readable when it refused a try, or is gone.
    pub fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Lines about tries that it could not start, and whether it still lives. Call it when poll says so.
    pub fn receive(&mut self) -> (Vec<Vec<u8>>, bool) {
        let mut chunk = [0u8; 16 * 1024];
        let open = match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(n) => {
                self.input.extend_from_slice(&chunk[..n]);
                true
            }
            Err(e) => matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        (take_lines(&mut self.input), open)
    }
}

fn launch(place: &Place) -> Result<()> {
    let program = std::env::current_exe().map_err(|e| Error::system("cannot find this program's own file", e))?;
    let log = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(place.home.join("spawner.log"))
        .map_err(|e| Error::system("cannot write spawner.log", e))?;
    let errors = log.try_clone().map_err(|e| Error::system("cannot share spawner.log", e))?;
    let mut command = std::process::Command::new(program);
    command.args(["internal", "spawner"]).args([place.spawner_socket(), place.tries(), place.socket()]);
    command.stdin(std::process::Stdio::null()).stdout(log).stderr(errors);
    detach(&mut command);
    let mut child = command.spawn().map_err(|e| Error::system("cannot start the spawner of tries", e))?;
    // Reaped by a thread of its own, since it usually outlives this scheduler.
    std::thread::spawn(move || child.wait());
    Ok(())
}
