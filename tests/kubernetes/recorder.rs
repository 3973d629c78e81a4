//! What is recorded of pods: what they used, why they wait, what differs from the last success, how often they had to be made
//! again; and what is shown where a right or an API is missing.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use serde_json::{Value, json};

use super::{Cluster, dag_file, facade, home};
use crate::support::Home;

/// The newest pod of a task.
fn pod(home: &Home, dag: &str, task: &str) -> Option<Value> {
    let pods = home.run(&["pods", "list", dag, "--all", "-o", "json"]).ok().json();
    pods.as_array()?.iter().find(|pod| pod["task_id"] == task).cloned()
}

fn shown(home: &Home, name: &Value) -> Value {
    home.run(&["pods", "show", name.as_str().unwrap(), "-o", "json"]).ok().json()
}

/// A scheduler that reaches the cluster through a facade.
pub fn start_behind(cluster: &Cluster, home: &Home, kubeconfig: &str) {
    let extra = json!({"namespace": cluster.namespace, "kube_config": kubeconfig});
    let connection = json!({"conn_type": "kubernetes", "extra": extra}).to_string();
    home.start_with(&[
        ("AIRFLOW_CONN_KUBERNETES_DEFAULT", &connection),
        ("AIRFLOW__KUBERNETES_EXECUTOR__METRICS_INTERVAL", "1"),
    ]);
}

const GI: i64 = 1 << 30;

#[test]
fn what_a_pod_used_is_kept_and_named_when_its_memory_is_used_up() {
    let Some(cluster) = Cluster::new("usage") else { return };
    // The first answer is the highest, and later ones come with later times.
    let asked = Arc::new(AtomicI64::new(0));
    let (count, namespace) = (asked.clone(), cluster.namespace.clone());
    let running = cluster.pods_running();
    let script = move |path: &str| {
        if !path.starts_with("/apis/metrics.k8s.io/") {
            return None;
        }
        assert!(path.starts_with(&format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods?")), "{path}");
        let names = running();
        let n = count.fetch_add(i64::from(!names.is_empty()), Ordering::SeqCst);
        let memory = if n == 0 { 31 * GI } else { 2 * GI };
        let items: Vec<Value> = names
            .into_iter()
            .map(|name| {
                json!({"metadata": {"name": name}, "timestamp": jiff::Timestamp::now().to_string(), "window": "15s",
                    "containers": [{"name": "base", "usage": {"cpu": "250m", "memory": memory.to_string()}}]})
            })
            .collect();
        Some((200, json!({"kind": "PodMetricsList", "items": items})))
    };
    let kubeconfig = facade::start(Path::new(&cluster.kubeconfig()), Arc::new(script));
    // The file is the sign to use up the memory.
    let hungry = "until [ -e /tmp/eat ]; do sleep 0.2; done; tail /dev/zero";
    let tasks = format!(
        "pod(\"eats\", \"{hungry}\", container_resources={{'requests': {{'memory': '16Mi'}}, 'limits': {{'memory': '32Mi'}}}})"
    );
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, &tasks))]);
    start_behind(&cluster, &home, &kubeconfig);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let used = |pod: &Value| shown(&home, &pod["name"])["containers"][0]["usage"].clone();
    let sampled = home.until("three samples", || {
        pod(&home, "pods", "eats").filter(|pod| used(pod)["samples"].as_i64().is_some_and(|n| n >= 3))
    });
    let name = sampled["name"].as_str().unwrap();
    assert!(cluster.touch(name, "/tmp/eat"));
    let run = home.wait("pods", "r1");
    let cause = run.task("eats", -1)["cause"].clone();
    assert_eq!(cause["kind"], "oom_killed", "{cause}");
    let summary = cause["summary"].as_str().unwrap();
    assert!(summary.ends_with("more memory than its limit of 32Mi; last known use 2Gi, highest 31Gi"), "{summary}");
    super::until_empty(&cluster, &home);
    // It is all there when the pod is gone.
    let gone = shown(&home, &sampled["name"]);
    assert_eq!((gone["state"].as_str(), gone["containers"][0]["reason"].as_str()), (Some("gone"), Some("OOMKilled")));
    let usage = &gone["containers"][0]["usage"];
    assert_eq!((usage["memory"]["peak"].as_f64(), usage["cpu"]["mean"].as_f64()), (Some((31 * GI) as f64), Some(0.25)));
    let names: Vec<&str> = gone["phases"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    for phase in ["created", "scheduled", "pulled", "started", "ended"] {
        assert!(names.contains(&phase), "{names:?}");
    }
    let rows = home.run(&["tasks", "usage", "pods", "eats", "-o", "json"]).ok().json();
    assert_eq!(
        rows[0]["summary"], "memory: asked 16Mi, peak 31Gi; cpu: asked nothing, peak 0.25; over 1 pod",
        "{rows:#}"
    );
    assert!(home.run(&["tasks", "usage", "pods", "other"]).err.contains("has had no pod"));
    // One request for all pods each time, whatever else was asked.
    let health = home.run(&["pods", "health", "-o", "json"]).ok().json();
    let metrics = health["watched"].as_array().unwrap().iter().find(|row| row["what"] == "metrics").cloned();
    assert_eq!(metrics.unwrap()["state"], "ok", "{health:#}");
    assert!(health["requests"][0]["requests"].as_i64().unwrap() >= asked.load(Ordering::SeqCst), "{health:#}");
    // What is known of a pod goes with its run.
    home.run(&["runs", "delete", "pods", "r1", "-y"]).ok();
    assert!(home.run(&["pods", "show", name]).err.contains("there is no pod"));
    let rows = home.run(&["tasks", "usage", "pods", "-o", "json"]).ok().json();
    assert_eq!(rows, json!([]));
}

