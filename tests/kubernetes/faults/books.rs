//! The exact books of a run: its tries, the pods that were made for them, their lines, their results.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Scene, Work, dags};
use crate::{kubernetes::ledger::Born, support::Run};

/// Sums.
#[derive(Default)]
pub struct Tally {
    pub tries: usize,
    pub failed: usize,
    pub pods: usize,
    pub results: usize,
    pub lines: usize,
    /// Logs that say that lines may be missing.
    pub gaps: usize,
    /// Worker pods that were made again within a try, because they were ended before their task had begun.
    pub again: usize,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.tries += other.tries;
        self.failed += other.failed;
        self.pods += other.pods;
        self.results += other.results;
        self.lines += other.lines;
        self.gaps += other.gaps;
        self.again += other.again;
    }
}

/// A task, its index if it is mapped, and what it returns.
fn expected(scene: &Scene) -> Vec<(String, i64, Value)> {
    let tasks = scene.tasks as i64;
    match scene.work {
        Work::Operator => {
            (0..tasks).map(|i| (format!("t{i}"), -1, if i % 2 == 0 { json!([i]) } else { Value::Null })).collect()
        }
        Work::Workers => {
            let pieces = (0..tasks).map(|i| ("piece".to_string(), i, json!(i * 10)));
            pieces.chain([("total".to_string(), -1, json!((0..tasks).sum::<i64>() * 10))]).collect()
        }
    }
}

/// Compares everything with what it must be. A try may fail for a cause of one of these kinds; none may if there are none.
pub fn check(scene: &Scene, kinds: &[&str], dag: &str, run: &Run, problems: &mut Vec<String>) -> Tally {
    let mut tally = Tally::default();
    if run.state() != "success" {
        problems.push(format!("{} is {}", scene.run, run.state()));
    }
    let made = scene.ledger.of_run(&scene.run);
    for (task, index, value) in expected(scene) {
        let place = format!("{} {task}[{index}]", scene.run);
        let is_it = |row: &&Value| row["task_id"] == task.as_str() && row["map_index"] == index;
        let tries: Vec<&Value> = run.0["tries"].as_array().into_iter().flatten().filter(is_it).collect();
        let mut pods: BTreeMap<u64, usize> = BTreeMap::new();
        for pod in made.iter().filter(|pod| pod.task == task && pod.index == index) {
            *pods.entry(pod.attempt).or_default() += 1;
        }
        let again = made_again(scene, &made, &task, index);
        let wanted: BTreeMap<u64, usize> =
            (1..=tries.len() as u64).map(|attempt| (attempt, 1 + again.get(&attempt).unwrap_or(&0))).collect();
        tally.again += again.values().sum::<usize>();
        if pods != wanted {
            problems.push(format!("{place}: pods by try {pods:?}, not {wanted:?}"));
        }
        tally.pods += pods.values().sum::<usize>();
        for (row, attempt) in tries.iter().zip(1..) {
            tally.tries += 1;
            let is_last = attempt as usize == tries.len();
            let (lines, gaps) = lines(scene, dag, &task, index, attempt);
            let has_gap = !gaps.is_empty();
            tally.lines += lines.len();
            tally.gaps += usize::from(has_gap);
            if !is_last {
                tally.failed += 1;
                let kind = row["cause"]["kind"].as_str().unwrap_or("?");
                if !kinds.contains(&kind) {
                    problems.push(format!("{place} try {attempt} failed: {}", row["cause"]));
                }
            }
            let prints = task != "total";
            let whole = if prints { dags::LINES } else { 0 };
            let wanted: Vec<String> =
                (0..whole.min(if is_last { whole } else { lines.len() })).map(|n| n.to_string()).collect();
            if lines != wanted || (has_gap && kinds.is_empty()) {
                problems.push(format!("{place} try {attempt}: lines {lines:?}, gaps marked: {gaps:?}"));
            }
        }
        if *run.returned(&task, index) == value {
            tally.results += 1;
        } else {
            problems.push(format!("{place}: returned {}, not {value}", run.returned(&task, index)));
        }
        if task == "piece" {
            let pushed = run.0["xcoms"].as_array().into_iter().flatten().filter(is_it).count();
            if pushed != 7 {
                problems.push(format!("{place}: {pushed} XComs, not 7"));
            }
        }
    }
    if run.0["task_instances"].as_array().map(Vec::len) != Some(expected(scene).len()) {
        problems.push(format!("{}: other tasks than expected", scene.run));
    }
    tally
}

/// How often the scheduler says that it made a worker pod again within a try, by try: without using one up (Airflow's
/// `pod_launch_failure_retries`).
fn made_again(scene: &Scene, made: &[Born], task: &str, index: i64) -> BTreeMap<u64, usize> {
    let text = std::fs::read_to_string(scene.home.path().join("scheduler.log")).unwrap_or_default();
    let mut again = BTreeMap::new();
    for pod in made.iter().filter(|pod| pod.task == task && pod.index == index) {
        let is_said = text.contains(&format!("pod {} did not start", pod.name));
        *again.entry(pod.attempt).or_default() += usize::from(is_said);
    }
    again
}

/// The numbers of a try's lines in the log, and where the log says that some may be missing.
fn lines(scene: &Scene, dag: &str, task: &str, index: i64, attempt: u32) -> (Vec<String>, Vec<String>) {
    let index = if index < 0 { String::new() } else { format!("map_index={index}/") };
    let path = format!("logs/dag_id={dag}/run_id={}/task_id={task}/{index}attempt={attempt}.log", scene.run);
    let text = std::fs::read_to_string(scene.home.path().join(path)).unwrap_or_default();
    let (mut lines, mut gaps) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|e| panic!("a line of a log is no JSON ({e}): {line}"));
        let event = line["event"].as_str().unwrap_or("");
        if event.contains("may be missing") {
            gaps.push(event.to_string());
        }
        if let Some(number) = event.trim_start_matches("[base] ").strip_prefix("line ") {
            lines.push(number.to_string());
        }
    }
    (lines, gaps)
}
