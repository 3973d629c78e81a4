//! What is seen of a pod, and the wait for its end.

use std::{rc::Rc, time::Duration};

use serde_json::Value;
use tokio::task::JoinHandle;

use super::{Api, Care, Order, Seat, Verdict};
use crate::{
    executor::kubernetes::{
        End, Report, clocks::Clocks, ender, follow::Follow, glance, hub::View, judge, pending, worker,
    },
    model::{Cause, CauseKind, PodEvent},
    operators::kubernetes_pod::{Conduct, Containers, SIDECAR},
};

/// Where no events may be read: between two looks whether a waiting worker's code is there.
const CODE: Duration = Duration::from_secs(5);

/// Why a pod isn't waited for any longer, though it goes on.
enum Stop {
    /// It will never run, or its time is over.
    Late(Cause),
    /// The author's own code raised.
    Raised(Cause),
}

impl Care {
    /// Takes a newer object; an older one, or another pod's, is ignored.
    pub(super) fn see(&mut self, pod: Value, gone: bool) {
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
        self.saw_it_go |= gone;
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

    pub(super) fn take_event(&mut self, event: PodEvent, is_told: bool) {
        let base_runs = self.now().is_some_and(|pod| glance::has_begun(&pod, &self.job.conduct.base));
        if is_told && self.job.conduct.log_events_on_startup && !base_runs {
            let level = if event.level == "Warning" { "warning" } else { "info" };
            self.say(level, &format!("Pod Event: {} - {}", event.reason, event.message));
        }
        self.teller.tell(Report::Event { id: self.job.pod.id, event: Box::new(event.clone()) });
        self.misses_code |= !base_runs && worker::misses_code(&event);
        self.events.retain(|e| e.uid != event.uid);
        self.events.push(event);
        self.look_again();
    }

    pub(super) fn now(&self) -> Option<Rc<Value>> {
        self.seen.borrow().0.clone()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.seen.borrow().1
    }

    /// Takes what the watch shows.
    pub(super) async fn take_view(&mut self, view: View, api: &Api) {
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
    pub(super) fn is_at_end(&self) -> bool {
        let seen = self.seen.borrow();
        let Some(pod) = seen.0.as_deref() else { return seen.1 };
        let base_ended = glance::terminated(pod, &self.job.conduct.base).is_some();
        seen.1 || glance::is_over(pod) || (base_ended && judge::ends_with_base(pod, &self.job.conduct))
    }

    /// Follows the pod to its end; `None` if nobody waits for it any more.
    pub(super) async fn follow(&mut self, api: &Api, seat: &mut Seat) -> Option<Verdict> {
        let mut copies = Vec::new();
        let mut clocks = Clocks::new(&self.job, seat.outage().0);
        let mut stop = None;
        if self.calls.is_some() && !self.job.conduct.deferrable {
            stop = self.watch_until(api, seat, &mut clocks, Self::has_started).await;
            if stop.is_none() && self.has_started() {
                let raised = self.tell(api, seat, "on_pod_starting").await;
                if raised.is_some() {
                    return raised;
                }
            }
        }
        if stop.is_none() && !self.dropped.get() {
            copies = self.copies(api);
            let seen = self.seen.subscribe();
            let inbox = self.inbox.take();
            let talk = inbox.map(|inbox| worker::converse(&self.job, api, &self.name, inbox, seen, &self.teller));
            stop = self.watch_until(api, seat, &mut clocks, |_| false).await;
            worker::fall_silent(talk).await;
        }
        if self.dropped.get() {
            // What it still says until it is gone belongs into the log; `remove` waits for that.
            return None;
        }
        match stop {
            Some(Stop::Raised(cause)) => return Some(Verdict::failed(cause)),
            Some(Stop::Late(cause)) => {
                let is_timeout = cause.kind == CauseKind::Timeout;
                let is_over = self.now().is_some_and(|pod| glance::is_over(&pod));
                self.must_go = !self.job.conduct.keep_on_kill && !is_over;
                // What it still says until it is gone is copied all the same.
                return Some(Verdict { is_timeout, ..Verdict::failed(cause) });
            }
            None => {}
        }
        for copy in copies {
            self.while_watching(api, seat, copy).await;
        }
        if let Some(cause) = self.calls.as_ref().and_then(|calls| calls.failed().borrow().clone()) {
            return Some(Verdict::failed(cause));
        }
        let raised = self.told_of_end(api, seat).await;
        if self.dropped.get() {
            return None;
        }
        if raised.is_some() {
            return raised;
        }
        let mut verdict = self.judged(api, seat).await;
        if let End::Failed(cause) = verdict.end {
            let cause = match self.is_given_up {
                true => ender::given_up(cause),
                false => ender::asked_about(cause, api, &self.job.pod.namespace).await,
            };
            verdict.end = End::Failed(cause);
        }
        (!self.dropped.get()).then_some(verdict)
    }

    /// Watches until `enough`, or the base container's part is over, or nobody waits for it; a reason to stop before that.
    async fn watch_until(
        &mut self,
        api: &Api,
        seat: &mut Seat,
        clocks: &mut Clocks,
        enough: fn(&Self) -> bool,
    ) -> Option<Stop> {
        let mut raised = self.calls.as_ref().map(|calls| calls.failed());
        while !enough(self) && !self.is_at_end() && !self.dropped.get() {
            let pod = self.now();
            let hopeless = |pod: &Value| match &self.job.worker {
                Some(worker) => worker::hopeless(pod, &worker.fatal),
                None => pending::hopeless(pod),
            };
            if let Some(cause) = pod.as_deref().and_then(hopeless) {
                return Some(Stop::Late(cause));
            }
            if std::mem::take(&mut self.misses_code)
                && let Some(cause) = self.deliver_again().await
            {
                return Some(Stop::Late(cause));
            }
            let mut wake = clocks.next(pod.as_deref(), seat.outage());
            // Without events nobody tells that it misses something.
            let must_ask = self.needs.is_some() && !seat.hears_events() && pod.as_deref().is_some_and(awaits_volumes);
            if must_ask {
                wake = wake.min(CODE);
            }
            let raises = async {
                match &mut raised {
                    Some(raised) => raised.wait_for(Option::is_some).await.ok().and_then(|cause| cause.clone()),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                order = self.orders.recv() => self.take_order(order, api),
                Some(cause) = raises => return Some(Stop::Raised(cause)),
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
                    if let Some(cause) = clocks.over(pod.as_deref(), (&self.events, &self.facts), seat.outage()) {
                        return Some(Stop::Late(cause));
                    }
                    self.misses_code |= must_ask;
                }
            }
        }
        None
    }

    /// Makes code again that somebody deleted before the pod's node had it. A cause if that can't be done.
    async fn deliver_again(&mut self) -> Option<Cause> {
        let needs = self.needs.clone()?;
        match self.while_listening(async move { needs.deliver_again().await }).await {
            Ok(0) => None,
            Ok(made) => {
                self.say(
                    "warning",
                    &format!("someone deleted {made} ConfigMaps with the task's code: they are made again"),
                );
                None
            }
            // The node says it again.
            Err(trouble) if trouble.is_away() || trouble.is_forbidden() => None,
            Err(trouble) => Some(Cause::new(CauseKind::Mount, format!("the task's code is gone: {trouble}"))),
        }
    }

    /// An order while the pod is followed; without an engine nobody waits for anything.
    pub(super) fn take_order(&mut self, order: Option<Order>, api: &Api) {
        match order {
            Some(Order::Committed) => self.committed = true,
            Some(Order::GiveUp) => self.give_up(api),
            Some(Order::Drop) | None => self.dropped.set(true),
        }
    }

    /// One copy per container whose output is wanted.
    pub(super) fn copies(&self, api: &Api) -> Vec<JoinHandle<()>> {
        let Some(pod) = self.now() else { return Vec::new() };
        let conduct = &self.job.conduct;
        for name in unknown(&pod, conduct) {
            self.say(
                "error",
                &format!("container {name} whose logs were requested not found in the pod {}", self.name),
            );
        }
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
        // Those of a deferrable task aren't shown to callbacks, as in Airflow.
        let lines = self.calls.clone().filter(|_| conduct.shows_lines && !conduct.deferrable);
        let follow = |container: String| {
            let (api, log, seen) = (api.clone(), self.log.clone(), self.seen.subscribe());
            tokio::task::spawn_local(
                Follow {
                    api,
                    pod: self.name.clone(),
                    label: container.clone(),
                    container,
                    log,
                    seen,
                    calls: lines.clone(),
                    uid: None,
                }
                .run(),
            )
        };
        names.into_iter().map(follow).collect()
    }

    /// Waits for a copy's end while the watch goes on.
    pub(super) async fn while_watching(&mut self, api: &Api, seat: &mut Seat, mut copy: JoinHandle<()>) {
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
}

/// True for a pod whose node has begun with it, and no container yet.
fn awaits_volumes(pod: &Value) -> bool {
    let has_begun = |container: &Value| !container["state"]["waiting"].is_object();
    glance::phase(pod) == "Pending" && glance::is_scheduled(pod) && !glance::all_containers(pod).any(has_begun)
}

/// Names of containers whose output is wanted, and which the pod doesn't have.
pub fn unknown<'a>(pod: &Value, conduct: &'a Conduct) -> Vec<&'a str> {
    let mut unknown = Vec::new();
    for (is_init, wanted) in [(true, &conduct.init_container_logs), (false, &conduct.container_logs)] {
        if let Some(Containers::Named(names)) = wanted {
            let there = glance::names(pod, is_init);
            unknown.extend(names.iter().filter(|name| !there.contains(name)).map(String::as_str));
        }
    }
    unknown
}

/// Names among `all` that are wanted.
pub fn chosen(all: &[String], wanted: Option<&Containers>) -> Vec<String> {
    match wanted {
        None => Vec::new(),
        Some(Containers::All) => all.iter().filter(|name| *name != SIDECAR).cloned().collect(),
        Some(Containers::Named(names)) => names.iter().filter(|name| all.contains(name)).cloned().collect(),
    }
}