const WAITING: &str = r#"
gpu = {"limits": {"nvidia.com/gpu": "4"}}
def volume(**kind):
    return {"volumes": [{"name": "v", **kind}], "volume_mounts": [{"name": "v", "mountPath": "/v"}]}
pod("gpu", "true", container_resources=gpu, schedule_timeout_seconds=600)
pod("selector", "true", node_selector={"no": "such-node"}, schedule_timeout_seconds=600)
pod("no_claim", "true", schedule_timeout_seconds=600, **volume(persistentVolumeClaim={"claimName": "missing"}))
pod("config", "true", startup_timeout_seconds=600, **volume(configMap={"name": "settings"}))
pod("variable", "true", startup_timeout_seconds=600, configmaps=["nothing"])
"#;

#[test]
fn a_pod_that_waits_says_why_in_a_line() {
    let Some(cluster) = Cluster::new("waits") else { return };
    // Nodes with GPUs, one of them cordoned; for the others this account lacks the right.
    let hides = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let hidden = hides.clone();
    let script = move |path: &str| {
        if path.starts_with("/api/v1/nodes") && hidden.load(Ordering::SeqCst) {
            let text = "nodes is forbidden: User \"x\" cannot list resource \"nodes\"";
            return Some((
                403,
                json!({"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": text}),
            ));
        }
        if path.starts_with("/api/v1/nodes") {
            let node = |name: &str, n: &str, cordoned: bool| {
                json!({"metadata": {"name": name}, "spec": {"unschedulable": cordoned},
                "status": {"allocatable": {"nvidia.com/gpu": n}}})
            };
            return Some((200, json!({"items": [node("a", "8", false), node("b", "2", false), node("c", "8", true)]})));
        }
        if path.starts_with("/api/v1/pods?") {
            let pod = json!({"spec": {"nodeName": "a", "containers": [{"name": "x", "resources": {"limits": {"nvidia.com/gpu": "5"}}}]}});
            return Some((200, json!({"items": [pod]})));
        }
        None
    };
    let kubeconfig = facade::start(Path::new(&cluster.kubeconfig()), Arc::new(script));
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, WAITING))]);
    start_behind(&cluster, &home, &kubeconfig);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let says = |task: &str, words: &[&str]| {
        home.until(&format!("{task}: {words:?}"), || {
            let why = pod(&home, "pods", task)?["why"].as_str()?.to_string();
            words.iter().all(|word| why.contains(word)).then_some(why)
        })
    };
    says("gpu", &["insufficient nvidia.com/gpu", "what is free isn't known: this account may not list nodes"]);
    let health = home.run(&["pods", "health", "-o", "json"]).ok().json();
    let nodes = health["watched"].as_array().unwrap().iter().find(|row| row["what"] == "nodes").cloned().unwrap();
    assert_eq!(nodes["state"], "forbidden", "{health:#}");
    says("selector", &["not scheduled: 0/", "don't match its node selector or affinity"]);
    says("no_claim", &["claim missing: it doesn't exist"]);
    says("config", &["FailedMount: configmap \"settings\" not found (volume v)"]);
    says("variable", &["CreateContainerConfigError: configmap \"nothing\" not found"]);
    hides.store(false, Ordering::SeqCst);
    let why = says("gpu", &["nvidia.com/gpu: 4 asked for, 5 of 10 free, at most 3 on one node (a)"]);
    // The same line where one asks for the task.
    let explained = home.run(&["tasks", "explain", "pods", "r1", "gpu", "-o", "json"]).ok().json();
    assert_eq!(explained["blockers"][0]["kind"], "pod", "{explained:#}");
    assert!(explained["blockers"][0]["reason"].as_str().unwrap().ends_with(&why), "{explained:#}");
    home.run(&["runs", "set-state", "pods", "r1", "failed", "-y"]).ok();
    super::until_empty(&cluster, &home);
    // It waits for nothing any more; what ended its task is why it is gone.
    assert_eq!(pod(&home, "pods", "gpu").unwrap()["why"], "marked failed by hand");
}

