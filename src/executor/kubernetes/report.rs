//! What the thread that takes care of pods says to the engine, which commits it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cluster, Stray};
use crate::{
    model::{Cause, ClusterHealth, PodEvent, PodId, PodSight, PodWrite, Sample, WatchNow},
    protocol::agent::FromAgent,
};

/// How a pod's task ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Well.
    Success,
    /// `skip_on_exit_code`.
    Skipped(Cause),
    /// Badly.
    Failed(Cause),
}

/// The end of a pod's task, as it is stored until it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub end: End,
    /// Its result, and where that was found: `file` or `stdout`.
    pub xcom: Option<(Value, String)>,
    /// When.
    pub at: Timestamp,
    /// As far as the pod shows, what is in it may have begun. Asked of workers only.
    #[serde(default)]
    pub may_have_begun: bool,
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
        result: Box<Ended>,
    },
    /// What was found in a namespace that carries this home's mark, and isn't over.
    Strays {
        /// Cluster.
        cluster: Cluster,
        /// Namespace.
        namespace: String,
        /// What.
        found: Vec<Stray>,
    },
    /// Something of a job or an errand.
    Work(PodId, WorkNews),
    /// The author's own code is to be called; answered by [`super::Request::Called`].
    Call {
        /// About which.
        id: PodId,
        /// Number of the call.
        n: u64,
        /// What.
        what: Box<Value>,
    },
    /// The agent in a worker pod said a line.
    Heard(PodId, Vec<u8>),
    /// What the agent of an ended worker pod said and nobody had fetched; its end is told after this.
    Left(PodId, Vec<FromAgent>),
    /// Nothing is left to be done: it is gone, or stays on purpose.
    Done {
        /// Which.
        id: PodId,
        /// It is deleted.
        is_gone: bool,
    },
    /// A watch is well again, or isn't any more.
    Health(Box<ClusterHealth>),
    /// How a watch goes on.
    Watching(WatchNow),
    /// Something that only has to be stored: samples, quotas, requests.
    Learnt(Box<PodWrite>),
}

/// What is told of a job or an errand besides.
#[derive(Debug)]
pub enum WorkNews {
    /// An XCom beside the result.
    Xcom(String, Value),
    /// What must be known again after a restart; answered by [`super::Request::Committed`] once it is stored.
    Noted(Value),
    /// A job has made a pod.
    Pod {
        /// UID.
        uid: String,
        /// Name.
        name: String,
        /// Its object without status.
        manifest: Box<Value>,
    },
    /// Something of a job's pod was seen.
    Seen(String, Box<PodSight>),
    /// Something was said about a job's pod.
    Event(String, Box<PodEvent>),
    /// What a job's pod used.
    Used(String, Vec<Sample>),
    /// Nothing is left to be done with a job's pod.
    Left {
        /// UID.
        uid: String,
        /// It is deleted.
        is_gone: bool,
    },
}
