//! The spawner: a small process of its own session that forks a supervisor per try, and survives the scheduler.
//!
//! It is single-threaded, so forking without exec is safe, and it claims a try before it forks, so that after a `Sync`
//! every try that was ever handed to it is claimed.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FlockOperation, flock},
};

use super::{claim::TryFiles, supervise};
use crate::{
    error::{Error, Result, say},
    protocol::{Spawn, TrySpec, spawn::Refusal},
};

/// How long it waits for another scheduler before it ends, seconds.
const PATIENCE: i64 = 60;

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
    loop {
        let patience = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
        let mut fds = [PollFd::new(&listener, PollFlags::IN)];
        match poll(&mut fds, Some(&patience)) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(Error::system("the spawner cannot wait", e)),
        }
        let Ok((stream, _)) = listener.accept() else { continue };
        if serve(places, &listener, &stream, &lock) {
            break;
        }
    }
    let _ = std::fs::remove_file(&places.socket);
    Ok(())
}

/// Serves one scheduler until it goes away; true if the spawner shall end.
fn serve(places: &Places, listener: &UnixListener, stream: &UnixStream, lock: &File) -> bool {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(n) if n > 0 && line.ends_with('\n') => {}
            _ => return false,
        }
        match serde_json::from_str::<Spawn>(&line) {
            Ok(Spawn::Start { spec }) => start(places, &spec, listener, stream, lock),
            Ok(Spawn::Sync) => {
                let mut answer = stream;
                if answer.write_all(b"ready\n").is_err() {
                    return false;
                }
            }
            Ok(Spawn::Quit) => return true,
            Err(e) => say(format_args!("spawner: not understood: {e}")),
        }
    }
}

fn start(places: &Places, spec: &TrySpec, listener: &UnixListener, stream: &UnixStream, lock: &File) {
    let files = TryFiles::new(&places.tries, &spec.key, spec.epoch);
    let claim = match files.take() {
        Ok(Some(claim)) => claim,
        Ok(None) => return,
        Err(e) => {
            refuse(stream, spec, &format!("cannot write {}: {e}", files.claim().display()));
            return;
        }
    };
    // SAFETY: this process has one thread; the child leaves only through `_exit`.
    match unsafe { libc::fork() } {
        0 => {
            become_supervisor(listener, stream, lock);
            supervise_guarded(spec, &files, claim, &places.scheduler);
            // SAFETY: ends the forked child without running the parent's exit handlers.
            unsafe { libc::_exit(0) };
        }
        -1 => {
            let why = format!("cannot fork: {}", std::io::Error::last_os_error());
            drop(claim);
            let _ = std::fs::remove_file(files.claim());
            refuse(stream, spec, &why);
        }
        _ => drop(claim),
    }
}

/// Tells the scheduler that a try wasn't started.
fn refuse(mut stream: &UnixStream, spec: &TrySpec, why: &str) {
    say(format_args!("spawner: {why}"));
    if let Ok(mut line) =
        serde_json::to_vec(&Refusal { key: spec.key.clone(), epoch: spec.epoch, why: why.to_string() })
    {
        line.push(b'\n');
        let _ = stream.write_all(&line);
    }
}

/// A bug in the supervisor must not look like a living try: the claim's lock goes with the process either way.
fn supervise_guarded(spec: &TrySpec, files: &TryFiles, claim: File, scheduler: &Path) {
    let run = std::panic::AssertUnwindSafe(|| supervise::run(spec, files, claim, scheduler));
    if std::panic::catch_unwind(run).is_err() {
        say(format_args!("supervisor of {}: ended by a bug", files.name()));
    }
}

fn become_supervisor(listener: &UnixListener, stream: &UnixStream, lock: &File) {
    use std::os::fd::AsRawFd;
    let _ = rustix::process::setsid();
    // SAFETY: restores the default so that the child can be waited for; closes descriptors that this forked process
    // never uses again (it leaves through `_exit`, so their owners are not dropped).
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        for fd in [listener.as_raw_fd(), stream.as_raw_fd(), lock.as_raw_fd()] {
            libc::close(fd);
        }
    }
}
