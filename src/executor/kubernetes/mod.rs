//! Pods. One thread with an async runtime talks to the clusters; the engine tells it what to do ([`Request`]) after the
//! commit, and takes what it says ([`Report`]) into the next one. The thread keeps nothing that isn't stored.

pub mod api;
mod calls;
mod care;
mod clocks;
pub mod cluster;
mod deliver;
mod door;
mod ender;
mod errand;
pub mod exec;
mod facts;
mod find;
mod follow;
pub mod glance;
mod ground;
pub mod hub;
mod job;
mod judge;
mod outcome;
mod pace;
pub mod pending;
pub mod pod_command;
mod podlog;
mod report;
mod rotation;
mod strays;
mod survey;
mod talk;
mod things;
mod traffic;
mod words;
mod worker;

use std::{
    collections::HashMap,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
    sync::mpsc,
    time::Duration,
};

use jiff::Timestamp;
use rustix::event::{EventfdFlags, eventfd};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    error::{Error, Result, say},
    model::{Pod, PodId, PodKind},
    operators::kubernetes_pod::Conduct,
};

use care::{Care, Order};
pub use cluster::{Access, Cluster};
pub use find::OWNER;
pub use hub::WATCHED;
pub use report::{End, Ended, Report, WorkNews};
pub use strays::Stray;

/// A pod to be taken care of, from wherever its row says that it is.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its row, which is committed.
    pub pod: Pod,
    /// How its cluster is reached.
    pub cluster: Cluster,
    /// What is done with it.
    pub conduct: Conduct,
    /// The try's log.
    pub log: PathBuf,
    /// When the task's `execution_timeout` is over.
    pub until: Option<Timestamp>,
    /// That limit in seconds.
    pub timeout: f64,
    /// Its row was stored just now: nobody can have created it.
    pub is_new: bool,
    /// UIDs of the pods that had its name before it.
    pub others: Vec<String>,
    /// Pods that this job is known to have made; only of one whose author is told of them.
    pub members: Vec<Pod>,
    /// What was done differently from what the file says; the log's first lines.
    pub warnings: Vec<String>,
    /// Nobody wants it any more: it is removed, if it is there.
    pub unwanted: bool,
    /// A worker of the executor, and what it needs besides.
    pub worker: Option<Worker>,
}

/// What a worker pod of the executor needs.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Its code: made before it is.
    pub config_maps: Vec<Value>,
    /// Mark of the home, which the ConfigMaps carry.
    pub home: String,
    /// An agent runs in it; else a shell command, whose result is the last line of output.
    pub has_agent: bool,
    /// Worker pods created at one time.
    pub batch: usize,
    /// Reasons of waiting containers for which it has failed.
    pub fatal: Vec<String>,
}

/// What the thread is told.
#[derive(Debug)]
pub enum Request {
    /// Take care of a pod.
    Care(Box<Job>),
    /// The end that was reported of a pod is committed: it may be deleted.
    Committed(PodId),
    /// A person gave a pod up: its object goes at once, whether or not its node answers.
    GiveUp(PodId),
    /// Nobody waits for a pod any more (killed, cleared, marked): it is removed, unless its task keeps it then.
    Drop(PodId),
    /// Look once in a namespace for what carries a home's mark.
    Survey {
        /// Cluster.
        cluster: Cluster,
        /// Namespace.
        namespace: String,
        /// Mark of the home.
        home: String,
    },
    /// Delete something that no row knows.
    Remove {
        /// Cluster.
        cluster: Cluster,
        /// Namespace.
        namespace: String,
        /// What.
        stray: Box<Stray>,
    },
    /// Tell the agent in a worker pod: a line.
    Tell(PodId, String),
    /// What came of a call of the author's own code: its number, and the answer.
    Called(PodId, u64, Value),
}

/// The thread's other half: tells the engine, and wakes its loop.
#[derive(Clone)]
pub struct Teller {
    reports: mpsc::Sender<Report>,
    wake: std::sync::Arc<OwnedFd>,
}

impl Teller {
    /// Tells the engine.
    pub fn tell(&self, report: Report) {
        // An engine that is gone reads its store when it is back.
        if self.reports.send(report).is_ok() {
            let _ = rustix::io::write(&*self.wake, &1u64.to_ne_bytes());
        }
    }
}

/// Handle of the thread.
pub struct Kubernetes {
    requests: UnboundedSender<Request>,
    reports: mpsc::Receiver<Report>,
    wake: std::sync::Arc<OwnedFd>,
}

