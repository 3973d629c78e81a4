//! Runs: triggered as they were, waited for, and compared with what was recorded.

use std::{
    process::Command,
    sync::LazyLock,
    time::{Duration, Instant},
};

use regex::Regex;
use serde_json::{Map, Value, json};

use super::{
    compare,
    corpus::{Golden, by, map_texts, only},
    expected,
    home::Home,
};

/// Triggers a DAG's runs in their order; a line for each that is refused and shouldn't be, or isn't and should.
pub fn trigger(home: &Home, golden: &Golden) -> Vec<String> {
    let mut lines = Vec::new();
    for run in golden.runs() {
        let asked = &run["trigger"];
        let conf = asked["conf"].to_string();
        let id = run_id(run);
        let mut arguments = vec!["dags", "trigger", &golden.dag_id, "-c", &conf, "-r", &id];
        if let Some(date) = asked["logical_date"].as_str() {
            arguments.extend(["-l", date]);
        }
        let output = home.run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        match (output.status.success(), &run["refused"]) {
            (false, Value::Null) => lines.push(format!("/runs/{id}: the trigger is refused: {}", said.trim())),
            (true, refused @ Value::Object(_)) => lines.push(format!("/runs/{id}: taken, recorded refused: {refused}")),
            _ => {}
        }
    }
    lines
}

/// Waits until every run is in the recorded state, and the instances of those that never end are too, at most so long.
pub fn wait(home: &Home, goldens: &[Golden], limit: Duration) {
    let mut left: Vec<(&Golden, &Value)> = goldens
        .iter()
        .flat_map(|g| g.runs().iter().map(move |run| (g, run)))
        .filter(|(_, r)| r["refused"].is_null())
        .collect();
    wait_until(limit, || {
        let known = by(&home.json(&["runs", "list"]), &["dag_id", "dag_run_id"]);
        left.retain(|(golden, run)| {
            let ours = known.get(&format!("{}:{}", golden.dag_id, run_id(run))).map(|run| run["state"].clone());
            let is_over = ours.as_ref().is_some_and(|state| state == "success" || state == "failed");
            !(is_over || is_cut_off(run) && has_states(home, golden, run))
        });
        left.is_empty()
    });
}

/// It never ends by itself.
fn is_cut_off(run: &Value) -> bool {
    run["dag_run"]["state"] != "success" && run["dag_run"]["state"] != "failed"
}

/// The instances are in the recorded states.
fn has_states(home: &Home, golden: &Golden, run: &Value) -> bool {
    let states = |document: &Value| by(&document["task_instances"], &["task_id", "map_index", "state", "try_number"]);
    let shown = home.json(&["runs", "show", &golden.dag_id, &run_id(run)]);
    states(&shown).keys().eq(states(run).keys())
}

/// Waits for something to be so, at most so long.
pub fn wait_until(limit: Duration, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() && began.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// The id of a recorded run.
pub fn run_id(run: &Value) -> String {
    let id = run["trigger"]["run_id"].as_str().or(run["run_id"].as_str()).or(run["dag_run"]["run_id"].as_str());
    id.unwrap_or_default().to_owned()
}

/// The id that a run has here: those of runs that assets made end in chance, and are recorded by their number.
fn own_id(home: &Home, golden: &Golden, id: &str) -> String {
    let Some(number) = id.strip_prefix("asset_triggered__#").and_then(|n| n.parse::<usize>().ok()) else {
        return id.to_owned();
    };
    let all = home.json(&["runs", "list", &golden.dag_id, "--order-by", "run_after"]);
    let ids = all.as_array().into_iter().flatten().filter_map(|run| run["dag_run_id"].as_str());
    ids.filter(|id| id.starts_with("asset_triggered__")).nth(number).unwrap_or(id).to_owned()
}

/// Notes that the probes' callbacks wrote during a run.
fn notes(home: &Home, dag_id: &str, run_id: &str) -> Vec<Value> {
    let name = format!("{dag_id}__{run_id}").replace(['/', ':', '+'], "_");
    let text = std::fs::read_to_string(format!("{}/{name}.jsonl", home.side())).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits for the callbacks of DAGs, which run after the run has ended.
fn wait_for_notes(home: &Home, golden: &Golden) {
    wait_until(Duration::from_secs(15), || {
        golden.runs().iter().all(|run| {
            let wanted = run["side_effects"].as_array().map_or(0, Vec::len);
            notes(home, &golden.dag_id, &run_id(run)).len() >= wanted
        })
    });
}

/// Where the runs differ from the recording.
pub fn differences(home: &Home, golden: &Golden) -> Vec<String> {
    wait_for_notes(home, golden);
    let mut lines = Vec::new();
    for run in golden.runs().iter().filter(|run| run["refused"].is_null()) {
        let id = run_id(run);
        let ours_id = own_id(home, golden, &id);
        let mut shown = home.json(&["runs", "show", &golden.dag_id, &ours_id]);
        shown["side_effects"] = notes(home, &golden.dag_id, &ours_id).into();
        let (mut wanted, mut got) = (recorded(run), ours(&shown));
        // Not recorded of examples.
        if run["rendered_fields"].is_null() {
            got["rendered_fields"] = wanted["rendered_fields"].clone();
        }
        map_texts(&mut wanted, &|text| {
            let text = text.replace("<DAGS>", &home.dags()).replace("<SIDE>", &home.side());
            let text = text.replace("<HOME>", &home.folder()).replace("<VENV>/bin/python", interpreter());
            // Masked on output here, not there.
            plain(&text.replace("secret-pw", "***"))
        });
        map_texts(&mut got, &plain);
        compare::differences(&wanted, &got, &format!("/runs/{id}"), &mut |pointer, wanted, got| {
            let is_known = golden.is_unstable(pointer)
                || expected::on_purpose(&golden.dag_id, pointer)
                || expected::is_of_machine(&golden.dag_id, pointer, wanted, got);
            if !is_known {
                lines.push(compare::line(pointer, wanted, got));
            }
        });
    }
    lines
}

/// The interpreter that runs the tasks, as it names itself.
fn interpreter() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let mut ask = Command::new("python3");
        let said = ask.args(["-c", "import sys; print(sys.executable)"]).output().unwrap().stdout;
        String::from_utf8_lossy(&said).trim().to_owned()
    });
    &NAME
}

