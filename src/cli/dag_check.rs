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
    let place = shell.place()?.clone();
    let paths = if paths.is_empty() { std::slice::from_ref(&place.dags_folder) } else { paths };
    let checked = processor::check(paths, &place)?;
    let folder = &place.dags_folder;
    let (mut dags, mut errors, mut warnings) = (0, 0, 0);
    let mut files = Vec::new();
    let mut rows = Vec::new();
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
            rows.push(document(d));
        }
        files.push(json!({
            "filename": path, "dag_ids": parsed.dags.iter().map(|d| d.dag_id.to_string()).collect::<Vec<_>>(),
            "diagnostics": found.iter().map(|d| document(d)).collect::<Vec<_>>(),
        }));
    }
    let files_count = checked.len();
    let text = sentences(&rows);
    if !text.is_empty() {
        shell.say(text.trim_end())?;
    }
    let is_outside =
        |path: &&PathBuf| folder.is_dir() && std::path::absolute(path).is_ok_and(|p| !p.starts_with(folder));
    if let Some(path) = paths.iter().find(is_outside) {
        let (path, folder) = (path.display(), folder.display());
        shell.say(&format!("note: {path} lies outside of the DAG folder {folder}: nothing is loaded from there"))?;
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

/// Findings as text. What is no file's own fault (no Python, say) is told once for all files.
pub fn sentences(rows: &[Value]) -> String {
    let mut text = String::new();
    let same = |a: &Value, b: &Value| a["line"].is_null() && b["line"].is_null() && a["message"] == b["message"];
    for (at, row) in rows.iter().enumerate() {
        if rows[..at].iter().any(|before| same(before, row)) {
            continue;
        }
        let files: Vec<&str> =
            rows.iter().filter(|other| same(other, row)).filter_map(|r| r["filename"].as_str()).collect();
        match &files[..] {
            [first, rest @ ..] if !rest.is_empty() => {
                let mut row = row.clone();
                row["filename"] =
                    format!("{first} and {} more file{}", rest.len(), if rest.len() == 1 { "" } else { "s" }).into();
                text.push_str(&sentence(&row));
            }
            _ => text.push_str(&sentence(row)),
        }
    }
    text
}

/// One finding as a line `file:line:column: severity: message` and its hint.
pub fn sentence(row: &Value) -> String {
    let severity = row["severity"].as_str().unwrap_or("error");
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
