//! After a start: what became of the tries that an earlier scheduler had begun.

use std::collections::HashSet;

use super::core::Engine;
use crate::{
    clock,
    error::Result,
    model::{Cause, CauseKind, TaskInstance, TiKey, TiState},
    operators,
    runner::{
        child,
        claim::{self, Life, TryFiles},
    },
    scheduler::Report,
    store::{self, load},
};

impl Engine {
    /// The files of an instance's current try.
    pub(super) fn files(&self, key: &TiKey, epoch: u32) -> TryFiles {
        TryFiles::new(&self.place.tries(), key, epoch)
    }

    /// Loads all active runs; adopts living tries, collects outcomes, ends what died, starts what was never started.
    pub(super) fn adopt_runs(&mut self) -> Result<()> {
        for run in load::active_runs(self.store.reader())? {
            self.load_run(run.id)?;
        }
        let ids: Vec<_> = self.world.runs().map(|run| run.id).collect();
        let mut active: Vec<TaskInstance> = Vec::new();
        for id in ids {
            active.extend(self.world.instances(id).filter(|row| row.state.is_active()).cloned());
        }
        let mut current: HashSet<String> = HashSet::new();
        for row in active {
            current.insert(self.files(&row.key, row.epoch).name());
            self.adopt(&row)?;
        }
        // What the store knows of them must be on the disk before they go.
        match store::sync(&self.place.db()) {
            Ok(()) => claim::sweep(&self.place.tries(), &current),
            Err(e) => eprintln!("scheduler: {e}"),
        }
        Ok(())
    }

    fn adopt(&mut self, row: &TaskInstance) -> Result<()> {
        match self.files(&row.key, row.epoch).look() {
            Ok(Life::Ended(outcome)) => self.take_outcome(*outcome),
            Ok(Life::Alive) => {
                self.adopted.insert((row.key.clone(), row.epoch));
            }
            Ok(Life::Died) => self.died(&row.key, row.epoch),
            Ok(Life::NeverStarted) if row.state == TiState::Restarting => {
                let cause = Cause::new(CauseKind::Killed, "cleared by a person");
                self.report(&row.key, row.epoch, failed(cause, true));
            }
            // Native tasks have no files; what they wait for is looked at again.
            Ok(Life::NeverStarted) if row.state == TiState::Queued || self.is_native(&row.key) => {
                self.to_start.push((row.key.clone(), row.epoch));
            }
            Ok(Life::NeverStarted) => self.died(&row.key, row.epoch),
            Err(e) => {
                eprintln!("scheduler: {e}");
                let cause = Cause::new(CauseKind::RunnerKilled, e.message);
                self.report(&row.key, row.epoch, failed(cause, true));
            }
        }
        Ok(())
    }

    fn is_native(&self, key: &TiKey) -> bool {
        let Some(dag) = self.world.dag_of(key.run) else { return false };
        dag.tasks.get(&key.task_id).is_some_and(|task| operators::engine(dag, task) == operators::Engine::Native)
    }

    /// A supervisor is gone without an outcome: its try failed, and what is left of it is ended.
    pub(super) fn died(&mut self, key: &TiKey, epoch: u32) {
        let files = self.files(key, epoch);
        child::kill_leftovers(&files.mark());
        let cause = match self.to_kill.remove(&(key.clone(), epoch)) {
            Some(cause) => cause,
            None => Cause::new(CauseKind::RunnerKilled, "runner killed: the process that supervised the try is gone"),
        };
        self.report(key, epoch, failed(cause, true));
        self.settled.push(files);
    }

    /// Looks at tries that live without a connection to us.
    pub(super) fn look_at_adopted(&mut self) -> Result<()> {
        for (key, epoch) in self.adopted.clone() {
            let life = self.files(&key, epoch).look()?;
            if matches!(life, Life::Alive) {
                continue;
            }
            self.adopted.remove(&(key.clone(), epoch));
            match life {
                Life::Ended(outcome) => self.take_outcome(*outcome),
                Life::Died if self.is_current(&key, epoch) => self.died(&key, epoch),
                _ => {}
            }
        }
        Ok(())
    }

    /// True if the instance's current try has this epoch and is not over.
    pub(super) fn is_current(&self, key: &TiKey, epoch: u32) -> bool {
        self.world.instance(key).is_some_and(|row| row.epoch == epoch && row.state.is_active())
    }

    /// Tells the scheduler's memory something, and keeps what follows.
    pub(super) fn report(&mut self, key: &TiKey, epoch: u32, report: Report) {
        let changes = self.world.report(key, epoch, report, clock::now());
        self.note_changes(&changes);
        self.changes.extend(changes);
    }
}

/// A failure that ends now.
pub(super) fn failed(cause: Cause, retryable: bool) -> Report {
    Report::Failed { cause, retryable, retry_delay: None, start: None, end: clock::now() }
}
