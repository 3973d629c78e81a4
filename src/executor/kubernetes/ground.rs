//! What the care of a job or an errand stands on: its orders, its log, and what it says to the engine.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::Rc,
};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    End, Ended, Job, Report, Teller, WorkNews,
    api::Api,
    care::Order,
    find::Pause,
    hub::{Hub, reason},
    podlog::{Form, PodLog},
};
use crate::{
    clock,
    model::{Cause, CauseKind, PodSight, PodStage},
};

/// One piece of work.
pub struct Ground {
    /// What is to be done.
    pub work: Job,
    /// The engine.
    pub teller: Teller,
    /// What the engine says.
    pub orders: UnboundedReceiver<Order>,
    /// The task's log.
    pub log: Rc<RefCell<PodLog>>,
    /// Nobody waits for it any more.
    pub dropped: Rc<Cell<bool>>,
}

impl Ground {
    /// Opens the log. `None` if that can't be done, which is said to the engine.
    pub fn open(work: Job, teller: Teller, orders: UnboundedReceiver<Order>) -> Option<Self> {
        let dropped = Rc::new(Cell::new(work.unwanted));
        match PodLog::open(&work.log, Form::Plain { prefix: work.conduct.prefix }) {
            Ok(log) => Some(Self { work, teller, orders, log: Rc::new(RefCell::new(log)), dropped }),
            Err(e) => {
                let text = format!("cannot write the log {}: {e}", work.log.display());
                let end = End::Failed(Cause::new(CauseKind::Start, text).exception("OSError"));
                let result = Box::new(Ended { end, xcom: None, at: clock::now(), may_have_begun: false });
                teller.tell(Report::Ended { id: work.pod.id, result });
                teller.tell(Report::Done { id: work.pod.id, is_gone: false });
                None
            }
        }
    }

    /// The API, once the kubeconfig can be used. One that is wrong fails a task that has done nothing yet.
    pub async fn connected(&mut self, hub: &Rc<Hub>) -> Option<Api> {
        let mut pause = Pause::default();
        let mut is_told = false;
        loop {
            let error = match hub.api_needed(&self.work.cluster, &self.work.pod.namespace).await {
                Ok(api) => return Some(api),
                Err(error) => error,
            };
            if self.work.pod.stage == PodStage::Wanted && self.work.is_new {
                let text = error.to_string().replace('\n', " ");
                self.fail(Cause::new(CauseKind::Cluster, text).exception("AirflowException")).await;
                return None;
            }
            if !is_told {
                let sight = PodSight { why: Some(reason(&error)), ..self.work.pod.sight.clone() };
                self.teller.tell(Report::Seen { id: self.work.pod.id, sight: Box::new(sight) });
                is_told = true;
            }
            pause.wait().await;
        }
    }

    /// A line of our own in the log.
    pub fn say(&self, level: &str, text: &str) {
        self.log.borrow_mut().say(level, text);
    }

    /// Says something of the work to the engine.
    pub fn tell(&self, news: WorkNews) {
        self.teller.tell(Report::Work(self.work.pod.id, news));
    }

    /// Says how it ended.
    pub fn end(&self, end: End, xcom: Option<(Value, &str)>) {
        match &end {
            End::Failed(cause) => self.say("error", &cause.summary),
            End::Skipped(cause) => self.say("info", &cause.summary),
            End::Success => {}
        }
        let xcom = xcom.map(|(value, source)| (value, source.to_string()));
        self.teller.tell(Report::Ended {
            id: self.work.pod.id,
            result: Box::new(Ended { end, xcom, at: clock::now(), may_have_begun: true }),
        });
    }

    /// Nothing is left to be done.
    pub fn done(&self, is_gone: bool) {
        self.teller.tell(Report::Done { id: self.work.pod.id, is_gone });
    }

    /// It failed before there was anything; said to the end.
    pub async fn fail(&mut self, cause: Cause) {
        self.end(End::Failed(cause), None);
        self.await_commit(0).await;
        self.done(false);
    }

    /// Waits until the end that was told is committed; of `notes` that were told before, that isn't known yet.
    pub async fn await_commit(&mut self, mut notes: usize) {
        if self.dropped.get() {
            return;
        }
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Committed if notes > 0 => notes -= 1,
                Order::Committed | Order::Drop => return,
                Order::GiveUp => {}
            }
        }
        // The engine is gone: nothing may be deleted.
        std::future::pending::<()>().await;
    }

    /// Does something that may not be broken off, while orders are heard.
    pub async fn while_listening<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                order = self.orders.recv() => match order {
                    Some(Order::Drop) => self.dropped.set(true),
                    Some(_) => {}
                    None => return work.await,
                },
            }
        }
    }
}
