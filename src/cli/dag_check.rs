//! `dags check`: parses files without a home.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::shell::Shell;
use crate::{
    error::Result,
    model::{Diagnostic, Severity},
    processor,
};

/// Runs the verb; its exit code.
///
/// # Errors
/// `NotFound` for a path that isn't there; what is wrong in a file is the answer.
pub fn run(paths: &[PathBuf], shell: &mut Shell) -> Result<i32> {
    let place = shell.place()?;
    let paths = if paths.is_empty() { std::slice::from_ref(&place.dags_folder) } else { paths };
    let checked = processor::check(paths, &place.settings)?;
    let (mut dags, mut errors, mut warnings) = (0, 0, 0);
    let mut files = Vec::new();
    let mut text = String::new();
    for (path, parsed) in &checked {
        dags += parsed.dags.len();
        // A DAG keeps its warnings for `dags details`; here each is told once.
        let mut found: Vec<&Diagnostic> = parsed.diagnostics.iter().collect();
        for warning in parsed.dags.iter().flat_map(|dag| &dag.warnings) {
            if !found.contains(&warning) {
                found.push(warning);
            }
        }
        found.sort_by_key(|d| (d.line, d.column));
        for d in &found {
            let is_error = d.severity == Severity::Error;
            *(if is_error { &mut errors } else { &mut warnings }) += 1;
            text.push_str(&sentence(if is_error { "error" } else { "warning" }, &document(d)));
        }
        files.push(json!({
            "filename": path, "dag_ids": parsed.dags.iter().map(|d| d.dag_id.to_string()).collect::<Vec<_>>(),
            "diagnostics": found.iter().map(|d| document(d)).collect::<Vec<_>>(),
        }));
    }
    let files_count = checked.len();
    if !text.is_empty() {
        shell.say(text.trim_end())?;
    }
    let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    shell.say(&format!(
        "{} with {}: {}, {}",
        counted(files_count, "file"),
        counted(dags, "DAG"),
        counted(errors, "error"),
        counted(warnings, "warning")
    ))?;
    if shell.format().is_document() {
        shell.document(&json!({"ok": errors == 0, "errors": errors, "warnings": warnings, "files": files}))?;
    }
    Ok(i32::from(errors > 0))
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
pub fn document(d: &Diagnostic) -> Value {
    json!({
        "severity": d.severity, "filename": d.file, "line": super::dag::number(d.line),
        "column": super::dag::number(d.column), "message": d.message, "hint": d.hint, "stack_trace": d.stack_trace,
    })
}
