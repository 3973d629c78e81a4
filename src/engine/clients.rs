//! Lines on the socket: from clients, and the first line that says who it is.

use std::path::PathBuf;

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{conn::Peer, core::Engine};
use crate::{
    command::{self, Actor, Touched},
    error::{Error, Result, say},
    model::time::rfc3339,
    protocol::{Command, Envelope, Reply, Request},
};

/// Letters of a screen's name that are passed on.
const MOST_LOOKS: usize = 200;

/// A client that waits until files are parsed.
pub struct WaitsForParse {
    conn: u64,
    id: u64,
    files: Vec<PathBuf>,
}

impl Engine {
    /// One line of a connection.
    pub(super) fn line(&mut self, conn: u64, line: &[u8]) -> Result<()> {
        if let Some(Peer::Triggerer { .. }) = self.conns.get(&conn).map(|c| &c.peer) {
            match serde_json::from_slice(line) {
                Ok(message) => self.hear_triggerer(conn, &message),
                Err(e) => say(format_args!("scheduler: a triggerer sent a line that is not JSON: {e}")),
            }
            return Ok(());
        }
        if let Ok(message) = serde_json::from_slice(line) {
            self.hear(conn, message);
            return Ok(());
        }
        match serde_json::from_slice::<Envelope>(line) {
            Ok(envelope) => self.request(conn, envelope),
            Err(e) => {
                let error = Error::usage("the request is not understood")
                    .because(e)
                    .hint("console or command line may be of another version than the scheduler: restart it");
                self.reply(conn, 0, Err(error));
                Ok(())
            }
        }
    }

    /// Tells every console what the others show.
    pub(super) fn tell_presence(&mut self) {
        let all: Vec<(u64, Value)> = self
            .conns
            .iter()
            .filter(|(_, c)| !c.looks.is_empty())
            .map(|(id, c)| (*id, json!({"who": c.user, "at": c.looks})))
            .collect();
        for (id, conn) in &mut self.conns {
            if conn.peer == (Peer::Client { subscribed: true }) {
                let others: Vec<&Value> = all.iter().filter(|(other, _)| other != id).map(|(_, c)| c).collect();
                conn.send(&json!({"notice": "presence", "consoles": others}));
            }
        }
    }

