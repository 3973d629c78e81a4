//! `scheduler`: its state, its end, its log; and waiting for its notices.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use clap::Subcommand;
use serde_json::Value;

use super::shell::{Shell, no_scheduler};
use crate::{
    config::Place,
    error::{Error, Result},
    protocol::{Envelope, Request},
};

/// Verbs of `scheduler`.
#[derive(Debug, Subcommand)]
pub enum SchedulerVerb {
    /// Run in the foreground (the default)
    #[command(after_help = "Example:\n  dagdeck scheduler run")]
    Run,
    /// Start as a process of its own
    #[command(after_help = "Example:\n  dagdeck scheduler start")]
    Start,
    /// End it; running tries go on and are found again
    #[command(after_help = "Example:\n  dagdeck scheduler stop --drain")]
    Stop {
        /// Start nothing more, and end when nothing runs
        #[arg(long)]
        drain: bool,
    },
    /// Is one running, since when, and how busy; exit code 3 if there is none
    #[command(after_help = "Example:\n  dagdeck scheduler status -o json")]
    Status,
    /// Its own log
    #[command(after_help = "Example:\n  dagdeck scheduler logs -f")]
    Logs {
        /// Go on as it grows
        #[arg(short, long)]
        follow: bool,
        /// The last N lines
        #[arg(short = 'n', long, value_name = "N", default_value_t = 200)]
        lines: usize,
    },
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: SchedulerVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        SchedulerVerb::Status => {
            let status = shell.ask_scheduler(Request::Status)?;
            shell.show_flat(status)?;
            Ok(0)
        }
        SchedulerVerb::Stop { drain } => stop(drain, shell),
        SchedulerVerb::Logs { follow, lines } => logs(follow, lines, shell),
        SchedulerVerb::Run | SchedulerVerb::Start => {
            Err(Error::usage("the scheduler is started by the program itself"))
        }
    }
}

fn stop(drain: bool, shell: &mut Shell) -> Result<i32> {
    let status = shell.ask_scheduler(Request::Status)?;
    // Opened before it is asked to end: a process id may be used again.
    let pid = status["pid"].as_i64().and_then(|p| rustix::process::Pid::from_raw(i32::try_from(p).ok()?));
    let process = pid.and_then(|p| rustix::process::pidfd_open(p, rustix::process::PidfdFlags::empty()).ok());
    shell.ask_scheduler(Request::Stop { drain })?;
    if drain {
        shell.say("waiting for running tries; the scheduler starts nothing more")?;
    }
    let limit = if drain { None } else { Some(Duration::from_secs(15)) };
    let began = Instant::now();
    if let Some(process) = process {
        loop {
            let left = limit.map(|l| l.saturating_sub(began.elapsed()));
            if left.is_some_and(|l| l.is_zero()) {
                return Err(Error::refused("the scheduler was asked to end and still runs")
                    .hint("`dagdeck scheduler logs` shows what it does"));
            }
            let mut ends = [rustix::event::PollFd::new(&process, rustix::event::PollFlags::IN)];
            let timeout = left.and_then(|l| rustix::event::Timespec::try_from(l).ok());
            match rustix::event::poll(&mut ends, timeout.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => break,
                Err(e) => return Err(Error::system("can't wait for the scheduler's end", e)),
            }
        }
    }
    shell.say("the scheduler has ended")?;
    Ok(0)
}

fn logs(follow: bool, lines: usize, shell: &mut Shell) -> Result<i32> {
    let file = shell.place()?.home.join("scheduler.log");
    if !file.exists() {
        return Err(Error::not_found(format!("there is no scheduler log at {}", file.display()))
            .hint("a scheduler in the foreground logs to its own stderr; `dagdeck scheduler start` writes this file"));
    }
    let failed = |e| Error::system(format!("can't read {}", file.display()), e);
    let (text, mut end) = crate::tasklog::tail(&file, lines).map_err(failed)?;
    shell.text(&text)?;
    if !follow {
        return Ok(0);
    }
    loop {
        shell.flush()?;
        let (more, now) = crate::tasklog::read_from(&file, end).map_err(failed)?;
        shell.text(&more)?;
        end = now;
        if more.is_empty() {
            crate::tasklog::wait_for_change(&file, Duration::from_secs(1)).map_err(failed)?;
        }
    }
}

/// Notices of the running scheduler: something changed.
pub struct Notices {
    stream: BufReader<UnixStream>,
    line: Vec<u8>,
}

impl Notices {
    /// Subscribes.
    ///
    /// # Errors
    /// `NoScheduler` if none runs.
    pub fn subscribe(place: &Place) -> Result<Self> {
        let mut stream = UnixStream::connect(place.socket()).map_err(|_| no_scheduler(place))?;
        let envelope = Envelope { id: 1, via: "cli".into(), command_line: String::new(), request: Request::Subscribe };
        let line = serde_json::to_string(&envelope).map_err(|e| Error::system("can't write JSON", e))?;
        writeln!(stream, "{line}").map_err(|e| no_scheduler(place).because(e))?;
        let mut notices = Self { stream: BufReader::new(stream), line: Vec::new() };
        // What happens after the answer is told; what was before, the caller reads.
        while notices.message(None)?.is_none_or(|m| m.get("id").is_none()) {}
        Ok(notices)
    }

    /// Waits for the next notice, at most so long.
    ///
    /// # Errors
    /// `NoScheduler` once the scheduler has gone.
    pub fn next(&mut self, limit: Option<Duration>) -> Result<()> {
        while self.message(limit)?.is_some_and(|m| m.get("notice").is_none()) {}
        Ok(())
    }

    /// The next message; `None` when `limit` passes.
    fn message(&mut self, limit: Option<Duration>) -> Result<Option<Value>> {
        let gone = || {
            Error::new(crate::error::Kind::NoScheduler, "the scheduler has ended while the run was waited for")
                .hint("the run goes on when a scheduler is started again")
        };
        let limit = limit.map(|l| l.max(Duration::from_millis(1)));
        self.stream.get_ref().set_read_timeout(limit).map_err(|e| Error::system("can't wait for notices", e))?;
        loop {
            // Bytes of a line that was cut by the timeout stay in `line`.
            match self.stream.read_until(b'\n', &mut self.line) {
                Ok(0) => return Err(gone()),
                Ok(_) => {
                    let message = serde_json::from_slice(&self.line).unwrap_or(Value::Null);
                    self.line.clear();
                    return Ok(Some(message));
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(None),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(gone()),
            }
        }
    }
}
