//! Assets: what DAGs name, what was updated, and whom that tells.

mod consume;
mod declare;
mod emit;
mod find;
mod queue;
mod state;

pub use consume::consume;
pub use declare::{activate, declare, forget};
pub use emit::{Emitted, emit, of_success};
pub use find::{EventQuery, Named, by_alias, consumed, created, events, find, followers, inactive, materializers};
pub use queue::queues;
pub use state::{clear_state, delete_state, set_state, state};

use crate::error::Error;

/// An asset's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(pub i64);

fn failed(e: rusqlite::Error) -> Error {
    super::failed("cannot use the assets in the store", e)
}
