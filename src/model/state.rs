//! States of task instances and runs, in Airflow's spelling, and which change may follow which.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! spelled {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            /// All variants, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Airflow's spelling.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.as_str()) }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                match s { $($text => Ok(Self::$variant),)+ other => Err(format!(
                    "unknown {} {other:?}; one of {}", stringify!($name),
                    [$($text),+].join(", "))) }
            }
        }
    };
}
pub(crate) use spelled;

spelled! {
    /// State of a task instance. `None` is Airflow's null: created, not yet examined.
    TiState {
        /// Created, not yet examined (null in JSON).
        None = "none",
        /// All dependencies are met; waits for a slot.
        Scheduled = "scheduled",
        /// Handed to an executor.
        Queued = "queued",
        /// Its process runs.
        Running = "running",
        /// Cleared while it was running; its process is being ended.
        Restarting = "restarting",
        /// Failed, and waits for its next try.
        UpForRetry = "up_for_retry",
        /// A sensor between two pokes.
        UpForReschedule = "up_for_reschedule",
        /// Waits for a trigger.
        Deferred = "deferred",
        /// Waits for a person.
        AwaitingInput = "awaiting_input",
        /// Ended well.
        Success = "success",
        /// Ended badly, no try left.
        Failed = "failed",
        /// Not needed.
        Skipped = "skipped",
        /// Something above failed.
        UpstreamFailed = "upstream_failed",
        /// Its task or map index is gone.
        Removed = "removed",
    }
}

impl TiState {
    /// Nothing more will happen by itself.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Skipped | Self::UpstreamFailed | Self::Removed)
    }
    /// `failed` or `upstream_failed`.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::UpstreamFailed)
    }
    /// Holds an executor slot.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Restarting)
    }
    /// Waits outside of any executor: for a trigger, or for a person.
    pub const fn is_parked(self) -> bool {
        matches!(self, Self::Deferred | Self::AwaitingInput)
    }
    /// The scheduler examines its dependencies.
    pub const fn is_schedulable(self) -> bool {
        matches!(self, Self::None | Self::UpForRetry | Self::UpForReschedule)
    }
    /// JSON value: null for [`TiState::None`], else the spelling.
    pub fn json(self) -> serde_json::Value {
        if self == Self::None { serde_json::Value::Null } else { self.as_str().into() }
    }
    /// One letter for the console's cells (see `docs/GLOSSARY.md`).
    pub const fn letter(self) -> char {
        match self {
            Self::None => '.',
            Self::Scheduled => 's',
            Self::Queued => 'Q',
            Self::Running => 'R',
            Self::Restarting => 'Z',
            Self::UpForRetry => 'Y',
            Self::UpForReschedule => 'W',
            Self::Deferred => 'D',
            Self::AwaitingInput => 'I',
            Self::Success => 'S',
            Self::Failed => 'F',
            Self::Skipped => 'K',
            Self::UpstreamFailed => 'U',
            Self::Removed => 'X',
        }
    }
}

spelled! {
    /// State of a dag run.
    RunState {
        /// Created; waits until the DAG may have one more active run.
        Queued = "queued",
        /// Its task instances are being scheduled.
        Running = "running",
        /// Ended, no leaf failed.
        Success = "success",
        /// Ended, a leaf failed.
        Failed = "failed",
    }
}

impl RunState {
    /// Ended, one way or the other.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
    /// One letter for the console's cells.
    pub const fn letter(self) -> char {
        match self {
            Self::Queued => 'Q',
            Self::Running => 'R',
            Self::Success => 'S',
            Self::Failed => 'F',
        }
    }
}
