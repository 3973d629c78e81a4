//! Pools: named numbers of slots that task instances share.

use serde::{Deserialize, Serialize};

/// The pool of tasks that name none; 128 slots unless changed.
pub const DEFAULT_POOL: &str = "default_pool";

/// One pool, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its name, which tasks refer to.
    pub name: String,
    /// Number of slots; -1 is without limit.
    pub slots: i64,
    /// What it is for.
    pub description: String,
    /// Deferred task instances count as taken slots.
    pub include_deferred: bool,
}
