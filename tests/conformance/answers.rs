//! What people answered to tasks that waited for them.

use std::time::Duration;

use serde_json::Value;

use super::{corpus::Golden, home::Home, runs};

/// Gives the recorded answers; a line for each that is refused.
pub fn give(home: &Home, golden: &Golden) -> Vec<String> {
    let mut refused = Vec::new();
    for run in golden.runs() {
        let id = runs::run_id(run);
        for answer in run["answers"].as_array().into_iter().flatten() {
            let task = answer["task_id"].as_str().unwrap();
            let mut words = vec!["hitl".to_owned(), "answer".into(), golden.dag_id.clone(), id.clone(), task.into()];
            for option in answer["chosen_options"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                words.extend(["--option".to_owned(), option.to_owned()]);
            }
            if answer["params_input"].is_object() {
                words.extend(["--params".to_owned(), answer["params_input"].to_string()]);
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut said = String::new();
            runs::wait_until(Duration::from_secs(60), || {
                let output = home.run(&words);
                said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                output.status.success()
            });
            if !said.is_empty() && !is_answered(home, &golden.dag_id, &id, task) {
                refused.push(format!("the answer to {task} is refused: {said}"));
            }
        }
    }
    refused
}

fn is_answered(home: &Home, dag_id: &str, run_id: &str, task: &str) -> bool {
    let shown = home.json(&["runs", "show", dag_id, run_id]);
    let rows = shown["task_instances"].as_array().cloned().unwrap_or_default();
    rows.iter().any(|row| row["task_id"] == task && row["state"] != "awaiting_input" && row["state"] != "deferred")
}
