//! Who ended a pod, in the words of a real cluster: its scheduler, for a pod of higher priority; its namespace's deletion; a drain,
//! once its disruption budget lets it; a job's own deadline.

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

#[test]
fn a_pod_that_a_drain_evicted_says_so_and_one_that_its_budget_protects_goes_on() {
    let Some(cluster) = Cluster::new("drained") else { return };
    let budget = |least: u32| json!({"metadata": {"name": "all"}, "spec": {"minAvailable": least, "selector": {"matchLabels": {"task_id": "t"}}}});
    cluster.make("apis/policy/v1", "poddisruptionbudgets", &budget(1));
    let job = r#"KubernetesJobOperator(task_id="late", name="late", image="IMAGE", cmds=["sleep", "1000"],
    wait_until_job_complete=True, active_deadline_seconds=4, termination_grace_period=1, backoff_limit=0)"#;
    let tasks = format!(
        "from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator\n\
         pod('t', 'sleep 1000', retries=0)\n{}",
        job.replace("IMAGE", &cluster.image())
    );
    let home = super::home(&cluster, &tasks);
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let pod = home.until("its container runs", || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        let pod = pods.as_array()?.iter().find(|pod| pod["task_id"] == "t" && pod["state"] == "Running")?;
        pod["name"].as_str().map(str::to_string)
    });
    let path = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets/all", cluster.namespace);
    let allowed = |pods: u64| {
        let status = cluster.object(&path)?["status"].take();
        (status["expectedPods"] == 1 && status["disruptionsAllowed"] == pods).then_some(())
    };
    home.until("the budget protects it", || allowed(0));
    std::thread::scope(|scope| {
        // It is refused, and asked for again, as `kubectl drain` does.
        let evicted = scope.spawn(|| cluster.evict(&pod));
        home.until("the job has ended", || {
            (home.show("pods", "r").task("late", -1)["state"] == "failed").then_some(())
        });
        assert_eq!(home.show("pods", "r").task("t", -1)["state"], "running");
        cluster.send("PATCH", &path, "application/merge-patch+json", &budget(0));
        assert!(evicted.join().unwrap());
    });
    let run = home.wait("pods", "r");
    let cause = &run.task("t", -1)["cause"];
    assert_eq!(cause["kind"], "evicted", "{run:#?}");
    let wanted = "the pod was evicted through the eviction API (a drained node, an autoscaler, a person) (EvictionByEvictionAPI): ";
    assert!(cause["summary"].as_str().unwrap().starts_with(wanted), "{cause:#}");
    // The job's controller ends its pods itself: that is no deletion by somebody.
    let cause = &run.task("late", -1)["cause"];
    assert_eq!(cause["kind"], "timeout", "{cause:#}");
    let summary = cause["summary"].as_str().unwrap();
    assert!(summary.contains(" is failed with error 'DeadlineExceeded'"), "{summary}");
}
