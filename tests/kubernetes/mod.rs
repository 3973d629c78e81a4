//! Pods against a real cluster: `DAGDECK_TEST_KUBECONFIG` names it, else these tests say that they are skipped.

mod articles;
mod busy;
mod callbacks;
mod cluster;
mod credentials;
mod enders;
mod endings;
mod facade;
mod faults;
mod in_python;
mod inside;
mod job_life;
mod jobs;
mod ledger;
mod limited;
mod orders;
mod outcomes;
mod pauses;
mod proxy;
mod recorder;
mod resources;
mod rotated;
mod shell;
mod silence;
mod situations;
mod strays;
mod unseen;
mod unusable;
mod workers;

use crate::support::Home;
use cluster::Cluster;

/// A home whose scheduler knows the cluster; `tasks` are calls of `pod(task_id, script, **more)` in one DAG `pods`.
fn home(cluster: &Cluster, tasks: &str) -> Home {
    let home = Home::with_files(&[("pods.py", &dag_file(cluster, tasks))]);
    start(cluster, &home);
    home
}

fn dag_file(cluster: &Cluster, tasks: &str) -> String {
    let image = cluster.image();
    let tasks = tasks.replace('\n', "\n    ");
    format!(
        r#"
from datetime import datetime, timedelta
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

def pod(task_id, script, **more):
    more.setdefault("image", "{image}")
    more.setdefault("termination_grace_period", 1)
    return KubernetesPodOperator(task_id=task_id, name=task_id, cmds=["sh", "-c", script], **more)

with DAG("pods", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    {tasks}
"#
    )
}

fn start(cluster: &Cluster, home: &Home) {
    let variables = cluster.environment();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    home.start_with(&variables);
}

/// Waits until every pod is gone or on its way out.
fn until_empty(cluster: &Cluster, home: &Home) {
    let left = std::cell::RefCell::new(Vec::new());
    let what = || format!("no pod is left, but there are {:?}", left.borrow());
    home.until_or(what, || {
        left.replace(cluster.left());
        left.borrow().is_empty().then_some(())
    });
}

/// The events of a task's log, in order.
fn log(home: &Home, run: &str, task: &str, attempt: u32) -> Vec<String> {
    log_of(home, "pods", run, task, attempt)
}

fn log_of(home: &Home, dag: &str, run: &str, task: &str, attempt: u32) -> Vec<String> {
    let path = home.path().join(format!("logs/dag_id={dag}/run_id={run}/task_id={task}/attempt={attempt}.log"));
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let event =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["event"].as_str().map(str::to_string);
    text.lines().filter_map(event).collect()
}
