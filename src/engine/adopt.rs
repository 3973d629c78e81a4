//! After a start: what became of the tries that an earlier scheduler had begun.

use std::collections::BTreeSet;

use super::core::Engine;
use crate::{
    clock,
    error::Result,
    model::{Cause, CauseKind, Pod, PodKind, PodStage, TaskInstance, TiKey, TiState},
    operators,
    runner::claim::{self, Life, TryFiles},
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
        let names = claim::names(&self.place.tries());
        self.load_heard(&names)?;
        for name in &names {
            self.recall(name)?;
        }
        let ids: Vec<_> = self.world.runs().map(|run| run.id).collect();
        let mut active: Vec<TaskInstance> = Vec::new();
        for id in ids {
            active.extend(self.world.instances(id).filter(|row| row.state.is_active()).cloned());
        }
        let mut current: BTreeSet<String> = BTreeSet::new();
        for row in active {
            current.insert(self.files(&row.key, row.epoch).name());
            self.adopt(&row);
        }
        current.extend(self.adopt_callbacks()?);
        for name in names.difference(&current) {
            self.look_at_stray(name);
        }
        Ok(())
    }

    fn adopt(&mut self, row: &TaskInstance) {
        if self.has_worker(row) {
            return;
        }
        let never_started = matches!(self.files(&row.key, row.epoch).look(), Ok(Life::NeverStarted));
        if never_started && row.state == TiState::Restarting {
            let cause = Cause::new(CauseKind::Killed, "cleared by a person");
            self.report(&row.key, row.epoch, failed(cause, true));
        } else if never_started && (row.state == TiState::Queued || self.is_native(&row.key)) {
            // Native tasks have no files; what they wait for is looked at again.
            self.to_start.push((row.key.clone(), row.epoch));
        } else {
            self.look_at(&row.key, row.epoch);
        }
    }

    /// True if the instance's current try is in a worker pod, which `adopt_pods` sees to.
    fn has_worker(&self, row: &TaskInstance) -> bool {
        let pods = store::pod::of_instance(self.store.reader(), &row.key).unwrap_or_default();
        let is_open = |pod: &Pod| !matches!(pod.stage, PodStage::Ended | PodStage::Done);
        pods.iter().any(|pod| pod.kind == PodKind::Worker && pod.epoch == row.epoch && is_open(pod))
    }

    fn is_native(&self, key: &TiKey) -> bool {
        let Some(dag) = self.world.dag_of(key.run) else { return false };
        dag.tasks.get(&key.task_id).is_some_and(|task| operators::engine(dag, task) == operators::Engine::Native)
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
