//! Runs that tasks trigger (semantics 9.4): by `TriggerDagRunOperator` natively, or asked for by a Python task.

use rusqlite::Transaction;
use serde_json::json;

use super::{adopt::failed, core::Engine};
use crate::{
    clock,
    command::Actor,
    error::{Error, Kind, Result},
    model::{Cause, CauseKind, RunType, TiKey, TriggeredBy, hash},
    protocol::{Command, Selection},
    scheduler::Report,
    store, timetable,
    workload::{Condition, Mode, TriggerDagRun, Wait},
};

/// Why no run came of it.
pub(super) enum NotTriggered {
    /// There is no such DAG, or no run of that id to be cleared.
    NotFound(Error),
    /// It has a run of that id or date, which isn't to be cleared.
    Exists(Error),
    /// The DAG is paused, and that is to be a failure.
    Paused(Error),
    /// Anything else.
    Other(Error),
}

impl Engine {
    /// Runs a native `TriggerDagRunOperator`. What it triggered is stored as its external id in the same transaction: a
    /// scheduler that is killed then finds it, and goes on from there.
    pub(super) fn trigger(&mut self, key: &TiKey, epoch: u32, asked: TriggerDagRun) {
        if let Some(run_id) = self.world.instance(key).and_then(|row| row.external_id.clone()) {
            return self.triggered(key, epoch, asked, run_id);
        }
        let done = self.trigger_run(key, &asked, |tx, run_id| store::run::set_external_id(tx, key, epoch, run_id));
        let (class, retryable, e) = match done {
            Ok(run_id) => return self.triggered(key, epoch, asked, run_id),
            Err(NotTriggered::Exists(e)) if asked.skip_when_already_exists => {
                let cause = Cause::new(CauseKind::Skip, e.message);
                self.report(key, epoch, Report::Skipped { cause, end: clock::now() });
                return;
            }
            // A full disk is no failure of the task.
            Err(NotTriggered::Other(e)) if e.kind == Kind::System => {
                self.cannot_write(&e);
                self.to_start.push((key.clone(), epoch));
                return;
            }
            // What Airflow's server refuses is this to its worker.
            Err(NotTriggered::NotFound(e)) => (Some("AirflowRuntimeError"), true, e),
            // The worker fails the task without an exception.
            Err(NotTriggered::Exists(e)) => (None, false, e),
            Err(NotTriggered::Paused(e)) => (Some("DagIsPaused"), true, e),
            Err(NotTriggered::Other(e)) => (Some("AirflowException"), true, e),
        };
        let cause = Cause::new(CauseKind::Value, e.message);
        let cause = class.into_iter().fold(cause, Cause::exception);
        self.report(key, epoch, failed(cause, retryable));
    }

    fn triggered(&mut self, key: &TiKey, epoch: u32, asked: TriggerDagRun, run_id: String) {
        self.report(key, epoch, Report::ExternalId(run_id.clone()));
        self.push(key, epoch, "trigger_run_id", json!(run_id));
        if !asked.wait_for_completion {
            return self.success(key, epoch);
        }
        let wait = run_wait(asked, run_id);
        self.begin_wait(key, epoch, wait);
    }

    /// What a deferred `TriggerDagRunOperator` waits for: the run that it has made.
    pub(super) fn wait_for_run(&self, key: &TiKey, asked: TriggerDagRun) -> Option<Wait> {
        let run_id = self.world.instance(key)?.external_id.clone()?;
        Some(run_wait(asked, run_id))
    }

    /// Triggers a run (or clears one that exists) for a task; `also` is done in the same transaction, with the run's id.
    pub(super) fn trigger_run(
        &mut self,
        key: &TiKey,
        asked: &TriggerDagRun,
        also: impl FnOnce(&Transaction<'_>, &str) -> Result<()>,
    ) -> std::result::Result<String, NotTriggered> {
        let dag_id = &asked.trigger_dag_id;
        let now = clock::now();
        // `run_after` without a date asks for a run without one.
        let logical_date = asked.logical_date;
        let run_id = asked.trigger_run_id.clone().unwrap_or_else(|| {
            let at = asked.run_after.or(logical_date).unwrap_or(now);
            timetable::run_id(RunType::Manual, at) + &suffix(logical_date.is_none())
        });
        let stored = store::dag::get(self.store.reader(), dag_id).map_err(NotTriggered::Other)?;
        if asked.fail_when_dag_is_paused && stored.is_some_and(|dag| dag.is_paused && !dag.is_stale) {
            return Err(NotTriggered::Paused(Error::refused(format!("Dag {dag_id} is paused"))));
        }
        let existing = store::run::find(self.store.reader(), dag_id, &run_id).map_err(NotTriggered::Other)?;
        let exists = || Error::refused(format!("DAG {dag_id} already has a run {run_id}"));
        if existing.is_some() && !asked.reset_dag_run {
            return Err(NotTriggered::Exists(exists()));
        }
        let command = if existing.is_some() {
            let selection = Selection { dag_id: dag_id.clone(), run_id: Some(run_id.clone()), ..Selection::default() };
            Command::Clear { selection, dry_run: false }
        } else {
            Command::Trigger {
                dag_id: dag_id.clone(),
                run_id: Some(run_id.clone()),
                conf: asked.conf.clone(),
                logical_date,
                run_after: asked.run_after,
                note: asked.note.clone(),
                partition_key: None,
                triggered_by: TriggeredBy::Operator,
            }
        };
        let actor = Actor { who: format!("task {key}"), via: "operator".into(), command_line: String::new() };
        match self.act_with(&actor, command, |tx, _| also(tx, &run_id)) {
            Ok(_) => Ok(run_id),
            Err(e) if e.kind == Kind::NotFound => Err(NotTriggered::NotFound(e)),
            // Another run has the date, and Airflow looks for the one to be cleared by its id.
            Err(e) if store::run::is_taken(&e) && asked.reset_dag_run => Err(NotTriggered::NotFound(e)),
            Err(e) if store::run::is_taken(&e) => Err(NotTriggered::Exists(e)),
            Err(e) => Err(NotTriggered::Other(e)),
        }
    }
}

/// The wait for a triggered run's end.
fn run_wait(a: TriggerDagRun, run_id: String) -> Wait {
    let condition = Condition::RunEnds {
        dag_id: a.trigger_dag_id,
        run_id,
        allowed_states: a.allowed_states,
        failed_states: a.failed_states,
    };
    Wait {
        condition,
        poke_interval: a.poke_interval,
        timeout: f64::INFINITY,
        soft_fail: false,
        never_fail: false,
        silent_fail: false,
        mode: if a.deferrable { Mode::Deferrable } else { Mode::Poke },
        backoff: false,
        max_wait: None,
        name: String::new(),
        result: None,
    }
}

/// Keeps ids of runs without a logical date apart.
fn suffix(is_needed: bool) -> String {
    if !is_needed {
        return String::new();
    }
    format!("_{}", &hash::bytes(uuid::Uuid::new_v4().as_bytes())[..8])
}
