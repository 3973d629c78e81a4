//! `cargo bench`: what dagdeck costs beside the bare processes, measured in one run (ratios count: machines are noisy).
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

fn main() {
    // `cargo test --benches` asks for a list of tests; there is none here.
    if std::env::args().any(|a| a == "--list" || a == "--test") {
        return;
    }
    let bench = Bench::new();
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(3);
    println!("dagdeck {}  ({rounds} rounds; medians; times in ms unless said)", env!("CARGO_PKG_VERSION"));
    bench.chain("chain_200", 200, rounds);
    bench.chain("chain_1000", 1000, 1);
    bench.wide("wide_1000", 1000, rounds);
    bench.python("python_40", 40, rounds);
    bench.one_task(rounds.max(5));
    bench.idle();
    bench.commands();
    bench.first_frame();
}

struct Bench {
    home: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let dags = home.path().join("dags");
        std::fs::create_dir(&dags).unwrap();
        std::fs::write(dags.join("bench_dags.py"), DAGS).unwrap();
        let bench = Self { home };
        assert!(bench.command(&["scheduler", "start"]).status().unwrap().success());
        bench
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command
            .args(args)
            .env("DAGDECK_HOME", self.home.path())
            .env("DAGDECK_DAGS_FOLDER", self.home.path().join("dags"));
        command.stderr(Stdio::null());
        command
    }

    fn json(&self, args: &[&str]) -> Value {
        let out = self.command(args).output().unwrap();
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"))
    }

    /// Runs a DAG to its end; its document.
    fn run(&self, dag: &str) -> Value {
        let run = self.json(&["dags", "trigger", dag, "--wait", "-o", "json"]);
        assert_eq!(run["state"], "success", "{dag}");
        self.json(&["runs", "show", dag, run["dag_run_id"].as_str().unwrap(), "-o", "json"])
    }

    fn chain(&self, dag: &str, tasks: usize, rounds: usize) {
        let mut hops = Vec::new();
        let mut floors = Vec::new();
        for _ in 0..rounds {
            floors.push(ms(sequential(tasks, &["bash", "-c", "true"])) / tasks as f64);
            let starts = starts(&self.run(dag));
            hops.extend(starts.windows(2).map(|w| w[1] - w[0]));
        }
        let floor = median(&mut floors);
        let mean = hops.iter().sum::<f64>() / hops.len() as f64;
        println!(
            "{dag}: start to start mean {mean:.2} p50 {:.2} p99 {:.2}; bare bash -c true {floor:.2}; ratio {:.2}",
            percentile(&mut hops, 50.0),
            percentile(&mut hops, 99.0),
            mean / floor
        );
    }

    fn wide(&self, dag: &str, tasks: usize, rounds: usize) {
        let (mut took, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(ms(in_flight(tasks, 16)));
            took.push(run_ms(&self.run(dag)));
        }
        let (took, floor) = (median(&mut took), median(&mut floors));
        println!(
            "{dag}: {took:.0} in all, {:.0} tasks/s; bare, 16 in flight {floor:.0}; ratio {:.2}",
            tasks as f64 / took * 1000.0,
            took / floor
        );
    }

    fn python(&self, dag: &str, tasks: usize, rounds: usize) {
        let (mut took, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(ms(sequential(tasks, &["python3", "-c", "pass"])));
            took.push(run_ms(&self.run(dag)));
        }
        let (took, floor) = (median(&mut took), median(&mut floors));
        println!(
            "{dag}: {took:.0} in all, {:.1} a task; bare python3 -c pass {:.1}; ratio {:.2}",
            took / tasks as f64,
            floor / tasks as f64,
            took / floor
        );
    }

    fn one_task(&self, rounds: usize) {
        let mut took = Vec::new();
        for _ in 0..rounds {
            let began = Instant::now();
            self.json(&["dags", "trigger", "one_task", "--wait", "-o", "json"]);
            took.push(ms(began.elapsed()));
        }
        println!("one_task: command to finished {:.1}", median(&mut took));
    }

    fn idle(&self) {
        let pid = self.json(&["scheduler", "status", "-o", "json"])["pid"].as_u64().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        let before = cpu_ticks(pid);
        std::thread::sleep(Duration::from_secs(20));
        let used = (cpu_ticks(pid) - before) as f64 / 100.0;
        let spawner = children_named("spawner", self.home.path());
        println!(
            "idle: scheduler {:.1} MB (PSS), spawner {:.1} MB, {:.2} % of a core over 20 s",
            pss_mb(pid),
            spawner.map_or(0.0, pss_mb),
            used / 20.0 * 100.0
        );
    }

    fn commands(&self) {
        for args in [&["dags", "list", "-o", "json"][..], &["runs", "list", "chain_200", "-o", "json"], &["version"]] {
            let mut took: Vec<f64> = (0..9)
                .map(|_| {
                    let began = Instant::now();
                    self.command(args).stdout(Stdio::null()).status().unwrap();
                    ms(began.elapsed())
                })
                .collect();
            println!("command {}: {:.1}", args.join(" "), median(&mut took));
        }
    }

    fn first_frame(&self) {
        let options = dagdeck::console::Options {
            home: self.home.path().to_owned(),
            dags_folder: self.home.path().join("dags"),
            ..Default::default()
        };
        let mut took: Vec<f64> =
            (0..5).map(|_| ms(dagdeck::console::first_frame(&options, (80, 24)).unwrap())).collect();
        println!("console: first frame with data, without the start of the process {:.1}", median(&mut took));
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.command(&["scheduler", "stop"]).stdout(Stdio::null()).status();
        if let Some(pid) = children_named("spawner", self.home.path()) {
            let _ = Command::new("kill").arg(pid.to_string()).status();
        }
    }
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

