//! Jobs and the pods that they make, which nobody knows by name before: what the watches of a namespace show of a job and of all
//! its pods goes to one seat.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
    time::Duration,
};

use kube::core::WatchEvent;
use serde_json::Value;
use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use super::{Hub, LONGEST, PAUSE, View, WATCHED, Watch, next, refusal, set_version};
use crate::{
    executor::kubernetes::{
        api::{Answer, Api},
        cluster::Cluster,
        facts::Facts,
        glance,
        things::Things,
    },
    model::{PodEvent, PodId},
};

/// Which events are about jobs.
const OF_JOBS: &str = "involvedObject.kind=Job";
/// Labels that a job's pods carry with its name: the new one and the old one.
const JOB_NAME: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// What is seen of a job's pods.
#[derive(Debug)]
pub enum News {
    /// A pod's newest object, and whether it was deleted.
    Pod(Rc<Value>, bool),
    /// UIDs of all pods that there are: others are gone.
    Listed(HashSet<String>),
    /// Something was said about the pod, or the job, with a UID.
    Event(String, PodEvent),
}

/// What is kept of a job somebody wants to know of.
pub(super) struct Family {
    /// Its number.
    id: PodId,
    news: UnboundedSender<News>,
    job: watch::Sender<View>,
    /// Newest objects of its pods that are there, by name.
    pods: RefCell<HashMap<String, Rc<Value>>>,
}

impl Family {
    /// Newest objects of its pods that are there.
    pub(super) fn pods(&self) -> Vec<Rc<Value>> {
        self.pods.borrow().values().cloned().collect()
    }

    /// Its number and its pod of a name, if that is there.
    pub(super) fn pod_named(&self, name: &str) -> Option<(PodId, Rc<Value>)> {
        Some((self.id, self.pods.borrow().get(name)?.clone()))
    }
}

/// By the job's name.
pub(super) type Families = HashMap<String, Family>;

/// A job's place at the watches; leaving it ends the subscription.
pub struct FamilySeat {
    watch: Rc<Watch>,
    name: String,
    /// Its pods.
    pub news: UnboundedReceiver<News>,
    /// The job itself.
    pub job: watch::Receiver<View>,
    /// What is known around pods that wait.
    pub facts: watch::Receiver<Rc<Facts>>,
}

impl Drop for FamilySeat {
    fn drop(&mut self) {
        self.watch.families.borrow_mut().remove(&self.name);
        self.watch.jobs_of.borrow_mut().retain(|_, job| *job != self.name);
    }
}

impl FamilySeat {
    /// Whoever creates a job waits for a turn, as for a pod.
    pub fn turns(&self) -> Rc<Semaphore> {
        self.watch.creations.clone()
    }

    /// True while the watch of jobs shows what happens to it.
    pub fn is_watched(&self) -> bool {
        self.watch.told.borrow().get("jobs").is_some_and(|(state, _)| state == "ok")
    }
}

impl Hub {
    /// Watches a job by its name, and its pods; it needn't be there yet.
    pub fn family(
        self: &Rc<Self>,
        cluster: &Cluster,
        namespace: &str,
        (id, name): (PodId, &str),
        api: &Api,
    ) -> FamilySeat {
        let watch = self.watch_of(cluster, namespace, api);
        let (say, news) = unbounded_channel();
        let (view_of, job) = watch::channel(View::Nothing);
        watch
            .families
            .borrow_mut()
            .insert(name.into(), Family { id, news: say, job: view_of, pods: RefCell::default() });
        if !watch.watches_jobs.replace(true) {
            tokio::task::spawn_local(self.clone().watch_jobs(watch.clone(), Things::jobs(api, namespace)));
        }
        if !watch.watches_job_events.replace(true) {
            tokio::task::spawn_local(self.clone().watch_events(watch.clone(), api.clone(), OF_JOBS));
        }
        FamilySeat { facts: watch.facts.subscribe(), watch, name: name.into(), news, job }
    }

