//! The care of a job, from its row to what becomes of its pods: get it, follow it and its pods, judge it, tidy up. As with a
//! pod, each step may be the first one after a restart.

mod look;
mod member;
mod remove;
mod verdict;

use std::{collections::HashMap, rc::Rc, time::Duration};

use indexmap::IndexMap;
use serde_json::{Map, Value};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use super::{
    End, Job, Report, Teller, WorkNews,
    api::Api,
    calls::{Answered, Calls},
    care::Order,
    ground::Ground,
    hub::{FamilySeat, Hub, News, View},
    judge,
    things::{Made, Things},
};
use crate::{
    clock,
    model::{Cause, CauseKind, PodSight, PodStage, time::seconds_between},
    operators::kubernetes_pod::{JobConduct, as_python},
};
use member::{Fact, Member};
pub use verdict::condition;

/// Between two looks at a job that is watched.
const SELDOM: f64 = 60.0;
/// How long a job may have no pod before the cluster is asked why.
const NO_PODS: f64 = 3.0;

/// One job in care.
pub struct JobCare {
    ground: Ground,
    duty: JobConduct,
    api: Api,
    jobs: Things,
    seat: FamilySeat,
    name: String,
    uid: String,
    /// Its newest object.
    seen: Option<Rc<Value>>,
    is_gone: bool,
    sight: PodSight,
    /// Its pods, by UID, in the order in which they were seen.
    members: IndexMap<String, Member>,
    facts: (UnboundedSender<Fact>, UnboundedReceiver<Fact>),
    /// Results of its pods, by UID, as they are stored.
    notes: Map<String, Value>,
    /// Whose results are told and not stored yet, oldest first.
    unsaved: std::collections::VecDeque<String>,
    /// Events about the job itself, and how often each was said.
    events: HashMap<String, i64>,
    /// What troubles the job itself, as the cluster said last.
    said: Option<String>,
    /// The author's own code that is told of its pods.
    calls: Option<Rc<Calls>>,
    /// What that raised before the job's end; no sender if there is none.
    raised: watch::Receiver<Option<Cause>>,
}

/// What happens next.
enum Stir {
    Order(Option<Order>),
    News(News),
    Job(View),
    Fact(Fact),
    /// What pods wait for is known better.
    Facts,
    /// The author's own code raised something.
    Raised,
    Nothing,
}

impl JobCare {
    /// Takes care of a job until nothing is left to be done.
    pub async fn run(
        work: Job,
        hub: Rc<Hub>,
        teller: Teller,
        (orders, answers): (UnboundedReceiver<Order>, Option<UnboundedReceiver<Answered>>),
    ) {
        let Some(mut ground) = Ground::open(work, teller, orders) else { return };
        let duty = match serde_json::from_value(ground.work.pod.conduct["duty"].clone()) {
            Ok(duty) => duty,
            Err(e) => {
                let text = format!("what is to be done with the job can't be read: {e}");
                return ground.fail(Cause::new(CauseKind::Start, text)).await;
            }
        };
        let Some(api) = ground.connected(&hub).await else { return };
        let pod = &ground.work.pod;
        let (name, namespace) = (pod.name.clone(), pod.namespace.clone());
        let notes = pod.result["results"].as_object().cloned().unwrap_or_default();
        let calls = answers.map(|answers| Calls::new(pod.id, ground.teller.clone(), ground.log.clone(), answers));
        let mut care = Self {
            seat: hub.family(&ground.work.cluster, &namespace, (pod.id, &name), &api),
            jobs: Things::jobs(&api, &namespace),
            uid: pod.uid.clone().unwrap_or_default(),
            sight: pod.sight.clone(),
            name,
            duty,
            api,
            seen: None,
            is_gone: false,
            members: IndexMap::new(),
            facts: unbounded_channel(),
            notes,
            unsaved: std::collections::VecDeque::new(),
            events: HashMap::new(),
            said: None,
            raised: calls.as_ref().map_or_else(|| watch::channel(None).1, |calls| calls.failed()),
            calls,
            ground,
        };
        care.live().await;
    }

