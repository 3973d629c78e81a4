//! Triggerers: one Python process per interpreter that runs authors' own triggers. It knows nothing that isn't stored: when it
//! dies, another one is started and told the same.

use std::{
    collections::{HashMap, VecDeque},
    os::{fd::AsRawFd, unix::net::UnixStream, unix::process::CommandExt},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{conn::Conn, conn::Peer, core::Engine, core::Write, deferrals::end_cause, render};
use crate::{
    error::{Error, Result, say},
    model::{Deferral, TiKey, TiState, time::rfc3339},
    protocol::task,
    python,
    runner::child::SOCKET_VARIABLE,
};

/// How long a triggerer without triggers is kept.
const IDLE: Duration = Duration::from_secs(30);
/// First pause before a triggerer that died is started again; it doubles with each death up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Number of a trigger, unique in a scheduler's life.
pub type TriggerId = u64;

/// For whom a trigger runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A deferred task instance.
    Task(TiKey),
    /// A watcher: asset's name, watcher's name. Its events don't end it.
    Watcher(String, String),
}

/// A trigger that is to run.
struct Trigger {
    owner: Owner,
    interpreter: String,
    /// The line that starts it.
    message: Value,
}

/// One interpreter's triggerer.
#[derive(Default)]
struct Triggerer {
    /// Its connection; `None` while there is no process.
    conn: Option<u64>,
    running: Vec<TriggerId>,
    /// Beyond the capacity, in order.
    waiting: VecDeque<TriggerId>,
    deaths: u32,
    start_at: Option<Instant>,
    idle_since: Option<Instant>,
}

/// All triggerers of the scheduler.
#[derive(Default)]
pub struct Triggerers {
    triggers: HashMap<TriggerId, Trigger>,
    by_owner: HashMap<Owner, TriggerId>,
    processes: HashMap<String, Triggerer>,
    last_id: TriggerId,
    /// Watchers whose trigger ended, and when they run again.
    again: Vec<(Instant, Owner, String, Value)>,
    /// Events of watchers that the store could not take: asset, watcher, payload.
    pub unwritten: Vec<(String, String, Value)>,
}

/// How long a watcher whose trigger ended waits before it runs again.
const AGAIN: Duration = Duration::from_secs(1);

impl Triggerers {
    /// When something is to be done: a process started again, or an idle one ended.
    pub fn next_wake(&self) -> Option<Instant> {
        let idle = |t: &Triggerer| t.idle_since.map(|since| since + IDLE);
        let again = self.again.iter().map(|(at, ..)| *at);
        self.processes.values().flat_map(|t| [t.start_at, idle(t)]).flatten().chain(again).min()
    }
    /// All watchers that run, or will again.
    pub fn watchers(&self) -> Vec<Owner> {
        let all = self.by_owner.keys().chain(self.again.iter().map(|(_, owner, ..)| owner));
        all.filter(|owner| matches!(owner, Owner::Watcher(..))).cloned().collect()
    }
    /// A field of the line that starts someone's trigger.
    pub fn says(&self, owner: &Owner, field: &str) -> Option<&Value> {
        let again = self.again.iter().find(|(_, other, ..)| other == owner).map(|(.., message)| message);
        let running = self.by_owner.get(owner).and_then(|id| self.triggers.get(id)).map(|trigger| &trigger.message);
        running.or(again)?.get(field)
    }
    /// The trigger that runs for someone.
    pub fn of(&self, owner: &Owner) -> bool {
        self.by_owner.contains_key(owner)
    }
}

impl Engine {
    /// Runs a deferred task's own trigger.
    pub(super) fn run_in_triggerer(&mut self, deferral: &Deferral) {
        let key = &deferral.key;
        let found = self.world.instance(key).zip(self.world.run(key.run)).zip(self.world.dag_of(key.run));
        let Some(((row, run), dag)) = found else { return };
        let (row, run, dag) = (row.clone(), run.clone(), dag.clone());
        let log = self.log_path(&run, &key.task_id, key.map_index, row.try_number);
        let message = json!({
            "type": "RunTrigger", "classpath": deferral.classpath, "kwargs": deferral.kwargs, "fileloc": dag.fileloc,
            "log": log, "forever": false,
            "ti": {
                "dag_id": &*run.dag_id, "run_id": &*run.run_id, "task_id": &*key.task_id, "map_index": key.map_index,
                "try_number": row.try_number, "start_date": row.start_date.map(rfc3339),
            },
            "dag_run": render::run_document(&run),
        });
        let interpreter = self.interpreter(&dag.fileloc);
        self.start_trigger(Owner::Task(key.clone()), interpreter, message);
    }

