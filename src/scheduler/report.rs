//! What a supervisor says about a try.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Cause, TiState};

/// One thing said about the current try of a task instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// Its process runs.
    Started {
        /// Process id, if it has a process here.
        pid: Option<u32>,
        /// Machine.
        hostname: String,
        /// When.
        at: Timestamp,
    },
    /// It decided that tasks below are not needed.
    Skips {
        /// Tasks to skip, unless running, success or failed.
        tasks: Vec<Arc<str>>,
        /// Its `skipmixin_key` XCom.
        decision: Value,
    },
    /// It pushed a return value.
    Pushed {
        /// Number of elements, if mapped tasks depend on it.
        length: Option<usize>,
    },
    /// It has started something elsewhere: its id there.
    ExternalId(String),
    /// Its `map_index_template`, rendered.
    RenderedMapIndex(String),
    /// It succeeded.
    Success {
        /// Start, if `Started` may have been lost.
        start: Option<Timestamp>,
        /// End.
        end: Timestamp,
    },
    /// It skipped itself.
    Skipped {
        /// Why.
        cause: Cause,
        /// End.
        end: Timestamp,
    },
    /// It failed.
    Failed {
        /// Why.
        cause: Cause,
        /// False: no retry, whatever is left.
        retryable: bool,
        /// Seconds to the next try in place of the task's own delay.
        retry_delay: Option<f64>,
        /// Start, if `Started` may have been lost.
        start: Option<Timestamp>,
        /// End.
        end: Timestamp,
    },
    /// A sensor between two pokes.
    Reschedule {
        /// Next poke.
        until: Timestamp,
        /// End of this poke.
        end: Timestamp,
    },
    /// Waits for a trigger, or for a person.
    Deferred {
        /// `deferred` or `awaiting_input`.
        state: TiState,
        /// Time limit.
        until: Option<Timestamp>,
        /// End of this phase.
        end: Timestamp,
    },
    /// The trigger fired (or timed out, or failed): the same try goes on.
    Resume,
    /// The trigger itself says how the try ended.
    TriggerEnded {
        /// `success`, `failed` or `skipped`; there is no retry.
        state: TiState,
        /// Why, unless success.
        cause: Option<Cause>,
        /// End.
        end: Timestamp,
    },
    /// Decided from outside (killed, marked); its process is known to be gone.
    Stop {
        /// Its final state.
        state: TiState,
        /// Why.
        cause: Cause,
    },
}
