//! Plans of commands: computed, shown, then applied as they are.

use crate::model::Change;

/// What a command will do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Changes, to be applied as they are.
    pub changes: Vec<Change>,
}