fn sequential(times: usize, argv: &[&str]) -> Duration {
    let began = Instant::now();
    for _ in 0..times {
        Command::new(argv[0]).args(&argv[1..]).stdin(Stdio::null()).status().unwrap();
    }
    began.elapsed()
}

fn in_flight(times: usize, at_once: usize) -> Duration {
    let left = std::sync::atomic::AtomicUsize::new(times);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                use std::sync::atomic::Ordering;
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    Command::new("bash").args(["-c", "true"]).stdin(Stdio::null()).status().unwrap();
                }
            });
        }
    });
    began.elapsed()
}

fn time_ms(value: &Value) -> f64 {
    let t: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    t.as_microsecond() as f64 / 1000.0
}

fn starts(document: &Value) -> Vec<f64> {
    let tries = document["tries"].as_array().unwrap();
    let mut starts: Vec<f64> = tries.iter().map(|t| time_ms(&t["start_date"])).collect();
    starts.sort_by(f64::total_cmp);
    starts
}

fn run_ms(document: &Value) -> f64 {
    time_ms(&document["dag_run"]["end_date"]) - time_ms(&document["dag_run"]["start_date"])
}

fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * p / 100.0).round() as usize]
}

fn median(values: &mut [f64]) -> f64 {
    percentile(values, 50.0)
}

fn cpu_ticks(pid: u64) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn pss_mb(pid: u64) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("Pss:")).unwrap_or("Pss: 0 kB");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The process whose command line names both `word` and the home.
fn children_named(word: &str, home: &Path) -> Option<u64> {
    let home: PathBuf = home.to_path_buf();
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u64 = entry.file_name().to_str()?.parse().ok()?;
        let line = String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).ok()?).into_owned();
        (line.contains(word) && line.contains(home.to_str()?)).then_some(pid)
    })
}

const DAGS: &str = r#"
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def small():
    return fib(10)


def dag(name):
    return DAG(dag_id=name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, max_active_tasks=16)


def in_a_row(tasks):
    for above, below in zip(tasks, tasks[1:]):
        above >> below


for count in (200, 1000):
    with dag(f"chain_{count}"):
        in_a_row([BashOperator(task_id=f"t{i:04d}", bash_command="true") for i in range(count)])

with dag("wide_1000"):
    for i in range(1000):
        BashOperator(task_id=f"t{i:04d}", bash_command="true")

with dag("python_40"):
    in_a_row([PythonOperator(task_id=f"t{i:04d}", python_callable=small) for i in range(40)])

with dag("one_task"):
    BashOperator(task_id="only", bash_command="true")
"#;
