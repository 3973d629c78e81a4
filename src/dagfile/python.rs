//! Reads what the Python side printed about a file: `{"dags": [..], "diagnostics": [..]}`.

use std::collections::HashSet;

use serde::Deserialize;

use super::{
    Parsed,
    graph::{check, finding},
};
use crate::model::{Dag, Diagnostic, Severity};

#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    dags: Vec<serde_json::Value>,
    #[serde(default)]
    diagnostics: Vec<Diagnostic>,
}

/// The DAGs of a Python file, linked and checked. A DAG with an error of its own is left out, the others stay.
/// Output that isn't the expected document becomes one error.
pub fn read(file: &str, stdout: &str) -> Parsed {
    let printed: Printed = match serde_json::from_str(stdout.trim()) {
        Ok(printed) => printed,
        Err(e) => {
            let message = format!("the Python side printed something else than its answer: {e}");
            let mut error = finding(file, Severity::Error, (0, 0), message, None);
            error.stack_trace = (!stdout.trim().is_empty()).then(|| stdout.chars().take(2000).collect());
            return Parsed { dags: Vec::new(), diagnostics: vec![error] };
        }
    };
    let mut parsed = Parsed { dags: Vec::new(), diagnostics: printed.diagnostics };
    let mut seen = HashSet::new();
    for raw in printed.dags {
        let name = raw.get("dag_id").and_then(serde_json::Value::as_str).unwrap_or("?").to_owned();
        let mut dag: Dag = match serde_json::from_value(raw) {
            Ok(dag) => dag,
            Err(e) => {
                let message = format!("DAG `{name}` can't be read: {e}");
                parsed.diagnostics.push(finding(file, Severity::Error, (0, 0), message, None));
                continue;
            }
        };
        if dag.fileloc.is_empty() {
            dag.fileloc = file.to_owned();
        }
        dag.link();
        let at = (dag.line, 0);
        let mut errors = check(&dag, file, at, &|id| (dag.tasks.get(id).map_or(0, |task| task.line), 0));
        if !seen.insert(dag.dag_id.clone()) {
            let message = format!("there are two DAGs with the id `{name}` in this file");
            errors.push(finding(file, Severity::Error, at, message, Some("give each its own dag_id".into())));
        }
        for warning in &dag.warnings {
            // The Python side may have printed it for the file as well.
            if !parsed.diagnostics.contains(warning) {
                parsed.diagnostics.push(warning.clone());
            }
        }
        if errors.is_empty() {
            parsed.dags.push(dag);
        }
        parsed.diagnostics.append(&mut errors);
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_checks() {
        let out = r#"{"dags": [
            {"dag_id": "ok", "tasks": {"a": {"task_id": "a", "operator": "EmptyOperator"},
              "b": {"task_id": "b", "operator": "EmptyOperator", "upstream_task_ids": ["a"]}}},
            {"dag_id": "loop", "line": 7, "tasks": {
              "a": {"task_id": "a", "operator": "X", "upstream_task_ids": ["b"], "line": 8},
              "b": {"task_id": "b", "operator": "X", "upstream_task_ids": ["a"], "line": 9}}},
            {"dag_id": "ok", "line": 20},
            {"dag_id": "bad id", "line": 21}
        ], "diagnostics": []}"#;
        let parsed = read("/d/x.py", out);
        assert_eq!(parsed.dags.len(), 1);
        assert_eq!(parsed.dags[0].tasks["a"].downstream_task_ids[0].as_ref(), "b");
        let got: Vec<(u32, &str)> = parsed.diagnostics.iter().map(|d| (d.line, d.message.as_str())).collect();
        assert_eq!(
            got,
            [
                (8, "the tasks form a cycle: a -> b -> a"),
                (20, "there are two DAGs with the id `ok` in this file"),
                (21, "`bad id` isn't a valid DAG id"),
            ]
        );
    }

    #[test]
    fn other_output_is_one_error() {
        let parsed = read("/d/x.py", "Traceback ...");
        assert!(parsed.has_errors() && parsed.dags.is_empty());
        assert_eq!(parsed.diagnostics[0].stack_trace.as_deref(), Some("Traceback ..."));
    }
}
