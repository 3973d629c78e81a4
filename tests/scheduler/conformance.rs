//! Recorded runs of Airflow, replayed through the scheduler alone: what tasks do is taken from the recording, what the
//! scheduler decides must be equal.

use std::{collections::HashMap, sync::Arc};

use dagdeck::{
    model::{Cause, CauseKind, Dag, Pool, RunId, TiKey},
    scheduler::{Report, RunFacts},
};
use serde_json::{Value, json};

use super::rows::{Home, at, dag, past, task};
use crate::conformance::corpus::Corpus;

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// The DAG of a recording, or why it can't be replayed here.
fn recorded_dag(golden: &Value) -> Result<Arc<Dag>, &'static str> {
    let tasks = golden["tasks"].as_array().unwrap();
    if tasks.iter().any(|t| t["mapped"] != json!(false)) {
        return Err("mapped");
    }
    let build = |t: &Value| {
        let mut extra = json!({});
        for (ours, theirs) in [
            ("operator", "operator"),
            ("trigger_rule", "trigger_rule"),
            ("is_setup", "setup"),
            ("is_teardown", "teardown"),
            ("retries", "retries"),
            ("pool", "pool"),
            ("pool_slots", "pool_slots"),
            ("priority_weight", "priority_weight"),
            ("depends_on_past", "depends_on_past"),
            ("wait_for_downstream", "wait_for_downstream"),
        ] {
            if !t[theirs].is_null() {
                extra[ours] = t[theirs].clone();
            }
        }
        // Recorded by the names of Airflow's classes.
        let rule = t["weight_rule"].as_str().unwrap_or("").to_lowercase();
        let known = ["upstream", "absolute"].into_iter().find(|name| rule.contains(name));
        extra["weight_rule"] = json!(known.unwrap_or("downstream"));
        extra["bases"] = json!(if ours_decides(t) { vec!["SkipMixin"] } else { vec![] });
        task(t["task_id"].as_str().unwrap(), &strings(&t["upstream"]), extra)
    };
    let facts = &golden["dag"];
    let extra = json!({
        "dag_id": golden["dag_id"],
        "fail_fast": facts["fail_fast"].as_bool().unwrap_or(false),
        "max_active_tasks": facts["max_active_tasks"],
        "max_active_runs": facts["max_active_runs"],
    });
    Ok(dag(tasks.iter().map(build).collect(), extra))
}

fn ours_decides(task: &Value) -> bool {
    let operator = task["operator"].as_str().unwrap_or("");
    ["Branch", "ShortCircuit", "LatestOnly"].iter().any(|part| operator.contains(part))
}

/// What the recording says of one instance.
struct Part {
    state: String,
    tries: u64,
    decision: Option<Value>,
}

fn replay(golden: &Value) -> Result<Vec<String>, &'static str> {
    let d = recorded_dag(golden)?;
    let mut home = Home::new();
    for (name, slots) in [("cc_one", 1), ("cc_three", 3)] {
        home.pools.push(Pool { name: name.into(), slots, description: String::new(), include_deferred: false });
    }
    home.limits.parallelism = 8;
    home.known.push(d.clone());
    home.reload();
    let mut parts: HashMap<TiKey, Part> = HashMap::new();
    let mut runs: Vec<(RunId, &Value)> = Vec::new();
    for recorded in golden["runs"].as_array().unwrap().iter().filter(|run| run["refused"].is_null()) {
        let date = recorded["dag_run"]["logical_date"].as_str().and_then(|s| s.parse::<jiff::Timestamp>().ok());
        let previous = runs.last().map(|(run, _)| past(*run));
        let facts = RunFacts { previous, ..RunFacts::default() };
        let run = home.trigger_after(&d, date.map(|d| d.as_second()), facts);
        for ti in recorded["task_instances"].as_array().unwrap() {
            let id = ti["task_id"].as_str().unwrap();
            let decides = |x: &&Value| x["task_id"] == ti["task_id"] && x["key"] == json!("skipmixin_key");
            let decision = recorded["xcoms"].as_array().and_then(|list| list.iter().find(decides));
            let part = Part {
                state: ti["state"].as_str().unwrap_or("none").to_owned(),
                tries: ti["try_number"].as_u64().unwrap(),
                decision: decision.map(|x| x["value"].clone()),
            };
            parts.insert(TiKey::new(run, id, -1), part);
        }
        runs.push((run, recorded));
    }
    let cut_off = golden["runs"].as_array().unwrap().iter().find_map(|run| run["cut_off_after_s"].as_f64());
    let cut_off = cut_off.map_or(jiff::Timestamp::MAX, |s| at(home.now + s as i64));
    loop {
        home.advance();
        let active = home.active();
        if active.is_empty() {
            let Some(wake) = home.world.next_wake().filter(|wake| *wake <= cut_off) else { break };
            home.now = wake.as_second().max(home.now + 1);
            continue;
        }
        for key in active {
            act(&mut home, &d, &key, parts.get(&key));
        }
    }
    let mut wrong = Vec::new();
    for (run, recorded) in runs {
        compare(&home, run, recorded, &mut wrong);
    }
    Ok(wrong)
}

