//! A job while it goes on: what its pods use, what is said about the job itself though it has pods, and what the author's own
//! code is told of them.

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};

use super::{Cluster, dag_file, facade, log, recorder::start_behind};
use crate::support::Home;

/// Three pods where the quota has room for two; each ends when it has its file.
const TASKS: &str = r#"
from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator

def note(text):
    with open("{NOTES}", "a") as file:
        file.write(text + "\n")

class Told(KubernetesPodOperatorCallback):
    @staticmethod
    def on_sync_client_creation(*, client, operator):
        note(f"client {operator.task_id}")
    @staticmethod
    def on_pod_manifest_created(**kwargs):
        note("manifest: never of a job")
    @staticmethod
    def on_pod_creation(**kwargs):
        note("creation: never of a job")
    @staticmethod
    def progress_callback(*, line, container_name, pod, timestamp, **kwargs):
        note(f"{line} {container_name} {pod.metadata.name} {timestamp is not None}")
        if line == "raise":
            raise LookupError("not this line")
    @staticmethod
    def on_pod_cleanup(*, pod, operator, context, **kwargs):
        note(f"cleanup {pod.metadata.name} {pod.status.phase}")
        raise LookupError("too late to matter")

def job(task_id, script, **more):
    return KubernetesJobOperator(
        task_id=task_id, name=task_id, image="IMAGE", cmds=["sh", "-c", script], wait_until_job_complete=True,
        termination_grace_period=1, callbacks=Told, log_formatter=lambda container, line: f"{container} says {line}", **more)

job("three", "echo here; until [ -e /tmp/go ]; do sleep 0.2; done", parallelism=3, completions=3,
    container_resources={"requests": {"memory": "16Mi"}}, container_logs=["base", "nobody"]) >> job("raises", "echo raise; sleep 1000")
"#;

#[test]
fn pods_of_a_job_are_sampled_told_of_and_held_up_by_what_is_said_about_the_job() {
    let Some(cluster) = Cluster::new("joblife") else { return };
    cluster.allow_pods(2);
    let running = cluster.pods_running();
    let script = move |path: &str| {
        if !path.starts_with("/apis/metrics.k8s.io/") {
            return None;
        }
        let sample = |name: String| {
            json!({"metadata": {"name": name}, "timestamp": jiff::Timestamp::now().to_string(), "window": "15s",
                "containers": [{"name": "base", "usage": {"cpu": "250m", "memory": "8Mi"}}]})
        };
        let items: Vec<Value> = running().into_iter().map(sample).collect();
        Some((200, json!({"kind": "PodMetricsList", "items": items})))
    };
    let kubeconfig = facade::start(Path::new(&cluster.kubeconfig()), Arc::new(script));
    let notes = tempfile::NamedTempFile::new().unwrap();
    let said = || std::fs::read_to_string(notes.path()).unwrap_or_default();
    let tasks = TASKS.replace("{NOTES}", &notes.path().to_string_lossy()).replace("IMAGE", &cluster.image());
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, &tasks))]);
    start_behind(&cluster, &home, &kubeconfig);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    // It has two pods, both were sampled, and the third one is refused.
    let pods = || home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json().as_array().unwrap().clone();
    let name = |pod: &Value| pod["name"].as_str().unwrap().to_string();
    let samples = |pod: &Value| {
        let shown = home.run(&["pods", "show", &name(pod), "-o", "json"]).ok().json();
        shown["containers"][0]["usage"]["samples"].as_i64().unwrap_or(0)
    };
    home.until("two pods were sampled", || {
        let all = pods();
        (all.len() == 2 && all.iter().all(|pod| samples(pod) > 0)).then_some(())
    });
    let refused =
        |line: &String| line.starts_with("Job Event: FailedCreate: ") && line.contains("exceeded quota: most");
    home.until("the refusal is in the log", || log(&home, "r1", "three", 1).iter().any(refused).then_some(()));
    let why = home.run(&["tasks", "explain", "pods", "r1", "three"]).ok().out;
    assert!(why.contains("exceeded quota: most"), "{why}");
    home.until("three pods have ended", || {
        pods().iter().filter(|pod| pod["phase"] == "Running").for_each(|pod| {
            cluster.touch(&name(pod), "/tmp/go");
        });
        let state = home.run(&["tasks", "state", "pods", "r1", "three"]).ok().out;
        (state.trim() == "success").then_some(())
    });
    let run = home.wait("pods", "r1");
    run.expect(&[("three", "success"), ("raises", "failed")]);
    let cause = run.task("raises", -1)["cause"].clone();
    let expected = "progress_callback of callbacks=: LookupError: not this line";
    assert_eq!((&cause["summary"], &cause["exception"]), (&json!(expected), &json!("LookupError")), "{cause:#}");
    home.until("all pods were told of", || (said().matches("cleanup").count() == 3).then_some(()));
    let three: Vec<String> = pods().iter().filter(|pod| pod["task_id"] == "three").map(name).collect();
    let mut expected: Vec<String> = vec!["client raises".into(), "client three".into()];
    for pod in &three {
        expected.extend([format!("cleanup {pod} Succeeded"), format!("here base {pod} True")]);
    }
    let mut noted: Vec<String> = said().lines().filter(|line| !line.starts_with("raise ")).map(String::from).collect();
    noted.sort();
    expected.sort();
    assert_eq!((three.len(), noted), (3, expected));
    let lines = log(&home, "r1", "three", 1);
    assert_eq!(lines.iter().filter(|line| *line == "base says here").count(), 3, "{lines:#?}");
    let unknown = |line: &&String| line.starts_with("container nobody whose logs were requested not found in the pod ");
    assert_eq!(lines.iter().filter(unknown).count(), 1, "{lines:#?}");
    home.until("what was raised at last is only logged", || {
        let late = "on_pod_cleanup of callbacks=: LookupError: too late to matter";
        (log(&home, "r1", "three", 1).iter().filter(|line| line.contains(late)).count() == 3).then_some(())
    });
    // What was said about the job is kept, and what its pods used counts for the task.
    let job = run.xcom("three", -1, "job_name").as_str().unwrap();
    let events = home.run(&["pods", "events", job, "-o", "json"]).ok().json();
    let reasons: Vec<&str> = events.as_array().unwrap().iter().filter_map(|e| e["reason"].as_str()).collect();
    assert!(["SuccessfulCreate", "FailedCreate"].iter().all(|r| reasons.contains(r)), "{reasons:?}");
    let usage = home.run(&["tasks", "usage", "pods", "three", "-o", "json"]).ok().json();
    let summary = usage[0]["summary"].as_str().unwrap();
    assert!(summary.starts_with("memory: asked 16Mi, peak 8Mi; cpu: asked nothing, peak 0.25; over "), "{usage:#}");
    super::until_empty(&cluster, &home);
}