    async fn live(&mut self) {
        if !self.obtain().await {
            return;
        }
        let mut must_go = false;
        if self.ground.work.pod.stage != PodStage::Ended {
            let Some((end, xcom)) = self.follow().await else {
                self.remove().await;
                return self.ground.done(true);
            };
            must_go = matches!(&end, End::Failed(_)) && !self.is_over();
            self.ground.end(end, xcom);
            self.ground.await_commit(self.unsaved.len()).await;
        } else if self.duty.wait {
            self.refresh().await;
            must_go = !self.is_over();
        }
        if must_go {
            self.remove().await;
        } else if self.duty.wait {
            self.tidy().await;
            self.told_of_cleanup().await;
        }
        self.ground.done(must_go);
    }

    /// Gets the job. False if there is none to take care of; then everything is said.
    async fn obtain(&mut self) -> bool {
        if self.ground.work.pod.stage != PodStage::Wanted {
            self.look_at_job().await;
            self.past_events().await;
            return true;
        }
        for warning in std::mem::take(&mut self.ground.work.warnings) {
            self.ground.say("warning", &warning);
        }
        let (jobs, turns, dropped) = (self.jobs.clone(), self.seat.turns(), self.ground.dropped.clone());
        let (manifest, look_first) = (self.ground.work.pod.manifest.clone(), !self.ground.work.is_new);
        let making = async {
            let _turn = turns.acquire().await.ok();
            jobs.make(&manifest, look_first, || dropped.get()).await
        };
        match self.ground.while_listening(making).await {
            Made::There(job) => {
                self.uid = super::glance::uid(&job).to_string();
                let namespace = &self.ground.work.pod.namespace;
                self.ground.say("info", &format!("Job {} in namespace {namespace} was created", self.name));
                let (id, name, uid) = (self.ground.work.pod.id, self.name.clone(), self.uid.clone());
                self.ground.teller.tell(Report::Created { id, name, uid });
                self.see(job);
                true
            }
            Made::Refused(trouble) => {
                let text = format!("the API server refused the job: {trouble}");
                self.ground.fail(Cause::new(judge::not_created(&trouble).kind, text).exception("ApiException")).await;
                false
            }
            Made::Unwanted => {
                self.ground.done(true);
                false
            }
        }
    }

