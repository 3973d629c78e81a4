//! What is known at the hub beside the watches: the newest objects of their pods, and what was asked of clusters.

use std::rc::Rc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Hub, View, Watch};
use crate::{
    executor::kubernetes::{Report, cluster::Cluster},
    model::{PodId, PodWrite, Traffic},
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
        let Some(connected) = self.clients.borrow().get(cluster).cloned() else { return };
        let now = connected.counts.now();
        if connected.told.replace(now) != now {
            let (requests, throttled, failed) = now;
            let (cluster, since) = (cluster.name(), connected.since);
            self.learnt(PodWrite::Traffic(Box::new(Traffic { cluster, since, requests, throttled, failed })));
        }
    }

    /// Tells what only has to be stored.
    pub fn learnt(&self, write: PodWrite) {
        self.teller.tell(Report::Learnt(Box::new(write)));
    }
}
