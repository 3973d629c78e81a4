//! What is wrong with a user's file: a value, never a panic.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file (or DAG) can't be used.
    Error,
    /// It is used; the author should know.
    Warning,
}

/// One finding in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The file, as an absolute path.
    pub file: String,
    /// Line, from 1; 0 if unknown.
    #[serde(default)]
    pub line: u32,
    /// Column in characters, from 1; 0 if unknown.
    #[serde(default)]
    pub column: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead.
    #[serde(default)]
    pub hint: Option<String>,
    /// Python traceback, if there is one.
    #[serde(default)]
    pub stack_trace: Option<String>,
}