    /// Follows the job to its end; `None` if nobody waits for it any more.
    async fn follow(&mut self) -> Option<(End, Option<(Value, &'static str)>)> {
        if self.ground.dropped.get() {
            return None;
        }
        if !self.duty.wait {
            let job = as_python(&self.ground.work.pod.manifest, "V1Job");
            self.ground.tell(WorkNews::Xcom("job".into(), job));
            return Some((End::Success, None));
        }
        if let Some(calls) = &self.calls {
            calls.begin();
        }
        if self.ground.work.pod.stage == PodStage::Created || !self.ground.work.is_new {
            self.refresh().await;
        }
        let since = clock::now();
        while !self.is_over() {
            if self.ground.dropped.get() {
                return None;
            }
            let left = self.ground.work.until.map(|until| seconds_between(clock::now(), until));
            if left.is_some_and(|left| left <= 0.0) {
                let text = format!("execution_timeout of {} s ran out", self.ground.work.timeout);
                let cause = Cause::new(CauseKind::Timeout, text).exception("AirflowTaskTimeout");
                return Some((End::Failed(cause), None));
            }
            if let Some(cause) = self.raised.borrow().clone() {
                return Some((End::Failed(cause), None));
            }
            let is_young = self.members.is_empty() && seconds_between(since, clock::now()) < NO_PODS;
            let look = match (self.seat.is_watched(), is_young) {
                (_, true) => NO_PODS,
                (true, false) => {
                    if self.members.is_empty() {
                        self.duty.poll_interval
                    } else {
                        SELDOM
                    }
                }
                (false, false) => self.duty.poll_interval,
            };
            match self.stir(look.min(left.unwrap_or(look))).await {
                Stir::Nothing => self.look().await,
                other => self.take(other).await,
            }
        }
        self.refresh().await;
        while self.members.values().any(Member::is_busy) {
            if self.ground.dropped.get() {
                return None;
            }
            match self.stir(SELDOM).await {
                Stir::Nothing => self.refresh().await,
                other => self.take(other).await,
            }
        }
        if self.ground.dropped.get() {
            return None;
        }
        if let Some(cause) = self.raised.borrow().clone() {
            return Some((End::Failed(cause), None));
        }
        let job = self.seen.as_deref().map_or(Value::Null, |job| as_python(job, "V1Job"));
        self.ground.tell(WorkNews::Xcom("job".into(), job));
        Some(self.judged())
    }

    fn is_over(&self) -> bool {
        self.is_gone || self.seen.as_deref().is_some_and(|job| verdict::condition(job).is_some())
    }

    fn judged(&self) -> (End, Option<(Value, &'static str)>) {
        let job = self.seen.as_deref().unwrap_or(&Value::Null);
        match verdict::condition(job) {
            Some(end) if end.is_complete => match verdict::results(&self.notes, self.duty.unwrap_single) {
                Ok(found) if self.ground.work.conduct.do_xcom_push => (End::Success, found),
                Ok(_) => (End::Success, None),
                Err(why) => {
                    let cause = Cause::new(CauseKind::Value, why).exception("AirflowException");
                    (End::Failed(cause), None)
                }
            },
            Some(end) => {
                let pods = self.members.values().map(|member| member.end(&self.ground.work.conduct));
                let deferred = self.ground.work.conduct.deferrable;
                (End::Failed(verdict::failure(&self.name, &end, pods, deferred)), None)
            }
            None => {
                let text = format!("someone deleted job {} before its end was known", self.name);
                (End::Failed(Cause::new(CauseKind::PodDeleted, text).exception("AirflowException")), None)
            }
        }
    }

    /// Waits until something happens, at most so many seconds.
    async fn stir(&mut self, seconds: f64) -> Stir {
        tokio::select! {
            biased;
            order = self.ground.orders.recv() => Stir::Order(order),
            Some(news) = self.seat.news.recv() => Stir::News(news),
            Ok(()) = self.seat.job.changed() => Stir::Job(self.seat.job.borrow_and_update().clone()),
            Some(fact) = self.facts.1.recv() => Stir::Fact(fact),
            Ok(()) = self.seat.facts.changed() => Stir::Facts,
            Ok(()) = self.raised.changed() => Stir::Raised,
            () = tokio::time::sleep(Duration::from_secs_f64(seconds.clamp(0.01, SELDOM))) => Stir::Nothing,
        }
    }

    async fn take(&mut self, stir: Stir) {
        match stir {
            Stir::Order(Some(Order::Committed)) => self.saved(),
            Stir::Order(Some(Order::GiveUp)) | Stir::Nothing | Stir::Raised => {}
            Stir::Order(Some(Order::Drop)) => self.ground.dropped.set(true),
            // The engine is gone, and this thread with it.
            Stir::Order(None) => std::future::pending::<()>().await,
            Stir::News(News::Pod(pod, gone)) => self.take_pod(&pod, gone),
            Stir::News(News::Event(uid, event)) => self.take_event(&uid, event),
            Stir::News(News::Listed(uids)) => {
                if self.members.iter().any(|(uid, member)| !member.is_gone() && !uids.contains(uid)) {
                    self.refresh().await;
                }
            }
            Stir::Job(View::There(job)) => self.see((*job).clone()),
            Stir::Job(View::Gone(job)) if super::glance::uid(&job) == self.uid => {
                self.see((*job).clone());
                self.is_gone = true;
            }
            Stir::Job(View::Missing) => self.look_at_job().await,
            Stir::Job(View::Nothing | View::Gone(_)) => {}
            Stir::Fact(fact) => self.take_fact(fact),
            Stir::Facts => {
                self.seat.facts.mark_unchanged();
                self.show();
            }
        }
    }
}
