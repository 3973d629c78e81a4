//! Requests to Airflow's REST API, as words of the command line.

use serde_json::Value;

use super::home::Home;

/// Fields of a request that are flags.
const FLAGS: &[(&str, &str)] = &[
    ("include_upstream", "--upstream"),
    ("include_downstream", "--downstream"),
    ("include_past", "--past"),
    ("include_future", "--future"),
    ("only_failed", "--only-failed"),
    ("only_running", "--only-running"),
];

/// The words that do what was asked for; `None` for a kind of request that nobody knows.
pub fn words(home: &Home, dag: &str, request: &Value) -> Option<Vec<String>> {
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let mut words: Vec<String> = match request["kind"].as_str()? {
        "clear" => {
            let mut words = vec!["tasks".to_owned(), "clear".into(), dag.into()];
            if let Some(run) = request["dag_run_id"].as_str() {
                words.extend(["--run-id".to_owned(), run.to_owned()]);
            }
            for task in request["task_ids"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                words.extend(["--task-id".to_owned(), task.to_owned()]);
            }
            if request["reset_dag_runs"] == false {
                words.push("--no-reset-dag-runs".into());
            }
            words
        }
        "mark" => vec!["tasks".into(), "mark".into(), dag.into(), text("run_id"), text("task_id"), text("new_state")],
        "set_run" => vec!["runs".into(), "set-state".into(), dag.into(), text("run_id"), text("state")],
        "clear_run" => vec!["runs".into(), "clear".into(), dag.into(), text("run_id")],
        kind => {
            let verb = kind.strip_prefix("backfill_")?;
            let all = home.json(&["backfill", "list"]);
            let ids = all.as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64());
            vec!["backfill".into(), verb.into(), ids.max()?.to_string()]
        }
    };
    let set = FLAGS.iter().filter(|(field, _)| request[*field] == true);
    words.extend(set.map(|(_, flag)| (*flag).to_owned()));
    Some(words)
}
