//! Pods of the operator beside the same pods made by a bare loop of the API client, 20 at a time, through the same proxy, which
//! counts requests; and a container that prints a million lines.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{BufRead, BufReader},
    path::Path,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Config,
    api::{DeleteParams, PostParams, WatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::WatchEvent,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{Bench, cluster::Cluster, ms, processes::pss_mb, proxy::Proxy, run_ms};

/// Lines that containers print, one after the other.
const LINES: [usize; 3] = [100, 100_000, 1_000_000];
/// A log that hasn't grown for so long holds all that comes.
const QUIET: Duration = Duration::from_secs(10);
/// Pods that run at a time.
const AT_A_TIME: usize = 20;

fn dag_file(pods: usize, image: &str) -> String {
    format!(
        r#"
from datetime import datetime
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

def pod(i, script):
    return KubernetesPodOperator(task_id=f"t{{i:04d}}", name=f"t{{i:04d}}", image="{image}", cmds=["sh", "-c", script])

more = {{"schedule": None, "start_date": datetime(2026, 1, 1), "is_paused_upon_creation": False}}
with DAG("pods", max_active_tasks={AT_A_TIME}, **more):
    for i in range({pods}):
        pod(i, "true")
for lines in {LINES:?}:
    with DAG(f"lines_{{lines}}", **more):
        pod(0, f"seq {{lines}}; until [ -e /tmp/go ]; do sleep 0.2; done")
"#
    )
}

/// A namespace, the way there, and a scheduler that goes it; `None` with a printed reason where there is no cluster.
fn scene(pods: usize) -> Option<(Cluster, Proxy, Bench)> {
    let mut cluster = Cluster::new("bench")?;
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    let bench = Bench::with(&[("pods.py", &dag_file(pods, &cluster.image()))], cluster.environment());
    Some((cluster, proxy, bench))
}

fn scheduler(bench: &Bench) -> u32 {
    bench.processes().all().iter().find(|process| process.name == "scheduler").unwrap().pid
}

/// A number of `/proc/PID/status`, in MB.
fn status_mb(pid: u32, name: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

/// `PODS=200 cargo bench -- pods`.
pub fn measure() {
    let pods: usize = std::env::var("PODS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let Some((cluster, proxy, bench)) = scene(pods) else { return };
    let bare = Bare::through(&proxy, &cluster);
    // The image is there, and both ways are warm.
    bare.run(2);
    let pid = scheduler(&bench);
    let before = pss_mb(pid);
    // Half of the bare ones before, half after: a cluster's pace changes.
    let first = bare.run(pods.div_ceil(2));
    let asked = proxy.asked().len();
    let (document, cpu) = bench.run("pods");
    let took = run_ms(&document);
    let asked: Vec<_> = proxy.asked().split_off(asked);
    let second = bare.run(pods / 2);
    let floor = first + second;
    let logs = asked.iter().filter(|asked| asked.is_log()).count();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for asked in &asked {
        *kinds.entry(asked.kind()).or_default() += 1;
    }
    println!(
        "pods_{pods}: {took:.0} in all, {AT_A_TIME} at a time; bare loop {floor:.0} ({first:.0} and {second:.0}); ratio {:.2}; requests a pod {:.2}, and {:.2} for logs; CPU a pod {:.1}; scheduler MB (PSS) {before:.1} before, {:.1} after, at most {:.1} (VmHWM)",
        took / floor,
        (asked.len() - logs) as f64 / pods as f64,
        logs as f64 / pods as f64,
        cpu / pods as f64,
        pss_mb(pid),
        status_mb(pid, "VmHWM"),
    );
    println!("pods_{pods}: requests {kinds:?}");
}

/// A hundred lines of one container, then more, up to a million: all of them in the log, once, and what they cost in memory. A
/// container's runtime may cut what it says with its last breath, so it waits until its log is quiet.
pub fn lines() {
    let Some((cluster, _proxy, bench)) = scene(1) else { return };
    let pid = scheduler(&bench);
    bench.run("pods");
    for count in LINES {
        let (before, highest) = (status_mb(pid, "VmRSS"), status_mb(pid, "VmHWM"));
        let dag = format!("lines_{count}");
        let log = bench.home().join(format!("logs/dag_id={dag}/run_id=r/task_id=t0000/attempt=1.log"));
        let (document, cpu) = std::thread::scope(|scope| {
            scope.spawn(|| let_go(&cluster, &log));
            bench.run_as(&dag, "r")
        });
        let (mut last, mut missing, mut marks) = (0, 0, 0);
        for line in BufReader::new(fs::File::open(log).unwrap()).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let event = line["event"].as_str().unwrap_or("");
            marks += usize::from(event.contains("lines may be missing"));
            if let Some(n) = event.strip_prefix("[base] ").and_then(|n| n.parse::<usize>().ok()) {
                assert!(n > last, "line {n} after line {last}");
                (missing, last) = (missing + n - last - 1, n);
            }
        }
        missing += count - last;
        assert!(missing == 0 || marks > 0, "{missing} lines are missing, and nothing says so");
        println!(
            "pod_lines: {count} lines, {:.0} in all, {missing} missing, {marks} places marked; CPU {cpu:.0}; scheduler MB {before:.1} before (at most {highest:.1}), {:.1} after, at most {:.1}",
            run_ms(&document),
            status_mb(pid, "VmRSS"),
            status_mb(pid, "VmHWM"),
        );
    }
}

/// Lets the container end when its log doesn't grow any more.
fn let_go(cluster: &Cluster, log: &Path) {
    let has_begun = || fs::read_to_string(log).is_ok_and(|text| text.contains("[base] 1\""));
    while !has_begun() {
        std::thread::sleep(Duration::from_millis(500));
    }
    let size = || fs::metadata(log).map_or(0, |log| log.len());
    let (mut known, mut since) = (size(), Instant::now());
    while since.elapsed() < QUIET {
        std::thread::sleep(Duration::from_millis(500));
        if size() != known {
            (known, since) = (size(), Instant::now());
        }
    }
    while !cluster.left().iter().all(|name| cluster.touch(name, "/tmp/go")) {
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// The bare loop: create, wait for the end by one watch, delete.
struct Bare {
    runtime: tokio::runtime::Runtime,
    api: Api<Pod>,
    image: String,
}

impl Bare {
    fn through(proxy: &Proxy, cluster: &Cluster) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kubeconfig = Kubeconfig::from_yaml(&proxy.kubeconfig(&json!({}))).unwrap();
        let client = runtime.block_on(async {
            let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
            Client::try_from(config).unwrap()
        });
        Self { runtime, api: Api::namespaced(client, &cluster.namespace), image: cluster.image() }
    }

    /// Runs so many pods; the time that takes, ms.
    fn run(&self, pods: usize) -> f64 {
        let began = Instant::now();
        let mark = uuid::Uuid::new_v4().simple().to_string();
        self.runtime.block_on(async {
            let (tell, told) = watch::channel(HashMap::<String, bool>::new());
            tokio::select! {
                () = self.watch(&mark, &tell) => {}
                () = stream::iter(0..pods).for_each_concurrent(AT_A_TIME, |i| self.one(&mark, i, told.clone())) => {}
            }
        });
        ms(began.elapsed())
    }

    async fn watch(&self, mark: &str, tell: &watch::Sender<HashMap<String, bool>>) {
        let how = WatchParams::default().labels(&format!("bare={mark}"));
        loop {
            let Ok(events) = self.api.watch(&how, "0").await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let mut events = std::pin::pin!(events);
            while let Some(Ok(event)) = events.next().await {
                if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) = event
                    && pod.status.and_then(|status| status.phase).as_deref() == Some("Succeeded")
                {
                    tell.send_modify(|ended| {
                        ended.insert(pod.metadata.name.unwrap(), true);
                    });
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn one(&self, mark: &str, i: usize, mut told: watch::Receiver<HashMap<String, bool>>) {
        let name = format!("bare-{}-{i}", &mark[..8]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"bare": mark}},
            "spec": {"restartPolicy": "Never",
                "containers": [{"name": "base", "image": self.image, "command": ["sh", "-c", "true"]}]}});
        let pod = serde_json::from_value(pod).unwrap();
        // A busy API server is asked again; the name is taken if it only seemed not to answer.
        while let Err(e) = self.api.create(&PostParams::default(), &pod).await {
            if matches!(&e, kube::Error::Api(status) if status.code == 409) {
                break;
            }
            eprintln!("bare loop: {e}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        told.wait_for(|ended| ended.contains_key(&name)).await.unwrap();
        while let Err(e) = self.api.delete(&name, &DeleteParams::default()).await {
            if matches!(&e, kube::Error::Api(status) if status.code == 404) {
                break;
            }
            eprintln!("bare loop: {e}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
