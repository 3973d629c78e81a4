//! Pods. One thread with an async runtime talks to the clusters; the engine tells it what to do ([`Request`]) after the
//! commit, and takes what it says ([`Report`]) into the next one. The thread keeps nothing that isn't stored.

pub mod api;
pub mod cluster;

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
    sync::mpsc,
};

use jiff::Timestamp;
use rustix::event::{EventfdFlags, eventfd};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    error::{Error, Result},
    model::{Cause, ClusterHealth, Pod, PodEvent, PodId, PodSight},
    operators::kubernetes_pod::Conduct,
};

pub use cluster::{Access, Cluster};

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
    /// What was done differently from what the file says; the log's first lines.
    pub warnings: Vec<String>,
    /// Nobody wants it any more: it is removed, if it is there.
    pub unwanted: bool,
}

/// What the thread is told.
#[derive(Debug)]
pub enum Request {
    /// Take care of a pod.
    Care(Box<Job>),
    /// The end that was reported of a pod is committed: it may be deleted.
    Committed(PodId),
    /// Nobody waits for a pod any more (killed, cleared, marked): it is removed, unless its task keeps it then.
    Drop(PodId),
}

/// How a pod's task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Well.
    Success,
    /// `skip_on_exit_code`.
    Skipped(Cause),
    /// Badly.
    Failed(Cause),
}

/// What the thread says.
#[derive(Debug)]
pub enum Report {
    /// A pod exists.
    Created {
        /// Which.
        id: PodId,
        /// Its name: another one if a pod of an earlier try was taken up.
        name: String,
        /// UID.
        uid: String,
    },
    /// Something of it was seen.
    Seen {
        /// Which.
        id: PodId,
        /// What.
        sight: Box<PodSight>,
    },
    /// Something was said about it.
    Event {
        /// Which.
        id: PodId,
        /// What.
        event: Box<PodEvent>,
    },
    /// Its end is known, and its log complete.
    Ended {
        /// Which.
        id: PodId,
        /// How.
        result: End,
        /// Its result, and where that was found.
        xcom: Option<(Value, &'static str)>,
        /// When.
        at: Timestamp,
    },
    /// Nothing is left to be done: it is gone, or stays on purpose.
    Done(PodId),
    /// A watch is well again, or isn't any more.
    Health(Box<ClusterHealth>),
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
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system has no thread or descriptor left.
    pub fn start() -> Result<Self> {
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
            .map_err(|e| Error::system("cannot make an event for the pods' thread", e))?;
        let wake = std::sync::Arc::new(wake);
        let (requests, inbox) = unbounded_channel();
        let (outbox, reports) = mpsc::channel();
        let teller = Teller { reports: outbox, wake: wake.clone() };
        std::thread::Builder::new()
            .name("kubernetes".into())
            .spawn(move || serve(inbox, teller))
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

fn serve(_inbox: UnboundedReceiver<Request>, _teller: Teller) {}
