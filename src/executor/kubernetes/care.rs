//! The care of one pod, from its row to its removal: get it, follow it, judge it, tidy up. Each step may be the first one
//! after a restart; what was decided is committed by the engine before what can't be taken back is done.

mod tidy;

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::Rc,
};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::JoinHandle,
};

use super::{
    End, Ended, Job, Report, Teller,
    api::Api,
    clocks::Clocks,
    deliver::Needs,
    facts::Facts,
    find::{self, Obtained, Pause},
    follow::Follow,
    glance,
    hub::{Hub, Seat, View},
    judge, outcome, pending,
    podlog::{Form, PodLog},
    worker,
};
use crate::{
    clock,
    model::{Cause, CauseKind, PodEvent, PodStage},
    operators::kubernetes_pod::{Containers, OnFinish},
};

/// What the engine says about one pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Its end is committed.
    Committed,
    /// Nobody waits for it any more.
    Drop,
    /// A person gave it up: its object goes at once, whatever its node does.
    GiveUp,
}

/// Newest object, and whether it is gone.
pub type Seen = (Option<Rc<Value>>, bool);

/// One pod in care.
pub struct Care {
    job: Job,
    teller: Teller,
    orders: UnboundedReceiver<Order>,
    log: Rc<RefCell<PodLog>>,
    seen: watch::Sender<Seen>,
    events: Vec<PodEvent>,
    /// What is known around it while it waits.
    facts: Rc<Facts>,
    /// Why it waits, as told last.
    why: Option<String>,
    uid: String,
    name: String,
    dropped: Rc<Cell<bool>>,
    /// What the agent of a worker pod is told.
    inbox: Option<UnboundedReceiver<String>>,
    /// Its end is committed already: the agent told it.
    committed: bool,
    /// No answer of the engine to wait for before it is removed: it timed out, or nobody wants it.
    must_go: bool,
    is_deleted: bool,
}

impl Care {
    /// Takes care of a pod until nothing is left to be done.
    pub async fn run(
        job: Job,
        hub: Rc<Hub>,
        teller: Teller,
        (orders, inbox): (UnboundedReceiver<Order>, UnboundedReceiver<String>),
    ) {
        let has_agent = job.worker.as_ref().is_some_and(|worker| worker.has_agent);
        let form = if has_agent { Form::Agent } else { Form::Plain { prefix: job.conduct.prefix } };
        let log = match PodLog::open(&job.log, form) {
            Ok(log) => Rc::new(RefCell::new(log)),
            Err(e) => {
                let text = format!("cannot write the log {}: {e}", job.log.display());
                fail(&teller, &job, Cause::new(CauseKind::Start, text).exception("OSError"));
                teller.tell(Report::Done { id: job.pod.id, is_gone: false });
                return;
            }
        };
        let mut care = Self {
            uid: job.pod.uid.clone().unwrap_or_default(),
            name: job.pod.name.clone(),
            dropped: Rc::new(Cell::new(job.unwanted)),
            seen: watch::channel((None, false)).0,
            events: Vec::new(),
            facts: Rc::default(),
            why: None,
            must_go: false,
            inbox: Some(inbox).filter(|_| has_agent),
            committed: false,
            is_deleted: false,
            job,
            teller,
            orders,
            log,
        };
        let Some(api) = care.connected(&hub).await else { return };
        let mut seat = hub.seat(&care.job.cluster, &care.job.pod.namespace, (care.job.pod.id, &care.name), &api);
        let needs = care.job.worker.as_ref().map(|worker| {
            let place = (care.job.cluster.clone(), care.job.pod.namespace.clone());
            hub.delivery.need(api.clone(), place, &worker.home, &worker.config_maps)
        });
        if !care.obtain(&api, &hub, &mut seat, needs.as_ref()).await {
            care.done();
            return;
        }
        if care.job.pod.stage != PodStage::Ended {
            let end = care.follow(&api, &mut seat).await;
            match end {
                Some(end) => care.report_end(&api, end).await,
                None => {
                    care.remove(&api, &mut seat).await;
                    care.done();
                    return;
                }
            }
            care.await_commit().await;
        } else if care.job.worker.is_some() {
            // Its outcome was committed before its log was whole.
            for copy in care.copies(&api) {
                care.while_watching(&api, &mut seat, copy).await;
            }
        }
        care.tidy(&api, &mut seat).await;
        care.done();
    }

