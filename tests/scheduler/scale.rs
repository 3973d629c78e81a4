//! Work per event must not grow with what didn't change. Bounds are generous: an unoptimised build on a busy machine.

use std::{collections::VecDeque, time::Instant};

use dagdeck::model::{Change, RunState, TiKey, TiState};
use serde_json::json;

use super::rows::{Home, dag, task};

/// Ends whatever is queued, one by one, looking again after each; the number of ends.
fn drain(home: &mut Home) -> usize {
    let mut queued: VecDeque<TiKey> = VecDeque::new();
    let mut ended = 0;
    loop {
        for change in home.advance() {
            if let Change::Ti(change) = change
                && change.row.state == TiState::Queued
            {
                queued.push_back(change.row.key.clone());
            }
        }
        assert!(queued.len() <= home.limits.parallelism as usize);
        let Some(key) = queued.pop_front() else { return ended };
        ended += 1;
        home.succeed(key.run, &key.to_string());
    }
}

fn home(parallelism: u32) -> Home {
    let mut home = Home::new();
    home.limits.parallelism = parallelism;
    home.limits.max_active_tasks_per_dag = parallelism;
    home.limits.max_active_runs_per_dag = 1000;
    home.world.set_limits(home.limits.clone());
    home
}

#[test]
fn ten_thousand_mapped_instances() {
    let mut home = home(64);
    let tasks = vec![
        task("list", &[], json!({})),
        task(
            "each",
            &["list"],
            json!({"expand": {"kind": "expand", "args": {"x":
            {"__dagdeck__": "xcom", "task_id": "list", "key": "return_value"}}}}),
        ),
        task("join", &["each"], json!({})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.push(run, "list", 10_000);
    home.succeed(run, "list");
    let start = Instant::now();
    assert_eq!((drain(&mut home), home.run_state(run)), (10_001, RunState::Success));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn five_thousand_tasks_side_by_side() {
    let mut home = home(64);
    let ids: Vec<String> = (0..5000).map(|i| format!("t{i}")).collect();
    let mut tasks: Vec<_> = ids.iter().map(|id| task(id, &[], json!({"weight_rule": "absolute"}))).collect();
    let above: Vec<&str> = ids.iter().map(String::as_str).collect();
    tasks.push(task("join", &above, json!({"weight_rule": "absolute"})));
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    let start = Instant::now();
    assert_eq!((drain(&mut home), home.run_state(run)), (5001, RunState::Success));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn five_hundred_runs_at_once() {
    let mut home = home(32);
    let tasks = vec![task("a", &[], json!({})), task("b", &["a"], json!({})), task("c", &["b"], json!({}))];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let start = Instant::now();
    for i in 0..500 {
        home.trigger(&d, Some(i));
    }
    assert_eq!(drain(&mut home), 1500);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
