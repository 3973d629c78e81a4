//! The trigger rules, with the names that Airflow dropped.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::state::spelled;

spelled! {
    /// When a task may run, given the states of the tasks directly above it.
    #[derive(Default)]
    TriggerRule {
        /// All succeeded (default).
        #[default]
        AllSuccess = "all_success",
        /// All failed.
        AllFailed = "all_failed",
        /// All finished.
        AllDone = "all_done",
        /// All finished, none skipped, one succeeded.
        AllDoneMinOneSuccess = "all_done_min_one_success",
        /// All finished and a setup succeeded (default of teardowns).
        AllDoneSetupSuccess = "all_done_setup_success",
        /// One succeeded.
        OneSuccess = "one_success",
        /// One failed.
        OneFailed = "one_failed",
        /// One succeeded or failed.
        OneDone = "one_done",
        /// None failed.
        NoneFailed = "none_failed",
        /// None failed, one succeeded.
        NoneFailedMinOneSuccess = "none_failed_min_one_success",
        /// None skipped.
        NoneSkipped = "none_skipped",
        /// All skipped.
        AllSkipped = "all_skipped",
        /// Waits for nothing.
        Always = "always",
    }
}

impl TriggerRule {
    /// The modern rule for a name that Airflow 2 still took, if it is one.
    pub fn from_removed_name(name: &str) -> Option<Self> {
        match name {
            "dummy" => Some(Self::Always),
            "none_failed_or_skipped" => Some(Self::NoneFailedMinOneSuccess),
            _ => None,
        }
    }
}
