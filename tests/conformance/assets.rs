//! Producers of assets, triggered one after the other, and the runs that follow by themselves.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{corpus::Golden, home::Home, runs, score::Score};

/// Triggers the producers in the recorded order and compares how many runs each consumer has after each.
pub fn produce(home: &Home, goldens: &[Golden], score: &mut Score) {
    let steps = goldens.first().map(|g| g.document["asset_steps"].clone()).unwrap_or_default();
    for step in steps.as_array().into_iter().flatten() {
        let producer = step["after"].as_str().unwrap();
        let date =
            goldens.iter().find(|g| g.dag_id == producer).map(|g| g.runs()[0]["dag_run"]["logical_date"].clone());
        let date = date.as_ref().and_then(Value::as_str).unwrap_or("2026-08-03T06:00:00Z");
        home.run(&["dags", "trigger", producer, "-r", "assets", "-l", date]);
        let wanted: BTreeMap<&str, u64> = step["asset_runs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(id, n)| (id.as_str(), n.as_u64().unwrap()))
            .collect();
        runs::wait_until(Duration::from_secs(30), || is_quiet(home) && count(home, &wanted) == wanted);
        for (dag_id, n) in count(home, &wanted) {
            if n != wanted[dag_id] {
                score.dag(dag_id, vec![format!("{n} runs after {producer}, recorded {}", wanted[dag_id])]);
            }
        }
    }
}

/// Every run has ended.
fn is_quiet(home: &Home) -> bool {
    let all = home.json(&["runs", "list"]);
    all.as_array().into_iter().flatten().all(|run| run["state"] == "success" || run["state"] == "failed")
}

fn count<'d>(home: &Home, of: &BTreeMap<&'d str, u64>) -> BTreeMap<&'d str, u64> {
    let all = home.json(&["runs", "list"]);
    let rows: Vec<&Value> = all.as_array().into_iter().flatten().collect();
    of.keys().map(|id| (*id, rows.iter().filter(|run| run["dag_id"] == **id).count() as u64)).collect()
}
