//! Faults at random instants while pods run: nothing is lost, nothing doubled, nothing left over, every line of output is in
//! the logs once. Each fault once here; `DAGDECK_FAULTS=20` has each 20 times, `DAGDECK_FAULT=cut` only what has that in its
//! name, and `DAGDECK_FAULTS_SEED` other instants.

mod books;
mod dags;
pub mod node;
mod table;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Cluster, ledger::Ledger, proxy::Proxy, workers};
use crate::support::{Home, Run};
use books::Tally;
use node::Node;
use table::{FAULTS, Fault, How};

/// Longer than any run takes, whatever happens to it.
const PATIENCE: Duration = Duration::from_secs(900);

/// What the pods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Tasks of the operator.
    Operator,
    /// Worker pods of the Kubernetes executor.
    Workers,
}

/// Numbers that are the same in every run with one seed; the instants still differ with the machine's load.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    fn pause(&mut self, longest_ms: usize) {
        std::thread::sleep(Duration::from_millis(self.below(longest_ms) as u64));
    }
}

/// Everything that a fault may touch.
struct Scene {
    work: Work,
    cluster: Cluster,
    proxy: Proxy,
    home: Home,
    ledger: Ledger,
    node: Option<Node>,
    random: Random,
    /// Pods that had their fault.
    hit: BTreeSet<String>,
    /// The run that goes on.
    run: String,
    runs: usize,
    tasks: usize,
    /// Each fault by itself and many times.
    is_full: bool,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

impl Scene {
    fn new(work: Work, purpose: &str, is_direct: bool) -> Option<Self> {
        let mut cluster = Cluster::new(purpose)?;
        let proxy = Proxy::to(cluster.own_kubeconfig());
        if !is_direct {
            cluster.go_through(&proxy, &json!({}));
        }
        let ledger = Ledger::of(cluster.own_kubeconfig(), &cluster.namespace);
        let is_full = number("DAGDECK_FAULTS").is_some();
        let tasks = if is_full { 6 } else { 3 };
        let home = Home::with_files(&[("faults.py", &dags::text(work, &cluster.image(), tasks))]);
        let seed = number("DAGDECK_FAULTS_SEED").unwrap_or(0x9e37_79b9_7f4a_7c15) | 1;
        let scene = Self {
            work,
            cluster,
            proxy,
            home,
            ledger,
            node: Node::named(),
            random: Random(seed),
            hit: BTreeSet::new(),
            run: String::new(),
            runs: 0,
            tasks,
            is_full,
        };
        scene.start();
        Some(scene)
    }

    fn start(&self) {
        match self.work {
            Work::Operator => super::start(&self.cluster, &self.home),
            Work::Workers => workers::start(
                &self.cluster,
                &self.home,
                &[("AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE", "True")],
            ),
        }
    }

    fn trigger(&mut self, dag: &str) {
        self.runs += 1;
        self.run = format!("r{}", self.runs);
        let conf = json!({"k": self.random.below(dags::LINES)}).to_string();
        self.home.run(&["dags", "trigger", dag, "-r", &self.run, "-c", &conf]).ok();
    }

    fn goes_on(&self, dag: &str) -> bool {
        !["success", "failed"].contains(&self.home.show(dag, &self.run).state())
    }

