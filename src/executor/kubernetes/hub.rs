//! One client per cluster, and one watch per cluster and namespace, shared by all pods that are taken care of there.
//! A watch is resumed by its resource version, and begun anew with a list when that has expired.

mod family;
mod known;
mod refused;

pub use family::{FamilySeat, News};
use known::Gone;
pub use refused::reason;

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use jiff::Timestamp;
use kube::core::WatchEvent;
use serde_json::Value;
use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use super::{
    Report, Teller,
    api::{Answer, Api, Trouble},
    cluster::Cluster,
    deliver::Delivery,
    door::Door,
    facts::Facts,
    glance, survey,
    traffic::Counts,
};
use crate::{
    clock,
    error::Result,
    model::{ClusterHealth, PodEvent, PodId, WatchNow, time::plus_seconds},
};

/// All pods of Airflow's making carry this label: the operator's and the executor's.
pub const WATCHED: &str = "airflow_version";
/// A watch that says nothing for so long (bookmarks come every minute) is begun anew.
const SILENT: Duration = Duration::from_secs(150);
/// Pods that are created at a time.
const CREATIONS: usize = 16;
/// What is said of an API server that wants to be asked less.
const REQUESTS: &str = "requests";
/// Which events are about pods.
const OF_PODS: &str = "involvedObject.kind=Pod";
/// First pause after a failure; it doubles up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);

/// What a watch shows of one pod.
#[derive(Debug, Clone, Default)]
pub enum View {
    /// Nothing yet.
    #[default]
    Nothing,
    /// Its newest object.
    There(Rc<Value>),
    /// It was deleted; its last object.
    Gone(Rc<Value>),
    /// A new list doesn't hold it: it may be gone, or newer than the list.
    Missing,
}

/// A pod's place at a watch; leaving it ends the subscription.
pub struct Seat {
    watch: Rc<Watch>,
    name: String,
    /// The newest view.
    pub view: watch::Receiver<View>,
    /// Events of the namespace about pods of that name.
    pub events: UnboundedReceiver<PodEventOf>,
    /// What is known around pods that wait.
    pub facts: watch::Receiver<Rc<Facts>>,
}

/// An event, with the UID of the pod that it is about.
pub type PodEventOf = (String, PodEvent);

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.watch.seats.borrow_mut();
        // Whoever took the pod up after us sits there by now.
        if seats.get(&self.name).is_some_and(|place| place.view.subscribe().same_channel(&self.view)) {
            seats.remove(&self.name);
        }
    }
}

impl Seat {
    /// Whoever creates a pod waits for a turn: a thousand mapped tasks are no thousand requests at once.
    pub fn turns(&self) -> Rc<Semaphore> {
        self.watch.creations.clone()
    }
}

/// Where a pod's news go.
struct Place {
    id: PodId,
    view: watch::Sender<View>,
    events: UnboundedSender<PodEventOf>,
}

/// One watch.
pub struct Watch {
    /// Its cluster.
    pub cluster: Cluster,
    /// Its namespace.
    pub namespace: String,
    /// What is known around pods that wait.
    pub facts: watch::Sender<Rc<Facts>>,
    seats: RefCell<HashMap<String, Place>>,
    /// Jobs of which somebody wants to know, by name.
    families: RefCell<family::Families>,
    /// Name of the job of each pod that a job has made.
    jobs_of: RefCell<HashMap<String, String>>,
    /// Jobs are watched now.
    watches_jobs: Cell<bool>,
    /// Events about jobs are.
    watches_job_events: Cell<bool>,
    creations: Rc<Semaphore>,
    away: Gone,
    /// As seen by what asks for a sign of life while pods wait: a server that hangs breaks no stream.
    silent: Gone,
    /// When all pods were listed last.
    listed_at: Cell<Option<Timestamp>>,
    /// When pods are watched again, after a failure.
    retry_at: Cell<Option<Timestamp>>,
    /// How it goes on, as told last.
    said: RefCell<Option<WatchNow>>,
    /// Last health told, by what is watched.
    told: RefCell<HashMap<&'static str, (String, String)>>,
}

