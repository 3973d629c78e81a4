//! What is known at the hub beside the watches: the newest objects of their pods, and what was asked of clusters.

use std::rc::Rc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Hub, View, Watch};
use crate::{
    executor::kubernetes::{Report, WorkNews, cluster::Cluster},
    model::{PodId, PodWrite, Sample, Traffic, WatchNow},
};

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
        self.away_since.get().is_some()
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
