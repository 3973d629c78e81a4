//! What is known at the hub beside the watches: the newest objects of their pods, and what was asked of clusters.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{Hub, REQUESTS, Seat, View, Watch};
use crate::{
    executor::kubernetes::{
        Report, WorkNews,
        api::{Api, Trouble},
        cluster::Cluster,
    },
    model::{PodId, PodWrite, Sample, Traffic, WatchNow},
};

/// A sign of life that takes longer is none.
const PROMPT: Duration = Duration::from_secs(1);
/// After so long without one it is said that the API server doesn't answer.
const LONG: Duration = Duration::from_secs(10);

impl Watch {
    /// The newest objects of the pods that are there.
    pub fn pods(&self) -> Vec<Rc<Value>> {
        let of_jobs = self.families.borrow().values().flat_map(super::family::Family::pods).collect::<Vec<_>>();
        self.seats.borrow().values().filter_map(|place| there(&place.view)).chain(of_jobs).collect()
    }

    /// The pod of a name, if it is there.
    pub fn pod_named(&self, name: &str) -> Option<(PodId, Rc<Value>)> {
        let seats = self.seats.borrow();
        let place = seats.get(name)?;
        Some((place.id, there(&place.view)?))
    }

    /// The pod of a name that a job has made, if it is there; the number is the job's.
    pub fn job_pod_named(&self, name: &str) -> Option<(PodId, Rc<Value>)> {
        let jobs_of = self.jobs_of.borrow();
        self.families.borrow().get(jobs_of.get(name)?)?.pod_named(name)
    }

    /// Somebody sits at it: with a pod, or one that is to come.
    pub fn is_used(&self) -> bool {
        !self.seats.borrow().is_empty() || !self.families.borrow().is_empty()
    }

    /// The API server doesn't answer.
    pub fn is_away(&self) -> bool {
        self.away.since.get().is_some()
    }

    /// No sign of life came when it was asked for one last.
    pub fn is_silent(&self) -> bool {
        self.silent.since.get().is_some()
    }

    /// Asks for a sign of life, and notes for how long there is none.
    pub async fn feel_pulse(&self, hub: &Hub, api: &Api) {
        let begun = Instant::now();
        let mut asked = begun;
        let mut answer = std::pin::pin!(api.version());
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => {
                    match answer {
                        Err(trouble) if trouble.is_away() => self.silent.begin(begun),
                        _ => self.silent.end(),
                    }
                    return;
                }
                () = tokio::time::sleep(PROMPT) => self.silent.begin(begun),
            }
            // While requests wait because the server wants that, it isn't even asked.
            if hub.is_held(self) {
                asked = Instant::now();
            }
            if asked.elapsed() > LONG {
                let text = format!("no answer for {} s", asked.elapsed().as_secs());
                hub.health(self, REQUESTS, Some(&Trouble::Away(text)));
            }
        }
    }
}

impl Seat {
    /// Events can be watched, as far as is known.
    pub fn hears_events(&self) -> bool {
        self.watch.told.borrow().get("events").is_none_or(|(state, _)| state == "ok")
    }

    /// How long the API server has been away in all since the watch began, and whether it is now.
    pub fn outage(&self) -> (Duration, bool) {
        let (away, silent) = (self.watch.away.sum(), self.watch.silent.sum());
        (away.0.max(silent.0), away.1 || silent.1)
    }
}

/// Times in which something wasn't there.
#[derive(Debug, Default)]
pub struct Gone {
    since: Cell<Option<Instant>>,
    before: Cell<Duration>,
}

impl Gone {
    /// It isn't there since then, unless it was gone already.
    pub fn begin(&self, since: Instant) {
        if self.since.get().is_none() {
            self.since.set(Some(since));
        }
    }

    /// It is there.
    pub fn end(&self) {
        self.before.set(self.sum().0);
        self.since.set(None);
    }

    /// All of them together, and whether it is gone now.
    fn sum(&self) -> (Duration, bool) {
        let since = self.since.get();
        (self.before.get() + since.map_or(Duration::ZERO, |since| since.elapsed()), since.is_some())
    }
}

fn there(view: &watch::Sender<View>) -> Option<Rc<Value>> {
    match &*view.borrow() {
        View::There(pod) => Some(pod.clone()),
        _ => None,
    }
}

impl Hub {
    /// Tells what was asked of a cluster, if that has become more.
    pub fn tell_traffic(&self, cluster: &Cluster) {
        let Some(connected) = self.doors.borrow().get(cluster).cloned() else { return };
        let now = connected.counts.now();
        if connected.told.replace(now) != now {
            let (requests, throttled, failed) = now;
            let (cluster, since) = (cluster.name(), connected.since);
            self.learnt(PodWrite::Traffic(Box::new(Traffic { cluster, since, requests, throttled, failed })));
        }
    }

    /// The API server wants to be left alone now.
    fn is_held(&self, watch: &Watch) -> bool {
        let doors = self.doors.borrow();
        doors.get(&watch.cluster).is_some_and(|connected| connected.counts.pace.is_held(Instant::now()))
    }

    /// Tells whether the API server makes requests wait. That it doesn't answer holds until it gives a sign of life.
    pub fn tell_pace(&self, watch: &Watch) {
        let Some(connected) = self.doors.borrow().get(&watch.cluster).cloned() else { return };
        let trouble = connected.counts.pace.refused(Instant::now()).map(|refused| {
            let (code, seconds) = (refused.code, refused.wait.as_secs());
            let why = if refused.is_said { "as it asked" } else { "as it didn't say how long" };
            Trouble::Busy(format!("all of them wait {seconds} s, {why} (HTTP {code})"))
        });
        let was_told = watch.told.borrow().contains_key(REQUESTS);
        if trouble.is_some() || (was_told && !watch.is_silent()) {
            self.health(watch, REQUESTS, trouble.as_ref());
        }
    }

    /// Tells how a watch goes on, if that is something else.
    pub fn tell_watch(&self, watch: &Watch, is_over: bool) {
        let now = WatchNow {
            cluster: watch.cluster.name(),
            namespace: watch.namespace.clone(),
            listed_at: watch.listed_at.get(),
            pods: watch.pods().len(),
            retry_at: watch.retry_at.get(),
            is_over,
        };
        if watch.said.replace(Some(now.clone())).as_ref() != Some(&now) {
            self.teller.tell(Report::Watching(now));
        }
    }

    /// Tells what a pod of a job used.
    pub fn used(&self, job: PodId, uid: &str, samples: Vec<Sample>) {
        self.teller.tell(Report::Work(job, WorkNews::Used(uid.into(), samples)));
    }

    /// Tells what only has to be stored.
    pub fn learnt(&self, write: PodWrite) {
        self.teller.tell(Report::Learnt(Box::new(write)));
    }
}
