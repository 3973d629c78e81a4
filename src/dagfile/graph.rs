//! Checks that both front ends share: ids, unknown upstreams, cycles.

use crate::model::{Dag, Diagnostic, Severity};

/// Says where something stands in the file: `(line, column)`, 0 for unknown.
pub(super) type Place<'a> = &'a dyn Fn(&str) -> (u32, u32);

/// An error or warning at a place.
pub(super) fn finding(
    file: &str,
    severity: Severity,
    at: (u32, u32),
    message: String,
    hint: Option<String>,
) -> Diagnostic {
    Diagnostic { severity, file: file.to_owned(), line: at.0, column: at.1, message, hint, stack_trace: None }
}

/// `[A-Za-z0-9_.-]`, 1 to 250 characters.
pub(super) fn is_valid_id(id: &str) -> bool {
    (1..=250).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Checks one linked DAG.
pub(super) fn check(dag: &Dag, file: &str, dag_at: (u32, u32), place: Place<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut error = |at, message: String, hint: Option<&str>| {
        found.push(finding(file, Severity::Error, at, message, hint.map(str::to_owned)));
    };
    let rule = "letters, digits, `_`, `.`, `-`; 1 to 250 of them";
    if !is_valid_id(&dag.dag_id) {
        error(dag_at, format!("`{}` isn't a valid DAG id", dag.dag_id), Some(rule));
    }
    for (id, task) in &dag.tasks {
        if !is_valid_id(id) {
            error(place(id), format!("`{id}` isn't a valid task id"), Some(rule));
        }
        if dag.task_groups.contains_key(id.as_ref()) {
            error(place(id), format!("`{id}` is a task and a group"), Some("rename one of them"));
        }
        for up in &task.upstream_task_ids {
            if !dag.tasks.contains_key(up) {
                error(place(id), format!("task `{id}` depends on `{up}`, which doesn't exist"), None);
            }
        }
    }
    if let Some(cycle) = dag.cycle() {
        let path: Vec<&str> = cycle.iter().map(AsRef::as_ref).collect();
        let at = path.first().map_or(dag_at, |id| place(id));
        error(at, format!("the tasks form a cycle: {}", path.join(" -> ")), Some("remove one of these dependencies"));
    }
    found
}
