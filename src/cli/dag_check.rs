//! `dags check`: parses files without a home.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::shell::Shell;
use crate::error::{Error, Result};

/// Runs the verb; its exit code.
///
/// # Errors
/// What the DAG processor says.
pub fn run(paths: &[PathBuf], shell: &mut Shell) -> Result<i32> {
    let _ = paths;
    let _ = shell.place()?;
    Err(Error::refused("dags check: no DAG processor yet"))
}

/// One finding as a line `file:line:column: severity: message` and its hint.
pub fn sentence(severity: &str, row: &Value) -> String {
    let mut text = row["filename"].as_str().unwrap_or("").to_owned();
    for part in ["line", "column"] {
        if let Some(n) = row[part].as_u64() {
            text.push_str(&format!(":{n}"));
        }
    }
    text.push_str(&format!(": {severity}: {}\n", row["message"].as_str().unwrap_or("")));
    if let Some(hint) = row["hint"].as_str() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}

/// A finding as a document.
pub fn document(d: &crate::model::Diagnostic) -> Value {
    json!({
        "severity": d.severity, "filename": d.file, "line": super::dag::number(d.line),
        "column": super::dag::number(d.column), "message": d.message, "hint": d.hint, "stack_trace": d.stack_trace,
    })
}
