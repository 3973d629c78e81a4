//! What becomes of tasks whose pods end in one way or another: state, cause, result, log, and which pods are left.

use serde_json::{Value, json};

use super::{Cluster, home, log};

const TASKS: &str = r#"
pod("hello", "echo hello; echo ERROR: red; echo; echo end")
pod("by_file", "echo line; echo '{\"accuracy\": 0.95}' > /airflow/xcom/return.json", do_xcom_push=True)
pod("by_line", "echo line; echo '{\"auc\": 0.5}'", do_xcom_push=True)
pod("file_only", "echo '{\"auc\": 0.5}'", do_xcom_push=True, xcom_from="file")
pod("line_only", "echo 7", do_xcom_push=True, xcom_from="stdout")
pod("failed_with_result", "echo 5 > /airflow/xcom/return.json; exit 4", do_xcom_push=True)
pod("exits", "echo oops; printf 'last words' > /dev/termination-log; exit 3")
pod("skips", "exit 42", skip_on_exit_code=[41, 42])
pod("init", "true", init_containers=[{"name": "fetch", "image": "IMAGE", "command": ["sh", "-c", "echo in init; exit 7"]}],
    init_container_logs=True)
pod("too_long", "echo begun; sleep 100", execution_timeout=timedelta(seconds=4))
pod("no_namespace", "true", namespace="no-such-namespace")
pod("retried", "echo ValueError: row 12 is bad >&2; echo; exit 1", retries=1, retry_delay=timedelta(seconds=1))
pod("parked", "sleep 1; echo '[1, 2]' > /airflow/xcom/return.json", deferrable=True, do_xcom_push=True)
pod("kept", "true", on_finish_action="keep_pod")
"#;

#[test]
fn every_end_has_its_state_its_cause_and_its_result() {
    let Some(cluster) = Cluster::new("outcomes") else { return };
    let home = home(&cluster, &TASKS.replace("IMAGE", &cluster.image()));
    let run = home.trigger("pods", "r1", &json!({}));
    let found = |task: &str| {
        let row = run.task(task, -1);
        let kind = row["cause"]["kind"].as_str().unwrap_or("-").to_string();
        (row["state"].as_str().unwrap_or("?").to_string(), kind)
    };
    let expected = [
        ("hello", "success", "-", Value::Null),
        ("by_file", "success", "-", json!({"accuracy": 0.95})),
        ("by_line", "success", "-", json!({"auc": 0.5})),
        ("file_only", "success", "-", Value::Null),
        ("line_only", "success", "-", json!(7)),
        ("failed_with_result", "failed", "exit_code", json!(5)),
        ("exits", "failed", "exit_code", Value::Null),
        ("skips", "skipped", "skip", Value::Null),
        ("init", "failed", "init_container", Value::Null),
        ("too_long", "failed", "timeout", Value::Null),
        ("no_namespace", "failed", "admission", Value::Null),
        ("retried", "failed", "exit_code", Value::Null),
        ("parked", "success", "-", json!([1, 2])),
        ("kept", "success", "-", Value::Null),
    ];
    for (task, state, kind, returned) in expected {
        assert_eq!(found(task), (state.to_string(), kind.to_string()), "{task}: {:#}", run.task(task, -1));
        assert_eq!(run.returned(task, -1), &returned, "{task}");
    }
    assert_eq!(run.task("retried", -1)["try_number"], 2);
    assert_eq!(run.task("exits", -1)["cause"]["exit_code"], 3);
    let summary = run.task("exits", -1)["cause"]["summary"].as_str().unwrap();
    assert_eq!(summary, "container base exited with code 3: last words");
    let summary = run.task("retried", -1)["cause"]["summary"].as_str().unwrap();
    assert_eq!(summary, "container base exited with code 1: ValueError: row 12 is bad");
    let said = log(&home, "r1", "hello", 1);
    let said: Vec<&str> = said.iter().map(String::as_str).filter(|line| line.starts_with("[base]")).collect();
    assert_eq!(said, ["[base] hello", "[base] ERROR: red", "[base] ", "[base] end"]);
    assert!(log(&home, "r1", "init", 1).contains(&"[fetch] in init".to_string()));
    assert!(log(&home, "r1", "too_long", 1).contains(&"[base] begun".to_string()));
    // Everything that was to be deleted goes; what was recorded of it stays.
    home.until("only the kept pod is left", || {
        let left = cluster.left();
        (left.len() == 1 && left[0].starts_with("kept-")).then_some(())
    });
    let plan = home.run(&["pods", "cleanup", "--dry-run", "-o", "json"]).ok().json();
    assert_eq!(
        (plan["applied"].as_bool(), plan["effects"].as_array().map(Vec::len)),
        (Some(false), Some(1)),
        "{plan:#}"
    );
    home.run(&["pods", "cleanup", "-y"]).ok();
    home.until("the kept pod is gone, too", || cluster.left().is_empty().then_some(()));
    let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
    assert_eq!(pods.as_array().map(Vec::len), Some(15), "{pods:#}");
    let hello = pods.as_array().unwrap().iter().find(|pod| pod["task_id"] == "hello").unwrap();
    assert_eq!((hello["state"].as_str(), hello["phase"].as_str()), (Some("gone"), Some("Succeeded")));
    let name = hello["name"].as_str().unwrap();
    let events = home.run(&["pods", "events", name, "-o", "json"]).ok().json();
    assert!(events.as_array().unwrap().iter().any(|event| event["reason"] == "Scheduled"), "{events:#}");
    let shown = home.run(&["pods", "show", name, "-o", "json"]).ok().json();
    assert_eq!(shown["result"]["end"], "success", "{shown:#}");
    assert!(home.run(&["pods", "show", "nothing"]).err.contains("there is no pod"));
}

