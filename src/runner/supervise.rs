//! The supervisor of one try: a small loop over the child's output, its socket, the scheduler and the clock.

use std::{
    fs::File,
    io::Read,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{PidfdFlags, Signal, pidfd_open},
};
use serde_json::Value;

use super::{
    child::{self, Started},
    claim::{self, TryFiles},
    folder::Folder,
    launch::Process,
    link::Link,
    talk::Talk,
    verdict,
};
use crate::{
    clock,
    model::{Cause, CauseKind},
    protocol::{FromSupervisor, Outcome, OutcomeKind, Say, ToSupervisor, TrySpec, task},
    tasklog::Log,
};

/// Runs one try to its end and leaves its outcome on disk. `claim` is the locked claim file; it stays open (and so
/// locked) until the outcome is written. `folder` is an untouched working folder that the last try left.
pub fn run(spec: &TrySpec, files: &TryFiles, claim: File, scheduler: &Path, folder: &mut Option<Folder>) {
    let ended = match Log::open(Path::new(&spec.log)) {
        Ok(mut log) => {
            let ended = attempt(spec, files, &mut log, scheduler, folder);
            log.flush();
            ended
        }
        Err(e) => {
            let why = format!("cannot write the log {}: {e}", spec.log);
            Ended::at_once(spec, scheduler, Cause::new(CauseKind::Start, why).exception("OSError"))
        }
    };
    finish(spec, files, &claim, ended);
    drop(claim);
    // Now, since nobody waits any more.
    if let Some(touched) = folder.take_if(|f| !f.untouched()) {
        touched.remove();
    }
}

fn hello(spec: &TrySpec, pid: u32, start_date: jiff::Timestamp) -> FromSupervisor {
    FromSupervisor::Hello { key: spec.key.clone(), epoch: spec.epoch, pid, supervisor: std::process::id(), start_date }
}

/// What came of the attempt, with the link to tell it on.
struct Ended {
    start: jiff::Timestamp,
    pid: u32,
    says: Vec<Say>,
    kind: OutcomeKind,
    link: Option<Link>,
}

impl Ended {
    /// Nothing was started.
    fn at_once(spec: &TrySpec, scheduler: &Path, cause: Cause) -> Self {
        let kind = OutcomeKind::Failed { cause, retryable: true, retry_delay: None };
        let start = clock::now();
        let link = Link::new(scheduler.to_path_buf(), &hello(spec, 0, start));
        Self { start, pid: 0, says: Vec::new(), kind, link: Some(link) }
    }
}

/// A try that took this long has its outcome on the disk before anybody is told; the result of a shorter one can be had
/// again, and the scheduler syncs what it commits within a second.
const SYNCED_FROM: Duration = Duration::from_secs(1);

fn finish(spec: &TrySpec, files: &TryFiles, claim: &File, ended: Ended) {
    let outcome = Outcome {
        key: spec.key.clone(),
        try_number: spec.try_number,
        epoch: spec.epoch,
        start_date: ended.start,
        end_date: clock::now(),
        pid: ended.pid,
        says: ended.says,
        kind: ended.kind,
    };
    let long = outcome.end_date.duration_since(outcome.start_date).unsigned_abs() >= SYNCED_FROM;
    // Without room on the disk nothing can be promised to a scheduler that is away; wait for room, since the result of
    // hours of work is at stake, and tell a scheduler that is there meanwhile.
    let mut link = ended.link;
    let mut told = false;
    loop {
        let mut written = claim::write_outcome(claim, &outcome).is_ok();
        if written && long {
            written = files.sync(claim).is_ok();
        }
        if !told && let Some(link) = &mut link {
            link.connect();
            told = link.send(&FromSupervisor::Outcome { outcome: Box::new(outcome.clone()) });
        }
        if written && !told && !long {
            written = files.sync(claim).is_ok();
        }
        // Told is not enough: a scheduler that holds it only in memory may be killed. It removes the claim when it has committed.
        if written || !files.claim().exists() {
            return;
        }
        std::thread::sleep(Duration::from_secs(2));
    }
}

fn attempt(spec: &TrySpec, files: &TryFiles, log: &mut Log, scheduler: &Path, folder: &mut Option<Folder>) -> Ended {
    let started = match start(spec, files, folder) {
        Ok(started) => started,
        Err(e) => {
            let program = spec.argv.first().map_or("", String::as_str);
            let place = spec.cwd.as_deref().map(|c| format!(" in {c}")).unwrap_or_default();
            // What Airflow's own operator raises for a working folder that isn't there.
            let class = if spec.shell.is_some() && spec.cwd.is_some() { "AirflowException" } else { "OSError" };
            let cause = Cause::new(CauseKind::Start, format!("cannot start {program}{place}: {e}")).exception(class);
            log.say("error", &cause.summary);
            return Ended::at_once(spec, scheduler, cause);
        }
    };
    let start = clock::now();
    let pid = started.child.pid().as_raw_pid() as u32;
    let mut link = Link::new(scheduler.to_path_buf(), &hello(spec, pid, start));
    link.connect();
    let (kind, says) = Watch::new(spec, started).until_end(log, &mut link);
    Ended { start, pid, says, kind, link: Some(link) }
}

