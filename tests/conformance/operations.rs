//! Clearing: the states before, right after and at the end, against the recorded ones.

use serde_json::{Map, Value};

use super::{
    compare,
    golden::{Corpus, by},
    home::{Home, Schedules},
    runs,
};

const DAG: &str = "cc_ops_clear";

/// Recorded operation, and the same here. The DAG is paused while it is done, so that nothing goes on at once.
const STEPS: &[(&str, &[&str])] = &[
    ("clear r0 only_failed, no downstream", &["runs", "clear", DAG, "r0", "--only-failed", "-y"]),
    ("clear r1 task b with downstream", &["tasks", "clear", DAG, "--run-id", "r1", "--task-id", "b", "-d", "-y"]),
    (
        "clear r2 task c with upstream, only_failed false",
        &["tasks", "clear", DAG, "--run-id", "r2", "--task-id", "c", "-u", "-y"],
    ),
    ("clear r0 task a alone (no relatives)", &["tasks", "clear", DAG, "--run-id", "r0", "--task-id", "a", "-y"]),
    (
        "clear r1 task side with include_future",
        &["tasks", "clear", DAG, "--run-id", "r1", "--task-id", "side", "--future", "-y"],
    ),
    (
        "clear r1 task side with include_past",
        &["tasks", "clear", DAG, "--run-id", "r1", "--task-id", "side", "--past", "-y"],
    ),
    ("clear r0 all with reset_dag_runs=false", &["tasks", "clear", DAG, "--run-id", "r0", "--no-reset-dag-runs", "-y"]),
    ("reset r0 to success by hand", &["runs", "set-state", DAG, "r0", "success", "-y"]),
];

#[test]
fn clearing_leaves_the_recorded_states() {
    let Some(corpus) = Corpus::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["cc_ops.py", "cc_lib.py"] {
        std::fs::copy(corpus.dags().join(name), folder.path().join(name)).unwrap();
    }
    let home = Home::start(folder.path(), Schedules::Off);
    let table = corpus.table("operations_clear_and_mark");
    let mut wrong = Vec::new();
    let steps = table["steps"].as_array().unwrap();
    for step in steps {
        let operation = step["operation"].as_str().unwrap();
        home.json(&["dags", "pause", DAG]);
        act(&home, step);
        let mut check = |when: &str| {
            compare::differences(&step[when], &states(&home), "", &mut |pointer, wanted, got| {
                wrong.push(format!("{operation}: {when}{}", compare::line(pointer, wanted, got)));
            });
        };
        check("immediately_after");
        home.json(&["dags", "unpause", DAG]);
        runs::wait_until(std::time::Duration::from_secs(20), || states(&home) == step["after_scheduler"]);
        check("after_scheduler");
    }
    println!("{} recorded clears, {} differences", steps.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn act(home: &Home, step: &Value) {
    let operation = step["operation"].as_str().unwrap();
    if operation.starts_with("trigger") {
        for (run, date) in [("r0", "2026-03-02"), ("r1", "2026-03-09"), ("r2", "2026-03-16")] {
            home.run(&["dags", "trigger", DAG, "-r", run, "-l", &format!("{date}T06:00:00Z")]);
        }
        return;
    }
    // Recorded with Airflow's own words, which are ours too.
    let recorded: Option<Vec<&str>> =
        step["result"]["argv"].as_array().map(|words| words.iter().skip(1).filter_map(Value::as_str).collect());
    let known = STEPS.iter().find(|(name, _)| *name == operation).map(|(_, words)| words.to_vec());
    let words = recorded.or(known).unwrap_or_else(|| panic!("how is {operation:?} done?"));
    let output = home.run(&words);
    assert!(output.status.success(), "{operation}: {}", String::from_utf8_lossy(&output.stderr));
}

/// All runs as the table has them: `[state, type, clear number]`, and `[state, try, max tries]` of tasks.
fn states(home: &Home) -> Value {
    let mut all = Map::new();
    for (run_id, run) in by(&home.json(&["runs", "list", DAG]), &["dag_run_id"]) {
        let rows = home.json(&["tasks", "states-for-dag-run", DAG, &run_id]);
        let tasks = by(&rows, &["task_id"]);
        let tasks: Map<String, Value> = tasks
            .into_iter()
            .map(|(id, t)| (id, [&t["state"], &t["try_number"], &t["max_tries"]].map(Value::clone).into()))
            .collect();
        let dag_run: Value = [&run["state"], &run["run_type"], &run["clear_number"]].map(Value::clone).into();
        all.insert(run_id, serde_json::json!({"dag_run": dag_run, "tasks": tasks}));
    }
    all.into()
}
