//! The loop: waits for events, takes them in, decides, commits, starts what was decided.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    os::{fd::AsFd, unix::net::UnixListener},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Connection;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use super::write::Write;
use super::{
    conn::{Conn, Peer},
    deadlines::Deadlines,
    deferrals::Deferrals,
    parser_thread::{Parsed, ParserThread},
    pods::Pods,
    settle::Settler,
    signals::Signals,
    spawner::Spawner,
    tries::Tries,
    triggerer::Triggerers,
    waits::Waits,
    watch::Watch,
    workers::Workers,
};
use crate::{
    clock,
    command::Touched,
    config::Place,
    error::{Error, Result, say},
    model::{AssetCondition, Cause, Change, TiKey},
    processor::Parser,
    runner::claim::TryFiles,
    scheduler::{Limits, World},
    store::Store,
};

/// The scheduler's process.
pub struct Engine {
    pub(super) place: Place,
    pub(super) store: Store,
    /// For lookups while something is rendered; sees what is committed.
    pub(super) reader: Arc<Mutex<Connection>>,
    pub(super) world: World,
    pub(super) parser: Parser,
    pub(super) parsing: ParserThread,
    pub(super) listener: UnixListener,
    pub(super) conns: HashMap<u64, Conn>,
    next_conn: u64,
    signals: Signals,
    pub(super) spawner: Spawner,
    /// Decided and not committed yet, in order.
    pub(super) changes: Vec<Change>,
    pub(super) writes: Vec<Write>,
    /// Commit at the latest then, even if nothing urgent happens.
    pub(super) commit_by: Option<Instant>,
    /// Why the last commit failed; nothing starts until one succeeds.
    pub(super) stuck: Option<String>,
    /// That it is stuck was said.
    pub(super) is_stuck_told: bool,
    pub(super) settler: Settler,
    /// Files of tries whose outcome is in `changes`.
    pub(super) settled: Vec<TryFiles>,
    /// What tries that still run said about their outlets: these, if it named them, and their events.
    pub(super) outlet_events: HashMap<TiKey, (Option<Vec<AssetCondition>>, Vec<serde_json::Value>)>,
    /// Numbers of says that were taken in, of tries that are still running.
    pub(super) says_taken: HashMap<TiKey, (u32, u32)>,
    /// Supervisors by instance and epoch: connection.
    pub(super) supervisors: HashMap<(TiKey, u32), u64>,
    /// Tries known to live without a connection: looked at once a second.
    pub(super) adopted: HashSet<(TiKey, u32)>,
    pub(super) tries: Tries,
    /// Tries to be ended: when their supervisor says hello, at the latest.
    pub(super) to_kill: HashMap<(TiKey, u32), Cause>,
    pub(super) waits: Waits,
    pub(super) deferrals: Deferrals,
    pub(super) triggerers: Triggerers,
    pub(super) pods: Pods,
    /// Questions of tasks that wait until the store can be written: connection, id, body.
    pub(super) unanswered: Vec<(u64, u64, serde_json::Value)>,
    /// Tries to be started as soon as nothing uncommitted is left.
    pub(super) to_start: Vec<(TiKey, u32)>,
    /// Parsed and not stored yet.
    pub(super) parsed: VecDeque<Parsed>,
    pub(super) waiting_for_parse: Vec<super::clients::WaitsForParse>,
    pub(super) pool_names: Vec<String>,
    /// Callbacks to run after the commit: name, epoch, what.
    pub(super) callbacks: Vec<(TiKey, u32, serde_json::Value)>,
    pub(super) deadlines: Deadlines,
    /// XComs of the tries before, where a backend of the user's own must be told.
    pub(super) old_xcoms: HashMap<TiKey, Vec<(String, serde_json::Value)>>,
    /// DAGs whose timetable class is their author's own, and what it was asked for last: when, and after which run.
    pub(super) own_timetables: HashMap<Arc<str>, Option<super::dags::Asked>>,
    pub(super) changed: bool,
    pub(super) urgent_notice: bool,
    /// A run has ended: sensors that wait for one are looked at.
    pub(super) run_ended: bool,
    pub(super) last_notice: Instant,
    pub(super) stopping: bool,
    pub(super) draining: bool,
    pub(super) since: Timestamp,
    pub(super) watch: Watch,
    /// When to look for changed files; never if `None`.
    next_scan: Option<Instant>,
    next_look: Instant,
    /// When the next held plan is due.
    pub(super) next_held: Option<Timestamp>,
    pub(super) hostname: String,
    /// Interpreters as named, and the programs that they really are.
    pub(super) interpreters: HashMap<String, String>,
    pub(super) bash: String,
    pub(super) workers: Workers,
}