fn start(spec: &TrySpec, files: &TryFiles, folder: &mut Option<Folder>) -> std::io::Result<Started> {
    let mark = files.mark();
    if spec.cwd.is_none() && folder.as_ref().is_none_or(|f| !f.untouched()) {
        *folder = Some(Folder::make(&mark)?);
    }
    child::start(spec, &mark, folder.as_ref().map(Folder::path))
}

/// The running process and what is decided about it.
struct Watch<'a> {
    spec: &'a TrySpec,
    child: Process,
    output: File,
    output_open: bool,
    talk: Option<Talk>,
    deadline: Option<Instant>,
    /// Why it is being ended, and when KILL follows TERM.
    ending: Option<(Cause, Instant)>,
    /// Number of the connection to the scheduler on which questions were sent.
    connection: u32,
}

impl<'a> Watch<'a> {
    fn new(spec: &'a TrySpec, started: Started) -> Self {
        let talk = match (started.socket, &spec.startup) {
            (Some(socket), Some(startup)) => Some(Talk::begin(socket, startup)),
            _ => None,
        };
        Self {
            spec,
            child: started.child,
            output: File::from(started.output),
            output_open: true,
            talk,
            // A Python task raises its own timeout first, so that on_kill and callbacks run.
            deadline: spec
                .timeout
                .map(|t| t + if spec.startup.is_some() { 5.0 } else { 0.0 })
                .map(|t| Instant::now() + Duration::from_secs_f64(t.clamp(0.0, 1e9))),
            ending: None,
            connection: 0,
        }
    }

