//! A kubelet that has rotated a container's output before anybody could copy a line of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    Cluster,
    faults::node::{self, Node},
    proxy::{Asked, Deed, Proxy},
};

/// Kubelets look for output to rotate every ten seconds; one that doesn't for so long keeps larger files than usual.
const PATIENCE: Duration = Duration::from_secs(40);

#[test]
fn what_was_rotated_away_before_the_first_line_was_copied_is_marked() {
    if Node::named().is_none() {
        return eprintln!(
            "SKIPPED: a kubelet's rotation takes its time; it is waited for where {} is given",
            node::VARIABLE
        );
    }
    let Some(mut cluster) = Cluster::new("rotated") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    let is_readable = Arc::new(AtomicBool::new(false));
    let readable = is_readable.clone();
    proxy.judge(move |asked: &Asked| match asked.is_log() && !readable.load(Ordering::SeqCst) {
        true => Deed::Say(503, "ServiceUnavailable"),
        false => Deed::Pass,
    });
    // More than the 10 MiB that a kubelet keeps in one file, then a line now and then. A rotation in a container's first seconds
    // can't be told from a program that is silent at first.
    let script = "echo early; sleep 9; seq 300000; until [ -e /tmp/go ]; do echo late; sleep 0.5; done";
    let home = super::home(&cluster, &format!("pod('t', '{script}')"));
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let pod = home.until("its container runs", || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        let pod = pods.as_array()?.iter().find(|pod| pod["state"] == "Running")?;
        pod["name"].as_str().map(str::to_string)
    });
    let began = Instant::now();
    while cluster.first_line(&pod).is_none_or(|line| line == "early") {
        if began.elapsed() > PATIENCE {
            return eprintln!("SKIPPED: this cluster's kubelet hasn't rotated 15 MB of output in {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    is_readable.store(true, Ordering::SeqCst);
    let log = || super::log(&home, "r", "t", 1);
    home.until("a line is copied", || log().iter().any(|line| line == "[base] late").then_some(()));
    assert!(cluster.touch(&pod, "/tmp/go"));
    assert_eq!(home.wait("pods", "r").state(), "success");
    let lines = log();
    let marks: Vec<&String> = lines.iter().filter(|line| line.contains("may be missing")).collect();
    let wanted = "[base] lines may be missing here: the output may have been rotated away before";
    assert_eq!(marks, [wanted]);
    let of_pod = lines.iter().position(|line| line.starts_with("[base] ") && !line.contains("may be missing"));
    assert!(lines.iter().position(|line| line == wanted) < of_pod, "the mark stands before the first line");
    super::until_empty(&cluster, &home);
}
