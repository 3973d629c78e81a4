//! Deadlines of runs (semantics 14): computed when a run is first seen, and what is called when one passes.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    callbacks::deadline_key,
    core::{Engine, Write},
};
use crate::{
    error::{Result, say},
    model::{Dag, DagRun, DeadlineAlert, RunChange, RunId, RunState, deadline::Base, time::rfc3339},
    secrets,
    store::{self, pages},
};

/// When deadlines are due.
#[derive(Debug, Default)]
pub struct Deadlines {
    due: BTreeSet<(Timestamp, RunId, u32)>,
}

impl Deadlines {
    /// When the next one is due.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, ..)| *at)
    }
}

impl Engine {
    /// Loads those that are to come.
    pub(super) fn load_deadlines(&mut self) -> Result<()> {
        for deadline in store::deadline::open(self.store.reader())? {
            self.deadlines.due.extend(deadline.due_at.map(|at| (at, deadline.run, deadline.number)));
        }
        Ok(())
    }

    /// Computes the deadlines of a run that is seen for the first time, or was queued again.
    pub(super) fn note_deadlines(&mut self, run: &DagRun, dag: &Arc<Dag>, now: Timestamp) {
        if dag.deadlines.is_empty() {
            return;
        }
        if let Err(e) = self.compute_deadlines(run, dag, now) {
            say(format_args!("scheduler: deadlines of {} {}: {e}", run.dag_id, run.run_id));
        }
    }

    fn compute_deadlines(&mut self, run: &DagRun, dag: &Arc<Dag>, now: Timestamp) -> Result<()> {
        let known = store::deadline::of_run(self.store.reader(), run.id)?;
        for (number, alert) in (0u32..).zip(&dag.deadlines) {
            let before = known.iter().find(|d| d.number == number);
            if before.is_some_and(|d| d.missed || !alert.follows_queueing()) {
                continue;
            }
            let base = match alert.base(run) {
                Base::At(at) => Some(at),
                Base::Never => None,
                Base::AverageOf { max_runs, min_runs } => {
                    let db = self.store.reader();
                    let average = store::deadline::average_runtime(db, &run.dag_id, max_runs, min_runs)?;
                    average.map(|seconds| DeadlineAlert::due(now, seconds))
                }
                Base::Asked => {
                    let request = json!({"kind": "reference", "number": number});
                    self.call_back(deadline_key(run.id, number, "deadline_reference"), 1, request);
                    None
                }
            };
            let due = match base {
                Some(base) => self.interval(alert)?.map(|seconds| DeadlineAlert::due(base, seconds)),
                None => None,
            };
            if before.is_none_or(|d| d.due_at != due) {
                self.set_deadline(run.id, number, due);
            }
        }
        Ok(())
    }

    fn set_deadline(&mut self, run: RunId, number: u32, due_at: Option<Timestamp>) {
        self.deadlines.due.retain(|(_, r, n)| (*r, *n) != (run, number));
        self.deadlines.due.extend(due_at.map(|at| (at, run, number)));
        self.writes.push(Write::Deadline { run, number, due_at });
    }

    /// Seconds from base to deadline; none if its variable is no whole number.
    fn interval(&self, alert: &DeadlineAlert) -> Result<Option<f64>> {
        let Some(key) = alert.variable() else { return Ok(alert.interval.as_f64()) };
        let value = secrets::variable(self.store.reader(), key)?;
        let seconds = value.as_deref().and_then(|text| text.trim().parse::<i64>().ok());
        if seconds.is_none() {
            let found = value.map_or("isn't set".to_string(), |text| format!("is {text:?}"));
            say(format_args!("scheduler: no deadline, since the variable {key} must be seconds, and {found}"));
        }
        Ok(seconds.map(|n| n as f64))
    }

    /// What an author's own reference says (`SetDeadline`): its base, or null for none.
    pub(super) fn take_deadline(&mut self, run: RunId, body: &Value) {
        let number = body.get("number").and_then(Value::as_u64).unwrap_or(0) as u32;
        let base = body.get("base").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
        let dag = store::run::get(self.store.reader(), run).ok().flatten();
        let dag = dag.and_then(|run| self.world.dag(&run.dag_id)).map(|facts| facts.dag.clone());
        let (Some(base), Some(dag)) = (base, dag) else { return };
        let Some(alert) = dag.deadlines.get(number as usize) else { return };
        match self.interval(alert) {
            Ok(Some(seconds)) => self.set_deadline(run, number, Some(DeadlineAlert::due(base, seconds))),
            Ok(None) => {}
            Err(e) => say(format_args!("scheduler: {e}")),
        }
    }

    /// A run ended well: its deadlines that were not due yet are kept.
    pub(super) fn keep_deadlines(&mut self, change: &RunChange) {
        let Some(end) = change.row.end_date.filter(|_| change.row.state == RunState::Success) else { return };
        let Some(facts) = self.world.dag(&change.row.dag_id) else { return };
        if !facts.dag.deadlines.is_empty() {
            let run = change.row.id;
            self.deadlines.due.retain(|(at, r, _)| *r != run || *at < end);
            self.writes.push(Write::KeepDeadlines { run, end });
        }
    }

    /// Has called what is to be called for deadlines that passed.
    pub(super) fn miss_deadlines(&mut self, now: Timestamp) {
        // One that was just computed may have passed already; and a run that just ended well has kept its own.
        if self.deadlines.next_wake().is_none_or(|at| at > now) || !self.commit() {
            return;
        }
        while let Some((at, run, number)) = self.deadlines.due.first().copied().filter(|(at, ..)| *at <= now) {
            self.deadlines.due.pop_first();
            let open = store::deadline::of_run(self.store.reader(), run).unwrap_or_default();
            // The run may be gone with it.
            if !open.iter().any(|d| d.number == number && !d.missed && d.due_at == Some(at)) {
                continue;
            }
            self.writes.push(Write::MissDeadline { run, number });
            let request = json!({"kind": "deadline", "number": number, "deadline_time": rfc3339(at)});
            self.call_back(deadline_key(run, number, "deadline"), 1, request);
        }
    }

    /// What the process of a missed deadline's callback is told; its context is only the run and the deadline.
    pub(super) fn of_deadline(&self, run: &DagRun, dag: &Arc<Dag>, request: &Value) -> Result<Value> {
        let number = request["number"].as_u64().unwrap_or(0) as usize;
        let callback = dag.deadlines.get(number).map(|alert| alert.callback.clone());
        let context = json!({
            "dag_run": pages::run::one(self.store.reader(), run.id.0)?,
            "deadline": {"id": format!("{}-{number}", run.id.0), "deadline_time": request["deadline_time"]},
        });
        Ok(json!({"type": "DeadlineCallbackRequest", "callback": callback, "context": context}))
    }
}
