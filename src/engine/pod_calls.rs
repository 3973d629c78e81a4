//! The author's own code about a pod (`callbacks=`, `log_formatter=`): a process of the task imports the file and asks here for
//! one call after the other. Usually that process does nothing else, and the pod goes on without it; where Python runs the task
//! anyway, it is the task's own process.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{adopt::failed, callbacks::is_callback, core::Engine};
use crate::{
    error::{Error, Result},
    executor::kubernetes::{Job, Request},
    model::{Cause, CauseKind, DagRun, PodId, PodWrite, TiKey},
    operators::kubernetes_pod::Conduct,
    protocol::{OutcomeKind, ToSupervisor, TrySpec, agent::ToAgent},
    runner::claim::Life,
    store,
};

/// What stands before a task's id in the name of its process that is told of its pod.
const LISTENER: &str = "@pod_calls.";

/// The process that is told of a pod.
pub(super) struct Listener {
    /// Its try.
    of: (TiKey, u32),
    /// Its question, while it waits for the next call.
    pub(super) asked: Option<u64>,
    /// The call that it is at; number 0 is the one about the manifest.
    at: Option<Value>,
    /// Calls that come after that.
    next: VecDeque<Value>,
    is_gone: bool,
    /// The pod whose manifest it hasn't seen yet: not created before that.
    pub(super) draft: Option<Box<Job>>,
}

impl Listener {
    /// Of a pod; `in_python`: the task's own process.
    pub(super) fn new(key: &TiKey, epoch: u32, in_python: bool) -> Self {
        let name = if in_python { key.task_id.to_string() } else { format!("{LISTENER}{}", key.task_id) };
        let of = (TiKey::new(key.run, name, key.map_index), epoch);
        Self { of, asked: None, at: None, next: VecDeque::new(), is_gone: false, draft: None }
    }
}

impl Engine {
    /// The pod whose calls a process makes, and whose task's says are its own.
    fn listened(&self, key: &TiKey, epoch: u32) -> Option<PodId> {
        let listens = |listener: &Listener| listener.of.1 == epoch && listener.of.0 == *key;
        let mut all = self.pods.all.iter();
        all.find(|(_, kept)| kept.listener.as_ref().is_some_and(listens)).map(|(id, _)| *id)
    }

    /// The instance that a process speaks for: that of the pod that it is told of, else its own.
    pub(super) fn speaks_for(&self, key: &TiKey, epoch: u32) -> TiKey {
        let pod = is_callback(key).then(|| self.listened(key, epoch)).flatten();
        pod.and_then(|id| self.pods.all.get(&id)).map_or_else(|| key.clone(), |kept| kept.key.clone())
    }

    /// A process is ready for its next call, and says what came of the last one. Answered at once only if none will come.
    pub(super) fn next_pod_call(&mut self, key: &TiKey, epoch: u32, ask: u64, body: &Value) -> Option<Value> {
        let Some(id) = self.listened(key, epoch) else { return Some(json!({"type": "PodCall", "call": "end"})) };
        self.pod_called(id, ask, &body["done"]);
        None
    }

    /// Takes in what came of a call, and has the next one made.
    pub(super) fn pod_called(&mut self, id: PodId, ask: u64, done: &Value) {
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        let Some(listener) = &mut kept.listener else { return };
        listener.asked = Some(ask);
        match listener.at.take() {
            Some(call) if call["n"] != done["n"] => {
                // Its answer was to a call of an earlier scheduler, or this call didn't reach it.
                listener.next.push_front(call);
            }
            Some(call) => match number(&call) {
                0 => self.finish_draft(id, done),
                n => self.send_called(id, n, done.clone()),
            },
            None => {}
        }
        self.call_next(id);
    }

    fn send_called(&self, id: PodId, n: u64, answer: Value) {
        if let Some(thread) = &self.pods.thread {
            thread.send(Request::Called(id, n, answer));
        }
    }

    /// The care of a pod wants a call made.
    pub(super) fn want_call(&mut self, id: PodId, n: u64, what: Value) {
        let listener = self.pods.all.get_mut(&id).and_then(|kept| kept.listener.as_mut());
        match listener.filter(|listener| !listener.is_gone) {
            Some(listener) => {
                listener.next.push_back(what);
                self.call_next(id);
            }
            None => self.send_called(id, n, json!({"gone": true})),
        }
    }

    fn call_next(&mut self, id: PodId) {
        let Some(listener) = self.pods.all.get_mut(&id).and_then(|kept| kept.listener.as_mut()) else { return };
        let Some(ask) = listener.asked.filter(|_| listener.at.is_none()) else { return };
        let call = match (listener.next.pop_front(), &listener.draft) {
            (Some(call), _) => call,
            (None, Some(draft)) => json!({"n": 0, "call": "on_pod_manifest_created", "pod": draft.pod.manifest}),
            (None, None) => return,
        };
        let mut answer = call.clone();
        answer["type"] = "PodCall".into();
        (listener.at, listener.asked) = (Some(call), None);
        let of = listener.of.clone();
        self.answer_process(&of, ask, answer);
    }

    /// Answers a process's question, wherever it runs. False if it can't be reached: then it will ask again.
    pub(super) fn answer_process(&mut self, of: &(TiKey, u32), ask: u64, mut body: Value) -> bool {
        body["id"] = ask.into();
        if let Some(conn) = self.supervisors.get(of).and_then(|conn| self.conns.get_mut(conn)) {
            conn.send(&ToSupervisor::Answer { id: ask, body });
        } else if let Some(worker) = self.workers.pod_of(&of.0, of.1) {
            self.tell_agent(worker, &ToAgent::Answer { id: ask, body });
        } else {
            return false;
        }
        true
    }