#[test]
fn a_marked_a_cleared_and_a_stopped_task_leave_no_pod() {
    let Some(cluster) = Cluster::new("ended") else { return };
    let home = home(
        &cluster,
        r#"
pod("marked", "sleep 1000")
pod("cleared", "[ -e /tmp/x ] || sleep 1000")
pod("kept", "sleep 1000", on_kill_action="keep_pod")
"#,
    );
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let phase = |task: &str| {
        let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
        let newest = pods.as_array().unwrap().iter().find(|pod| pod["task_id"] == task).cloned();
        newest.map(|pod| (pod["phase"].clone(), pod["name"].as_str().unwrap_or("").to_string()))
    };
    let running = |task: &str| phase(task).filter(|(phase, _)| phase == "Running").map(|(_, name)| name);
    let names = home.until("three pods run", || {
        ["marked", "cleared", "kept"].map(running).into_iter().collect::<Option<Vec<String>>>()
    });
    home.run(&["tasks", "mark", "pods", "r1", "marked", "success", "-y"]).ok();
    home.run(&["tasks", "mark", "pods", "r1", "kept", "failed", "-y"]).ok();
    home.run(&["tasks", "clear", "pods", "--run-id", "r1", "--task-id", "cleared", "-y"]).ok();
    let second =
        home.until("the cleared task's second pod runs", || running("cleared").filter(|name| *name != names[1]));
    let left = cluster.left();
    assert!(left.contains(&second) && left.contains(&names[2]), "{left:?}");
    assert!(!left.contains(&names[0]) && !left.contains(&names[1]), "{left:?}");
    // Someone deletes the pod: that is no success, and says so.
    assert!(cluster.delete(&second));
    let run = home.wait("pods", "r1");
    run.expect(&[("marked", "success"), ("cleared", "failed"), ("kept", "failed")]);
    assert_eq!(run.task("cleared", -1)["cause"]["kind"], "pod_deleted");
}

#[test]
fn a_run_that_is_ended_leaves_no_pod_whatever_its_tasks_do() {
    let Some(cluster) = Cluster::new("runs") else { return };
    let home = home(
        &cluster,
        r#"
pod("running", "sleep 1000")
pod("parked", "sleep 1000", deferrable=True)
pod("no_node", "true", node_selector={"no": "such-node"})
"#,
    );
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    home.until("all pods are there, and two of them run", || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        let phases: Vec<&str> = pods.as_array().unwrap().iter().filter_map(|pod| pod["phase"].as_str()).collect();
        let is_parked = home.show("pods", "r1").states("parked") == ["deferred"];
        (phases.len() >= 3 && phases.iter().filter(|phase| **phase == "Running").count() >= 2 && is_parked)
            .then_some(())
    });
    home.run(&["runs", "set-state", "pods", "r1", "failed", "-y"]).ok();
    super::until_empty(&cluster, &home);
    let status = home.run(&["scheduler", "status", "-o", "json"]).ok().json();
    let watched = status["clusters"].as_array().unwrap().iter().find(|c| c["what"] == "pods").unwrap();
    assert_eq!(
        (watched["state"].as_str(), watched["namespace"].as_str()),
        (Some("ok"), Some(cluster.namespace.as_str()))
    );
}

#[test]
fn a_quota_is_named_as_the_cause() {
    let Some(cluster) = Cluster::new("quota") else { return };
    cluster.allow_pods(0);
    let home = home(&cluster, r#"pod("refused", "true")"#);
    let run = home.trigger("pods", "r1", &json!({}));
    assert_eq!(run.task("refused", -1)["cause"]["kind"], "quota", "{run:#?}");
}