/// How long a state that nobody waits for may stay uncommitted.
pub(super) const LAZY: Duration = Duration::from_millis(15);
/// Between a saved file and the look at all of them: who saves many saves them together.
const SAVED: Duration = Duration::from_millis(100);
/// Notices come at most this often, unless a run ended.
const NOTICE_EVERY: Duration = Duration::from_millis(100);

impl Engine {
    /// Sets everything up; nothing is decided yet.
    pub fn new(
        place: Place,
        store: Store,
        listener: UnixListener,
        signals: Signals,
        look_for_files: bool,
    ) -> Result<Self> {
        listener.set_nonblocking(true).map_err(|e| Error::system("cannot use the socket", e))?;
        let parser = Parser::new(&place)?;
        let reader =
            Store::open_reader(&place.db())?.ok_or_else(|| Error::system("the store is gone", place.db().display()))?;
        let spawner = Spawner::ensure(&place)?;
        let world = World::new(limits(&place)?);
        let parsing =
            ParserThread::start(parser.clone(), place.settings.number("dag_processor", "parsing_processes")? as usize)?;
        let settler = Settler::start(&place.db())?;
        let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Ok(Self {
            parser,
            parsing,
            reader: Arc::new(Mutex::new(reader)),
            spawner,
            world,
            place,
            store,
            listener,
            conns: HashMap::new(),
            next_conn: 1,
            signals,
            changes: Vec::new(),
            writes: Vec::new(),
            commit_by: None,
            stuck: None,
            is_stuck_told: false,
            settler,
            settled: Vec::new(),
            outlet_events: HashMap::new(),
            says_taken: HashMap::new(),
            supervisors: HashMap::new(),
            adopted: HashSet::new(),
            tries: Tries::default(),
            to_kill: HashMap::new(),
            waits: Waits::default(),
            deferrals: Deferrals::default(),
            triggerers: Triggerers::default(),
            pods: Pods::default(),
            unanswered: Vec::new(),
            to_start: Vec::new(),
            parsed: VecDeque::new(),
            waiting_for_parse: Vec::new(),
            own_timetables: HashMap::new(),
            old_xcoms: HashMap::new(),
            pool_names: Vec::new(),
            callbacks: Vec::new(),
            deadlines: Deadlines::default(),
            changed: false,
            urgent_notice: false,
            run_ended: false,
            last_notice: Instant::now(),
            stopping: false,
            draining: false,
            since: clock::now(),
            watch: Watch::new(),
            next_scan: look_for_files.then(Instant::now),
            next_look: Instant::now(),
            next_held: None,
            hostname,
            interpreters: HashMap::new(),
            bash: super::start::find_bash(),
            workers: Workers::default(),
        })
    }

    /// Loads what the store knows, adopts living tries and collects outcomes that were left behind.
    pub fn begin(&mut self) -> Result<()> {
        self.take_touched(Touched { pools: true, plans: true, backfills: true, ..Touched::default() })?;
        self.load_dags(None)?;
        self.adopt_runs()?;
        self.adopt_pods()?;
        self.adopt_deferrals()?;
        self.load_deadlines()?;
        if self.next_scan.is_some() {
            self.scan_files()?;
        }
        say(format_args!("scheduler: pid {} for {}", std::process::id(), self.place.home.display()));
        Ok(())
    }

    /// Serves until it is told to stop.
    pub fn serve(&mut self) -> Result<()> {
        loop {
            self.decide()?;
            if self.stopping && !(self.draining && self.busy()) {
                self.commit();
                if !self.busy() {
                    self.spawner.quit();
                }
                return Ok(());
            }
            self.wait_and_take_in()?;
        }
    }

