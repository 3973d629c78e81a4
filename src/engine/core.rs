//! The loop: waits for events, takes them in, decides, commits, starts what was decided.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    os::unix::net::UnixListener,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Connection;

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
    ticks::Ticks,
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
    pub(super) next_conn: u64,
    pub(super) signals: Signals,
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
    pub(super) next_scan: Option<Instant>,
    pub(super) next_look: Instant,
    /// When the next held plan is due.
    pub(super) next_held: Option<Timestamp>,
    pub(super) hostname: String,
    /// Interpreters as named, and the programs that they really are.
    pub(super) interpreters: HashMap<String, String>,
    pub(super) bash: String,
    pub(super) workers: Workers,
    pub(super) ticks: Ticks,
}

/// How long a state that nobody waits for may stay uncommitted.
pub(super) const LAZY: Duration = Duration::from_millis(15);
/// Between a saved file and the look at all of them: who saves many saves them together.
const SAVED: Duration = Duration::from_millis(100);
/// Notices come at most this often, unless a run ended.
pub(super) const NOTICE_EVERY: Duration = Duration::from_millis(100);

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
            ticks: Ticks::default(),
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