#[test]
fn the_pod_of_a_failure_is_compared_with_that_of_the_last_success() {
    let Some(cluster) = Cluster::new("differs") else { return };
    let home = home(
        &cluster,
        "pod(\"t\", \"exit $CODE\", env_vars={\"CODE\": \"{{ dag_run.conf.code }}\", \"TOKEN\": \"x{{ dag_run.conf.code }}\"})",
    );
    home.trigger("pods", "r1", &json!({"code": 0})).expect(&[("t", "success")]);
    home.trigger("pods", "r2", &json!({"code": 3})).expect(&[("t", "failed")]);
    let newest = pod(&home, "pods", "t").unwrap();
    let differs = home.run(&["pods", "show", newest["name"].as_str().unwrap(), "--diff", "-o", "json"]).ok().json();
    assert_eq!(differs["dag_run_id"], "r1", "{differs:#}");
    let changes = json!([
        {"path": "spec.containers[base].env[CODE]", "before": "0", "after": "3"},
        {"path": "spec.containers[base].env[TOKEN]", "before": "***", "after": "***"},
    ]);
    assert_eq!(differs["changes"], changes);
    let whole = home.run(&["pods", "show", newest["name"].as_str().unwrap(), "-o", "json"]).ok().out;
    assert!(!whole.contains("\"x3\""), "{whole}");
}

#[test]
fn a_worker_that_could_not_start_is_made_again_without_a_try_and_counted() {
    let Some(cluster) = Cluster::new("launches") else { return };
    let file = r#"
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from kubernetes.client import models as k8s
BAD = {"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="No Image")]))}
with DAG("starts", schedule=None, is_paused_upon_creation=False):
    BashOperator(task_id="t", bash_command="true", executor_config=BAD)
"#;
    let home = Home::with_files(&[("starts.py", file)]);
    let variables = [("AIRFLOW__KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_RETRIES", "2")];
    super::workers::start(&cluster, &home, &variables);
    home.run(&["dags", "trigger", "starts", "-r", "r"]).ok();
    home.until("it is made again", || {
        let pods = home.run(&["pods", "list", "starts", "--all", "-o", "json"]).ok().json();
        (pods.as_array()?.len() > 1).then_some(())
    });
    // How often that was is stored: another scheduler goes on counting.
    home.kill_scheduler();
    super::workers::start(&cluster, &home, &variables);
    let run = home.wait("starts", "r");
    let task = run.task("t", -1);
    assert_eq!((task["state"].as_str(), task["try_number"].as_i64()), (Some("failed"), Some(1)), "{task:#}");
    assert_eq!(task["cause"]["kind"], "image");
    let told = run.0["events"].as_array().unwrap().iter().filter(|e| e["kind"] == "pod");
    let told: Vec<&str> = told.filter_map(|e| e["text"].as_str()).collect();
    assert!(told.len() == 2 && told[1].ends_with("made again without using a try, 2 of 2"), "{told:#?}");
    let pods = home.run(&["pods", "list", "starts", "--all", "-o", "json"]).ok().json();
    let counted: Vec<Value> =
        pods.as_array().unwrap().iter().map(|pod| shown(&home, &pod["name"])["failed_launches"].clone()).collect();
    assert_eq!(counted, [json!(2), json!(1), json!(0)], "{pods:#}");
}