    fn busy(&self) -> bool {
        !self.supervisors.is_empty() || !self.adopted.is_empty() || !self.tries.handed.is_empty()
    }

    /// Decides until nothing follows any more; commits; starts.
    fn decide(&mut self) -> Result<()> {
        self.attempt();
        self.store_parsed()?;
        self.answer_late();
        self.answer_agents_late();
        for _ in 0..100 {
            let now = clock::now();
            if !self.stopping {
                self.create_due_runs(now)?;
                self.ask_timetables(now);
                let more = self.world.advance(now);
                self.note_changes(&more);
                self.changes.extend(more);
            }
            let urgent = self.changes.iter().any(|c| !is_lazy(c)) || !self.settled.is_empty();
            let due = self.commit_by.is_some_and(|at| Instant::now() >= at);
            if (urgent || due) && !self.commit() {
                break;
            }
            if !self.start_committed() {
                break;
            }
        }
        if self.changes.is_empty() && self.writes.is_empty() {
            self.send_to_pods();
        } else if self.commit_by.is_none() {
            self.commit_by = Some(Instant::now() + LAZY);
        }
        if std::mem::take(&mut self.run_ended) {
            self.waits.a_run_ended(clock::now());
        }
        self.attempted();
        self.notify();
        Ok(())
    }

    /// Files are looked for again in a moment.
    pub(super) fn scan_soon(&mut self) {
        let soon = Instant::now() + SAVED;
        self.next_scan = self.next_scan.map(|at| at.min(soon));
    }

    /// Tells consoles that something changed, not too often.
    fn notify(&mut self) {
        if !self.changed || (!self.urgent_notice && self.last_notice.elapsed() < NOTICE_EVERY) {
            return;
        }
        self.changed = false;
        self.urgent_notice = false;
        self.last_notice = Instant::now();
        for conn in self.conns.values_mut() {
            if conn.peer == (Peer::Client { subscribed: true }) {
                conn.send(&serde_json::json!({"notice": "changed"}));
            }
        }
    }

    fn timeout(&self) -> Duration {
        let now = Instant::now();
        let mut times: Vec<Duration> = self.next_scan.map(|at| at.saturating_duration_since(now)).into_iter().collect();
        times.extend(self.triggerers.next_wake().map(|at| at.saturating_duration_since(now)));
        times.extend(self.commit_by.map(|at| at.saturating_duration_since(now)));
        if self.changed {
            times.push(NOTICE_EVERY.saturating_sub(self.last_notice.elapsed()));
        }
        if !self.adopted.is_empty() || self.tries.wants_looks() {
            times.push(self.next_look.saturating_duration_since(now));
        }
        // While nothing can be written, only the next attempt to write is waited for.
        let deciding = !self.stopping && self.stuck.is_none();
        let deciding_wakes = [self.world.next_wake(), self.next_held, self.deadlines.next_wake()];
        let deciding_wakes = deciding_wakes.map(|at| at.filter(|_| deciding));
        let wake = [self.waits.next_wake(), self.deferrals.next_wake()].into_iter().chain(deciding_wakes);
        for at in wake.flatten() {
            let micros = at.as_microsecond().saturating_sub(clock::now().as_microsecond()).max(0) as u64;
            // A little later rather than a little too early, which would spin.
            times.push(Duration::from_micros(micros + 500));
        }
        times.into_iter().min().unwrap_or(Duration::from_secs(30)).min(Duration::from_secs(60))
    }