    fn reply(&mut self, conn: u64, id: u64, result: Result<Value>) {
        let reply = match result {
            Ok(value) => Reply { id, ok: Some(value), error: None },
            Err(e) => Reply { id, ok: None, error: Some(e.into()) },
        };
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.send(&reply);
        }
    }

    fn request(&mut self, conn: u64, envelope: Envelope) -> Result<()> {
        let subscribed = matches!(envelope.request, Request::Subscribe);
        if let Some(c) = self.conns.get_mut(&conn) {
            if c.user.is_empty() {
                let uid = rustix::net::sockopt::socket_peercred(&c.stream).map_or(u32::MAX, |cred| cred.uid.as_raw());
                c.user = command::user_name(uid);
            }
            let before = c.peer == (Peer::Client { subscribed: true });
            c.peer = Peer::Client { subscribed: subscribed || before };
        }
        let id = envelope.id;
        match envelope.request {
            Request::Subscribe => self.reply(conn, id, Ok(json!({"subscribed": true}))),
            Request::Look { at } => {
                if let Some(c) = self.conns.get_mut(&conn) {
                    c.looks = at.chars().take(MOST_LOOKS).collect();
                }
                self.tell_presence();
            }
            Request::Status => {
                let status = self.status();
                self.reply(conn, id, Ok(status));
            }
            Request::Stop { drain } => {
                self.stopping = true;
                self.draining = drain;
                let pid = std::process::id();
                self.reply(conn, id, Ok(json!({"stopping": true, "drain": drain, "pid": pid})));
            }
            Request::Explain { key } => {
                let blockers = self.explain(&key);
                self.reply(conn, id, Ok(blockers));
            }
            Request::Do { command: Command::Parse { files } } => self.parse_for(conn, id, files)?,
            Request::Do { command } => {
                let who = self.conns.get(&conn).map_or_else(String::new, |c| c.user.clone());
                let actor = Actor { who, via: envelope.via, command_line: envelope.command_line };
                let done = self.act(&actor, command);
                self.reply(conn, id, done);
            }
        }
        Ok(())
    }

    /// Why a task instance doesn't run, by the predicates that decide.
    fn explain(&self, key: &crate::model::TiKey) -> Value {
        let now = crate::clock::now();
        let mut blockers: Vec<Value> = self
            .world
            .explain(key, now)
            .into_iter()
            .map(|b| json!({"kind": b.kind, "reason": b.reason, "until": b.until.map(rfc3339)}))
            .collect();
        if self.tries.held.iter().any(|(held, _)| held == key) {
            let reason = "the process of an earlier try is being ended; this one starts when it is gone";
            blockers.push(json!({"kind": "earlier_try", "reason": reason, "until": null}));
        }
        if let Ok(Some(reason)) = crate::store::pod::waits_for(self.store.reader(), key) {
            blockers.push(json!({"kind": "pod", "reason": reason, "until": null}));
        }
        if let Some(why) = &self.stuck {
            blockers
                .push(json!({"kind": "store", "reason": format!("the store cannot be written: {why}"), "until": null}));
        }
        Value::Array(blockers)
    }

    /// Does an act, and takes what it touched into memory.
    pub(super) fn act(&mut self, actor: &Actor, command: Command) -> Result<Value> {
        self.act_with(actor, command, |_, _| Ok(()))
    }

    /// Does an act with something else in the same transaction.
    pub(super) fn act_with(
        &mut self,
        actor: &Actor,
        command: Command,
        also: impl FnOnce(&Transaction<'_>, &Value) -> Result<()>,
    ) -> Result<Value> {
        // What tasks have reported belongs before what a person does now.
        if !self.commit() {
            let why = self.stuck.clone().unwrap_or_default();
            return Err(Error::system("the store cannot be written", why));
        }
        let (reply, touched) = command::perform_with(&mut self.store, &self.place, actor, command, also)?;
        self.take_touched(touched)?;
        self.changed = true;
        self.urgent_notice = true;
        self.run_ended = true;
        Ok(reply)
    }

    pub(super) fn take_touched(&mut self, touched: Touched) -> Result<()> {
        if touched.pools {
            let pools = crate::store::pool::all(self.store.reader())?;
            for name in self.pool_names.drain(..) {
                if !pools.iter().any(|p| p.name == name) {
                    self.world.remove_pool(&name);
                }
            }
            for pool in pools {
                self.pool_names.push(pool.name.clone());
                self.world.set_pool(pool);
            }
        }
        if touched.backfills {
            for facts in crate::store::backfill::all_facts(self.store.reader())? {
                self.world.set_backfill(facts);
            }
        }
        if touched.plans {
            self.next_held = crate::store::plan::next_due(self.store.reader())?;
        }
        self.load_dags(Some(&touched.dags))?;
        let mut dags = std::collections::BTreeSet::new();
        for run in touched.runs {
            self.load_run(run)?;
            // Also of a finished one: others may look back on it.
            dags.extend(crate::store::run::get(self.store.reader(), run)?.map(|run| run.dag_id));
        }
        for dag_id in dags {
            self.refresh_past(&dag_id)?;
        }
        for key in touched.answered {
            self.input_answered(&key);
        }
        self.tidy_pods(&touched.pods, &touched.given_up)?;
        for (key, epoch, cause) in touched.kill {
            self.kill(&key, epoch, cause);
        }
        Ok(())
    }

    /// Applies held plans whose time has come.
    pub(super) fn apply_held(&mut self, now: jiff::Timestamp) -> Result<()> {
        if self.next_held.is_none_or(|at| at > now) || !self.commit() {
            return Ok(());
        }
        let mut all = Vec::new();
        let done = command::apply_due(&mut self.store, &self.place, now, |touched| all.push(touched));
        for touched in all {
            self.take_touched(touched)?;
        }
        if let Err(e) = done {
            self.cannot_write(&e);
            return Ok(());
        }
        self.next_held = crate::store::plan::next_due(self.store.reader())?;
        self.changed = true;
        self.urgent_notice = true;
        self.run_ended = true;
        Ok(())
    }

    fn parse_for(&mut self, conn: u64, id: u64, files: Vec<String>) -> Result<()> {
        let mut files: Vec<PathBuf> = files.into_iter().map(PathBuf::from).collect();
        if files.is_empty() {
            // What is new or changed, and what is being parsed. The rest is known as it is: were it parsed again, listing
            // verbs that come one after the other would keep the dag processor busy for ever.
            self.scan_files()?;
            files.extend(self.parsing.busy.iter().cloned());
        } else {
            files.iter().cloned().for_each(|file| self.parsing.parse(file));
        }
        self.waiting_for_parse.push(WaitsForParse { conn, id, files });
        self.answer_parsed(&[]);
        Ok(())
    }

    /// Answers those who wait for these files.
    pub(super) fn answer_parsed(&mut self, done: &[PathBuf]) {
        let mut answered = Vec::new();
        self.waiting_for_parse.retain_mut(|waiting| {
            waiting.files.retain(|file| !done.contains(file));
            if waiting.files.is_empty() {
                answered.push((waiting.conn, waiting.id));
            }
            !waiting.files.is_empty()
        });
        for (conn, id) in answered {
            self.reply(conn, id, Ok(json!({"parsed": true})));
        }
    }

    /// Seconds by which the oldest due thing is late.
    pub(super) fn lag(&self) -> f64 {
        // What can be done at once has no time that it could be late by.
        let at = self.world.next_wake().filter(|at| *at > jiff::Timestamp::MIN);
        at.map_or(0.0, |at| crate::model::time::seconds_between(at, crate::clock::now()).max(0.0))
    }
}
