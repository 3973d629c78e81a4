//! `cargo bench`: what dagdeck costs beside the bare processes, measured in one run (ratios count: machines are noisy).
//!
//! `ROUNDS=5 cargo bench` measures more often; `cargo bench -- chain` only what has that in its name.
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../kubernetes/cluster.rs"]
mod cluster;
mod dags;
mod floor;
mod frames;
#[path = "../console/large.rs"]
mod large;
mod numbers;
mod pods;
mod processes;
#[allow(dead_code)]
#[path = "../kubernetes/proxy/mod.rs"]
mod proxy;
mod screen;

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use self::{
    numbers::{median, ms, percentile, starts, time_ms},
    processes::{Processes, pss_mb},
};

fn main() {
    // `cargo test --benches` asks for a list of tests; there is none here.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if arguments.iter().any(|a| a == "--list" || a == "--test") {
        return;
    }
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(3);
    println!("dagdeck {}  ({rounds} rounds; medians; times in ms unless said)", env!("CARGO_PKG_VERSION"));
    let bench = Bench::new();
    let all: [(&str, &dyn Fn()); 12] = [
        ("chain_200", &|| bench.chain("chain_200", 200, rounds)),
        ("chain_1000", &|| bench.chain("chain_1000", 1000, rounds.div_ceil(2))),
        ("wide_200", &|| bench.wide("wide_200", 200, rounds)),
        ("wide_1000", &|| bench.wide("wide_1000", 1000, rounds)),
        ("python_40", &|| bench.python("python_40", 40, rounds)),
        ("one_task", &|| bench.one_task(rounds.max(5))),
        ("idle", &|| bench.idle()),
        ("commands", &|| bench.commands()),
        ("first_frame", &|| bench.first_frame()),
        ("frames", &frames::measure),
        ("pods", &pods::measure),
        ("pod_lines", &pods::lines),
    ];
    for (name, measure) in all {
        if arguments.is_empty() || arguments.iter().any(|a| name.contains(a.as_str())) {
            measure();
        }
    }
}