    fn until_end(mut self, log: &mut Log, link: &mut Link) -> (OutcomeKind, Vec<Say>) {
        let exit: Option<OwnedFd> = pidfd_open(self.child.pid(), PidfdFlags::empty()).ok();
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Ok(status),
                Ok(None) => {}
                Err(e) => break Err(e),
            }
            self.wait(exit.as_ref(), log, link);
            self.clock(log);
            self.pass_on(link);
            log.flush();
        };
        // Whatever it left behind in its group ends with it; before the pipe is emptied, which such a process could fill for ever.
        child::signal_group(&self.child, Signal::KILL);
        self.drain(log);
        log.end_output();
        let (mut says, end) = match self.talk.take() {
            Some(mut talk) => {
                talk.drain(log);
                (talk.says, talk.end)
            }
            None => (Vec::new(), None),
        };
        let kind = match (status, self.ending) {
            (_, Some((cause, _))) if end.is_none() => OutcomeKind::Failed { cause, retryable: true, retry_delay: None },
            (Err(e), _) => OutcomeKind::Failed {
                cause: Cause::new(CauseKind::Start, format!("the process was lost: {e}")),
                retryable: true,
                retry_delay: None,
            },
            (Ok(status), _) => verdict_of(self.spec, status, end.as_ref(), log, &mut says),
        };
        if let OutcomeKind::Failed { cause, .. } = &kind {
            log.say("error", &cause.summary);
        }
        (kind, says)
    }

    /// Waits for the next thing to happen, and takes it in.
    fn wait(&mut self, exit: Option<&OwnedFd>, log: &mut Log, link: &mut Link) {
        let (mut output, mut socket, mut scheduler) = (false, false, false);
        {
            let mut fds = Vec::with_capacity(4);
            let mut what = Vec::with_capacity(4);
            if let Some(exit) = exit {
                fds.push(PollFd::new(exit, PollFlags::IN));
                what.push(0);
            }
            if self.output_open {
                fds.push(PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN));
                what.push(1);
            }
            if let Some(stream) = self.talk.as_ref().and_then(Talk::socket) {
                fds.push(PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN));
                what.push(2);
            }
            if let Some(stream) = link.stream() {
                fds.push(PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN));
                what.push(3);
            }
            let timeout = self
                .timeout(link)
                .map(|t| Timespec { tv_sec: t.as_secs() as i64, tv_nsec: i64::from(t.subsec_nanos()) });
            if poll(&mut fds, timeout.as_ref()).is_err() {
                return;
            }
            for (fd, what) in fds.iter().zip(what) {
                let ready = !fd.revents().is_empty();
                match what {
                    1 => output = ready,
                    2 => socket = ready,
                    3 => scheduler = ready,
                    _ => {}
                }
            }
        }
        if output {
            self.read_output(log);
        }
        if socket && let Some(talk) = &mut self.talk {
            talk.receive(log);
        }
        if scheduler {
            for message in link.receive() {
                self.obey(message, log);
            }
        }
    }

    fn timeout(&self, link: &Link) -> Option<Duration> {
        let now = Instant::now();
        let mut times = Vec::new();
        match &self.ending {
            Some((_, kill)) => times.push(kill.saturating_duration_since(now)),
            None => times.extend(self.deadline.map(|d| d.saturating_duration_since(now))),
        }
        times.extend(link.retry_in());
        if link.stream().is_some() {
            times.extend(self.talk.as_ref().and_then(Talk::tell_in));
        }
        times.into_iter().min()
    }

    fn read_output(&mut self, log: &mut Log) -> usize {
        let mut chunk = [0u8; 64 * 1024];
        match self.output.read(&mut chunk) {
            Ok(0) => {
                self.output_open = false;
                0
            }
            Ok(n) => {
                log.output(&chunk[..n]);
                n
            }
            Err(_) => 0,
        }
    }

    /// Takes what the ended process left in the pipe, without waiting for others that hold it.
    fn drain(&mut self, log: &mut Log) {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A process that left the group may go on writing: what fits the pipe is taken, not more.
        for _ in 0..64 {
            if !self.output_open {
                break;
            }
            let ready = {
                let mut fds = [PollFd::new(&self.output, PollFlags::IN)];
                matches!(poll(&mut fds, Some(&now)), Ok(n) if n > 0)
            };
            if !ready || self.read_output(log) == 0 {
                break;
            }
        }
    }

    fn obey(&mut self, message: ToSupervisor, log: &mut Log) {
        match message {
            ToSupervisor::Answer { id, body } => {
                if let Some(talk) = &mut self.talk {
                    talk.waiting.retain(|ask| ask.get("id").and_then(Value::as_u64) != Some(id));
                }
                if task::kind(&body) == "ConnectionResult"
                    && let Some(password) = body.get("password").and_then(Value::as_str)
                {
                    log.mask(password);
                }
                if let Some(talk) = &mut self.talk {
                    talk.write(&body);
                }
            }
            ToSupervisor::Kill { cause } => self.end(cause, log),
        }
    }

    fn end(&mut self, cause: Cause, log: &mut Log) {
        if self.ending.is_none() {
            log.say("warning", &format!("ending the task: {}", cause.summary));
            child::signal_group(&self.child, Signal::TERM);
            self.ending = Some((cause, Instant::now() + Duration::from_secs_f64(self.spec.grace.clamp(0.0, 1e6))));
        }
    }

    fn clock(&mut self, log: &mut Log) {
        let now = Instant::now();
        match &mut self.ending {
            Some((_, kill)) if now >= *kill => {
                child::signal_group(&self.child, Signal::KILL);
                // One that hangs in the kernel can't end now: not asked again and again without a pause.
                *kill = now + Duration::from_secs(1);
            }
            None if self.deadline.is_some_and(|d| now >= d) => {
                let seconds = self.spec.timeout.unwrap_or_default();
                let cause = Cause::new(CauseKind::Timeout, format!("execution_timeout of {seconds} s was reached"))
                    .exception("AirflowTaskTimeout");
                self.end(cause, log);
            }
            _ => {}
        }
    }

    /// Sends what the task said and asked. Says go first, so that an ask sees what was said before it.
    fn pass_on(&mut self, link: &mut Link) {
        let Some(talk) = &mut self.talk else {
            link.connect();
            return;
        };
        if !link.connect() {
            return;
        }
        // A scheduler that was killed took its unanswered questions with it.
        if std::mem::replace(&mut self.connection, link.connection()) != link.connection() {
            talk.begin_again();
        }
        // A short task's says go with its outcome, which saves a message.
        if talk.asks.is_empty() && talk.tell_in().is_none_or(|left| !left.is_zero()) {
            return;
        }
        if !talk.untold().is_empty() && !link.send(&FromSupervisor::Says { says: talk.untold().to_vec() }) {
            return;
        }
        talk.all_told();
        while let Some(body) = talk.asks.first().cloned() {
            let id = body.get("id").and_then(Value::as_u64).unwrap_or(0);
            if !link.send(&FromSupervisor::Ask { id, body }) {
                return;
            }
            let asked = talk.asks.remove(0);
            talk.waiting.push(asked);
        }
    }
}

fn verdict_of(spec: &TrySpec, status: ExitStatus, end: Option<&Value>, log: &Log, says: &mut Vec<Say>) -> OutcomeKind {
    match &spec.shell {
        Some(shell) => verdict::of_shell(shell, status, log.last_line(), says),
        None => verdict::of_python(end, status, log.last_line()),
    }
}
