//! The pods of a job: seen, their output copied, their results read and kept before their sidecars end.

use std::{rc::Rc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    super::{
        End, WorkNews,
        api::Api,
        care::{Seen, chosen, unknown},
        facts::Facts,
        follow::Follow,
        glance, judge, outcome, pending,
    },
    JobCare,
};
use crate::{
    model::PodEvent,
    operators::kubernetes_pod::{Conduct, SIDECAR},
};

/// Labels with the UID of the job that made a pod: the new one and the old one.
const CONTROLLER: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
/// Between two attempts to end a sidecar.
const AGAIN: Duration = Duration::from_secs(3);

/// One pod of a job.
pub struct Member {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Its newest object, and whether it is gone.
    seen: watch::Sender<Seen>,
    /// Copies of its output, and its result, that aren't done yet.
    busy: usize,
    events: Vec<PodEvent>,
}

/// What a task beside has done.
pub enum Fact {
    /// Output of a pod is copied.
    Copied(String),
    /// A pod's result was looked for.
    Read(String, Result<outcome::Found, String>),
}

impl Member {
    /// True while something of it isn't done.
    pub fn is_busy(&self) -> bool {
        self.busy > 0
    }
    /// True if its object is deleted.
    pub fn is_gone(&self) -> bool {
        self.seen.borrow().1
    }
    /// It isn't there any more.
    pub fn lose(&self) {
        self.seen.send_modify(|seen| seen.1 = true);
    }
    /// Its newest object.
    pub fn now(&self) -> Rc<Value> {
        self.seen.borrow().0.clone().unwrap_or_default()
    }
    /// Why it doesn't run.
    pub fn why(&self, facts: &Facts) -> Option<String> {
        pending::why(&self.now(), &self.events, facts).filter(|_| !self.is_gone())
    }
    /// How it ended.
    pub fn end(&self, conduct: &Conduct) -> End {
        end(&self.now(), self.is_gone(), &self.events, conduct)
    }
}

/// How a pod of a job ended.
pub fn end(pod: &Value, gone: bool, events: &[PodEvent], conduct: &Conduct) -> End {
    // Exit codes that mean "skipped" are the pod operator's alone.
    let conduct = Conduct { skip_on_exit_code: Vec::new(), do_xcom_push: false, ..conduct.clone() };
    judge::end(pod, gone, events, &conduct)
}

impl JobCare {
    /// True for a pod that this job has made, also when the job is gone.
    pub(super) fn is_own(&self, pod: &Value) -> bool {
        let labels = &pod["metadata"]["labels"];
        CONTROLLER.iter().any(|label| labels[*label] == self.uid.as_str())
    }

    /// A pod's object was seen.
    pub(super) fn take_pod(&mut self, pod: &Rc<Value>, gone: bool) {
        if !self.is_own(pod) {
            return;
        }
        let uid = glance::uid(pod).to_string();
        if !self.members.contains_key(&uid) {
            self.welcome(pod, gone);
        }
        let conduct = &self.ground.work.conduct;
        let Some(member) = self.members.get(&uid) else { return };
        let is_older = {
            let now = member.seen.borrow();
            let versions = now.0.as_deref().and_then(glance::version).zip(glance::version(pod));
            now.1 || versions.is_some_and(|(a, b)| b < a)
        };
        if is_older {
            return;
        }
        member.seen.send_replace((Some(pod.clone()), gone));
        let sight = glance::sight(pod, &conduct.base, &member.events, &self.seat.facts.borrow());
        self.ground.tell(WorkNews::Seen(uid.clone(), Box::new(sight)));
        if gone {
            self.ground.tell(WorkNews::Left { uid, is_gone: true });
        }
        self.show();
    }

