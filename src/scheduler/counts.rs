//! Numbers of finished instances by state.

use crate::model::TiState;

/// How many instances there are and how many ended in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instances, finished or not.
    pub all: u32,
    /// Success.
    pub success: u32,
    /// Failed.
    pub failed: u32,
    /// Skipped.
    pub skipped: u32,
    /// Upstream failed.
    pub upstream_failed: u32,
    /// Removed.
    pub removed: u32,
}

impl Counts {
    /// Finished instances.
    pub fn done(&self) -> u32 {
        self.success + self.failed + self.skipped + self.upstream_failed + self.removed
    }
    /// Failed and upstream failed ones.
    pub fn failures(&self) -> u32 {
        self.failed + self.upstream_failed
    }
    /// All are finished.
    pub fn is_done(&self) -> bool {
        self.done() >= self.all
    }
    fn of(&mut self, state: TiState) -> Option<&mut u32> {
        Some(match state {
            TiState::Success => &mut self.success,
            TiState::Failed => &mut self.failed,
            TiState::Skipped => &mut self.skipped,
            TiState::UpstreamFailed => &mut self.upstream_failed,
            TiState::Removed => &mut self.removed,
            _ => return None,
        })
    }
    /// Counts an instance in `state`, without raising `all`.
    pub fn enter(&mut self, state: TiState) {
        if let Some(n) = self.of(state) {
            *n += 1;
        }
    }
    /// Takes an instance in `state` out, without lowering `all`.
    pub fn leave(&mut self, state: TiState) {
        if let Some(n) = self.of(state) {
            *n = n.saturating_sub(1);
        }
    }
    /// Adds another task's counts.
    pub fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.success += other.success;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.upstream_failed += other.upstream_failed;
        self.removed += other.removed;
    }
}

/// Counts of everything directly above a task: of all, and of the setups among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Above {
    /// All tasks directly above.
    pub all: Counts,
    /// The setups among them.
    pub setups: Counts,
}
