//! Clearing, marking, setting run states, backfills: the states right after each and at the end, against the recorded ones.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    compare,
    corpus::{Corpus, by},
    home::{Home, Setup},
    runs,
};

const DAG: &str = "cc_ops_clear";

/// Operations recorded without what was asked, and the same here.
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

/// Does the recorded operations one after the other; a line for each step that differs.
pub fn differences(corpus: &Corpus, table: &Value) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["cc_ops.py", "cc_lib.py"] {
        // Another recording needn't repeat the DAG that the operations were done to.
        let found = [corpus.dags(), Corpus::own().dags()].into_iter().map(|dags| dags.join(name));
        let from = found.into_iter().find(|path| path.exists()).unwrap();
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    let dag = table["dag_id"].as_str().unwrap();
    let setup = Setup { dags: folder.path().into(), plugins: None, makes_runs: false };
    let home = Home::start(&setup, &[dag]);
    let steps = table["steps"].as_array().unwrap();
    let mut wrong = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        wrong.extend(difference(&home, dag, step));
        // What was recorded of a paused DAG may have gone on before the next step.
        let next = steps.get(number + 1).map_or(&step["after_scheduler"], |next| &next["before"]);
        if *next != step["after_scheduler"] {
            home.run(&["dags", "unpause", dag]);
            runs::wait_until(Duration::from_secs(20), || states(&home, dag) == *next);
        }
    }
    (steps.len(), wrong)
}

fn difference(home: &Home, dag: &str, step: &Value) -> Option<String> {
    let operation = step["operation"].as_str().unwrap();
    // Nothing goes on while it is done.
    home.run(&["dags", "pause", dag]);
    // A table may leave out steps: what those did to a run can't be known. A run that is wrong here was told of before.
    let ours = states(home, dag);
    let foreign = |id: &String| step["before"].get(id).is_some_and(|recorded| ours.get(id) != Some(recorded));
    if let Some(why) = act(home, dag, step) {
        return Some(format!("{operation}: {why}"));
    }
    let wanted = |when: &str| {
        let runs = step[when].as_object().cloned().unwrap_or_default();
        Value::Object(runs.into_iter().filter(|(id, _)| !foreign(id)).collect::<Map<_, _>>())
    };
    let here = || {
        let runs = states(home, dag).as_object().cloned().unwrap_or_default();
        Value::Object(runs.into_iter().filter(|(id, _)| !foreign(id)).collect::<Map<_, _>>())
    };
    let mut lines = Vec::new();
    let mut check = |when: &str| {
        compare::differences(&wanted(when), &here(), "", &mut |pointer, wanted, got| {
            lines.push(format!("{when}{}", compare::line(pointer, wanted, got)));
        });
    };
    check("immediately_after");
    // Some steps were recorded with the DAG left paused: then nothing went on.
    if step["after_scheduler"] != step["immediately_after"] {
        home.run(&["dags", "unpause", dag]);
    }
    runs::wait_until(Duration::from_secs(20), || here() == wanted("after_scheduler"));
    check("after_scheduler");
    (!lines.is_empty()).then(|| format!("{operation}: {}", lines.join("; ")))
}

/// Does what was done; why it isn't as recorded.
fn act(home: &Home, dag: &str, step: &Value) -> Option<String> {
    let operation = step["operation"].as_str().unwrap();
    if operation.starts_with("trigger") {
        let ids = operation.split([' ', ',', '(']).filter(|word| is_run_id(word));
        return ids.map(|id| trigger(home, dag, id)).find_map(Result::err);
    }
    let result = &step["result"];
    let Some(words) = words(home, dag, operation, result) else { return Some("nobody knows how this is done".into()) };
    let output = home.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let is_refused = result["exit"].as_i64().is_some_and(|code| code != 0)
        || result["http_status"].as_u64().is_some_and(|code| code >= 400);
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.success(), is_refused) {
        (true, true) => Some(format!("taken, recorded refused: {}", result["stderr_last"])),
        (false, false) => Some(format!("refused: {}", said.trim())),
        _ => None,
    }
}

/// The words of the command line for what was recorded.
fn words(home: &Home, dag: &str, operation: &str, result: &Value) -> Option<Vec<String>> {
    let mut words: Vec<String> = if let Some(argv) = result["argv"].as_array() {
        // Airflow's own words are ours too.
        argv.iter().skip(1).filter_map(Value::as_str).map(str::to_owned).collect()
    } else if result["request"].is_object() {
        super::requests::words(home, dag, &result["request"])?
    } else {
        let known = STEPS.iter().find(|(name, _)| *name == operation)?;
        known.1.iter().map(|word| (*word).to_owned()).collect()
    };
    // Airflow doesn't ask.
    let is_asked = |word: &String| !["-y", "--dry-run", "pause", "unpause"].contains(&word.as_str());
    if words.iter().all(is_asked) {
        words.push("-y".into());
    }
    Some(words)
}

/// The name of a run that a table's step speaks of: a letter and a digit.
fn is_run_id(word: &str) -> bool {
    matches!(word.as_bytes(), [b'q' | b'r', b'0'..=b'9'])
}

fn trigger(home: &Home, dag: &str, id: &str) -> Result<(), String> {
    // A week for each, those of another letter a day later.
    let weeks = i64::from(id.as_bytes()[1] - b'0');
    let first = jiff::civil::date(2026, 3, if id.starts_with('r') { 2 } else { 3 });
    let date = first + jiff::Span::new().weeks(weeks);
    let output = home.run(&["dags", "trigger", dag, "-r", id, "-l", &format!("{date}T06:00:00Z")]);
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// All runs as the table has them: `[state, type, clear number]`, and `[state, try, max tries]` of tasks.
fn states(home: &Home, dag: &str) -> Value {
    let mut all = Map::new();
    for (run_id, run) in by(&home.json(&["runs", "list", dag]), &["dag_run_id"]) {
        let rows = home.json(&["tasks", "states-for-dag-run", dag, &run_id]);
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