impl Kubernetes {
    /// Starts the thread. What pods use is asked for that often, where the cluster says it; never if it is zero.
    ///
    /// # Errors
    /// The operating system has no thread or descriptor left.
    pub fn start(metrics_interval: Duration) -> Result<Self> {
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
            .map_err(|e| Error::system("cannot make an event for the pods' thread", e))?;
        let wake = std::sync::Arc::new(wake);
        let (requests, inbox) = unbounded_channel();
        let (outbox, reports) = mpsc::channel();
        let teller = Teller { reports: outbox, wake: wake.clone() };
        std::thread::Builder::new()
            .name("kubernetes".into())
            .spawn(move || serve(inbox, teller, metrics_interval))
            .map_err(|e| Error::system("cannot start the thread that takes care of pods", e))?;
        Ok(Self { requests, reports, wake })
    }

    /// Tells the thread.
    pub fn send(&self, request: Request) {
        let _ = self.requests.send(request);
    }

    /// Readable when there are reports.
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// What was said since the last time.
    pub fn take(&self) -> Vec<Report> {
        let mut count = [0u8; 8];
        let _ = rustix::io::read(&*self.wake, &mut count);
        self.reports.try_iter().collect()
    }
}

/// The thread: hands requests to those who take care of the pods, until the engine is gone.
fn serve(inbox: UnboundedReceiver<Request>, teller: Teller, metrics_interval: Duration) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return say(format_args!("scheduler: pods can't be taken care of: {e}")),
    };
    tokio::task::LocalSet::new().block_on(&runtime, hear(inbox, teller, metrics_interval));
}

async fn hear(mut inbox: UnboundedReceiver<Request>, teller: Teller, metrics_interval: Duration) {
    let hub = hub::Hub::new(teller.clone(), metrics_interval);
    let mut cares: HashMap<PodId, UnboundedSender<Order>> = HashMap::new();
    let mut agents: HashMap<PodId, UnboundedSender<String>> = HashMap::new();
    let mut callers: HashMap<PodId, UnboundedSender<calls::Answered>> = HashMap::new();
    while let Some(request) = inbox.recv().await {
        match request {
            Request::Care(job) => {
                cares.retain(|_, orders| !orders.is_closed());
                agents.retain(|_, lines| !lines.is_closed());
                callers.retain(|_, answers| !answers.is_closed());
                let (orders, heard) = unbounded_channel();
                cares.insert(job.pod.id, orders);
                let (lines, told) = unbounded_channel();
                if job.worker.as_ref().is_some_and(|worker| worker.has_agent) {
                    agents.insert(job.pod.id, lines);
                }
                let answers = job.conduct.listens.then(|| {
                    let (answers, answered) = unbounded_channel();
                    callers.insert(job.pod.id, answers);
                    answered
                });
                let name = job.pod.name.clone();
                let (hub, teller) = (hub.clone(), teller.clone());
                let care = match job.pod.kind {
                    PodKind::Job => tokio::task::spawn_local(job::JobCare::run(*job, hub, teller, (heard, answers))),
                    PodKind::Errand => tokio::task::spawn_local(errand::run(*job, hub, teller, heard)),
                    _ => tokio::task::spawn_local(Care::run(*job, hub, teller, (heard, told, answers))),
                };
                tokio::task::spawn_local(async move {
                    if care.await.is_err_and(|e| e.is_panic()) {
                        say(format_args!("scheduler: the care of pod {name} broke off; a restart takes it up again"));
                    }
                });
            }
            Request::Survey { cluster, namespace, home } => {
                tokio::task::spawn_local(strays::survey(hub.clone(), teller.clone(), cluster, namespace, home));
            }
            Request::Remove { cluster, namespace, stray } => {
                tokio::task::spawn_local(strays::remove(hub.clone(), cluster, namespace, *stray));
            }
            Request::Committed(id) => order(&cares, id, Order::Committed),
            Request::Drop(id) => order(&cares, id, Order::Drop),
            Request::Tell(id, line) => {
                if let Some(agent) = agents.get(&id) {
                    let _ = agent.send(line);
                }
            }
            Request::Called(id, n, answer) => {
                if let Some(caller) = callers.get(&id) {
                    let _ = caller.send((n, answer));
                }
            }
            Request::GiveUp(id) => order(&cares, id, Order::GiveUp),
        }
    }
}

fn order(cares: &HashMap<PodId, UnboundedSender<Order>>, id: PodId, order: Order) {
    if let Some(orders) = cares.get(&id) {
        let _ = orders.send(order);
    }
}