    fn done(&self) {
        self.teller.tell(Report::Done { id: self.job.pod.id, is_gone: self.is_deleted || self.is_gone() });
    }

    fn say(&self, level: &str, text: &str) {
        self.log.borrow_mut().say(level, text);
    }

    /// The API, once the kubeconfig can be used. One that is wrong fails the task.
    async fn connected(&mut self, hub: &Rc<Hub>) -> Option<Api> {
        match hub.api(&self.job.cluster, &self.job.pod.namespace).await {
            Ok(api) => Some(api),
            Err(e) => {
                let cause =
                    Cause::new(CauseKind::Cluster, e.to_string().replace('\n', " ")).exception("AirflowException");
                self.say("error", &cause.summary);
                // A pod that exists stays as it is until the kubeconfig can be used again.
                if self.job.pod.stage == PodStage::Wanted {
                    fail(&self.teller, &self.job, cause);
                    self.await_commit().await;
                    self.done();
                    return None;
                }
                let mut pause = Pause::default();
                loop {
                    pause.wait().await;
                    if let Ok(api) = hub.api(&self.job.cluster, &self.job.pod.namespace).await {
                        return Some(api);
                    }
                }
            }
        }
    }

    /// Gets the pod. False if there is none to take care of; then everything is said.
    async fn obtain(&mut self, api: &Api, hub: &Rc<Hub>, seat: &mut Seat, needs: Option<&Needs>) -> bool {
        if matches!(self.job.pod.stage, PodStage::Created | PodStage::Ended) {
            return self.adopt(api).await;
        }
        for warning in std::mem::take(&mut self.job.warnings) {
            self.say("warning", &warning);
        }
        let (pod, conduct) = (self.job.pod.clone(), self.job.conduct.clone());
        let dropped = self.dropped.clone();
        let for_worker = dropped.clone();
        let unwanted = move || dropped.get();
        let is_new = self.job.is_new;
        let (job, delivery, needs, teller) = (self.job.clone(), hub.delivery.clone(), needs, self.teller.clone());
        let turns = seat.turns();
        let work = async {
            // Workers have turns of their own, which they give back while they wait for quota.
            let _turn = if needs.is_none() { turns.acquire().await.ok() } else { None };
            if let Some(needs) = needs {
                worker::obtain(&job, api, &delivery, needs, &teller, for_worker).await
            } else if is_new {
                find::create(api, &pod, &conduct, unwanted).await
            } else {
                find::obtain(api, &pod, &conduct, unwanted).await
            }
        };
        let obtained = self.while_listening(work).await;
        match obtained {
            Obtained::Pod(found, is_earlier) => {
                if is_earlier {
                    self.name = glance::name(&found).to_string();
                    *seat = hub.seat(&self.job.cluster, &self.job.pod.namespace, (self.job.pod.id, &self.name), api);
                    self.say("info", &format!("Found matching pod {} of an earlier try: it is taken up", self.name));
                } else {
                    self.say("info", &format!("Pod {} in namespace {} was created", self.name, self.job.pod.namespace));
                }
                self.uid = glance::uid(&found).to_string();
                let (id, name, uid) = (self.job.pod.id, self.name.clone(), self.uid.clone());
                self.teller.tell(Report::Created { id, name, uid });
                self.see(found, false);
                if is_earlier {
                    // What happened to it before we sat at its watch.
                    self.take_view(View::Missing, api).await;
                }
                true
            }
            Obtained::Refused(cause) => {
                self.say("error", &cause.summary);
                fail(&self.teller, &self.job, cause);
                self.await_commit().await;
                false
            }
            Obtained::Unwanted => false,
        }
    }

    /// A pod that an earlier scheduler has created: as it is now, or as it was seen last.
    async fn adopt(&mut self, api: &Api) -> bool {
        let mut pause = Pause::default();
        loop {
            match api.get(&self.name).await {
                Ok(found) if self.uid.is_empty() || glance::uid(&found) == self.uid => {
                    self.uid = glance::uid(&found).to_string();
                    self.see(found, false);
                    self.past_events(api).await;
                    return true;
                }
                Ok(_) => break,
                Err(trouble) if trouble.is_missing() => break,
                Err(_) => pause.wait().await,
            }
        }
        let status = self.job.pod.sight.status.clone();
        let last = json!({"metadata": {"name": self.name, "uid": self.uid}, "status": status, "spec": self.job.pod.manifest["spec"]});
        self.seen.send_replace((Some(Rc::new(last)), true));
        self.past_events(api).await;
        if self.job.pod.stage == PodStage::Created && !self.dropped.get() {
            self.say("warning", "the pod was gone when dagdeck came back: its last lines may be missing here");
        }
        true
    }

