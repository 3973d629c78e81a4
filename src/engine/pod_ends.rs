//! The end of a pod, and of the task whose work it was.

use serde_json::Value;

use super::{
    adopt::failed,
    core::{Engine, Write},
    pods::Kept,
};
use crate::{
    clock,
    executor::kubernetes::{End, Ended, Request},
    model::{Cause, CauseKind, PodId, PodWrite, TiKey, TiState, quantity},
    scheduler::Report,
    store::{self, xcom::RETURN_VALUE},
};

impl Engine {
    /// A pod's end is known. A deferred task waits for its slots first; its end is kept with the pod.
    pub(super) fn pod_ended(&mut self, id: PodId, mut result: Box<Ended>) {
        if let End::Failed(cause) = &mut result.end
            && cause.kind == CauseKind::OomKilled
        {
            self.name_last_use(id, cause);
        }
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        if kept.killed.is_some() || kept.is_over {
            return;
        }
        if kept.is_worker {
            self.worker_ended(id, *result);
            return;
        }
        let (key, epoch) = (kept.key.clone(), kept.epoch);
        let document = serde_json::to_value(&result).unwrap_or_default();
        kept.ended = Some(result);
        self.write_pod(PodWrite::Ended { id, result: document });
        // The pod itself isn't needed any more once that is committed.
        self.pods.to_send.push(Request::Committed(id));
        if self.pods.all.get(&id).is_some_and(|kept| kept.in_python) {
            self.answer_pod(id);
        } else if self.is_deferred(&key, epoch) {
            self.report(&key, epoch, Report::Resume);
        } else {
            self.finish_pod(id);
        }
    }

    /// A container that used too much memory: how much it used when that was asked last. Equal failures stay one group.
    fn name_last_use(&self, id: PodId, cause: &mut Cause) {
        let reader = self.store.reader();
        let Ok(Some(pod)) = store::pod::get(reader, id) else { return };
        let used = store::pod_usage::of_pod(reader, id).unwrap_or_default();
        if let Some(used) = used.into_iter().find(|used| pod.conduct["base"] == used.container.as_str()) {
            let (last, peak) = (quantity::bytes(used.memory.last), quantity::bytes(used.memory.peak));
            cause.summary += &format!("; last known use {last}, highest {peak}");
        }
    }

    /// The end of a pod counts for its task.
    pub(super) fn finish_pod(&mut self, id: PodId) {
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        let Some(ended) = kept.ended.take() else { return };
        kept.is_over = true;
        let (key, epoch) = (kept.key.clone(), kept.epoch);
        if let Some(is_gone) = kept.tidied {
            self.pod_done(id, is_gone);
        }
        if !self.is_current(&key, epoch) {
            return;
        }
        if let Some((value, source)) = ended.xcom {
            self.push_result(&key, epoch, value, &source);
        }
        let end = ended.at;
        let (report, callback, error) = match ended.end {
            End::Success => (Report::Success { start: None, end }, Some("on_success_callback"), String::new()),
            End::Skipped(cause) => {
                let error = cause.summary.clone();
                (Report::Skipped { cause, end }, Some("on_skipped_callback"), error)
            }
            End::Failed(cause) => {
                let error = cause.summary.clone();
                // The engine has these called for whatever ended without its own report.
                let by_itself = super::callbacks::is_unreported(cause.kind);
                let report = Report::Failed { cause, retryable: true, retry_delay: None, start: None, end };
                self.report(&key, epoch, report);
                let state = self.world.instance(&key).map(|row| row.state);
                let callback = match state {
                    Some(TiState::UpForRetry) => "on_retry_callback",
                    Some(TiState::Failed) => "on_failure_callback",
                    _ => return,
                };
                if !by_itself {
                    self.call_task_back(&key, epoch, callback, &error);
                }
                return;
            }
        };
        self.report(&key, epoch, report);
        if let Some(callback) = callback {
            self.call_task_back(&key, epoch, callback, &error);
        }
    }

    pub(super) fn push_result(&mut self, key: &TiKey, epoch: u32, value: Value, source: &str) {
        let length = value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
        let fans_out = self
            .world
            .dag_of(key.run)
            .and_then(|dag| dag.tasks.get(&key.task_id))
            .is_some_and(|task| task.multiple_outputs);
        if fans_out && let Some(map) = value.as_object() {
            for (name, part) in map.clone() {
                self.push(key, epoch, &name, part);
            }
        }
        self.report(key, epoch, Report::Pushed { length });
        let (key, name, source) = (key.clone(), RETURN_VALUE.to_string(), format!("pod:{source}"));
        self.writes.push(Write::SourcedXcom { key, name, value, source, length });
    }

    /// Nothing is left to be done with a pod.
    pub(super) fn pod_done(&mut self, id: PodId, is_gone: bool) {
        // Its end is kept with it until that counts.
        if let Some(kept) = self.pods.all.get_mut(&id).filter(|kept| kept.ended.is_some()) {
            kept.tidied = Some(is_gone);
            if kept.in_python && kept.listener.is_some() {
                self.answer_pod(id);
            }
            return;
        }
        self.write_pod(PodWrite::Done { id, gone_at: is_gone.then(clock::now) });
        self.members_done(id);
        self.workers.talks.remove(&id);
        let Some(mut kept) = self.pods.all.remove(&id) else { return };
        if let Some(listener) = kept.listener.take() {
            self.dismiss(listener);
        }
        if let Some(cause) = kept.killed.filter(|_| !kept.in_python) {
            self.report(&kept.key, kept.epoch, failed(cause, false));
        }
        self.to_start.append(&mut self.tries.held);
    }

    /// Ends the pod of an instance, if it has one whose end doesn't count yet. True if it had.
    pub(super) fn kill_pod(&mut self, key: &TiKey, cause: &Cause) -> bool {
        self.give_up_pods(cause, |kept| kept.key == *key)
    }

    /// The same of all pods of some kind.
    pub(super) fn give_up_pods(&mut self, cause: &Cause, which: impl Fn(&Kept) -> bool) -> bool {
        let (mut found, mut tidied) = (false, Vec::new());
        for (id, kept) in &mut self.pods.all {
            if !which(kept) || kept.is_over || kept.killed.is_some() {
                continue;
            }
            found = true;
            if kept.ended.is_some() {
                // It has ended, and only waited for its slots.
                kept.ended = None;
                kept.is_over = true;
                tidied.extend(kept.tidied.map(|is_gone| (*id, is_gone)));
            } else {
                kept.killed = Some(cause.clone());
                if kept.is_draft() {
                    tidied.push((*id, true));
                } else {
                    self.pods.to_send.push(Request::Drop(*id));
                }
            }
        }
        for (id, is_gone) in tidied {
            self.pod_done(id, is_gone);
        }
        found
    }

    /// The end of a worker's task is committed with what follows from it; its pod may go after that.
    pub(super) fn worker_is_over(&mut self, id: PodId, result: Value) {
        if let Some(kept) = self.pods.all.get_mut(&id) {
            kept.is_over = true;
        }
        self.write_pod(PodWrite::Ended { id, result });
        self.pods.to_send.push(Request::Committed(id));
    }
}