    /// The process has seen the manifest, and may have changed it: the pod can be created.
    fn finish_draft(&mut self, id: PodId, done: &Value) {
        let home = self.home_mark();
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        let Some(mut job) = kept.listener.as_mut().and_then(|listener| listener.draft.take()) else { return };
        if let Some(error) = done.get("error") {
            let text = |name: &str| error[name].as_str().unwrap_or_default();
            let summary = format!("{} of callbacks=: {}", text("method"), text("summary"));
            let cause = Cause::new(CauseKind::Exception, summary).exception(text("exception"));
            self.fail_draft(id, cause);
            return;
        }
        if done["pod"].is_object() {
            job.pod.manifest = done["pod"].clone();
        }
        job.conduct.shows_lines = done["shows_lines"] == true;
        super::pods::own(&mut job.pod, &home);
        job.pod.conduct = serde_json::to_value::<&Conduct>(&job.conduct).unwrap_or_default();
        kept.namespace = job.pod.namespace.clone();
        self.write_pod(PodWrite::Final(Box::new(job.pod.clone())));
        self.pods.to_send.push(Request::Care(job));
    }

    /// No pod is made: its task fails.
    fn fail_draft(&mut self, id: PodId, cause: Cause) {
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        let (key, epoch, asks) = (kept.key.clone(), kept.epoch, kept.in_python);
        if asks {
            // The process raises it.
            kept.ended = Some(Box::new(crate::executor::kubernetes::Ended {
                end: crate::executor::kubernetes::End::Failed(cause),
                xcom: None,
                at: crate::clock::now(),
                may_have_begun: false,
            }));
            kept.tidied = Some(true);
            self.answer_pod(id);
        } else {
            self.pod_done(id, true);
            if self.is_current(&key, epoch) {
                self.report(&key, epoch, failed(cause, true));
            }
        }
    }

    /// A process that was told of a pod has ended. The pod goes on; one that it hasn't let pass is never made.
    pub(super) fn listener_gone(&mut self, key: &TiKey, epoch: u32, how: Option<&OutcomeKind>) {
        let Some(id) = self.listened(key, epoch).filter(|_| is_callback(key)) else { return };
        let Some(listener) = self.pods.all.get_mut(&id).and_then(|kept| kept.listener.as_mut()) else { return };
        (listener.is_gone, listener.asked) = (true, None);
        let open: Vec<u64> = listener.at.take().iter().chain(&listener.next).map(number).collect();
        listener.next.clear();
        if listener.draft.take().is_some() {
            let cause = match how {
                Some(OutcomeKind::Failed { cause, .. }) => cause.clone(),
                _ => Cause::new(CauseKind::Start, "the process that calls callbacks= ended before the pod was created"),
            };
            self.fail_draft(id, cause);
            return;
        }
        for n in open {
            self.send_called(id, n, json!({"gone": true}));
        }
    }

    /// The pod is done with: so is the process that was told of it. One that is still at a call is ended.
    pub(super) fn dismiss(&mut self, listener: Listener) {
        if listener.is_gone || !is_callback(&listener.of.0) {
            return;
        }
        match (listener.asked, listener.at) {
            (Some(ask), _) => {
                self.answer_process(&listener.of, ask, json!({"type": "PodCall", "call": "end"}));
            }
            (None, Some(_)) => {
                let cause = Cause::new(CauseKind::Killed, "its pod is done with");
                if let Some(conn) = self.supervisors.get(&listener.of).and_then(|conn| self.conns.get_mut(conn)) {
                    conn.send(&ToSupervisor::Kill { cause: cause.clone() });
                }
                self.to_kill.insert(listener.of, cause);
            }
            // It asks when it has begun, and finds no pod.
            (None, None) => {}
        }
    }

    /// The process that is to be told of a pod, as a try.
    pub(super) fn listener_spec(&mut self, run: &DagRun, name: &TiKey, epoch: u32, request: &Value) -> Result<TrySpec> {
        let task_id = request["task_id"].as_str().unwrap_or_default();
        let key = TiKey::new(name.run, task_id, name.map_index);
        let found = self.world.instance(&key).zip(self.world.dag_of(key.run));
        let found = found.and_then(|(row, dag)| Some((row.clone(), dag.clone(), dag.tasks.get(task_id)?.clone())));
        let (row, dag, task) = found.ok_or_else(|| Error::system("it has no task any more", &*name.task_id))?;
        let mut spec = self.python_spec(&dag, &task, run, &row);
        (spec.key, spec.epoch, spec.timeout) = (name.clone(), epoch, None);
        if let Some(startup) = &mut spec.startup {
            startup["type"] = "PodCallsRequest".into();
        }
        Ok(spec)
    }

    /// The process of a pod that an earlier scheduler has left.
    pub(super) fn listener_again(&self, key: &TiKey, epoch: u32, in_python: bool) -> Listener {
        let mut listener = Listener::new(key, epoch, in_python);
        let (name, epoch) = &listener.of;
        let wanted = matches!(store::callback::get(self.store.reader(), name, *epoch), Ok(Some(_)));
        let lives = matches!(self.files(name, *epoch).look(), Ok(Life::Alive | Life::NeverStarted) | Err(_));
        listener.is_gone = !(in_python || wanted && lives);
        listener
    }

    /// Has a process begun that is told of a pod.
    pub(super) fn begin_listener(&mut self, key: &TiKey, epoch: u32) {
        let name = Listener::new(key, epoch, false).of.0;
        self.call_back(name, epoch, json!({"kind": "pod", "task_id": &*key.task_id}));
    }
}

fn number(call: &Value) -> u64 {
    call["n"].as_u64().unwrap_or(0)
}
