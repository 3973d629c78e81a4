//! DAG files: two front ends, one model. `python` reads what the Python side printed, `toml` reads TOML text.
//!
//! A mistake of the author is a [`Diagnostic`], never an error or a panic; all mistakes of a file are found at once.

mod explain;
mod graph;
mod nearest;
mod open;
pub mod python;
mod reference;
pub mod toml;
mod units;

use crate::model::{Dag, Diagnostic, Severity};

pub use explain::explain;
pub use nearest::{distance, nearest};
pub use open::Defaults;
pub use reference::reference;

/// What a file holds: its DAGs (none if there is an error), and what there is to say about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// DAGs, linked and checked.
    pub dags: Vec<Dag>,
    /// Errors and warnings, in order of line.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// True if the file can't be used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}