    fn wait_and_take_in(&mut self) -> Result<()> {
        let timeout = self.timeout();
        let mut ready: Vec<u64> = Vec::new();
        let (mut accept, mut parsed, mut spawner, mut signal, mut saved) = (false, false, false, false, false);
        let mut pods = false;
        {
            let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
            let mut fds = Vec::with_capacity(self.conns.len() + 6);
            fds.push(PollFd::new(&self.listener, PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(self.parsing.wake().as_fd(), PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(self.spawner.stream().as_fd(), PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(self.signals.reader().as_fd(), PollFlags::IN));
            let watch = self.watch.fd().map(|fd| fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            let of_pods = self.pods.wake().map(|fd| {
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
                fds.len() - 1
            });
            let first = fds.len();
            let mut ids = Vec::with_capacity(self.conns.len());
            for (id, conn) in &self.conns {
                let flags = if conn.has_output() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
                fds.push(PollFd::from_borrowed_fd(conn.stream.as_fd(), flags));
                ids.push(*id);
            }
            match poll(&mut fds, Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(Error::system("the scheduler cannot wait for events", e)),
            }
            let is_ready = |i: usize| !fds[i].revents().is_empty();
            accept = accept || is_ready(0);
            parsed = parsed || is_ready(1);
            spawner = spawner || is_ready(2);
            signal = signal || is_ready(3);
            saved = saved || (watch.is_some() && is_ready(4));
            pods = pods || of_pods.is_some_and(is_ready);
            ready.extend(ids.iter().enumerate().filter(|(i, _)| is_ready(i + first)).map(|(_, id)| *id));
        }
        if signal && self.signals.take() {
            self.stopping = true;
        }
        if saved && self.watch.take() {
            self.scan_soon();
        }
        if accept {
            self.accept();
        }
        for id in ready {
            self.receive(id)?;
        }
        if spawner {
            self.hear_spawner();
        }
        if parsed {
            self.take_parsed()?;
        }
        if pods {
            self.hear_pods();
        }
        self.tick()
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if let Ok(conn) = Conn::new(stream) {
                let id = self.add_conn(conn);
                // Its first line has usually arrived already.
                let _ = self.receive(id);
            }
        }
    }

    pub(super) fn add_conn(&mut self, conn: Conn) -> u64 {
        let id = self.next_conn;
        self.next_conn += 1;
        self.conns.insert(id, conn);
        id
    }

    fn receive(&mut self, id: u64) -> Result<()> {
        let Some(conn) = self.conns.get_mut(&id) else { return Ok(()) };
        let alive = conn.flush();
        let (lines, open) = conn.receive();
        for line in lines {
            self.line(id, &line)?;
        }
        if !open || !alive {
            self.lost(id);
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.next_scan.is_some_and(|at| now >= at) {
            let every = self.place.settings.number("dag_processor", "refresh_interval").unwrap_or(30.0);
            self.next_scan = Some(now + Duration::from_secs_f64(every.clamp(1.0, 3600.0)));
            self.scan_files()?;
            give_back_memory();
        }
        if now >= self.next_look {
            self.next_look = now + Duration::from_secs(1);
            self.look_at_quiet();
        }
        self.tend_triggerers();
        let now = clock::now();
        self.end_late_deferrals(now);
        self.miss_deadlines(now);
        self.apply_held(now)?;
        self.poke(now)
    }
}

/// Hands memory that is free again to the operating system: a large DAG file needs much for a moment.
fn give_back_memory() {
    // SAFETY: malloc_trim has no preconditions.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A change that nobody waits for: a try's start.
fn is_lazy(change: &Change) -> bool {
    matches!(change, Change::Ti(c) if c.row.state == crate::model::TiState::Running)
}

/// The scheduler's limits from the settings.
pub fn limits(place: &Place) -> Result<Limits> {
    let s = &place.settings;
    let whole = |section, key| s.number(section, key).map(|n| n.max(0.0) as u32);
    Ok(Limits {
        parallelism: whole("core", "parallelism")?,
        max_active_tasks_per_dag: whole("core", "max_active_tasks_per_dag")?,
        max_active_runs_per_dag: whole("core", "max_active_runs_per_dag")?,
        max_consecutive_failed_dag_runs_per_dag: whole("core", "max_consecutive_failed_dag_runs_per_dag")?,
        max_task_retry_delay: s.number("core", "max_task_retry_delay")?,
        max_map_length: whole("core", "max_map_length")? as usize,
        catchup_by_default: s.flag("scheduler", "catchup_by_default"),
        create_cron_data_intervals: s.flag("scheduler", "create_cron_data_intervals"),
        use_job_schedule: s.flag("scheduler", "use_job_schedule"),
        max_dagruns_to_create_per_loop: whole("scheduler", "max_dagruns_to_create_per_loop")? as usize,
    })
}