    async fn watch_jobs(self: Rc<Self>, watch: Rc<Watch>, jobs: Things) {
        let mut pause = PAUSE;
        let mut version: Option<String> = None;
        loop {
            let done = match &version {
                None => relist(&watch, &jobs).await,
                Some(from) => self.stream_jobs(&watch, &jobs, from).await,
            };
            if watch.families.borrow().is_empty() {
                watch.watches_jobs.set(false);
                return;
            }
            match done {
                Ok(next) => {
                    self.health(&watch, "jobs", None);
                    (pause, version) = (PAUSE, Some(next));
                }
                Err(trouble) if trouble.is_expired() => version = None,
                Err(trouble) => {
                    self.health(&watch, "jobs", Some(&trouble));
                    // Without the right to watch them, jobs are looked at one by one.
                    let wait = if trouble.is_forbidden() { Duration::from_secs(600) } else { pause };
                    tokio::time::sleep(wait).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }

    async fn stream_jobs(&self, watch: &Rc<Watch>, jobs: &Things, from: &str) -> Answer<String> {
        let mut stream = std::pin::pin!(jobs.watch(WATCHED, from).await?);
        self.health(watch, "jobs", None);
        let mut version = from.to_string();
        while let Some(event) = next(&mut stream).await {
            match event? {
                WatchEvent::Added(job) | WatchEvent::Modified(job) => {
                    set_version(&mut version, &job);
                    show_job(watch, job, View::There);
                }
                WatchEvent::Deleted(job) => {
                    set_version(&mut version, &job);
                    show_job(watch, job, View::Gone);
                }
                WatchEvent::Bookmark(mark) => version = mark.metadata.resource_version,
                WatchEvent::Error(status) => return Err(refusal(&status)),
            }
            if watch.families.borrow().is_empty() {
                break;
            }
        }
        Ok(version)
    }
}

async fn relist(watch: &Watch, jobs: &Things) -> Answer<String> {
    let mut list = jobs.list(WATCHED).await?;
    let items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let mut missing: HashSet<String> = watch.families.borrow().keys().cloned().collect();
    for job in items {
        missing.remove(glance::name(&job));
        show_job(watch, job, View::There);
    }
    for name in missing {
        if let Some(family) = watch.families.borrow().get(&name) {
            family.job.send_replace(View::Missing);
        }
    }
    Ok(list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_string())
}

fn show_job(watch: &Watch, job: Value, view: fn(Rc<Value>) -> View) {
    if let Some(family) = watch.families.borrow().get(glance::name(&job)) {
        family.job.send_replace(view(Rc::new(job)));
    }
}

/// The name of the job that made a pod.
fn job_of(pod: &Value) -> Option<&str> {
    JOB_NAME.iter().find_map(|label| pod["metadata"]["labels"][*label].as_str())
}

/// A pod was seen: its job's seat is told.
pub(super) fn show(watch: &Watch, pod: &Rc<Value>, gone: bool) {
    let Some(job) = job_of(pod) else { return };
    if let Some(family) = watch.families.borrow().get(job) {
        watch.jobs_of.borrow_mut().insert(glance::name(pod).into(), job.into());
        match gone {
            true => family.pods.borrow_mut().remove(glance::name(pod)),
            false => family.pods.borrow_mut().insert(glance::name(pod).into(), pod.clone()),
        };
        let _ = family.news.send(News::Pod(pod.clone(), gone));
    }
}

/// All pods were listed: pods of jobs that aren't among them are gone.
pub(super) fn list(watch: &Watch, pods: &[Value]) {
    for (name, family) in watch.families.borrow().iter() {
        let of_job = pods.iter().filter(|pod| job_of(pod) == Some(name));
        // Those that are there are shown next.
        family.pods.borrow_mut().clear();
        let _ = family.news.send(News::Listed(of_job.map(|pod| glance::uid(pod).to_string()).collect()));
    }
}

/// Something was said about a pod, or a job: the job's seat is told.
pub(super) fn tell(watch: &Watch, name: &str, event: &Value) {
    let jobs_of = watch.jobs_of.borrow();
    let families = watch.families.borrow();
    let job = if event["involvedObject"]["kind"] == "Job" { Some(name) } else { jobs_of.get(name).map(String::as_str) };
    if let Some(family) = job.and_then(|job| families.get(job)) {
        let uid = event["involvedObject"]["uid"].as_str().unwrap_or_default();
        let _ = family.news.send(News::Event(uid.into(), glance::event(event)));
    }
}
