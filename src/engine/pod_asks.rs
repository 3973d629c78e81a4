//! Pods for which a process of their task waits: the file gave the task what only Python can do (a decorated function, a class
//! made from the operator, macros). The process asks for the pod, waits, and ends the task itself.

use serde_json::{Value, json};

use super::{cluster_work::is_work, core::Engine};
use crate::{
    executor::kubernetes::{End, Request},
    model::{Cause, CauseKind, PodId, TiKey},
    protocol::task,
};

impl Engine {
    /// Makes the pod that a process asks for, or finds the one that it asked an earlier scheduler for. Answered at once only if
    /// that has ended already, or can't be made.
    pub(super) fn ask_pod(&mut self, key: &TiKey, epoch: u32, id: u64, body: &Value) -> Option<Value> {
        let found = self.world.instance(key).zip(self.world.run(key.run)).zip(self.world.dag_of(key.run));
        let Some(((row, run), dag)) = found else { return Some(task::error("GENERIC_ERROR", "the run is over")) };
        let (row, run, dag) = (row.clone(), run.clone(), dag.clone());
        let mut all = self.pods.all.iter();
        let of_try = all.find(|(_, kept)| {
            let is_its = kept.key == *key && kept.try_number == row.try_number && !kept.is_worker;
            is_its && kept.killed.is_none() && !kept.is_over
        });
        if let Some(pod) = of_try.map(|(id, _)| *id) {
            if let Some(kept) = self.pods.all.get_mut(&pod) {
                kept.asked = Some(id);
            }
            self.pod_called(pod, id, &body["done"]);
            self.answer_pod(pod);
            return None;
        }
        let Some(mut the_task) = dag.tasks.get(&key.task_id).cloned() else {
            return Some(task::error("GENERIC_ERROR", "the task is gone"));
        };
        the_task.do_xcom_push = body["do_xcom_push"] == true;
        let arguments = serde_json::from_value(body["arguments"].clone()).unwrap_or_default();
        let place = (&dag, &the_task, &run, &row);
        let asked = Some((id, body["listens"] == true));
        let wanted = match is_work(&the_task) {
            true => self.want_work(key, epoch, place, arguments, asked),
            false => self.want_pod(key, epoch, place, arguments, asked),
        };
        wanted.err().map(|problem| result(&End::Failed(problem.cause()), None))
    }

    /// Tells the process that waits for a pod how it ended; later, if it hasn't asked in this scheduler's life yet.
    pub(super) fn answer_pod(&mut self, pod: PodId) {
        let Some(kept) = self.pods.all.get_mut(&pod) else { return };
        let (Some(id), Some(ended)) = (kept.asked, &kept.ended) else { return };
        // A process that is told of it is told of its removal, too, before it ends.
        let waits = kept.listener.as_ref().is_some_and(|l| kept.tidied.is_none() || l.asked.is_none());
        if waits {
            return;
        }
        let answer = result(&ended.end, ended.xcom.as_ref().map(|(value, _)| value));
        let of = (kept.key.clone(), kept.epoch);
        if !self.answer_process(&of, id, answer) {
            return;
        }
        let Some(kept) = self.pods.all.get_mut(&pod) else { return };
        kept.ended = None;
        kept.is_over = true;
        let tidied = kept.tidied;
        if let Some(is_gone) = tidied {
            self.pod_done(pod, is_gone);
        }
    }

    /// The process that waited for a pod is gone: so goes its pod.
    pub(super) fn drop_asked_pod(&mut self, key: &TiKey) {
        let mut tidied = Vec::new();
        for (id, kept) in &mut self.pods.all {
            if kept.key != *key || !kept.in_python || kept.is_over || kept.killed.is_some() {
                continue;
            }
            if kept.ended.take().is_some() {
                kept.is_over = true;
                tidied.extend(kept.tidied.map(|is_gone| (*id, is_gone)));
            } else {
                kept.killed = Some(Cause::new(CauseKind::Killed, "the process that waited for the pod ended"));
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
    }
}

/// A pod's end in the words of `protocol::task`.
fn result(end: &End, xcom: Option<&Value>) -> Value {
    let (state, cause) = match end {
        End::Success => ("success", None),
        End::Skipped(cause) => ("skipped", Some(cause)),
        End::Failed(cause) => ("failed", Some(cause)),
    };
    json!({"type": "PodResult", "state": state, "xcom": xcom, "message": cause.map(|cause| &cause.summary)})
}
