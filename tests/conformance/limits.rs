//! Limits that must hold while the probes of pools and limits run, and the order that priorities give.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    corpus::{Golden, by},
    home::Home,
};

/// DAG, tasks whose id starts so, and how many slots they may hold at once over all runs.
const LIMITS: &[(&str, &str, i64)] = &[
    ("cc_pool_priority", "", 1),
    ("cc_pool_slots", "", 3),
    ("cc_pool_too_big", "", 1),
    ("cc_max_active_tasks", "", 1),
    ("cc_max_active_runs", "", 1),
    ("cc_max_active_tis", "per_dagrun", 2),
    ("cc_max_active_tis", "per_dag", 3),
];

/// A try's time and the slots it held.
struct Held {
    task: String,
    slots: i64,
    start: Timestamp,
    end: Timestamp,
}

/// Limits that were exceeded, and a wrong order.
pub fn differences(home: &Home, golden: &Golden) -> Vec<String> {
    let mut lines = Vec::new();
    let limits = LIMITS.iter().filter(|(dag_id, ..)| *dag_id == golden.dag_id);
    let mut tries: Vec<Held> = Vec::new();
    for run in golden.runs().iter().filter(|run| run["timing"].is_object()) {
        tries.extend(held(&home.json(&["runs", "show", &golden.dag_id, &super::runs::run_id(run)])));
    }
    tries.sort_by_key(|held| held.start);
    for (_, prefix, limit) in limits {
        let of = |held: &&Held| held.task.starts_with(prefix);
        for one in tries.iter().filter(of) {
            let others = tries.iter().filter(of).filter(|other| other.start <= one.start && one.start < other.end);
            let at_once: i64 = others.map(|other| other.slots).sum();
            if at_once > *limit {
                lines.push(format!("timing: {at_once} slots in use as {} starts, the limit is {limit}", one.task));
            }
        }
    }
    // Elsewhere equal priorities leave the order open.
    if golden.dag_id == "cc_pool_priority" {
        let order: Vec<Value> = tries.iter().map(|held| held.task.as_str().into()).collect();
        let wanted = &golden.runs()[0]["timing"]["start_order"];
        if Some(&order) != wanted.as_array() {
            lines.push(format!("timing: started in the order {order:?}, recorded {wanted}"));
        }
    }
    lines
}

fn held(run: &Value) -> Vec<Held> {
    let rows = by(&run["task_instances"], &["task_id", "map_index"]);
    let slots = |t: &Value| {
        let key = format!("{}:{}", t["task_id"].as_str().unwrap_or_default(), t["map_index"]);
        rows.get(&key).and_then(|row| row["pool_slots"].as_i64()).unwrap_or(1)
    };
    let time = |v: &Value| v.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let tries = run["tries"].as_array().into_iter().flatten();
    let tries = tries.filter_map(|t| {
        let task = t["task_id"].as_str()?.to_owned();
        Some(Held { task, slots: slots(t), start: time(&t["start_date"])?, end: time(&t["end_date"])? })
    });
    tries.collect()
}
