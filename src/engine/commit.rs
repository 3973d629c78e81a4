//! Commits: the scheduler's changes and what tasks said, in one transaction; then what had to wait for it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Transaction;

use super::{
    core::{Engine, Write},
    deferrals::of_instance,
    startup::own_xcom_backend,
};
use crate::{
    clock,
    error::{Error, Result, say},
    model::{Cause, CauseKind, Change, RunState, TiKey, TiState},
    store::{self, asset, callback, deadline, deferral, gate, heard, hitl, task_state, variable, xcom},
};

/// How long to wait after a failed commit (full disk) before the next attempt.
const RETRY: Duration = Duration::from_secs(1);

impl Engine {
    /// Commits what is decided. False if it could not: then everything is kept, and nothing is started.
    pub(super) fn commit(&mut self) -> bool {
        if self.stuck.is_some() && self.commit_by.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        if self.changes.is_empty() && self.writes.is_empty() {
            if self.stuck.is_none() {
                self.commit_by = None;
            }
            self.settle();
            return self.stuck.is_none();
        }
        let updates: Vec<Option<Timestamp>> = self.writes.iter().filter_map(update_of).collect();
        let limit = self.max_downstream_keys();
        let (changes, writes) = (&self.changes, &self.writes);
        let done = self.store.transaction(|tx| {
            for write in writes {
                apply(tx, write, limit)?;
            }
            gate::apply(tx, changes)
        });
        match done {
            Ok(refused) => {
                self.stuck = None;
                self.commit_by = None;
                self.changed = true;
                let committed = std::mem::take(&mut self.changes);
                self.writes.clear();
                self.settle();
                self.acknowledge();
                self.send_to_pods();
                self.take_committed(committed);
                if !updates.is_empty()
                    && let Err(e) = self.load_asset_queues(updates.into_iter().flatten().max())
                {
                    say(format_args!("scheduler: {e}"));
                }
                for run in refused.runs {
                    say(format_args!("scheduler: run {} differs from the store: loaded again", run.0));
                    if let Err(e) = self.load_run(run) {
                        say(format_args!("scheduler: {e}"));
                    }
                }
                true
            }
            Err(e) => {
                self.cannot_write(&e);
                false
            }
        }
    }

    /// The store can't be written: nothing is started, and after a while everything that failed is tried again.
    pub(super) fn cannot_write(&mut self, e: &Error) {
        if !std::mem::replace(&mut self.is_stuck_told, true) {
            say(format_args!("scheduler: nothing is started until this is mended: {e}"));
        }
        self.stuck = Some(e.to_string());
        self.commit_by = Some(Instant::now() + RETRY);
    }

    /// When it is time for another attempt to write, everything is allowed again until something fails.
    pub(super) fn attempt(&mut self) {
        if self.stuck.is_some() && self.commit_by.is_none_or(|at| Instant::now() >= at) {
            self.stuck = None;
        }
    }

    /// Says so when the store could be written again.
    pub(super) fn attempted(&mut self) {
        if self.stuck.is_none() && std::mem::take(&mut self.is_stuck_told) {
            say("scheduler: nothing stands against writing the store any more: goes on");
        }
    }

    fn lives(&self, key: &TiKey) -> bool {
        self.supervisors.keys().any(|(k, _)| k == key)
            || self.tries.handed.keys().any(|(k, _)| k == key)
            || self.waits.contains(key)
            || self.adopted.iter().any(|(k, _)| k == key)
            || self.pods.lives(key)
    }

    fn settle(&mut self) {
        self.settler.settle(std::mem::take(&mut self.settled));
    }