/// The way to a cluster and what was asked through it: counted since, and as told last.
struct Connected {
    door: Rc<Door>,
    counts: Arc<Counts>,
    since: Timestamp,
    told: Cell<(i64, i64, i64)>,
}

/// Clients and watches.
pub struct Hub {
    doors: RefCell<HashMap<Cluster, Rc<Connected>>>,
    watches: RefCell<HashMap<(Cluster, String), Rc<Watch>>>,
    /// Namespaces of clusters that can't be used, and are needed.
    refused: RefCell<HashSet<(Cluster, String)>>,
    teller: Teller,
    /// How often pods are asked what they use; never if it is zero.
    pub metrics_interval: Duration,
    /// Code of worker pods.
    pub delivery: Rc<Delivery>,
}

impl Hub {
    /// Nothing is connected yet.
    pub fn new(teller: Teller, metrics_interval: Duration) -> Rc<Self> {
        Rc::new(Self {
            doors: RefCell::default(),
            watches: RefCell::default(),
            refused: RefCell::default(),
            teller,
            metrics_interval,
            delivery: Rc::default(),
        })
    }

    /// The pods of a namespace.
    ///
    /// # Errors
    /// What is wrong with the kubeconfig.
    pub async fn api(&self, cluster: &Cluster, namespace: &str) -> Result<Api> {
        let known = self.doors.borrow().get(cluster).cloned();
        let connected = match known {
            Some(connected) => connected,
            None => {
                let counts = Arc::new(Counts::default());
                let door = Door::open(cluster, counts.clone()).await?;
                let opened = Rc::new(Connected { door, counts, since: clock::now(), told: Cell::default() });
                self.doors.borrow_mut().entry(cluster.clone()).or_insert(opened).clone()
            }
        };
        Ok(Api::new(connected.door.clone(), namespace))
    }

    /// True as long as a watch is the one of its place.
    pub fn holds(&self, watch: &Rc<Watch>) -> bool {
        let place = (watch.cluster.clone(), watch.namespace.clone());
        self.watches.borrow().get(&place).is_some_and(|held| Rc::ptr_eq(held, watch))
    }

    /// Watches a pod by its name; it needn't be there yet.
    pub fn seat(self: &Rc<Self>, cluster: &Cluster, namespace: &str, (id, name): (PodId, &str), api: &Api) -> Seat {
        let watch = self.watch_of(cluster, namespace, api);
        let (view_of, view) = watch::channel(View::Nothing);
        let (say, events) = unbounded_channel();
        watch.seats.borrow_mut().insert(name.into(), Place { id, view: view_of, events: say });
        let mut facts = watch.facts.subscribe();
        // What is known already counts for a new pod, too.
        facts.mark_changed();
        Seat { watch, name: name.into(), view, events, facts }
    }

    /// The watch of a namespace, which begins if there is none.
    fn watch_of(self: &Rc<Self>, cluster: &Cluster, namespace: &str, api: &Api) -> Rc<Watch> {
        let place = (cluster.clone(), namespace.to_string());
        let known = self.watches.borrow().get(&place).cloned();
        known.unwrap_or_else(|| {
            let watch = Rc::new(Watch {
                cluster: cluster.clone(),
                namespace: namespace.into(),
                facts: watch::channel(Rc::default()).0,
                seats: RefCell::default(),
                families: RefCell::default(),
                jobs_of: RefCell::default(),
                watches_jobs: Cell::new(false),
                watches_job_events: Cell::new(false),
                creations: Rc::new(Semaphore::new(CREATIONS)),
                away: Gone::default(),
                silent: Gone::default(),
                listed_at: Cell::new(None),
                retry_at: Cell::new(None),
                said: RefCell::default(),
                told: RefCell::default(),
            });
            self.watches.borrow_mut().insert(place, watch.clone());
            tokio::task::spawn_local(self.clone().watch_pods(watch.clone(), api.clone()));
            tokio::task::spawn_local(self.clone().watch_events(watch.clone(), api.clone(), OF_PODS));
            tokio::task::spawn_local(survey::survey(self.clone(), watch.clone(), api.clone()));
            watch
        })
    }

