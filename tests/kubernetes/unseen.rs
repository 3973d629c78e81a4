//! What somebody deletes while nobody of ours looks: code that a pod waits for, and a pod that its scheduler couldn't note any more.

use serde_json::json;

use super::{
    Cluster, log,
    proxy::{Asked, Deed, Proxy},
    workers,
};
use crate::support::Home;

const FILE: &str = r#"
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def says():
    @task
    def word():
        return "here"
    word()

says()
"#;

#[test]
fn code_that_someone_deleted_is_made_again_for_pods_that_wait_for_it() {
    let Some(mut cluster) = Cluster::new("nocode") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    let home = Home::with_files(&[("says.py", FILE)]);
    workers::start(&cluster, &home, &[]);
    // Just before its pod is created, its code goes.
    let delete_code = |blind: bool| {
        let forget = cluster.forget_code();
        proxy.judge(move |asked: &Asked| {
            if asked.method == "POST" && asked.path.split('?').next().is_some_and(|path| path.ends_with("/pods")) {
                forget();
            }
            match blind && asked.path.contains("/events") {
                true => Deed::Say(403, "Forbidden"),
                false => Deed::Pass,
            }
        });
    };
    delete_code(false);
    let run = home.trigger("says", "told", &json!({}));
    assert_eq!((run.state(), run.returned("word", -1)), ("success", &json!("here")), "{run:#?}");
    let lines = super::log_of(&home, "says", "told", "word", 1);
    let is_said = |line: &&String| line.starts_with("someone deleted") && line.ends_with("made again");
    assert_eq!(lines.iter().filter(is_said).count(), 1, "{lines:#?}");
    // A later scheduler, which may not read events.
    delete_code(true);
    proxy.cut(Asked::is_watch);
    home.run(&["dags", "trigger", "says", "-r", "asked"]).ok();
    home.until("its pod is there", || {
        let pods = home.run(&["pods", "list", "says", "-o", "json"]).ok().json();
        pods.as_array()?.iter().find(|pod| pod["dag_run_id"] == "asked" && pod["stage"] == "created").map(|_| ())
    });
    home.kill_scheduler();
    workers::start(&cluster, &home, &[]);
    let run = home.wait("says", "asked");
    assert_eq!((run.state(), run.returned("word", -1)), ("success", &json!("here")), "{run:#?}");
    super::until_empty(&cluster, &home);
}

/// Nobody hears of a pod's creation.
fn unheard() -> impl FnMut(&Asked) -> Deed + Send {
    let mut is_created = false;
    move |asked| match asked.method.as_str() {
        "POST" => {
            is_created = true;
            Deed::Lose
        }
        _ if is_created => Deed::Say(503, "ServiceUnavailable"),
        _ => Deed::Pass,
    }
}

#[test]
fn a_pod_that_was_made_and_is_gone_is_not_made_again_within_its_try() {
    let Some(mut cluster) = Cluster::new("unseen") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    let script = "[ {{ ti.try_number }} = 2 ] || sleep 1000";
    let home = super::home(&cluster, &format!("pod(\"t\", \"{script}\", retries=1, retry_delay=timedelta(seconds=1))"));
    let lose_pod = |run: &str| {
        proxy.judge(unheard());
        home.run(&["dags", "trigger", "pods", "-r", run]).ok();
        let events = format!("/api/v1/namespaces/{}/events?fieldSelector=involvedObject.name=", cluster.namespace);
        let pod = home.until("the cluster has said something of its pod", || {
            let pod = cluster.left().pop()?;
            let said = cluster.object(&format!("{events}{pod}"))?;
            (!said["items"].as_array()?.is_empty()).then_some(pod)
        });
        home.kill_scheduler();
        let row = &home.run(&["pods", "list", "pods", "-o", "json"]).ok().json()[0];
        assert_eq!((row["stage"].as_str(), row["name"].as_str()), (Some("wanted"), Some(pod.as_str())), "{row:#}");
        assert!(cluster.delete(&pod));
        cluster.await_gone(&pod);
        pod
    };
    lose_pod("told");
    proxy.judge(|_| Deed::Pass);
    super::start(&cluster, &home);
    let run = home.wait("pods", "told");
    assert_eq!((run.state(), &run.task("t", -1)["try_number"]), ("success", &json!(2)), "{run:#?}");
    let first = run.0["tries"].as_array().unwrap().iter().find(|row| row["cause"].is_object()).unwrap();
    assert_eq!(first["cause"]["kind"], "pod_deleted", "{first:#}");
    let lines = log(&home, "told", "t", 1);
    assert!(
        lines.iter().any(|line| line.ends_with("was created by a scheduler that was killed, and is gone")),
        "{lines:#?}"
    );
    // Where events may not be read, nobody can know; that is said.
    let pod = lose_pod("unknown");
    proxy.judge(|asked| match asked.path.contains("/events") {
        true => Deed::Say(403, "Forbidden"),
        false => Deed::Pass,
    });
    super::start(&cluster, &home);
    home.until("it is made again", || cluster.left().contains(&pod).then_some(()));
    let said = format!("whether an earlier scheduler made pod {pod}, which is gone, isn't known");
    assert!(log(&home, "unknown", "t", 1).iter().any(|line| line.starts_with(&said)));
    home.run(&["runs", "set-state", "pods", "unknown", "failed", "-y"]).ok();
    super::until_empty(&cluster, &home);
}
