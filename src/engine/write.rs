//! What goes with the next commit besides the scheduler's changes: XComs, variables, deferrals, pods.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    model::{AssetCondition, RunId, TiKey},
    store::asset::Named,
    timetable::DueRun,
};

/// A write that goes with the next commit, besides the scheduler's changes.
#[derive(Debug, Clone)]
pub enum Write {
    /// An XCom.
    SetXcom {
        /// Of.
        key: TiKey,
        /// Key.
        name: String,
        /// Value.
        value: serde_json::Value,
        /// Length, where mapped tasks depend on it.
        length: Option<usize>,
    },
    /// Deletes one XCom, or all of an instance.
    DeleteXcom {
        /// Of.
        key: TiKey,
        /// Key.
        name: Option<String>,
    },
    /// Fields after rendering.
    Rendered {
        /// Of.
        key: TiKey,
        /// Fields.
        fields: serde_json::Value,
    },
    /// A variable; `None` deletes it.
    Variable {
        /// Key.
        key: String,
        /// Value.
        value: Option<String>,
        /// Text for people.
        description: Option<String>,
    },
    /// Events of the assets that a task updated by its success.
    AssetsUpdated {
        /// Of.
        key: TiKey,
        /// What it has as outlets.
        outlets: Vec<AssetCondition>,
        /// What it said about them, see [`crate::store::asset::of_success`].
        said: Vec<serde_json::Value>,
        /// When it ended.
        ended: Option<Timestamp>,
    },
    /// A value that tasks keep with an asset; without a key all of them, without a value it is forgotten.
    AssetState {
        /// Which asset.
        asset: Named,
        /// Key.
        key: Option<String>,
        /// Value.
        value: Option<serde_json::Value>,
    },
    /// A question to a person.
    HitlRequest(Box<crate::model::HitlRequest>),
    /// The answer that counts where nobody gave one.
    HitlResponse(TiKey, Box<crate::model::HitlResponse>),
    /// What a task remembers; `None` deletes it, a missing name everything.
    TaskState {
        /// Of.
        key: TiKey,
        /// Key.
        name: Option<String>,
        /// Value and until when it holds.
        value: Option<(serde_json::Value, Option<Timestamp>)>,
    },
    /// A DAG's next run, for readers.
    NextRun {
        /// DAG.
        dag_id: Arc<str>,
        /// The run.
        next: Option<DueRun>,
    },
    /// Says of a try up to this number are done, and one of them changed what isn't the try's own.
    HeardSay {
        /// Of.
        key: TiKey,
        /// Epoch.
        epoch: u32,
        /// Number.
        n: u32,
    },
    /// A try is over: what it asked and said needn't be remembered.
    ForgetHeard {
        /// Of.
        key: TiKey,
        /// Epoch.
        epoch: u32,
    },
    /// A run's deadline, `None` where it has none (yet).
    Deadline {
        /// Of.
        run: RunId,
        /// Place in the DAG's list.
        number: u32,
        /// When.
        due_at: Option<Timestamp>,
    },
    /// A deadline passed.
    MissDeadline {
        /// Of.
        run: RunId,
        /// Place in the DAG's list.
        number: u32,
    },
    /// A run ended well: what wasn't due by then is kept.
    KeepDeadlines {
        /// Of.
        run: RunId,
        /// End.
        end: Timestamp,
    },
    /// A callback that is to run.
    Callback {
        /// Its run, name and index.
        key: TiKey,
        /// Epoch.
        epoch: u32,
        /// What is called, and why.
        request: serde_json::Value,
    },
    /// A callback's process has ended.
    DropCallback {
        /// Its run, name and index.
        key: TiKey,
        /// Epoch.
        epoch: u32,
    },
    /// What a deferred task instance waits for.
    Deferral(Box<crate::model::Deferral>),
    /// It waits for nothing any more.
    DropDeferral(TiKey),
    /// Something about a pod.
    Pod(Box<crate::model::PodWrite>),
    /// An XCom that says where it comes from.
    SourcedXcom {
        /// Of.
        key: TiKey,
        /// Key.
        name: String,
        /// Value.
        value: serde_json::Value,
        /// From where.
        source: String,
        /// Length, where mapped tasks depend on it.
        length: Option<usize>,
    },
}
