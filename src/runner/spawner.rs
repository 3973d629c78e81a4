//! The spawner: a small process of its own session that hands tries to supervisors it forks, and survives the scheduler.
//!
//! It is single-threaded, so forking without exec is safe, and it claims a try before it hands it on, so that after a
//! `Sync` every try that was ever handed to it is claimed.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::PathBuf,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FlockOperation, flock},
};

use super::{claim::TryFiles, link::take_lines, standby::Standby};
use crate::{
    error::{Error, Result, say},
    protocol::{Spawn, TrySpec, spawn::Refusal},
};

/// How long it waits for another scheduler before it ends, seconds.
const PATIENCE: i64 = 60;
/// After so many quiet seconds all supervisors on standby but one end.
const QUIET: i64 = 5;
/// Most supervisors on standby; a busy one that gets free beyond that ends.
const MOST_FREE: usize = 16;

/// Where a spawner lives.
#[derive(Debug, Clone)]
pub struct Places {
    /// Its socket.
    pub socket: PathBuf,
    /// Folder of claims and outcomes.
    pub tries: PathBuf,
    /// The scheduler's socket, for the supervisors.
    pub scheduler: PathBuf,
}

/// Runs until a scheduler says `Quit`, or none came for a while.
pub fn run(places: &Places) -> Result<()> {
    let lock_path = places.socket.with_extension("lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|e| Error::system(format!("cannot open {}", lock_path.display()), e))?;
    // A second one, started in a race, has nothing to do.
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(());
    }
    let _ = rustix::process::setsid();
    // Supervisors are reaped by the kernel: what they have to say is in their outcomes.
    // SAFETY: sets a disposition before any thread or child exists.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let _ = std::fs::remove_file(&places.socket);
    let listener = UnixListener::bind(&places.socket)
        .map_err(|e| Error::system(format!("cannot listen on {}", places.socket.display()), e))?;
    let spawner =
        Spawner { places, listener, lock, scheduler: None, input: Vec::new(), free: Vec::new(), busy: Vec::new() };
    spawner.serve()?;
    let _ = std::fs::remove_file(&places.socket);
    Ok(())
}

struct Spawner<'a> {
    places: &'a Places,
    listener: UnixListener,
    lock: File,
    /// The one that is served now; the next one waits until this one is gone and all its lines are handled.
    scheduler: Option<UnixStream>,
    input: Vec<u8>,
    free: Vec<Standby>,
    busy: Vec<Standby>,
}

impl Spawner<'_> {
    /// Until a scheduler says `Quit`, or none came for a while.
    fn serve(mut self) -> Result<()> {
        loop {
            // The next try shall not wait for a fork.
            if self.scheduler.is_some() && self.free.is_empty() {
                match self.fork(None) {
                    Ok(standby) => self.free.push(standby),
                    Err(e) => say(format_args!("spawner: cannot fork: {e}")),
                }
            }
            let Some((request, ended)) = self.wait()? else {
                if self.scheduler.is_none() {
                    return Ok(());
                }
                self.free.truncate(1);
                continue;
            };
            for at in ended.into_iter().rev() {
                let standby = self.busy.swap_remove(at);
                if standby.is_free() && self.free.len() < MOST_FREE {
                    self.free.push(standby);
                }
            }
            if request && self.hear()? {
                return Ok(());
            }
        }
    }

    /// Waits for a request (or a scheduler), and for busy supervisors: their places in `busy`. `None` if all was quiet.
    fn wait(&self) -> Result<Option<(bool, Vec<usize>)>> {
        let seconds = match (&self.scheduler, self.free.len()) {
            (None, _) => Some(PATIENCE),
            (Some(_), 0 | 1) => None,
            (Some(_), _) => Some(QUIET),
        };
        let mut fds = Vec::with_capacity(self.busy.len() + 1);
        fds.push(match &self.scheduler {
            Some(stream) => PollFd::new(stream, PollFlags::IN),
            None => PollFd::new(&self.listener, PollFlags::IN),
        });
        fds.extend(self.busy.iter().map(|s| PollFd::new(s.socket(), PollFlags::IN)));
        let timeout = seconds.map(|tv_sec| Timespec { tv_sec, tv_nsec: 0 });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(None),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(Error::system("the spawner cannot wait", e)),
        }
        let ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let ended = fds[1..].iter().enumerate().filter(|(_, fd)| ready(fd)).map(|(at, _)| at).collect();
        Ok(Some((ready(&fds[0]), ended)))
    }

    /// Takes in a scheduler, or what it wrote; true if the spawner shall end.
    fn hear(&mut self) -> Result<bool> {
        let Some(stream) = &mut self.scheduler else {
            if let Ok((stream, _)) = self.listener.accept() {
                self.scheduler = Some(stream);
            }
            return Ok(false);
        };
        let mut chunk = [0u8; 64 * 1024];
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => self.input.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            _ => {
                self.scheduler = None;
                // Half a line is a try that was never handed over.
                self.input.clear();
            }
        }
        for line in take_lines(&mut self.input) {
            match serde_json::from_slice::<Spawn>(&line) {
                Ok(Spawn::Start { spec, spent }) => self.start(&spec, spent.as_deref(), line),
                Ok(Spawn::Sync) => self.answer(b"ready\n"),
                Ok(Spawn::Quit) => return Ok(true),
                Err(e) => say(format_args!("spawner: not understood: {e}")),
            }
        }
        Ok(false)
    }

    fn start(&mut self, spec: &TrySpec, spent: Option<&str>, mut line: Vec<u8>) {
        let files = TryFiles::new(&self.places.tries, &spec.key, spec.epoch);
        let claim = match files.take(spent) {
            Ok(Some(claim)) => claim,
            Ok(None) => return,
            Err(e) => {
                self.refuse(spec, &format!("cannot write {}: {e}", files.claim().display()));
                return;
            }
        };
        line.push(b'\n');
        loop {
            // One on standby may have been killed; a new one may be, too.
            let standby = match self.free.pop().map_or_else(|| self.fork(Some(&claim)), Ok) {
                Ok(standby) => standby,
                Err(e) => {
                    drop(claim);
                    let _ = std::fs::remove_file(files.claim());
                    self.refuse(spec, &format!("cannot fork: {e}"));
                    return;
                }
            };
            if standby.give(&line, &claim).is_ok() {
                self.busy.push(standby);
                return;
            }
        }
    }

    /// `claim`: one that is open just now. Kept by the forked process, its lock would outlive the try.
    fn fork(&self, claim: Option<&File>) -> std::io::Result<Standby> {
        let mut open: Vec<RawFd> = vec![self.listener.as_raw_fd(), self.lock.as_raw_fd()];
        open.extend(claim.map(AsRawFd::as_raw_fd));
        open.extend(self.scheduler.iter().map(|s| s.as_raw_fd()));
        open.extend(self.free.iter().chain(&self.busy).map(|s| s.socket().as_raw_fd()));
        Standby::fork(self.places, &open)
    }

    fn answer(&mut self, line: &[u8]) {
        // One that went away meanwhile is noticed at the next read.
        if let Some(stream) = &mut self.scheduler {
            let _ = stream.write_all(line);
        }
    }

    /// Tells the scheduler that a try wasn't started.
    fn refuse(&mut self, spec: &TrySpec, why: &str) {
        say(format_args!("spawner: {why}"));
        let refusal = Refusal { key: spec.key.clone(), epoch: spec.epoch, why: why.to_string() };
        if let Ok(mut line) = serde_json::to_vec(&refusal) {
            line.push(b'\n');
            self.answer(&line);
        }
    }
}
