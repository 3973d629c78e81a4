//! Where Airflow refuses a dialect and dagdeck does what is evidently meant: what that is.

use serde_json::{Value, json};

use super::{
    corpus::{Golden, by},
    home::Home,
};

/// DAG, run, pointer into `runs show` with lists by id, and what is to be there.
fn wanted(dag_id: &str) -> Vec<(&'static str, &'static str, &'static str, Value)> {
    match dag_id {
        "cc_context" => vec![
            ("golden", "dag_run", "/state", json!("success")),
            ("golden", "task_instances", "/explicit:-1/state", json!("success")),
            ("golden", "xcoms", "/explicit:-1:return_value/value", json!("given 2026-03-02")),
        ],
        // As its sibling without the refused spelling.
        "weekly_churn_model_training_offline_as_wired" => vec![
            ("deploy", "dag_run", "/state", json!("success")),
            ("deploy", "task_instances", "/validate_data:-1/try_number", json!(1)),
            ("deploy", "task_instances", "/deploy:-1/state", json!("success")),
            ("deploy", "task_instances", "/skip_deploy:-1/state", json!("skipped")),
            ("deploy", "task_instances", "/notify:-1/state", json!("success")),
        ],
        _ => Vec::new(),
    }
}

/// What is not as it is meant.
pub fn differences(home: &Home, golden: &Golden) -> Vec<String> {
    let mut lines = Vec::new();
    for (run, part, pointer, value) in wanted(&golden.dag_id) {
        let shown = home.json(&["runs", "show", &golden.dag_id, run]);
        let part = match part {
            "dag_run" => shown["dag_run"].clone(),
            "xcoms" => Value::Object(by(&shown["xcoms"], &["task_id", "map_index", "key"])),
            list => Value::Object(by(&shown[list], &["task_id", "map_index"])),
        };
        let got = part.pointer(pointer).unwrap_or(&Value::Null);
        if *got != value {
            lines.push(format!("/runs/{run}{pointer}: meant {value}, here {got}"));
        }
    }
    lines
}
