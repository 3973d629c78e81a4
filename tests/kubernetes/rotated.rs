//! A kubelet that has rotated a container's output before anybody could copy a line of it, or the rest of it.

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
fn what_was_rotated_away_before_it_could_be_copied_is_marked() {
    if Node::named().is_none() {
        return eprintln!(
            "SKIPPED: a kubelet's rotation takes its time; it is waited for where {} is given",
            node::VARIABLE
        );
    }
    let Some(mut cluster) = Cluster::new("rotated") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    // Of one pod no output can be read until that is rotated, of the other all but what comes after its first line.
    let (is_readable, is_begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (readable, begun) = (is_readable.clone(), is_begun.clone());
    proxy.judge(move |asked: &Asked| {
        let may = readable.load(Ordering::SeqCst) || (asked.path.contains("/rest-") && !begun.load(Ordering::SeqCst));
        match asked.is_log() && !may {
            true => Deed::Say(503, "ServiceUnavailable"),
            false => Deed::Pass,
        }
    });
    // More than the 10 MiB that a kubelet keeps in one file, then a line now and then. A rotation in a container's first seconds
    // can't be told from a program that is silent at first.
    let script = "echo early; sleep 9; seq 300000; until [ -e /tmp/go ]; do echo late; sleep 0.5; done";
    let rest =
        "echo early; until [ -e /tmp/on ]; do sleep 0.2; done; seq 300000; until [ -e /tmp/go ]; do sleep 0.5; done";
    let home = super::home(&cluster, &format!("pod('all', '{script}')\npod('rest', '{rest}')"));
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let runs = |task: &str| {
        home.until("its container runs", || {
            let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
            let pod = pods.as_array()?.iter().find(|pod| pod["task_id"] == task && pod["state"] == "Running")?;
            pod["name"].as_str().map(str::to_string)
        })
    };
    let (all, rest) = (runs("all"), runs("rest"));
    let log = |task: &str| super::log(&home, "r", task, 1);
    home.until("its first line is copied", || log("rest").iter().any(|line| line == "[base] early").then_some(()));
    is_begun.store(true, Ordering::SeqCst);
    proxy.cut(Asked::is_log);
    assert!(cluster.touch(&rest, "/tmp/on"));
    let began = Instant::now();
    // The newest file of the one has its late lines, that of the other nothing.
    while cluster.first_line(&all).is_none_or(|line| line == "early") || cluster.first_line(&rest).is_some() {
        if began.elapsed() > PATIENCE {
            return eprintln!("SKIPPED: this cluster's kubelet hasn't rotated 15 MB of output in {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    is_readable.store(true, Ordering::SeqCst);
    home.until("a line is copied", || log("all").iter().any(|line| line == "[base] late").then_some(()));
    assert!(cluster.touch(&all, "/tmp/go") && cluster.touch(&rest, "/tmp/go"));
    assert_eq!(home.wait("pods", "r").state(), "success");
    let marks = |task: &str| log(task).into_iter().filter(|line| line.contains("may be missing")).collect::<Vec<_>>();
    assert_eq!(marks("rest"), ["[base] lines may be missing here: the output was rotated away meanwhile"]);
    let wanted = "[base] lines may be missing here: the output may have been rotated away before";
    assert_eq!(marks("all"), [wanted]);
    let lines = log("all");
    let of_pod = lines.iter().position(|line| line.starts_with("[base] ") && !line.contains("may be missing"));
    assert!(lines.iter().position(|line| line == wanted) < of_pod, "the mark stands before the first line");
    super::until_empty(&cluster, &home);
}