    /// Tells a triggerer to run a trigger; starts one if there is none.
    pub(super) fn start_trigger(&mut self, owner: Owner, interpreter: String, mut message: Value) {
        if self.triggerers.of(&owner) || self.triggerers.again.iter().any(|(_, other, ..)| *other == owner) {
            return;
        }
        self.triggerers.last_id += 1;
        let id = self.triggerers.last_id;
        message["trigger"] = json!(id);
        self.triggerers.by_owner.insert(owner.clone(), id);
        self.triggerers.triggers.insert(id, Trigger { owner, interpreter: interpreter.clone(), message });
        let process = self.triggerers.processes.entry(interpreter.clone()).or_default();
        process.waiting.push_back(id);
        process.idle_since = None;
        if process.conn.is_none() && process.start_at.is_none() {
            process.start_at = Some(Instant::now());
        }
        self.feed_triggerer(&interpreter);
    }

    /// Hands waiting triggers to a process that has room for them.
    fn feed_triggerer(&mut self, interpreter: &str) {
        let capacity = self.place.settings.number("triggerer", "capacity").unwrap_or(1000.0).max(1.0) as usize;
        let Some(process) = self.triggerers.processes.get_mut(interpreter) else { return };
        let Some(conn) = process.conn.and_then(|id| self.conns.get_mut(&id)) else { return };
        while process.running.len() < capacity
            && let Some(id) = process.waiting.pop_front()
        {
            if let Some(trigger) = self.triggerers.triggers.get(&id) {
                conn.send(&trigger.message);
                process.running.push(id);
            }
        }
        let is_idle = process.running.is_empty();
        process.idle_since = if is_idle { process.idle_since.or_else(|| Some(Instant::now())) } else { None };
    }

    /// Ends a task's trigger, if one runs.
    pub(super) fn cancel_in_triggerer(&mut self, key: &TiKey, killed: bool) {
        self.cancel_trigger(&Owner::Task(key.clone()), killed);
    }

    /// Ends a trigger. `killed`: its `on_kill` is called, too.
    pub(super) fn cancel_trigger(&mut self, owner: &Owner, killed: bool) {
        self.triggerers.again.retain(|(_, other, ..)| other != owner);
        let Some(id) = self.triggerers.by_owner.remove(owner) else { return };
        let Some(trigger) = self.triggerers.triggers.remove(&id) else { return };
        let Some(process) = self.triggerers.processes.get_mut(&trigger.interpreter) else { return };
        process.waiting.retain(|other| *other != id);
        let was_running = process.running.contains(&id);
        process.running.retain(|other| *other != id);
        if was_running && let Some(conn) = process.conn.and_then(|id| self.conns.get_mut(&id)) {
            conn.send(&json!({"type": "CancelTrigger", "trigger": id, "kill": killed}));
        }
        self.feed_triggerer(&trigger.interpreter);
    }

    /// What a triggerer says or asks.
    pub(super) fn hear_triggerer(&mut self, conn: u64, message: &Value) {
        let trigger = message.get("trigger").and_then(Value::as_u64).unwrap_or(0);
        let owner = self.triggerers.triggers.get(&trigger).map(|trigger| trigger.owner.clone());
        match (task::kind(message), owner) {
            ("TriggerEvent", Some(Owner::Task(key))) => self.take_event(&key, message),
            ("TriggerEvent", Some(Owner::Watcher(asset, watcher))) => {
                let payload = message.get("payload").cloned().unwrap_or(Value::Null);
                self.watcher_fired(&asset, &watcher, payload);
            }
            ("TriggerFailed", Some(owner @ Owner::Watcher(..))) => self.watch_again(&owner, trigger, message),
            ("TriggerFailed", Some(Owner::Task(key))) => {
                let why = message.get("error").and_then(Value::as_str).unwrap_or("the trigger failed");
                self.trigger_failed(&key, why);
            }
            ("TriggerEvent" | "TriggerFailed", None) => {}
            (_, owner) => {
                // A question, asked for a trigger of a task or of nobody in particular.
                let key = match owner {
                    Some(Owner::Task(key)) => key,
                    _ => TiKey::new(crate::model::RunId(0), "", crate::model::UNMAPPED),
                };
                let answer = self.answer(&key, 0, message);
                if let Some(conn) = self.conns.get_mut(&conn) {
                    conn.send(&answer);
                }
            }
        }
    }

