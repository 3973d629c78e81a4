//! What doesn't answer for a while: an API server that hangs, which breaks no stream.

use serde_json::json;

use super::{Cluster, proxy::Proxy};
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
