//! What a DAG file leaves open: the settings decide.

use serde_json::{Map, Value};

/// What the settings say for everything that a TOML file leaves open. The Python side reads the same settings itself.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Fields of every task, as the model holds them.
    pub task: Map<String, Value>,
    /// Operators that can wait without holding a slot do.
    pub deferrable: bool,
    /// Name of the zone of times without offset; empty: UTC.
    pub timezone: String,
}