    /// A pod that wasn't known: it gets a row, and its output and its result are seen to.
    fn welcome(&mut self, pod: &Rc<Value>, gone: bool) {
        let (name, uid) = (glance::name(pod).to_string(), glance::uid(pod).to_string());
        let (seen, _) = watch::channel((Some(pod.clone()), gone));
        self.ground.say("info", &format!("Pod {name} was made by job {}", self.name));
        let manifest =
            Box::new(json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "spec": pod["spec"]}));
        self.ground.tell(WorkNews::Pod { uid: uid.clone(), name: name.clone(), manifest });
        for container in unknown(pod, &self.ground.work.conduct).into_iter().filter(|_| self.members.is_empty()) {
            let text = format!("container {container} whose logs were requested not found in the pod {name}");
            self.ground.say("error", &text);
        }
        let (mut busy, own_uid) = (0, uid.clone());
        for container in self.copied(pod) {
            busy += 1;
            let label = format!("{container}@{name}");
            if !self.duty.is_single {
                let own = name.strip_prefix(&format!("{}-", self.name)).unwrap_or(&name);
                self.ground.log.borrow_mut().call(&label, &format!("{own}/{container}"));
            } else {
                self.ground.log.borrow_mut().call(&label, &container);
            }
            let (api, log, done) = (self.api.clone(), self.ground.log.clone(), self.facts.0.clone());
            // Lines of a deferrable task aren't shown to callbacks, as in Airflow.
            let calls = self.calls.clone().filter(|_| !self.ground.work.conduct.deferrable);
            let (pod, seen, uid) = (name.clone(), seen.subscribe(), Some(uid.clone()));
            let follow = Follow { api, pod, container, label, log, seen, calls, uid };
            let of = own_uid.clone();
            tokio::task::spawn_local(async move {
                follow.run().await;
                let _ = done.send(Fact::Copied(of));
            });
        }
        if self.ground.work.conduct.do_xcom_push {
            if self.notes.contains_key(&uid) {
                self.end_sidecar(&name, seen.subscribe());
            } else {
                busy += 1;
                let (api, conduct, done) = (self.api.clone(), self.ground.work.conduct.clone(), self.facts.0.clone());
                let (of, pod, seen) = (uid.clone(), name.clone(), seen.subscribe());
                tokio::task::spawn_local(async move {
                    let found = read(&api, &pod, &conduct, seen).await;
                    let _ = done.send(Fact::Read(of, found));
                });
            }
        }
        self.members.insert(uid.clone(), Member { name, uid, seen, busy, events: Vec::new() });
    }

    /// Names of the containers whose output is copied.
    fn copied(&self, pod: &Value) -> Vec<String> {
        let conduct = &self.ground.work.conduct;
        if !conduct.get_logs {
            return Vec::new();
        }
        let mut names = chosen(&glance::names(pod, true), conduct.init_container_logs.as_ref());
        let main = chosen(&glance::names(pod, false), conduct.container_logs.as_ref());
        names.extend(if main.is_empty() { vec![conduct.base.clone()] } else { main });
        names
    }

    pub(super) fn take_event(&mut self, uid: &str, event: PodEvent) {
        if uid == self.uid {
            return self.take_own_event(event);
        }
        let Some(member) = self.members.get_mut(uid) else { return };
        let has_begun = glance::has_begun(&member.now(), &self.ground.work.conduct.base);
        member.events.retain(|e| e.uid != event.uid);
        member.events.push(event.clone());
        if self.ground.work.conduct.log_events_on_startup && !has_begun {
            let level = if event.level == "Warning" { "warning" } else { "info" };
            let text = format!("Pod Event: {}: {} - {}", member.name, event.reason, event.message);
            self.ground.say(level, &text);
        }
        self.ground.tell(WorkNews::Event(uid.to_string(), Box::new(event)));
        self.show();
    }

    pub(super) fn take_fact(&mut self, fact: Fact) {
        let (uid, found) = match fact {
            Fact::Copied(uid) => (uid, None),
            Fact::Read(uid, found) => (uid, Some(found)),
        };
        let Some(member) = self.members.get_mut(&uid) else { return };
        member.busy -= 1;
        let Some(found) = found else { return };
        let pod = member.now();
        let succeeded = glance::terminated(&pod, &self.ground.work.conduct.base).is_some_and(|end| end.exit_code == 0);
        let mut note = json!({
            "name": member.name, "succeeded": succeeded, "created": pod["metadata"]["creationTimestamp"],
            "index": pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"].as_str()
                .and_then(|index| index.parse::<i64>().ok()),
        });
        match found {
            Ok(found) => {
                if let Some(warning) = found.warning {
                    self.ground.say("warning", &warning);
                }
                let (value, source) = found.value.unwrap_or((Value::Null, outcome::FILE));
                (note["value"], note["source"]) = (value, source.into());
            }
            Err(why) if succeeded => note["error"] = why.into(),
            Err(_) => {}
        }
        self.notes.insert(uid.clone(), note);
        self.ground.tell(WorkNews::Noted(json!({"results": self.notes})));
        self.unsaved.push_back(uid);
    }

    /// The oldest result that was told is stored: that pod may end.
    pub(super) fn saved(&mut self) {
        let Some(uid) = self.unsaved.pop_front() else { return };
        if let Some(member) = self.members.get(&uid) {
            self.end_sidecar(&member.name, member.seen.subscribe());
        }
    }

    /// Ends a pod's sidecar, as often as it takes: the job can't end before.
    fn end_sidecar(&self, name: &str, mut seen: watch::Receiver<Seen>) {
        let (api, name) = (self.api.clone(), name.to_string());
        tokio::task::spawn_local(async move {
            let runs = |seen: &Seen| !seen.1 && seen.0.as_deref().is_some_and(|pod| glance::runs(pod, SIDECAR));
            while runs(&seen.borrow_and_update()) {
                outcome::end_sidecar(&api, &name).await;
                let ended = tokio::time::timeout(AGAIN, seen.wait_for(|now| !runs(now))).await;
                if ended.is_ok() {
                    return;
                }
            }
        });
    }
}

/// The result of a pod, once its base container has ended. Nothing, if the pod ended without it.
async fn read(
    api: &Api,
    name: &str,
    conduct: &Conduct,
    mut seen: watch::Receiver<Seen>,
) -> Result<outcome::Found, String> {
    let has_ended = |now: &Seen| {
        let base = now
            .0
            .as_deref()
            .is_some_and(|pod| glance::is_over(pod) || glance::terminated(pod, &conduct.base).is_some());
        now.1 || base
    };
    let is_lost = match seen.wait_for(has_ended).await {
        Ok(now) => now.1 || now.0.as_deref().is_some_and(glance::is_over),
        Err(_) => return Err("the pod is not watched any more".into()),
    };
    if is_lost && conduct.xcom_from != crate::operators::kubernetes_pod::XcomFrom::Stdout {
        return Err("the pod was over before its result was read".into());
    }
    outcome::read(api, name, conduct, &mut seen).await.map_err(|cause| cause.summary)
}