    /// True (and the watch is forgotten) if nobody sits at it any more.
    fn is_idle(&self, watch: &Watch) -> bool {
        let idle = watch.seats.borrow().is_empty() && watch.families.borrow().is_empty();
        if idle {
            self.watches.borrow_mut().remove(&(watch.cluster.clone(), watch.namespace.clone()));
        }
        idle
    }

    /// Tells how well something can be watched or read, if that has changed.
    pub fn health(&self, watch: &Watch, what: &'static str, trouble: Option<&Trouble>) {
        let (state, message) = match trouble {
            None => ("ok", String::new()),
            Some(t) if t.is_forbidden() => ("forbidden", t.to_string()),
            Some(t) if t.is_missing() => ("missing", t.to_string()),
            // What all requests wait for is told once, for all of them.
            Some(t) if t.is_busy() => ("busy", t.to_string()),
            Some(t) => ("away", t.to_string()),
        };
        if what == "pods" {
            match state {
                "ok" => watch.away.end(),
                "away" | "busy" => watch.away.begin(Instant::now()),
                _ => {}
            }
        }
        if state == "busy" && what != REQUESTS {
            return;
        }
        let new = (state.to_string(), message.clone());
        let before = watch.told.borrow_mut().insert(what, new);
        if before.as_ref().map(|b| b.0.as_str()) != Some(state) {
            self.teller.tell(Report::Health(Box::new(ClusterHealth {
                cluster: watch.cluster.name(),
                namespace: watch.namespace.clone(),
                what: what.into(),
                state: state.into(),
                since: clock::now(),
                message,
            })));
        }
    }

