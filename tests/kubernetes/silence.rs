//! What doesn't answer for a while: an API server that hangs, which breaks no stream; a node.

use serde_json::json;

use super::{
    Cluster,
    faults::node::{self, Node},
    proxy::Proxy,
};
use crate::support::Home;

/// Longer than the pod may take to be scheduled.
const HANG: std::time::Duration = std::time::Duration::from_secs(16);

#[test]
fn the_start_clocks_stand_still_while_the_api_server_hangs() {
    let Some(mut cluster) = Cluster::new("hang") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    let tasks = r#"pod("gated", "true", schedule_timeout_seconds=12, pod_template_dict={"apiVersion": "v1", "kind": "Pod",
    "spec": {"schedulingGates": [{"name": "dagdeck.test/gate"}], "containers": [{"name": "base", "image": "any"}]}})"#;
    let home: Home = super::home(&cluster, tasks);
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let pod = home.until("the pod waits", || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        let pod = pods.as_array()?.iter().find(|pod| pod["state"] == "Pending")?;
        Some(pod["name"].as_str()?.to_string())
    });
    proxy.hang(true);
    // Meanwhile it may run: nobody here sees that.
    let path = format!("/api/v1/namespaces/{}/pods/{pod}", cluster.namespace);
    let gates = json!({"spec": {"schedulingGates": []}});
    cluster.send("PATCH", &path, "application/merge-patch+json", &gates);
    std::thread::sleep(HANG);
    proxy.hang(false);
    let run = home.wait("pods", "r");
    assert_eq!(run.state(), "success", "{run:#?}");
    super::until_empty(&cluster, &home);
}

/// A kubelet that is stopped, until this is dropped.
struct Stopped<'a>(&'a Node);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.stop_kubelet(false);
    }
}

#[test]
fn a_pod_on_a_silent_node_is_given_up_by_a_person_and_by_nobody_else() {
    let Some(machine) = Node::named() else {
        return eprintln!(
            "SKIPPED: a silent node needs {}, a folder with the pids of the node's programs",
            node::VARIABLE
        );
    };
    let Some(cluster) = Cluster::new("silent") else { return };
    let script = "echo begins; [ {{ ti.try_number }} = 2 ] || sleep 30; echo ends";
    let home = super::home(&cluster, &format!("pod(\"t\", \"{script}\", retries=1, retry_delay=1)"));
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let list = || home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
    let pod = home.until("it has said something", || {
        let has_begun = super::log(&home, "r", "t", 1).contains(&"[base] begins".to_string());
        list().as_array()?.first().filter(|_| has_begun)?["name"].as_str().map(str::to_string)
    });
    let alone = Node::alone();
    machine.stop_kubelet(true);
    let stopped = Stopped(&machine);
    // It takes the cluster 50 s to notice.
    let is_said = |text: &str| text.contains("doesn't answer: nobody can tell whether its containers still run");
    home.until("the wait and its reason are shown", || is_said(&list().to_string()).then_some(()));
    assert!(is_said(&home.run(&["tasks", "explain", "pods", "r", "t"]).ok().out));
    let path = format!("/api/v1/namespaces/{}/pods/{pod}", cluster.namespace);
    let object = cluster.object(&path).unwrap();
    assert!(object["metadata"]["deletionTimestamp"].is_null(), "nothing deletes it by itself: {object:#}");
    home.run(&["pods", "cleanup", &pod, "--force", "-y"]).ok();
    let first = home.until("the task goes on", || {
        let run = home.show("pods", "r");
        let tries = run.0["tries"].as_array()?;
        tries.iter().find(|row| row["try_number"] == 1 && row["cause"].is_object()).cloned()
    });
    assert_eq!(first["cause"]["kind"], "node_lost", "{first:#}");
    let words = "a person gave the pod up: its containers may still run; its node didn't answer";
    assert_eq!(first["cause"]["summary"], words);
    drop(stopped);
    drop(alone);
    let run = home.wait("pods", "r");
    assert_eq!((run.state(), &run.task("t", -1)["try_number"]), ("success", &json!(2)), "{run:#?}");
    // What the first pod still did counts for nothing.
    assert!(!super::log(&home, "r", "t", 1).contains(&"[base] ends".to_string()));
    super::until_empty(&cluster, &home);
}
