//! A scheduler whose kubeconfig can't be used: what it says of the cluster, of its pods, and of their tasks.

use std::path::Path;

use serde_json::{Value, json};

use super::Cluster;
use crate::support::Home;

/// The health of the pods' watch, once it is so.
fn health(home: &Home, state: &str) -> Value {
    let last = std::cell::RefCell::new(Value::Null);
    let what = || format!("the pods of a cluster are {state}, but {}", last.borrow());
    home.until_or(what, || {
        let health = home.run(&["pods", "health", "-o", "json"]).ok().json();
        let found = health["watched"].as_array()?.iter().find(|row| row["what"] == "pods" && row["state"] == state);
        last.replace(health.clone());
        found.cloned()
    })
}

fn start(home: &Home, kubeconfig: &Path) {
    let connection = json!({"conn_type": "kubernetes", "extra": {"kube_config_path": kubeconfig, "namespace": "n"}});
    home.start_with(&[("AIRFLOW_CONN_KUBERNETES_DEFAULT", &connection.to_string())]);
}

#[test]
fn a_pod_that_needs_a_cluster_that_cannot_be_used_makes_that_known() {
    let file = r#"
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

with DAG("pods", schedule=None, is_paused_upon_creation=False):
    KubernetesPodOperator(task_id="t", name="t", image="i")
"#;
    let home = Home::with_files(&[("pods.py", file)]);
    let path = home.path().join("nowhere.yaml");
    start(&home, &path);
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let row = health(&home, "away");
    let message = row["message"].as_str().unwrap();
    let quoted = format!("failed to read kubeconfig from '{}'", path.display());
    assert!(message.starts_with("cannot use the cluster ") && message.contains(&quoted), "{row:#}");
    assert_eq!(row["namespace"], "n", "{row:#}");
    // The list says why its pod was never made.
    home.wait("pods", "r");
    let pods = home.run(&["pods", "list", "--all", "-o", "json"]).ok().json();
    assert!(pods[0]["why"].as_str().is_some_and(|why| why.contains(&quoted)), "{pods:#}");
    // It is looked at again by itself: another fault is another sentence.
    std::fs::write(&path, "[").unwrap();
    home.until("what is wrong now is said", || {
        let message = health(&home, "away")["message"].as_str()?.to_string();
        (!message.contains("failed to read")).then_some(())
    });
}

#[test]
fn a_pod_that_cannot_be_followed_says_so_until_its_cluster_can_be_used_again() {
    let Some(cluster) = Cluster::new("unusable") else { return };
    let home = super::home(&cluster, "pod('t', 'echo began; sleep 1000')");
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let pod = |what: &str, is_so: &dyn Fn(&Value) -> bool| {
        home.until(what, || {
            let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
            Some(pods[0].clone()).filter(|pod| is_so(pod))
        })
    };
    pod("it runs", &|pod| pod["phase"] == "Running");
    home.kill_scheduler();
    start(&home, &home.path().join("nowhere.yaml"));
    health(&home, "away");
    let said = |pod: &Value| pod["why"].as_str().is_some_and(|why| why.contains("failed to read kubeconfig"));
    pod("it says that nobody follows it", &said);
    let why = home.run(&["tasks", "explain", "pods", "r", "t"]).ok().out;
    assert!(why.contains("cannot use the cluster"), "{why}");
    home.kill_scheduler();
    super::start(&cluster, &home);
    pod("it is followed again", &|pod| pod["why"].is_null() && pod["phase"] == "Running");
    // Somebody deletes it: the list says so of the pod that is gone.
    let name = cluster.left().pop().unwrap();
    assert!(cluster.delete(&name));
    home.wait("pods", "r");
    let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
    assert!(pods[0]["why"].as_str().is_some_and(|why| why.contains("deleted")), "{pods:#}");
}
