//! Pods: what is known of one that was made for a task instance, also when it is gone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ids::TiKey, state::spelled, usage::Sample};
use std::{fmt, str::FromStr};

/// Number of a pod in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PodId(pub i64);

impl fmt::Display for PodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

spelled! {
    /// How far dagdeck is with a pod. Each step is committed before the next one is taken.
    PodStage {
        /// Its name is stored; it may have been created or not.
        Wanted = "wanted",
        /// It was created, and its end isn't known yet.
        Created = "created",
        /// Its end is committed; it may have to be deleted.
        Ended = "ended",
        /// Nothing is left to be done: it is deleted, or stays on purpose.
        Done = "done",
    }
}

spelled! {
    /// What a pod is for.
    PodKind {
        /// The pod of a `KubernetesPodOperator`.
        Operator = "operator",
        /// A worker of the Kubernetes executor.
        Worker = "worker",
        /// No pod, but the job of a `KubernetesJobOperator`.
        Job = "job",
        /// A pod that a job made.
        JobPod = "job_pod",
        /// No pod, but what is done in a cluster at once: objects created, changed or deleted.
        Errand = "errand",
    }
}

/// A pod as stored, or other work in a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Its number.
    pub id: PodId,
    /// For which task instance.
    pub key: TiKey,
    /// DAG, kept for when the run is deleted.
    pub dag_id: String,
    /// Run, kept for when it is deleted.
    pub run_id: String,
    /// Try.
    pub try_number: u32,
    /// Epoch in which the try began; a deferrable task goes on in a later one.
    pub epoch: u32,
    /// What for.
    pub kind: PodKind,
    /// How far.
    pub stage: PodStage,
    /// How the cluster is reached, without secrets: connection id, kubeconfig's path, context.
    pub access: Value,
    /// Namespace.
    pub namespace: String,
    /// Name, decided before it is created.
    pub name: String,
    /// UID, from its creation on.
    pub uid: Option<String>,
    /// What is sent.
    pub manifest: Value,
    /// What is done with it: timeouts, logs, what becomes of it.
    pub conduct: Value,
    /// What was seen of it last.
    pub sight: PodSight,
    /// How its task ended; null until that is known.
    pub result: Value,
}

/// What is seen of a pod: the parts of its object that people ask for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PodSight {
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`; empty before its creation.
    pub phase: String,
    /// Node.
    pub node: Option<String>,
    /// Digest of the base container's image.
    pub image_id: Option<String>,
    /// Why it doesn't run (yet), in one line.
    pub why: Option<String>,
    /// Its whole `status`.
    pub status: Value,
    /// Created.
    pub created_at: Option<Timestamp>,
    /// A node was found.
    pub scheduled_at: Option<Timestamp>,
    /// The base container runs.
    pub started_at: Option<Timestamp>,
    /// The base container ended.
    pub ended_at: Option<Timestamp>,
    /// Someone asked for its deletion.
    pub deleted_at: Option<Timestamp>,
}

/// An event of the cluster about a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodEvent {
    /// UID of the event's object; the same one is counted up.
    pub uid: String,
    /// First time.
    pub first_at: Option<Timestamp>,
    /// Last time.
    pub last_at: Option<Timestamp>,
    /// How often.
    pub count: i64,
    /// `Normal` or `Warning`.
    pub level: String,
    /// Reason, one word.
    pub reason: String,
    /// Message.
    pub message: String,
    /// Who said it: the scheduler, a kubelet.
    pub source: String,
}

/// How well a cluster's namespace can be watched.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterHealth {
    /// Name of the cluster for people.
    pub cluster: String,
    /// Namespace.
    pub namespace: String,
    /// What: `pods`, `events`, `metrics`, `quotas`, `nodes`, `claims`; `requests`, once the API server made them wait.
    pub what: String,
    /// `ok`, `away` (no answer), `busy` (too many requests), `forbidden`, `missing` (the cluster has no such thing).
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// The error's own words.
    pub message: String,
}

/// How the watch of a namespace goes on, as far as only memory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchNow {
    /// Name of the cluster for people.
    pub cluster: String,
    /// Namespace.
    pub namespace: String,
    /// When all its pods were listed last.
    pub listed_at: Option<Timestamp>,
    /// Pods of ours that are there.
    pub pods: usize,
    /// It failed, and is tried again then.
    pub retry_at: Option<Timestamp>,
    /// Nobody needs it any more.
    pub is_over: bool,
}

/// One line of a namespace's quota.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Name of the `ResourceQuota`.
    pub name: String,
    /// Resource: `pods`, `requests.nvidia.com/gpu`.
    pub resource: String,
    /// What is used of it, as the API writes quantities.
    pub used: String,
    /// What there is.
    pub hard: String,
}

/// What this scheduler has asked of a cluster's API server.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Name of the cluster for people.
    pub cluster: String,
    /// Counted from then on.
    pub since: Timestamp,
    /// Requests, watches and streams among them.
    pub requests: i64,
    /// Answered with "too many requests" (429).
    pub throttled: i64,
    /// Not answered, or with a server's error (5xx).
    pub failed: i64,
}

/// One change of what is stored about pods.
#[derive(Debug, Clone, PartialEq)]
pub enum PodWrite {
    /// A pod is wanted; it is created after the commit.
    Add(Box<Pod>),
    /// The author's own code has seen it: what is sent now, its name, namespace and conduct.
    Final(Box<Pod>),
    /// It exists (a new one, or one of an earlier try that was taken up).
    Created {
        /// Which.
        id: PodId,
        /// Its name.
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
    /// A later scheduler has taken it up.
    Adopted(PodId),
    /// What must be known again by whoever goes on with it: kept as the result until there is one.
    Noted {
        /// Which.
        id: PodId,
        /// What.
        notes: Value,
    },
    /// How its task ended is known.
    Ended {
        /// Which.
        id: PodId,
        /// How.
        result: Value,
    },
    /// It failed before its task's code ran, and another one is made without using a try: something that happened to
    /// the task instance.
    Relaunched {
        /// Which.
        id: PodId,
        /// When.
        at: Timestamp,
        /// A sentence.
        text: String,
    },
    /// Nothing is left to be done.
    Done {
        /// Which.
        id: PodId,
        /// When it was deleted; `None` if it stays.
        gone_at: Option<Timestamp>,
    },
    /// A watch's health changed.
    Health(Box<ClusterHealth>),
    /// What its containers used.
    Used {
        /// Which.
        id: PodId,
        /// A sample per container.
        samples: Vec<Sample>,
    },
    /// The quotas of a namespace as they are now: all of them.
    Quotas {
        /// Name of the cluster for people.
        cluster: String,
        /// Namespace.
        namespace: String,
        /// When they were asked for.
        at: Timestamp,
        /// Their lines.
        quotas: Vec<Quota>,
    },
    /// What was asked of a cluster so far.
    Traffic(Box<Traffic>),
}
