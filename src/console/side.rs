//! What stands beside a list on wide terminals: the log of what is under the cursor, or what needs a person.

use crate::store::screens::{RunRef, TiRef};

use super::screen::Screen;

/// What the pane is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum About {
    /// There is no pane.
    #[default]
    Nothing,
    /// What needs a person.
    Triage,
    /// A task instance with the end of its log.
    Instance(TiRef),
    /// Of all indexes of a task in a run the one that needs a person most.
    WorstOf(RunRef, String),
    /// The instance that made a run fail.
    FailureOf(RunRef),
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// What it is about.
    pub about: About,
    /// Number of the question that is open.
    pub waiting: Option<u64>,
    /// Something changed since the last question.
    pub stale: bool,
    /// What is shown: a screen of its own, without a cursor.
    pub screen: Option<Box<Screen>>,
}
