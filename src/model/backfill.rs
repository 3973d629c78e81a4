//! Backfills: runs of a DAG's past, made or repeated on a person's word.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::state::spelled;

/// Row id of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackfillId(pub i64);

/// A run's place in its backfill; runs start in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackfillPlace {
    /// The backfill.
    pub id: BackfillId,
    /// From 1.
    pub ordinal: u32,
}

spelled! {
    /// What a backfill does with runs that are there already.
    ReprocessBehavior {
        /// Leaves them alone.
        None = "none",
        /// Runs the failed ones again.
        Failed = "failed",
        /// Runs the failed and the successful ones again.
        Completed = "completed",
    }
}

spelled! {
    /// Why a backfill leaves a date alone.
    LeftAlone {
        /// Its run is queued or running.
        InFlight = "in flight",
        /// It has a run that is not to be repeated.
        AlreadyExists = "already exists",
    }
}
