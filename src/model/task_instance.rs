//! A task instance: one task (and map index) in one run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ids::TiKey, state::TiState};

/// One row, as stored and as the scheduler holds it while its run is active.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskInstance {
    /// Which one.
    pub key: TiKey,
    /// State.
    pub state: TiState,
    /// Number of the current or last try, from 1; 0 before the first.
    pub try_number: u32,
    /// `retries` at creation; raised by clearing.
    pub max_tries: u32,
    /// Operator's class name.
    pub operator: String,
    /// Pool.
    pub pool: String,
    /// Slots of the pool.
    pub pool_slots: u32,
    /// Effective weight.
    pub priority_weight: i64,
    /// Rendered `map_index_template`.
    pub rendered_map_index: Option<String>,
    /// When it was last handed to an executor.
    pub queued_when: Option<Timestamp>,
    /// When its dependencies were last met.
    pub scheduled_when: Option<Timestamp>,
    /// Start of the current or last try (kept over reschedules and deferrals).
    pub start_date: Option<Timestamp>,
    /// End of the last try.
    pub end_date: Option<Timestamp>,
    /// Seconds from start to end.
    pub duration: Option<f64>,
    /// Machine.
    pub hostname: Option<String>,
    /// Process id of the try.
    pub pid: Option<u32>,
    /// Id outside: a pod's name, a triggered run.
    pub external_id: Option<String>,
    /// A person's note.
    pub note: Option<String>,
    /// When a waiting state (`up_for_retry`, `up_for_reschedule`, `deferred`) ends by the clock.
    pub wake_at: Option<Timestamp>,
    /// Counts what happened to the try: raised at every queueing. A report with another value is stale.
    pub epoch: u32,
}

impl TaskInstance {
    /// A fresh instance of a key: state none, no try yet.
    pub fn new(key: TiKey, operator: impl Into<String>, max_tries: u32) -> Self {
        Self {
            key,
            state: TiState::None,
            try_number: 0,
            max_tries,
            operator: operator.into(),
            pool: super::pool::DEFAULT_POOL.into(),
            pool_slots: 1,
            priority_weight: 1,
            rendered_map_index: None,
            queued_when: None,
            scheduled_when: None,
            start_date: None,
            end_date: None,
            duration: None,
            hostname: None,
            pid: None,
            external_id: None,
            note: None,
            wake_at: None,
            epoch: 0,
        }
    }
}