    /// Looks at decided changes before they are committed: the old XComs of a new try go with its queueing.
    pub(super) fn note_changes(&mut self, changes: &[Change]) {
        for change in changes {
            self.note_outlets(change);
            if let Some(c) = of_instance(change) {
                self.note_deferral(c);
                self.note_unreported(c);
            }
            match change {
                Change::Ti(c)
                    if c.row.state == TiState::Queued
                        && c.from != TiState::Queued
                        && (c.row.try_number > 1 || c.row.epoch > 1)
                        // One that goes on after its trigger keeps what it pushed.
                        && self.deferrals.over(&c.row.key, c.row.try_number).is_none()
                        && !self.pods.resumes(&c.row.key, c.row.try_number) =>
                {
                    if own_xcom_backend(&self.place.settings).is_some() {
                        let old = xcom::of_instance(self.store.reader(), &c.row.key).unwrap_or_default();
                        self.old_xcoms.insert(c.row.key.clone(), old);
                    }
                    self.writes.push(Write::DeleteXcom { key: c.row.key.clone(), name: None });
                }
                // Decided for it, without its own report (fail_fast, a timeout of the run): its process goes too.
                Change::Ti(c)
                    if (c.from.is_active()
                        || (c.from.is_parked() && c.row.state.is_finished() && self.pods.lives(&c.row.key)))
                        && !c.row.state.is_active()
                        && !c.row.state.is_parked()
                        && self.lives(&c.row.key) =>
                {
                    let why = format!("the scheduler made it {}", c.row.state);
                    self.kill(&c.row.key, c.row.epoch, Cause::new(CauseKind::Killed, why));
                }
                Change::Run(c) if c.row.state == RunState::Running && c.from == RunState::Queued => {
                    self.note_started_run(c)
                }
                Change::Run(c) if c.row.state.is_finished() => {
                    self.urgent_notice = true;
                    self.run_ended = true;
                    self.note_ended_run(c);
                    self.keep_deadlines(c);
                }
                _ => {}
            }
        }
    }
}

/// After such a write, DAGs may have been told of updated assets: when the task ended that updated them.
fn update_of(write: &Write) -> Option<Option<Timestamp>> {
    match write {
        Write::AssetsUpdated { ended, .. } => Some(*ended),
        _ => None,
    }
}

fn apply(tx: &Transaction<'_>, write: &Write, limit: usize) -> Result<()> {
    match write {
        Write::AssetsUpdated { key, outlets, said, .. } => {
            asset::of_success(tx, key, outlets, said, limit, clock::now())
        }
        Write::AssetState { asset, key, value } => super::assets::state(tx, asset, key.as_deref(), value.as_ref()),
        Write::SetXcom { key, name, value, length } => xcom::set(tx, key, name, value, "task", *length, clock::now()),
        Write::DeleteXcom { key, name } => xcom::delete(tx, key, name.as_deref()).map(|_| ()),
        Write::Rendered { key, fields } => xcom::set_rendered(tx, key, fields),
        Write::Variable { key, value: Some(value), description } => {
            variable::set(tx, key, value, description.as_deref())
        }
        Write::Variable { key, value: None, .. } => variable::delete(tx, key).map(|_| ()),
        Write::HitlRequest(request) => hitl::ask(tx, request, clock::now()),
        Write::HitlResponse(key, response) => hitl::respond(tx, key, response),
        Write::TaskState { key, name: Some(name), value: Some((value, until)) } => {
            task_state::set(tx, key, name, value, *until)
        }
        Write::TaskState { key, name, .. } => task_state::delete(tx, key, name.as_deref()),
        Write::Deadline { run, number, due_at } => deadline::set(tx, *run, *number, *due_at),
        Write::MissDeadline { run, number } => deadline::miss(tx, *run, *number),
        Write::KeepDeadlines { run, end } => deadline::keep_promise(tx, *run, *end),
        Write::Callback { key, epoch, request } => callback::set(tx, key, *epoch, request),
        Write::DropCallback { key, epoch } => callback::delete(tx, key, *epoch),
        Write::Deferral(deferral) => deferral::set(tx, deferral),
        Write::DropDeferral(key) => deferral::delete(tx, key),
        Write::Pod(write) => store::pod::write(tx, write),
        Write::SourcedXcom { key, name, value, source, length } => {
            xcom::set(tx, key, name, value, source, *length, clock::now())
        }
        Write::NextRun { dag_id, next } => store::dag::set_next(tx, dag_id, next.as_ref()),
        Write::HeardSay { key, epoch, n } => heard::keep_say(tx, key, *epoch, *n),
        Write::ForgetHeard { key, epoch } => heard::forget(tx, key, *epoch),
    }
}
