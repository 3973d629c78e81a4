//! Who ended a pod, in the words of a real cluster: its scheduler, for a pod of higher priority; its namespace's deletion.

use serde_json::{Value, json};

use super::Cluster;

/// A class of priority and a resource of the node, which only this test knows; both are gone after it.
struct Priority<'a> {
    cluster: &'a Cluster,
    class: String,
    resource: String,
}

impl<'a> Priority<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let (class, resource) = (format!("{}-high", cluster.namespace), format!("dagdeck.test/{}", cluster.namespace));
        let body = json!({"metadata": {"name": class}, "value": 1000});
        cluster.send("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", "application/json", &body);
        let priority = Self { cluster, class, resource };
        priority.offer(&json!("1"));
        priority
    }

    /// The node has so much of the resource.
    fn offer(&self, amount: &Value) {
        let path = format!("/api/v1/nodes/{}/status", self.cluster.node());
        let status = json!({"capacity": {&self.resource: amount}, "allocatable": {&self.resource: amount}});
        self.cluster.send("PATCH", &path, "application/merge-patch+json", &json!({"status": status}));
    }

    /// A pod of high priority that needs all of it.
    fn intrude(&self) {
        let needs = json!({&self.resource: "1"});
        self.cluster.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intruder"}, "spec": {
            "restartPolicy": "Never", "priorityClassName": self.class, "containers": [{"name": "base",
                "image": self.cluster.image(), "command": ["true"], "resources": {"limits": needs, "requests": needs}}]}}));
    }
}

impl Drop for Priority<'_> {
    fn drop(&mut self) {
        self.cluster.remove(&format!("/apis/scheduling.k8s.io/v1/priorityclasses/{}", self.class));
        self.offer(&Value::Null);
    }
}

#[test]
fn a_pod_that_the_clusters_scheduler_took_away_says_so() {
    let Some(cluster) = Cluster::new("preempted") else { return };
    let priority = Priority::new(&cluster);
    let tasks = format!(
        r#"pod("low", "sleep 1000", container_resources={{"limits": {{"{0}": 1}}, "requests": {{"{0}": 1}}}})"#,
        priority.resource
    );
    let home = super::home(&cluster, &tasks);
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    home.until("its container runs", || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        pods.as_array()?.iter().find(|pod| pod["state"] == "Running").map(|_| ())
    });
    priority.intrude();
    let run = home.wait("pods", "r");
    let cause = &run.task("low", -1)["cause"];
    assert_eq!(cause["kind"], "preempted", "{run:#?}");
    let summary = cause["summary"].as_str().unwrap();
    assert!(summary.contains("for a pod of higher priority (PreemptionByScheduler): Preempted by pod "), "{summary}");
}

#[test]
fn a_pod_that_went_with_its_namespace_says_so() {
    let Some(cluster) = Cluster::new("going") else { return };
    let home = super::home(&cluster, r#"pod("t", "sleep 1000")"#);
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    home.until("its container runs", || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        pods.as_array()?.iter().find(|pod| pod["state"] == "Running").map(|_| ())
    });
    cluster.remove(&format!("/api/v1/namespaces/{}", cluster.namespace));
    let run = home.wait("pods", "r");
    let cause = &run.task("t", -1)["cause"];
    let wanted = format!("the pod was deleted with its namespace {}, which someone deletes", cluster.namespace);
    assert_eq!((&cause["kind"], &cause["summary"]), (&json!("pod_deleted"), &json!(wanted)));
}
