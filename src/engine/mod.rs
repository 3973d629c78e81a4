//! The shell: one thread that joins store, scheduler, spawner and clients, driven by events (poll), never by polling the store.

mod adopt;
mod asks;
mod assets;
mod callbacks;
mod clients;
mod cluster_work;
mod commit;
mod conn;
mod core;
mod dags;
mod deadlines;
mod deferrals;
pub mod field_render;
mod files;
mod inline;
mod input;
mod intake;
mod looks;
mod outcomes;
mod parser_thread;
mod pod_adopt;
mod pod_asks;
mod pod_calls;
mod pod_draft;
mod pod_ends;
mod pod_manifest;
pub mod pod_render;
mod pods;
mod render;
mod settle;
mod signals;
mod spawner;
mod start;
mod startup;
mod status;
mod strays;
mod ticks;
pub mod trial;
mod tries;
mod trigger;
mod triggerer;
mod waits;
mod watch;
mod watchers;
mod worker_pods;
mod workers;
mod write;

use std::{
    io::Write,
    os::unix::net::UnixListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    command::{scheduler_request, take_lock, take_writer_lock},
    config::Place,
    error::{Error, Kind, Result},
    protocol::Request,
    runner::spawner::Places,
    store::Store,
    tasklog,
};

/// Runs the scheduler in the foreground until it is told to stop.
pub fn run(place: &Place) -> Result<()> {
    run_with(place, true)
}

/// Runs a scheduler that looks at no files: its store has all the DAGs it needs.
fn run_without_files(place: &Place) -> Result<()> {
    run_with(place, false)
}

fn run_with(place: &Place, look_for_files: bool) -> Result<()> {
    place.create()?;
    let Some(mut lock) = lock_of_the_only_one(place)? else {
        let pid = std::fs::read_to_string(place.scheduler_lock()).unwrap_or_default();
        return Err(Error::refused(format!(
            "a scheduler already runs for {} (pid {})",
            place.home.display(),
            pid.trim()
        ))
        .hint("there is one scheduler per home; `dagdeck scheduler status` shows it"));
    };
    let written = lock.set_len(0).and_then(|()| lock.write_all(std::process::id().to_string().as_bytes()));
    written.map_err(|e| Error::system("cannot write the scheduler's lock file", e))?;
    // A command that writes right now finishes first.
    let writer = loop {
        match take_writer_lock(place)? {
            Some(writer) => break writer,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let store = Store::of(place)?;
    // One heap for all threads: what the parser's threads free can be used by the loop.
    // SAFETY: mallopt has no preconditions; called before other threads start.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
    let signals = signals::Signals::catch()?;
    let _ = std::fs::remove_file(place.socket());
    let listener = UnixListener::bind(place.socket())
        .map_err(|e| Error::system(format!("cannot listen on {}", place.socket().display()), e))?;
    let mut engine = core::Engine::new(place.clone(), store, listener, signals, look_for_files)?;
    engine.begin()?;
    let ended = engine.serve();
    let _ = std::fs::remove_file(place.socket());
    drop(engine);
    drop((writer, lock));
    ended
}

/// The lock of a home's scheduler; `None` if there is another one. One that was just killed, or has said that it ends, holds
/// its lock a moment longer than it answers: that moment is waited for.
fn lock_of_the_only_one(place: &Place) -> Result<Option<std::fs::File>> {
    let give_up = Instant::now() + Duration::from_secs(2);
    loop {
        if let Some(lock) = take_lock(&place.scheduler_lock())? {
            return Ok(Some(lock));
        }
        if matches!(scheduler_request(place, Request::Status), Ok(Some(_))) || Instant::now() > give_up {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a scheduler as a process of its own (own session, log file in the home) unless one answers, and returns at once
/// with the process; `None` if one ran already.
pub fn launch(place: &Place) -> Result<Option<Child>> {
    match scheduler_request(place, Request::Status) {
        Ok(Some(_)) => return Ok(None),
        Ok(None) => {}
        // One that is just going away.
        Err(e) if e.kind == Kind::System => {}
        Err(e) => return Err(e),
    }
    place.create()?;
    let log_path = log_path(place);
    let log = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&log_path)
        .map_err(|e| Error::system(format!("cannot write {}", log_path.display()), e))?;
    let errors = log.try_clone().map_err(|e| Error::system("cannot share the log file", e))?;
    let program = std::env::current_exe().map_err(|e| Error::system("cannot find this program's own file", e))?;
    let mut command = Command::new(program);
    command.arg("--home").arg(&place.home).arg("--dags-folder").arg(&place.dags_folder).args(["scheduler", "run"]);
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    detach(&mut command);
    command.spawn().map(Some).map_err(|e| Error::system("cannot start the scheduler", e))
}

/// Starts a scheduler like [`launch`] and waits until it answers. False if one ran already.
pub fn start_detached(place: &Place) -> Result<bool> {
    let before = std::fs::metadata(log_path(place)).map_or(0, |log| log.len());
    let Some(mut child) = launch(place)? else { return Ok(false) };
    let give_up = Instant::now() + Duration::from_secs(15);
    loop {
        match scheduler_request(place, Request::Status) {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => {}
            Err(e) if e.kind == Kind::System => {}
            Err(e) => return Err(e),
        }
        if let Ok(Some(status)) = child.try_wait() {
            let said = tasklog::read_from(&log_path(place), before).map(|(text, _)| text).unwrap_or_default();
            let error = Error::refused(format!("the scheduler ended at once ({status})"));
            let begins = if said.starts_with("error: ") { Some(0) } else { said.rfind("\nerror: ").map(|at| at + 1) };
            let last = said.get(begins.unwrap_or(0)..).unwrap_or_default();
            return Err(match last.trim_start_matches("error: ").trim_end() {
                last if !last.is_empty() => error.because(last),
                _ => error.because(format!("it said nothing in {}", log_path(place).display())),
            });
        }
        if Instant::now() > give_up {
            let hint = format!("see {}", log_path(place).display());
            return Err(Error::refused("the scheduler does not answer after 15 s").hint(hint));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn log_path(place: &Place) -> PathBuf {
    place.home.join("scheduler.log")
}

/// Makes a command start in a session of its own, so that it survives the terminal.
pub(crate) fn detach(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: only async-signal-safe calls, on a set that is initialised first.
    unsafe {
        command.pre_exec(|| {
            // The console, which blocks its signals, may be the one that starts it.
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::pthread_sigmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
            if libc::setsid() < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
        });
    }
}

/// The places that a spawner of this home uses.
pub fn spawner_places(place: &Place) -> Places {
    Places { socket: place.spawner_socket(), tries: place.tries(), scheduler: place.socket() }
}