    /// What was said about the pod while nobody listened.
    async fn past_events(&mut self, api: &Api) {
        for object in api.events(&self.name).await.unwrap_or_default() {
            if object["involvedObject"]["uid"] == self.uid.as_str() {
                self.take_event(glance::event(&object), false);
            }
        }
    }

    /// Does something while orders are heard.
    async fn while_listening<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                order = self.orders.recv() => match order {
                    Some(Order::Drop) => self.dropped.set(true),
                    // There is nothing to give up yet.
                    Some(Order::GiveUp) => {}
                    Some(Order::Committed) => self.committed = true,
                    None => return work.await,
                },
            }
        }
    }

    /// Takes a newer object; an older one, or another pod's, is ignored.
    fn see(&mut self, pod: Value, gone: bool) {
        if glance::uid(&pod) != self.uid {
            return;
        }
        {
            let now = self.seen.borrow();
            let is_older =
                now.0.as_deref().and_then(glance::version).zip(glance::version(&pod)).is_some_and(|(a, b)| b < a);
            if now.1 || is_older {
                return;
            }
        }
        self.tell_sight(&pod);
        self.seen.send_replace((Some(Rc::new(pod)), gone));
    }

    fn tell_sight(&mut self, pod: &Value) {
        let sight = glance::sight(pod, &self.job.conduct.base, &self.events, &self.facts);
        self.why.clone_from(&sight.why);
        self.teller.tell(Report::Seen { id: self.job.pod.id, sight: Box::new(sight) });
    }

    /// More is known: tells why it waits if that reads differently now.
    fn look_again(&mut self) {
        if let Some(pod) = self.now().filter(|_| !self.is_gone())
            && pending::why(&pod, &self.events, &self.facts) != self.why
        {
            self.tell_sight(&pod);
        }
    }

    fn take_event(&mut self, event: PodEvent, is_told: bool) {
        let base_runs = self.now().is_some_and(|pod| glance::has_begun(&pod, &self.job.conduct.base));
        if is_told && self.job.conduct.log_events_on_startup && !base_runs {
            let level = if event.level == "Warning" { "warning" } else { "info" };
            self.say(level, &format!("Pod Event: {} - {}", event.reason, event.message));
        }
        self.teller.tell(Report::Event { id: self.job.pod.id, event: Box::new(event.clone()) });
        self.events.retain(|e| e.uid != event.uid);
        self.events.push(event);
        self.look_again();
    }

    fn now(&self) -> Option<Rc<Value>> {
        self.seen.borrow().0.clone()
    }

    fn is_gone(&self) -> bool {
        self.seen.borrow().1
    }

    /// Takes what the watch shows.
    async fn take_view(&mut self, view: View, api: &Api) {
        match view {
            View::Nothing => {}
            View::There(pod) => self.see((*pod).clone(), false),
            View::Gone(pod) => self.see((*pod).clone(), true),
            // The list may be older than the pod.
            View::Missing => match api.get(&self.name).await {
                Ok(pod) if glance::uid(&pod) == self.uid => self.see(pod, false),
                Err(trouble) if !trouble.is_missing() => {}
                _ => {
                    let last = self.now();
                    self.seen.send_replace((last, true));
                }
            },
        }
    }

    /// True if the base container's part is over: its result can be read, or never will be.
    fn is_at_end(&self) -> bool {
        let seen = self.seen.borrow();
        let Some(pod) = seen.0.as_deref() else { return seen.1 };
        let base_ended = glance::terminated(pod, &self.job.conduct.base).is_some();
        seen.1 || glance::is_over(pod) || (base_ended && self.job.conduct.do_xcom_push)
    }

    /// Follows the pod to its end; `None` if nobody waits for it any more.
    async fn follow(&mut self, api: &Api, seat: &mut Seat) -> Option<Verdict> {
        let copies = self.copies(api);
        let seen = self.seen.subscribe();
        let inbox = self.inbox.take();
        let talk = inbox.map(|inbox| worker::converse(&self.job, api, &self.name, inbox, seen, &self.teller));
        let mut clocks = Clocks::new(&self.job, seat.outage().0);
        let mut late = None;
        while !self.is_at_end() && !self.dropped.get() {
            let pod = self.now();
            if let Some(cause) = pod.as_deref().and_then(pending::hopeless) {
                late = Some(cause);
                break;
            }
            let wake = clocks.next(pod.as_deref(), seat.outage());
            tokio::select! {
                biased;
                order = self.orders.recv() => self.take_order(order, api),
                event = seat.events.recv() => if let Some((uid, event)) = event && uid == self.uid { self.take_event(event, true) },
                changed = seat.view.changed() => {
                    let view = seat.view.borrow_and_update().clone();
                    if changed.is_ok() { self.take_view(view, api).await }
                },
                Ok(()) = seat.facts.changed() => {
                    self.facts = seat.facts.borrow_and_update().clone();
                    self.look_again();
                }
                () = tokio::time::sleep(wake) => {
                    let pod = self.now();
                    late = clocks.over(pod.as_deref(), (&self.events, &self.facts), seat.outage());
                    if late.is_some() { break }
                }
            }
        }
        worker::fall_silent(talk).await;
        if self.dropped.get() {
            // What it still says until it is gone belongs into the log; `remove` waits for that.
            return None;
        }
        if let Some(cause) = late {
            let is_timeout = cause.kind == CauseKind::Timeout;
            let is_over = self.now().is_some_and(|pod| glance::is_over(&pod));
            self.must_go = !self.job.conduct.keep_on_kill && !is_over;
            // What it still says until it is gone is copied all the same.
            return Some(Verdict { end: End::Failed(cause), xcom: None, is_timeout, is_told: false });
        }
        for copy in copies {
            self.while_watching(api, seat, copy).await;
        }
        if self.dropped.get() {
            return None;
        }
        let verdict = self.judged(api, seat).await;
        (!self.dropped.get()).then_some(verdict)
    }

    /// An order while the pod is followed; without an engine nobody waits for anything.
    fn take_order(&mut self, order: Option<Order>, api: &Api) {
        match order {
            Some(Order::Committed) => self.committed = true,
            Some(Order::GiveUp) => self.give_up(api),
            Some(Order::Drop) | None => self.dropped.set(true),
        }
    }

    /// One copy per container whose output is wanted.
    fn copies(&self, api: &Api) -> Vec<JoinHandle<()>> {
        let Some(pod) = self.now() else { return Vec::new() };
        let conduct = &self.job.conduct;
        let mut names = chosen(&glance::names(&pod, true), conduct.init_container_logs.as_ref());
        let mut main = match &conduct.container_logs {
            None if conduct.get_logs => vec![conduct.base.clone()],
            None => Vec::new(),
            some => chosen(&glance::names(&pod, false), some.as_ref()),
        };
        if conduct.get_logs && main.is_empty() {
            main.push(conduct.base.clone());
        }
        names.extend(main);
        let follow = |container: String| {
            let (api, log, seen) = (api.clone(), self.log.clone(), self.seen.subscribe());
            tokio::task::spawn_local(Follow { api, pod: self.name.clone(), container, log, seen }.run())
        };
        names.into_iter().map(follow).collect()
    }

    /// Waits for a copy's end while the watch goes on.
    async fn while_watching(&mut self, api: &Api, seat: &mut Seat, mut copy: JoinHandle<()>) {
        loop {
            tokio::select! {
                biased;
                _ = &mut copy => return,
                order = self.orders.recv() => {
                    self.take_order(order, api);
                    if self.dropped.get() {
                        copy.abort();
                        return;
                    }
                },
                event = seat.events.recv() => if let Some((uid, event)) = event && uid == self.uid { self.take_event(event, false) },
                changed = seat.view.changed() => {
                    let view = seat.view.borrow_and_update().clone();
                    if changed.is_ok() { self.take_view(view, api).await }
                },
            }
        }
    }

    /// Reads what a worker left, and judges.
    async fn judged_worker(&mut self, api: &Api) -> Verdict {
        let pod = self.now().unwrap_or_default();
        let seen = (&*pod, self.is_gone());
        self.past_events(api).await;
        let ended = worker::judged(&self.job, api, &self.name, seen, &self.events, &self.teller).await;
        let xcom = ended.last_line.map(|line| (Value::String(line), outcome::STDOUT));
        Verdict { end: ended.end, xcom, is_timeout: false, is_told: ended.is_told }
    }

    /// Reads the result and judges.
    async fn judged(&mut self, api: &Api, seat: &mut Seat) -> Verdict {
        if self.job.worker.is_some() {
            return self.judged_worker(api).await;
        }
        let base_ended = self.now().is_some_and(|pod| glance::terminated(&pod, &self.job.conduct.base).is_some());
        let mut found = Ok(outcome::Found::default());
        if self.job.conduct.do_xcom_push && base_ended {
            let (api_of, name, conduct) = (api.clone(), self.name.clone(), self.job.conduct.clone());
            let mut seen = self.seen.subscribe();
            let (tell, told) = tokio::sync::oneshot::channel();
            let read = tokio::task::spawn_local(async move {
                let _ = tell.send(outcome::read(&api_of, &name, &conduct, &mut seen).await);
            });
            self.while_watching(api, seat, read).await;
            found = told.await.unwrap_or_else(|_| Err(Cause::new(CauseKind::Killed, "the task was ended")));
        }
        let pod = self.now().unwrap_or_default();
        let gone = self.is_gone();
        let mut end = judge::end(&pod, gone, &self.events, &self.job.conduct);
        if matches!(end, End::Failed(_)) {
            // The event that says why may not have come yet.
            self.past_events(api).await;
            end = judge::end(&pod, gone, &self.events, &self.job.conduct);
        }
        let xcom = match found {
            Ok(found) => {
                if let Some(warning) = found.warning {
                    self.say("warning", &warning);
                }
                found.value
            }
            Err(cause) => {
                if end == End::Success {
                    end = End::Failed(judge::outside(&pod, gone, &self.events).unwrap_or(cause));
                } else {
                    self.say("warning", &cause.summary);
                }
                None
            }
        };
        Verdict { end, xcom, is_timeout: false, is_told: false }
    }

    /// Says how it ended, in the log and to the engine.
    async fn report_end(&mut self, api: &Api, ended: Verdict) {
        let pod = self.now().unwrap_or_default();
        match &ended.end {
            End::Failed(_) if ended.is_told => {}
            End::Failed(cause) => {
                if self.job.conduct.log_events_on_failure {
                    self.past_events(api).await;
                    self.log_states(&pod);
                }
                if self.job.worker.is_none() {
                    self.say("error", &judge::airflows_message(&pod, &self.job.conduct));
                }
                self.say("error", &cause.summary);
            }
            End::Skipped(cause) => self.say("info", &cause.summary),
            End::Success => {}
        }
        if ended.is_timeout {
            self.must_go = !self.job.conduct.keep_on_kill;
        }
        let xcom = ended.xcom.map(|(value, source)| (value, source.to_string()));
        let result = Box::new(Ended { end: ended.end, xcom, at: clock::now() });
        self.teller.tell(Report::Ended { id: self.job.pod.id, result });
    }

    fn log_states(&self, pod: &Value) {
        self.say("info", &format!("Pod phase: {}, reason: {}", glance::phase(pod), pod["status"]["reason"]));
        for container in glance::all_containers(pod) {
            self.say("info", &format!("Container {}: {}", container["name"], container["state"]));
        }
        for event in &self.events {
            let level = if event.level == "Warning" { "warning" } else { "info" };
            self.say(level, &format!("Pod Event: {} - {}", event.reason, event.message));
        }
    }

    async fn await_commit(&mut self) {
        if self.committed {
            return;
        }
        // A drop after the end changes nothing: what becomes of the pod was decided with it.
        while let Some(order) = self.orders.recv().await {
            if order == Order::Committed || self.dropped.get() {
                return;
            }
            if order == Order::Drop {
                return;
            }
        }
        // The engine is gone: nothing may be deleted.
        std::future::pending::<()>().await;
    }
}

/// How the task ended.
struct Verdict {
    end: End,
    xcom: Option<(Value, &'static str)>,
    is_timeout: bool,
    /// The agent has said so already, in the log too.
    is_told: bool,
}

/// A task that fails before there is a pod.
fn fail(teller: &Teller, job: &Job, cause: Cause) {
    let result = Box::new(Ended { end: End::Failed(cause), xcom: None, at: clock::now() });
    teller.tell(Report::Ended { id: job.pod.id, result });
}

fn chosen(all: &[String], wanted: Option<&Containers>) -> Vec<String> {
    match wanted {
        None => Vec::new(),
        Some(Containers::All) => {
            all.iter().filter(|name| *name != crate::operators::kubernetes_pod::SIDECAR).cloned().collect()
        }
        Some(Containers::Named(names)) => names.iter().filter(|name| all.contains(name)).cloned().collect(),
    }
}