    async fn watch_pods(self: Rc<Self>, watch: Rc<Watch>, api: Api) {
        let mut pause = PAUSE;
        let mut version: Option<String> = None;
        loop {
            let done = match &mut version {
                Some(version) => self.stream_pods(&watch, &api, version).await,
                None => relist(&watch, &api).await.map(|now| version = Some(now)),
            };
            watch.retry_at.set(None);
            match done {
                Ok(()) => {
                    self.health(&watch, "pods", None);
                    pause = PAUSE;
                    if self.is_idle(&watch) {
                        return;
                    }
                }
                Err(trouble) if trouble.is_expired() => {
                    version = None;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(trouble) => {
                    self.health(&watch, "pods", Some(&trouble));
                    if trouble.is_forbidden() {
                        version = None;
                    }
                    watch.retry_at.set(Some(plus_seconds(clock::now(), pause.as_secs_f64())));
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }

    /// One stream of changes, to its end. `version` is where to go on, however it ends.
    async fn stream_pods(&self, watch: &Rc<Watch>, api: &Api, version: &mut String) -> Answer<()> {
        let mut stream = std::pin::pin!(api.watch("pods", WATCHED, version).await?);
        self.health(watch, "pods", None);
        while let Some(event) = next(&mut stream).await {
            match event? {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
                    set_version(version, &pod);
                    show(watch, pod, false);
                }
                WatchEvent::Deleted(pod) => {
                    set_version(version, &pod);
                    show(watch, pod, true);
                }
                WatchEvent::Bookmark(mark) => *version = mark.metadata.resource_version,
                WatchEvent::Error(status) => return Err(refusal(&status)),
            }
        }
        Ok(())
    }

    async fn watch_events(self: Rc<Self>, watch: Rc<Watch>, api: Api, which: &'static str) {
        let mut pause = PAUSE;
        let (mut version, mut has_gap): (Option<String>, bool) = (None, false);
        loop {
            // The other watch says when nobody needs the two any more.
            if !self.holds(&watch) {
                return;
            }
            let done = match &mut version {
                Some(version) => stream_events(&watch, &api, which, version).await,
                // What was said in between is among what is kept.
                None if has_gap => relist_events(&watch, &api, which).await.map(|now| version = Some(now)),
                None => api.events_now().await.map(|now| version = Some(now)),
            };
            match done {
                Ok(()) => {
                    self.health(&watch, "events", None);
                    (pause, has_gap) = (PAUSE, false);
                }
                Err(trouble) if trouble.is_expired() => {
                    (version, has_gap) = (None, true);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(trouble) => {
                    self.health(&watch, "events", Some(&trouble));
                    // Without the right to see events, pods are taken care of all the same.
                    let wait = if trouble.is_forbidden() { Duration::from_secs(600) } else { pause };
                    tokio::time::sleep(wait).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }
}

async fn next<S: futures_util::Stream<Item = Answer<WatchEvent<Value>>> + Unpin>(
    stream: &mut S,
) -> Option<Answer<WatchEvent<Value>>> {
    // A silent connection may be dead: what comes next is asked for again.
    tokio::time::timeout(SILENT, stream.next()).await.ok().flatten()
}

fn refusal(status: &kube::core::Status) -> Trouble {
    Trouble::Refused { code: status.code, reason: status.reason.clone(), message: status.message.clone() }
}

fn set_version(version: &mut String, object: &Value) {
    if let Some(new) = object["metadata"]["resourceVersion"].as_str() {
        *version = new.into();
    }
}

fn show(watch: &Watch, pod: Value, gone: bool) {
    let pod = Rc::new(pod);
    family::show(watch, &pod, gone);
    if let Some(place) = watch.seats.borrow().get(glance::name(&pod)) {
        place.view.send_replace(if gone { View::Gone(pod) } else { View::There(pod) });
    }
}

async fn relist(watch: &Watch, api: &Api) -> Answer<String> {
    let mut list = api.list(WATCHED).await?;
    let items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    watch.listed_at.set(Some(clock::now()));
    let mut missing: Vec<String> = watch.seats.borrow().keys().cloned().collect();
    family::list(watch, &items);
    for pod in items {
        missing.retain(|name| name != glance::name(&pod));
        show(watch, pod, false);
    }
    let seats = watch.seats.borrow();
    for name in missing {
        if let Some(place) = seats.get(&name) {
            place.view.send_replace(View::Missing);
        }
    }
    Ok(list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_string())
}

/// An event for whoever takes care of its pod.
fn hand_on(watch: &Watch, object: &Value) {
    let about = &object["involvedObject"];
    let name = about["name"].as_str().unwrap_or_default();
    family::tell(watch, name, object);
    if let Some(place) = watch.seats.borrow().get(name) {
        let _ = place.events.send((about["uid"].as_str().unwrap_or("").into(), glance::event(object)));
    }
}

async fn relist_events(watch: &Watch, api: &Api, which: &str) -> Answer<String> {
    let list = api.list_events(which).await?;
    list["items"].as_array().into_iter().flatten().for_each(|object| hand_on(watch, object));
    Ok(list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_string())
}

async fn stream_events(watch: &Watch, api: &Api, which: &str, version: &mut String) -> Answer<()> {
    let mut stream = std::pin::pin!(api.watch("events", which, version).await?);
    while let Some(event) = next(&mut stream).await {
        match event? {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                set_version(version, &object);
                hand_on(watch, &object);
            }
            WatchEvent::Deleted(object) => set_version(version, &object),
            WatchEvent::Bookmark(mark) => *version = mark.metadata.resource_version,
            WatchEvent::Error(status) => return Err(refusal(&status)),
        }
    }
    Ok(())
}