/// A text without what differs from process to process, with the recorder's placeholders.
pub fn plain(text: &str) -> String {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new("0x[0-9a-f]{6,}").unwrap());
    static HASH: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9a-f]{40}").unwrap());
    static UUID: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap());
    let text = ADDRESS.replace_all(text, "<addr>");
    UUID.replace_all(&HASH.replace_all(&text, "<sha1>"), "<uuid>").into_owned()
}

const RUN: &[&str] =
    &["state", "run_type", "logical_date", "data_interval_start", "data_interval_end", "conf", "clear_number"];
const INSTANCE: &[&str] =
    &["state", "try_number", "max_tries", "operator", "pool", "pool_slots", "priority_weight", "rendered_map_index"];

/// What is compared of a run, of either side; `failures` is `task:index:try` -> class of the exception.
fn document(run: &Value, failures: Map<String, Value>) -> Value {
    let instances = by(&run["task_instances"], &["task_id", "map_index"]);
    let instances: Map<_, _> = instances.into_iter().map(|(key, row)| (key, only(&row, INSTANCE))).collect();
    // Airflow's `_link_` keys belong to its web pages.
    let xcoms = by(&run["xcoms"], &["task_id", "map_index", "key"]).into_iter().filter(|(k, _)| !k.contains(":_link_"));
    let xcoms: Map<_, _> = xcoms.map(|(key, row)| (key, json!({"value": sorted_decision(&row)}))).collect();
    let rendered = by(&run["rendered_fields"], &["task_id", "map_index"]);
    let rendered: Map<_, _> = rendered.into_iter().map(|(key, row)| (key, only(&row, &["fields"]))).collect();
    let mut dag_run = only(&run["dag_run"], RUN);
    // Recorded through the REST API, done here by the command line.
    let triggered_by = run["dag_run"]["triggered_by"].as_str().unwrap_or_default().to_lowercase();
    dag_run["triggered_by"] = if triggered_by == "rest_api" { "cli".into() } else { triggered_by.into() };
    let mut notes = run["side_effects"].as_array().cloned().unwrap_or_default();
    notes.sort_by_key(Value::to_string);
    json!({"dag_run": dag_run, "side_effects": notes, "task_instances": instances, "xcoms": xcoms,
        "rendered_fields": rendered, "failures": failures})
}

/// The value of an XCom; the lists of `skipmixin_key` come from a set.
fn sorted_decision(row: &Value) -> Value {
    let mut value = row["value"].clone();
    if row["key"] == "skipmixin_key" {
        for list in value.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
        }
    }
    value
}

fn recorded(run: &Value) -> Value {
    let mut failures = Map::new();
    for of_task in run["failures"].as_array().into_iter().flatten() {
        // A callback that fails is logged like that too, but isn't the try's failure.
        let failed = |f: &&Value| {
            f["event"] == "Task failed with exception"
                || f["event"] == "Failed to report terminal task state to supervisor"
        };
        for failure in of_task["failures"].as_array().into_iter().flatten().filter(failed) {
            let key = format!("{}:{}:{}", text(&of_task["task_id"]), of_task["map_index"], failure["attempt"]);
            failures.insert(key, failure["exc_type"].clone());
        }
    }
    document(run, failures)
}

fn ours(run: &Value) -> Value {
    let failures = run["tries"].as_array().into_iter().flatten().filter(|t| !t["cause"]["exception"].is_null());
    let failures = failures.map(|t| {
        let key = format!("{}:{}:{}", text(&t["task_id"]), t["map_index"], t["try_number"]);
        (key, t["cause"]["exception"].clone())
    });
    document(run, failures.collect())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