    fn take_event(&mut self, key: &TiKey, message: &Value) {
        let state = message.get("state").and_then(Value::as_str).and_then(|text| text.parse::<TiState>().ok());
        let Some(state) = state else {
            self.trigger_fired(key, message.get("payload").cloned().unwrap_or(Value::Null));
            return;
        };
        for (name, value) in message.get("xcoms").and_then(Value::as_object).into_iter().flatten() {
            self.writes.push(Write::SetXcom {
                key: key.clone(),
                name: name.clone(),
                value: value.clone(),
                length: None,
            });
        }
        self.trigger_ended(key, state, end_cause(state));
    }

    /// A watcher's trigger is over: it watches for ever, so it runs again after a moment.
    fn watch_again(&mut self, owner: &Owner, id: TriggerId, message: &Value) {
        let Some(trigger) = self.triggerers.triggers.get(&id) else { return };
        let (interpreter, line) = (trigger.interpreter.clone(), trigger.message.clone());
        if let Some(why) = message.get("error").and_then(Value::as_str) {
            let last = why.trim().lines().last().unwrap_or("");
            say(format_args!("scheduler: {owner:?} runs again: {last}"));
        }
        self.cancel_trigger(owner, false);
        self.triggerers.again.push((Instant::now() + AGAIN, owner.clone(), interpreter, line));
    }

    /// A triggerer's connection is gone: its triggers wait for another one.
    pub(super) fn lost_triggerer(&mut self, interpreter: &str) {
        let Some(process) = self.triggerers.processes.get_mut(interpreter) else { return };
        process.conn = None;
        process.idle_since = None;
        let running = std::mem::take(&mut process.running);
        for id in running.into_iter().rev() {
            process.waiting.push_front(id);
        }
        if process.waiting.is_empty() {
            process.deaths = 0;
            return;
        }
        process.deaths += 1;
        let pause = PAUSE.saturating_mul(1 << (process.deaths - 1).min(6)).min(LONGEST);
        process.start_at = Some(Instant::now() + pause);
        say(format_args!(
            "scheduler: the triggerer of {interpreter} is gone; its {} triggers start again in {pause:?}",
            process.waiting.len()
        ));
    }

    /// Starts triggerers that are due, and ends idle ones.
    pub(super) fn tend_triggerers(&mut self) {
        let now = Instant::now();
        self.write_watched();
        let due: Vec<_> = self.triggerers.again.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, owner, interpreter, message) in due {
            self.start_trigger(owner, interpreter, message);
        }
        let names: Vec<String> = self.triggerers.processes.keys().cloned().collect();
        for name in names {
            let Some(process) = self.triggerers.processes.get_mut(&name) else { continue };
            if process.idle_since.is_some_and(|since| now >= since + IDLE) {
                // Closing its socket tells it to end.
                if let Some(conn) = process.conn {
                    self.conns.remove(&conn);
                }
                self.triggerers.processes.remove(&name);
                continue;
            }
            if process.start_at.is_some_and(|at| now >= at) {
                process.start_at = None;
                if let Err(e) = self.launch_triggerer(&name) {
                    say(format_args!("scheduler: {e}"));
                    self.lost_triggerer(&name);
                }
            }
        }
    }

    fn launch_triggerer(&mut self, interpreter: &str) -> Result<()> {
        let failed = |e: std::io::Error| Error::system(format!("cannot start a triggerer with {interpreter}"), e);
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let mut child = self.spawn_triggerer(interpreter, &theirs).map_err(failed)?;
        std::thread::spawn(move || child.wait());
        let mut conn = Conn::new(ours).map_err(failed)?;
        conn.peer = Peer::Triggerer { interpreter: interpreter.to_string() };
        let plugins = self.place.plugins();
        conn.send(&json!({
            "type": "StartTriggerer", "dags_folder": self.place.dags_folder,
            "plugins_folder": Some(plugins).filter(|p| p.is_dir()), "settings": self.task_settings(),
        }));
        let id = self.add_conn(conn);
        if let Some(process) = self.triggerers.processes.get_mut(interpreter) {
            process.conn = Some(id);
        }
        self.feed_triggerer(interpreter);
        Ok(())
    }

    fn spawn_triggerer(&self, interpreter: &str, socket: &UnixStream) -> std::io::Result<Child> {
        let argv = python::execute_argv(interpreter, &self.parser.side);
        let log = self.place.home.join("triggerer.log");
        let log = std::fs::OpenOptions::new().append(true).create(true).open(log)?;
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let fd = socket.as_raw_fd();
        command.env(SOCKET_VARIABLE, fd.to_string()).process_group(0);
        if self.place.dags_folder.is_dir() {
            command.current_dir(&self.place.dags_folder);
        }
        // SAFETY: between fork and exec only fcntl is called, which is async-signal-safe.
        unsafe {
            command.pre_exec(move || {
                if libc::fcntl(fd, libc::F_SETFD, 0) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        command.spawn()
    }
}