    fn ended(&self, dag: &str) -> Run {
        let began = Instant::now();
        while self.goes_on(dag) {
            if began.elapsed() > PATIENCE {
                let pods = self.home.run(&["pods", "list", dag, "--all"]).out;
                panic!(
                    "{dag} {} doesn't end: {:#?}\n{pods}\n{:#?}",
                    self.run,
                    self.home.show(dag, &self.run),
                    self.ledger.left()
                );
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        self.home.show(dag, &self.run)
    }

    /// Has each of these faults so many times, in turn; the problems that they made.
    fn suffer(&mut self, faults: &[&Fault], times: usize) -> Vec<String> {
        let (mut done, mut sum, mut problems) = (0, Tally::default(), Vec::new());
        let (first, began, times) = (self.runs, Instant::now(), times * faults.len());
        let name = faults.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
        let kinds: Vec<&str> = faults.iter().flat_map(|fault| fault.kinds).copied().collect();
        let dag = match faults[0].how {
            How::Acts(_) => dags::CALM,
            How::Inside(dag) => dag,
        };
        while done < times {
            assert!(self.runs - first <= 4 * times + 4, "{name}: it happened only {done} times");
            self.trigger(dag);
            loop {
                let fault = faults[done % faults.len()];
                let How::Acts(act) = fault.how else { break };
                self.random.pause(fault.pause_ms);
                if done >= times || !self.goes_on(dag) {
                    break;
                }
                done += usize::from(act(self));
            }
            let run = self.ended(dag);
            let tally = books::check(self, &kinds, dag, &run, &mut problems);
            if dag != dags::CALM {
                done += tally.failed;
            }
            sum.add(&tally);
        }
        let began_to_wait = Instant::now();
        while !self.ledger.left().is_empty() && began_to_wait.elapsed() < Duration::from_secs(180) {
            std::thread::sleep(Duration::from_millis(200));
        }
        let left = self.ledger.left();
        problems.extend(left.iter().map(|name| format!("pod {name} is left over")));
        eprintln!(
            "{:?}: {} x {done} in {} runs, {:.0} s: {} tries ({} of them failed), {} pods made ({} of them again, their task had not begun), {} left; {} results; {} lines, each once; {} logs with a gap that is marked; {} problems",
            self.work,
            name,
            self.runs - first,
            began.elapsed().as_secs_f64(),
            sum.tries,
            sum.failed,
            sum.pods,
            sum.again,
            left.len(),
            sum.results,
            sum.lines,
            sum.gaps,
            problems.len()
        );
        problems.into_iter().map(|problem| format!("{name}: {problem}")).collect()
    }
}

fn every_fault(work: Work, purpose: &str, is_direct: bool) {
    if is_direct && (Node::named().is_none() || Node::starter().is_none()) {
        let (node, starter) = (node::VARIABLE, node::STARTER);
        eprintln!("SKIPPED: what happens to the API server itself needs {node} and {starter}");
        return;
    }
    let Some(mut scene) = Scene::new(work, purpose, is_direct) else { return };
    let wanted = std::env::var("DAGDECK_FAULT").unwrap_or_default();
    let is_chosen =
        |fault: &&Fault| fault.name.contains(&wanted) && fault.works.contains(&work) && fault.is_direct == is_direct;
    let mut groups: Vec<Vec<&Fault>> = Vec::new();
    for fault in FAULTS.iter().filter(is_chosen) {
        if fault.needs_node && scene.node.is_none() {
            eprintln!(
                "SKIPPED: {} needs {}, a folder with the pids of the node's programs",
                fault.name,
                node::VARIABLE
            );
            continue;
        }
        // Once each, those that cost alike happen in one run; a slow one only when all are asked for.
        let is_alike = |group: &Vec<&Fault>| {
            let both_act = matches!((group[0].how, fault.how), (How::Acts(_), How::Acts(_)));
            both_act && group[0].kinds.is_empty() == fault.kinds.is_empty()
        };
        match groups.iter_mut().find(|group| !scene.is_full && is_alike(group)) {
            Some(group) => group.push(fault),
            None if fault.is_slow && !scene.is_full => {}
            None => groups.push(vec![fault]),
        }
    }
    let times = number("DAGDECK_FAULTS").unwrap_or(1) as usize;
    let problems: Vec<String> = groups.iter().flat_map(|group| scene.suffer(group, times)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn pods_of_the_operator_survive_every_fault() {
    every_fault(Work::Operator, "faults", false);
}

#[test]
fn worker_pods_survive_every_fault() {
    every_fault(Work::Workers, "workfaults", false);
}

#[test]
fn pods_of_the_operator_survive_the_api_server_itself() {
    every_fault(Work::Operator, "apifaults", true);
}

#[test]
fn worker_pods_survive_the_api_server_itself() {
    every_fault(Work::Workers, "apiworkfaults", true);
}