/// A home with a scheduler.
struct Bench {
    home: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Bench {
    /// Over the DAGs of [`dags`].
    fn new() -> Self {
        let files = dags::FILES.map(|(name, text)| (name, format!("{}{text}", dags::HEAD)));
        Self::with(&files.each_ref().map(|(name, text)| (*name, text.as_str())), Vec::new())
    }

    /// Over DAG files given as (name, text), with more variables in its environment.
    fn with(files: &[(&str, &str)], variables: Vec<(&'static str, String)>) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("dags")).unwrap();
        for (name, text) in files {
            std::fs::write(home.path().join("dags").join(name), text).unwrap();
        }
        let bench = Self { home, variables };
        assert!(bench.command(&["scheduler", "start"]).stdout(Stdio::null()).status().unwrap().success());
        bench
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command.args(args).envs(self.environment()).envs(self.variables.iter().cloned()).stderr(Stdio::null());
        command
    }

    fn environment(&self) -> [(&'static str, std::path::PathBuf); 2] {
        let home = self.home.path();
        [("DAGDECK_HOME", home.to_path_buf()), ("DAGDECK_DAGS_FOLDER", home.join("dags"))]
    }

    fn json(&self, args: &[&str]) -> Value {
        let out = self.command(args).output().unwrap();
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"))
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn processes(&self) -> Processes {
        Processes::of(self.home.path())
    }

    /// Runs a DAG to its end: its document, and the CPU that its tasks took in all processes.
    fn run(&self, dag: &str) -> (Value, f64) {
        self.run_as(dag, &uuid::Uuid::new_v4().to_string())
    }

    /// The same, of a run that is called so.
    fn run_as(&self, dag: &str, run_id: &str) -> (Value, f64) {
        let before = self.processes();
        let run = self.json(&["dags", "trigger", dag, "-r", run_id, "--wait", "-o", "json"]);
        assert_eq!(run["state"], "success", "{dag}");
        let cpu = self.processes().cpu_ms_since(&before);
        (self.json(&["runs", "show", dag, run_id, "-o", "json"]), cpu)
    }

    fn chain(&self, dag: &str, tasks: usize, rounds: usize) {
        let (mut hops, mut floors, mut cpus, mut floor_cpus) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let bare = floor::sequential(tasks, &["bash", "-c", "true"]);
            floors.push(bare.ms / tasks as f64);
            floor_cpus.push(bare.cpu_ms / tasks as f64);
            let (document, cpu) = self.run(dag);
            let starts = starts(&document);
            hops.extend(starts.windows(2).map(|w| w[1] - w[0]));
            cpus.push(cpu / tasks as f64);
        }
        let (floor, mean) = (median(&mut floors), hops.iter().sum::<f64>() / hops.len() as f64);
        println!(
            "{dag}: start to start mean {mean:.2} p50 {:.2} p99 {:.2}; bare bash -c true {floor:.2}; ratio {:.2}; CPU a task {:.2}, bare {:.2}",
            percentile(&mut hops, 50.0),
            percentile(&mut hops, 99.0),
            mean / floor,
            median(&mut cpus),
            median(&mut floor_cpus),
        );
    }

    fn wide(&self, dag: &str, tasks: usize, rounds: usize) {
        let (mut took, mut floors, mut cpus, mut floor_cpus) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let bare = floor::in_flight(tasks, 16);
            floors.push(bare.ms);
            floor_cpus.push(bare.cpu_ms / tasks as f64);
            let (document, cpu) = self.run(dag);
            took.push(run_ms(&document));
            cpus.push(cpu / tasks as f64);
        }
        let (took, floor) = (median(&mut took), median(&mut floors));
        println!(
            "{dag}: {took:.0} in all, {:.0} tasks/s; bare, 16 in flight {floor:.0}; ratio {:.2}; CPU a task {:.2}, bare {:.2}",
            tasks as f64 / took * 1000.0,
            took / floor,
            median(&mut cpus),
            median(&mut floor_cpus),
        );
    }

    /// Beside the interpreter itself, the same without its `site` (which tasks load only when they need it), and `python3` as
    /// the shell finds it (a version manager's shim, perhaps).
    fn python(&self, dag: &str, tasks: usize, rounds: usize) {
        let real = floor::interpreter();
        let (mut took, mut bare, mut siteless, mut found) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            bare.push(floor::sequential(tasks, &[&real, "-c", "pass"]).ms);
            siteless.push(floor::sequential(tasks, &[&real, "-S", "-c", "pass"]).ms);
            found.push(floor::sequential(tasks.div_ceil(4), &["python3", "-c", "pass"]).ms * 4.0);
            took.push(run_ms(&self.run(dag).0));
        }
        let (took, bare, found) = (median(&mut took), median(&mut bare), median(&mut found));
        let siteless = median(&mut siteless);
        let each = |all: f64| all / tasks as f64;
        println!(
            "{dag}: {took:.0} in all, {:.1} a task; bare {real} -c pass {:.1}, ratio {:.2}; with -S {:.1}, ratio {:.2}; python3 in PATH {:.1}, ratio {:.2}",
            each(took),
            each(bare),
            took / bare,
            each(siteless),
            took / siteless,
            each(found),
            took / found
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
        // Supervisors on standby end after a few quiet seconds.
        std::thread::sleep(Duration::from_secs(7));
        let (before, began) = (self.processes(), Instant::now());
        std::thread::sleep(Duration::from_secs(20));
        let processes = self.processes();
        let share = processes.cpu_ms_since(&before) / ms(began.elapsed()) * 100.0;
        let memory: Vec<String> = processes.all().iter().map(|p| format!("{} {:.1}", p.name, pss_mb(p.pid))).collect();
        println!("idle: {share:.2} % of a core over 20 s; MB (PSS): {}", memory.join(", "));
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
        let program = Path::new(env!("CARGO_BIN_EXE_dagdeck"));
        let mut took: Vec<f64> =
            (0..5).map(|_| ms(screen::until_drawn(program, &self.environment(), "sched ok"))).collect();
        println!(
            "console: process start to the first frame with data, in a terminal of 80x24 {:.1}",
            median(&mut took)
        );
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.command(&["scheduler", "stop"]).stdout(Stdio::null()).status();
        self.processes().end();
    }
}

fn run_ms(document: &Value) -> f64 {
    time_ms(&document["dag_run"]["end_date"]) - time_ms(&document["dag_run"]["start_date"])
}