/// Lets one active instance do what was recorded.
fn act(home: &mut Home, d: &Dag, key: &TiKey, part: Option<&Part>) {
    let end = at(home.now);
    let Some(part) = part else { return home.succeed(key.run, &key.task_id) };
    let row = home.rows.instances[key].clone();
    let is_last = u64::from(row.try_number) >= part.tries;
    let cause = Cause::new(CauseKind::Exception, "as recorded");
    let report = match part.state.as_str() {
        "success" if is_last => {
            if let Some(decision) = &part.decision {
                let skipped: Vec<Arc<str>> = match decision.get("followed") {
                    Some(followed) => {
                        let followed = strings(followed);
                        let below = &d.tasks[&key.task_id].downstream_task_ids;
                        below.iter().filter(|id| !followed.contains(&&***id)).cloned().collect()
                    }
                    None => strings(&decision["skipped"]).into_iter().map(Arc::from).collect(),
                };
                home.report(key, Report::Skips { tasks: skipped, decision: decision.clone() });
            }
            Report::Success { start: None, end }
        }
        "skipped" if is_last => Report::Skipped { cause, end },
        state => {
            let retryable = !is_last || state == "up_for_retry";
            Report::Failed { cause, retryable, retry_delay: None, start: None, end }
        }
    };
    home.report(key, report);
}

fn compare(home: &Home, run: RunId, recorded: &Value, wrong: &mut Vec<String>) {
    let state = home.run_state(run).to_string();
    if recorded["dag_run"]["state"] != json!(state) {
        wrong.push(format!("run: {state}, recorded {}", recorded["dag_run"]["state"]));
    }
    let mut rows: HashMap<String, Value> = HashMap::new();
    for row in home.rows.of(run) {
        let fields = json!([row.state.json(), row.try_number, row.priority_weight, row.pool, row.max_tries]);
        rows.insert(row.key.task_id.to_string(), fields);
    }
    for ti in recorded["task_instances"].as_array().unwrap() {
        let id = ti["task_id"].as_str().unwrap();
        let wanted = json!([ti["state"], ti["try_number"], ti["priority_weight"], ti["pool"], ti["max_tries"]]);
        match rows.remove(id) {
            Some(got) if got == wanted => {}
            got => wrong.push(format!("{id}: {got:?}, recorded {wanted}")),
        }
    }
    wrong.extend(rows.into_iter().map(|(id, row)| format!("{id}: {row}, not recorded")));
}

/// Facts that the recording's list of tasks leaves out: `on_failure_fail_dagrun`, and a task's own dates.
const UNSAID: [&str; 2] = ["cc_teardown_fails_counts", "cc_task_dates"];

#[test]
fn recorded_runs() {
    let (mut same, mut left_out, mut wrong) = (0, 0, Vec::new());
    for recorded in Corpus::find().goldens() {
        let (id, golden) = (recorded.dag_id.as_str(), recorded.document);
        if UNSAID.contains(&id) {
            left_out += 1;
            continue;
        }
        match replay(&golden) {
            Err(_) => left_out += 1,
            Ok(found) if found.is_empty() => same += 1,
            Ok(found) => wrong.push(format!("{id}: {}", found.join("\n    "))),
        }
    }
    println!("{same} of {} DAGs, {left_out} left out (mapped, or not all recorded)", same + wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
