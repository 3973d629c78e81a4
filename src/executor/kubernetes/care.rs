//! The care of one pod, from its row to its removal: get it, follow it, judge it, tidy up. Each step may be the first one
//! after a restart; what was decided is committed by the engine before what can't be taken back is done.

mod end;
mod tidy;
mod told;
mod watch;

pub use watch::{chosen, unknown};

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::Rc,
};

use serde_json::Value;
use tokio::sync::{mpsc::UnboundedReceiver, watch as channel};

use super::{
    End, Ended, Job, Report, Teller,
    api::Api,
    calls::{Answered, Calls},
    deliver::Needs,
    facts::Facts,
    find::{self, Obtained, Pause},
    glance,
    hub::{Hub, Seat, View, reason},
    podlog::{Form, PodLog},
    worker,
};
use crate::model::{Cause, CauseKind, PodEvent, PodSight, PodStage};
use end::{Verdict, fail};

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
    seen: channel::Sender<Seen>,
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
    /// The author's own code that is told of the pod.
    calls: Option<Rc<Calls>>,
    /// Its end is committed already: the agent told it.
    committed: bool,
    /// No answer of the engine to wait for before it is removed: it timed out, or nobody wants it.
    must_go: bool,
    is_deleted: bool,
    /// The watch has shown its end: its last object is how it ended.
    saw_it_go: bool,
    /// A person gave it up.
    is_given_up: bool,
    /// Its task ended well.
    has_succeeded: bool,
    /// The code of a worker.
    needs: Option<Rc<Needs>>,
    /// A node says that some of it isn't there.
    misses_code: bool,
}

impl Care {
    /// Takes care of a pod until nothing is left to be done.
    pub async fn run(
        job: Job,
        hub: Rc<Hub>,
        teller: Teller,
        (orders, inbox, answers): (
            UnboundedReceiver<Order>,
            UnboundedReceiver<String>,
            Option<UnboundedReceiver<Answered>>,
        ),
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
        let calls = answers.map(|answers| Calls::new(job.pod.id, teller.clone(), log.clone(), answers));
        let mut care = Self {
            calls,
            uid: job.pod.uid.clone().unwrap_or_default(),
            name: job.pod.name.clone(),
            dropped: Rc::new(Cell::new(job.unwanted)),
            seen: channel::channel((None, false)).0,
            events: Vec::new(),
            facts: Rc::default(),
            why: None,
            must_go: false,
            inbox: Some(inbox).filter(|_| has_agent),
            committed: false,
            is_deleted: false,
            saw_it_go: false,
            is_given_up: false,
            has_succeeded: ended_well(&job),
            needs: None,
            misses_code: false,
            job,
            teller,
            orders,
            log,
        };
        let Some(api) = care.connected(&hub).await else { return };
        let mut seat = hub.seat(&care.job.cluster, &care.job.pod.namespace, (care.job.pod.id, &care.name), &api);
        care.needs = care.job.worker.as_mut().map(|worker| {
            let place = (care.job.cluster.clone(), care.job.pod.namespace.clone());
            let config_maps = std::mem::take(&mut worker.config_maps);
            Rc::new(hub.delivery.need(api.clone(), place, &worker.home, config_maps))
        });
        if !care.obtain(&api, &hub, &mut seat).await {
            care.done();
            return;
        }
        if care.job.pod.stage != PodStage::Ended {
            let end = match care.told_of_creation(&api, &mut seat).await {
                Some(verdict) => Some(verdict),
                None => care.follow(&api, &mut seat).await,
            };
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
        care.told_of_cleanup().await;
        care.done();
        care.needs = None;
        care.see_it_end(&api, &mut seat).await;
    }

    fn done(&self) {
        self.teller.tell(Report::Done { id: self.job.pod.id, is_gone: self.is_deleted || self.is_gone() });
    }

    fn say(&self, level: &str, text: &str) {
        self.log.borrow_mut().say(level, text);
    }

    /// The API, once the kubeconfig can be used. One that is wrong fails the task.
    async fn connected(&mut self, hub: &Rc<Hub>) -> Option<Api> {
        match hub.api_needed(&self.job.cluster, &self.job.pod.namespace).await {
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
                let sight = PodSight { why: Some(reason(&e)), ..self.job.pod.sight.clone() };
                self.teller.tell(Report::Seen { id: self.job.pod.id, sight: Box::new(sight) });
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
    async fn obtain(&mut self, api: &Api, hub: &Rc<Hub>, seat: &mut Seat) -> bool {
        if matches!(self.job.pod.stage, PodStage::Created | PodStage::Ended) {
            return self.adopt(api).await;
        }
        for warning in std::mem::take(&mut self.job.warnings) {
            self.say("warning", &warning);
        }
        let (dropped, log) = (self.dropped.clone(), self.log.clone());
        let for_worker = dropped.clone();
        let unwanted = move || dropped.get();
        let warn = move |text: &str| log.borrow_mut().say("warning", text);
        let (job, delivery, needs) = (self.job.clone(), hub.delivery.clone(), self.needs.clone());
        let teller = self.teller.clone();
        let turns = seat.turns();
        let work = async {
            // Workers have turns of their own, which they give back while they wait for quota.
            let _turn = if needs.is_none() { turns.acquire().await.ok() } else { None };
            if let Some(needs) = &needs {
                worker::obtain(&job, api, &delivery, needs, &teller, (for_worker, &warn)).await
            } else if job.is_new {
                find::create(api, &job.pod, &job.conduct, unwanted).await
            } else {
                find::obtain_again(api, &job, unwanted, &warn).await
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
            Obtained::Gone(uid) => {
                let text = format!("Pod {} was created by a scheduler that was killed, and is gone", self.name);
                self.say("warning", &text);
                let (id, name) = (self.job.pod.id, self.name.clone());
                self.teller.tell(Report::Created { id, name, uid: uid.clone() });
                self.job.pod.uid = Some(uid.clone());
                self.uid = uid;
                self.is_lost(api).await;
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
        self.is_lost(api).await;
        true
    }

    /// It is gone, and was when this scheduler came.
    async fn is_lost(&mut self, api: &Api) {
        let last = glance::last_seen(&self.job.pod);
        self.seen.send_replace((Some(Rc::new(last)), true));
        self.past_events(api).await;
        if self.job.pod.stage != PodStage::Ended && !self.dropped.get() {
            self.say("warning", "the pod was gone when dagdeck came back: its last lines may be missing here");
        }
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
}

/// True if an earlier scheduler has committed that the task ended well.
fn ended_well(job: &Job) -> bool {
    let ended: Option<Ended> = serde_json::from_value(job.pod.result.clone()).ok();
    ended.is_some_and(|ended| ended.end == End::Success)
}
