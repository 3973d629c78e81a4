//! Airflow's own pods in recorded situations: the same state, result, XComs, message, and pods that are left.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use super::{Cluster, dag_file, home, log, start};

/// A pod that does what the recorded one did, by the situation's name: script and further arguments.
fn doing(name: &str, node: &str) -> Option<(&'static str, String)> {
    let nothing = String::new();
    let failing = "echo line one; printf 'oom maybe' > /dev/termination-log; exit 1";
    Some(match name {
        "success" => ("echo hello; echo ERROR: red; echo '  plain'", nothing),
        "failure_delete_succeeded_pod" | "failure_with_events" | "failure_no_spec_in_message" => (failing, nothing),
        "success_delete_active_pod" | "old_pod_terminated" | "xcom_empty" => ("echo line one", nothing),
        "xcom" => ("echo line one; echo '{\\\"accuracy\\\": 0.95}' > /airflow/xcom/return.json", nothing),
        "xcom_not_json" => ("echo line one; echo no json > /airflow/xcom/return.json", nothing),
        "schedule_timeout" => ("true", ", node_selector={'no': 'such-node'}".into()),
        "startup_timeout" => ("true", ", configmaps=['no-such-map']".into()),
        "image_pull_backoff" => ("true", ", image='no/such-image:1'".into()),
        "invalid_image_name" => ("true", ", image='No Image'".into()),
        // The node refuses what it has no room for.
        "failed_before_containers" => (
            "true",
            format!(
                ", full_pod_spec={{'spec': {{'nodeName': '{node}', 'containers': [{{'name': 'base'}}]}}}}, \
                 container_resources={{'requests': {{'cpu': '1000'}}}}"
            ),
        ),
        "deferrable_defers" => ("sleep 3", nothing),
        _ => return None,
    })
}

fn recorded() -> BTreeMap<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/recording/tables/kpo_transcripts.json");
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = table["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap().to_string(), row.clone())).collect()
}

/// A message with the pod's name and white space as in the recording, up to the pod's object.
fn plain(message: &str, pod: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let text = words.join(" ").replace(pod, "job-xxxxxxxx");
    text.split('{').next().unwrap_or("").to_string()
}

#[test]
fn as_airflow_in_every_recorded_situation() {
    let Some(cluster) = Cluster::new("situations") else { return };
    let node = cluster.node();
    let rows = recorded();
    let unknown: Vec<&String> = rows.keys().filter(|name| doing(name, &node).is_none()).collect();
    assert!(unknown.is_empty(), "no pod does what was recorded as {unknown:?}");
    let tasks: Vec<String> = rows
        .iter()
        .filter_map(|(name, row)| {
            let (script, more) = doing(name, &node)?;
            let given = row["kwargs"].as_str().unwrap_or("{}");
            Some(format!("pod({name:?}, \"{script}\"{more}, **{given})"))
        })
        .collect();
    cluster.create(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "old-pod", "labels": {
            "dag_id": "pods", "task_id": "old_pod_terminated", "run_id": "r1", "kubernetes_pod_operator": "True",
            "airflow_version": "3.3.2", "try_number": "1",
        }},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "base", "image": cluster.image(), "command": ["true"]}]},
    }));
    cluster.await_phase("old-pod", "Succeeded");
    let home = home(&cluster, &tasks.join("\n"));
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    home.until("the deferrable one is deferred", || {
        (home.show("pods", "r1").states("deferrable_defers") == ["deferred"]).then_some(())
    });
    let run = home.wait("pods", "r1");
    let mut wanted_left: Vec<String> = Vec::new();
    for (name, row) in &rows {
        let task = run.task(name, -1);
        let state = match row["raised"].as_str() {
            Some("AirflowException") => "failed",
            _ => "success",
        };
        assert_eq!(task["state"], state, "{name}: {task:#}");
        assert_eq!(run.returned(name, -1), &row["result"], "{name}");
        let pod =
            run.0["xcoms"].as_array().unwrap().iter().find(|x| x["task_id"] == name.as_str() && x["key"] == "pod_name");
        let pod = pod.unwrap_or_else(|| panic!("{name} pushed no pod_name"))["value"].as_str().unwrap().to_string();
        if let Some(message) = row["message_start"].as_str().filter(|m| !m.is_empty()) {
            let said = log(&home, "r1", name, 1);
            let found = said.iter().any(|line| plain(line, &pod).trim() == plain(message, &pod).trim());
            assert!(found, "{name}: {message:?} is not in {said:#?}");
        }
        // The recording of the deferrable one ends where it was deferred.
        if row["pods_left"].as_array().is_some_and(|left| !left.is_empty()) && name != "deferrable_defers" {
            wanted_left.push(pod);
        }
    }
    wanted_left.sort();
    home.until("the others are deleted", || (cluster.left() == wanted_left).then_some(()));
}

#[test]
fn a_pod_of_an_earlier_try_that_still_runs_is_taken_up() {
    let Some(cluster) = Cluster::new("earlier") else { return };
    let home = crate::support::Home::with_files(&[("pods.py", &dag_file(&cluster, "pod(\"again\", \"exit 9\")"))]);
    let labels = json!({
        "dag_id": "pods", "task_id": "again", "run_id": "r1", "kubernetes_pod_operator": "True",
        "airflow_version": "3.3.2", "try_number": "1",
    });
    // Another installation's of a DAG with the same names: nothing of ours.
    cluster.create(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "others", "labels": labels, "annotations": {"dagdeck/owner": r#"{"home": "dagdeck-another"}"#}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "base", "image": cluster.image(), "command": ["sleep", "1000"]}]},
    }));
    cluster.create(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "old-pod", "labels": labels},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "base", "image": cluster.image(),
            "command": ["sh", "-c", "echo old; until [ -e /tmp/end ]; do sleep 0.2; done"], "lifecycle": {}}],
            "activeDeadlineSeconds": 20},
    }));
    cluster.await_phase("old-pod", "Running");
    start(&cluster, &home);
    let run = home.trigger("pods", "r1", &json!({}));
    // It is that pod that ended, by its own time limit, and no other one was made.
    run.expect(&[("again", "failed")]);
    assert_eq!(run.task("again", -1)["external_id"], "old-pod");
    assert_eq!(run.task("again", -1)["cause"]["kind"], "timeout");
    assert!(log(&home, "r1", "again", 1).contains(&"[base] old".to_string()));
    assert!(cluster.left().contains(&"others".to_string()), "{:?}", cluster.left());
}

/// Situations that aren't in the recording: tried with the provider 10.25.0 on such a cluster.
#[test]
fn as_airflow_in_situations_beyond_the_recording() {
    let Some(cluster) = Cluster::new("beyond") else { return };
    let image = cluster.image();
    let sidecar = |name: &str, script: &str| {
        format!(
            "full_pod_spec={{'spec': {{'containers': [{{'name': 'base'}}, {{'name': '{name}', 'image': '{image}', \
             'command': ['sh', '-c', '{script}']}}]}}}}"
        )
    };
    let result = "echo '[1]' > /airflow/xcom/return.json";
    let tasks = [
        "pod(\"kept_failed\", \"true\", on_finish_action=\"keep_pod\")".to_string(),
        "pod(\"kept_well\", \"exit 9\", on_finish_action=\"keep_pod\")".into(),
        "pod(\"several\", \"true\")".into(),
        "pod(\"replaced\", \"echo new\", reattach_on_restart=False)".into(),
        format!("pod(\"meshed\", \"true\", {})", sidecar("istio-proxy", "sleep 100")),
        format!("pod(\"beside\", \"true\", {})", sidecar("other", "exit 5")),
        format!("pod(\"active\", \"{result}\", do_xcom_push=True, on_finish_action=\"delete_active_pod\")"),
        format!(
            "pod(\"skipped\", \"{result}; exit 4\", do_xcom_push=True, skip_on_exit_code=[4], on_finish_action=\"delete_succeeded_pod\")"
        ),
        "pod(\"skips_well\", \"true\", skip_on_exit_code=0)".into(),
        "pod(\"main\", \"exit 3\", base_container_name=\"main\", get_logs=False, log_events_on_failure=True)".into(),
    ];
    let old = |name: &str, task: &str, script: &str| {
        cluster.create(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {
                "dag_id": "pods", "task_id": task, "run_id": "r1", "kubernetes_pod_operator": "True",
                "airflow_version": "3.3.2", "try_number": "1",
            }},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "base", "image": image, "command": ["sh", "-c", script]}]},
        }));
    };
    let all = [
        ("old-failed", "kept_failed", "exit 3", "Failed"),
        ("old-well", "kept_well", "true", "Succeeded"),
        ("old-a", "several", "sleep 1000", "Running"),
        ("old-b", "several", "sleep 1000", "Running"),
        ("old-runs", "replaced", "sleep 1000", "Running"),
    ];
    for (name, task, script, _) in all {
        old(name, task, script);
    }
    for (name, _, _, phase) in all {
        cluster.await_phase(name, phase);
    }
    let home = home(&cluster, &tasks.join("\n"));
    let run = home.trigger("pods", "r1", &json!({}));
    run.expect(&[
        ("kept_failed", "failed"),
        ("kept_well", "success"),
        ("several", "failed"),
        ("replaced", "success"),
        ("meshed", "success"),
        ("beside", "failed"),
        ("active", "success"),
        ("skipped", "skipped"),
        ("skips_well", "skipped"),
        ("main", "failed"),
    ]);
    assert_eq!(run.task("several", -1)["cause"]["exception"], "FoundMoreThanOnePodFailure");
    assert_eq!(run.task("kept_failed", -1)["external_id"], "old-failed");
    assert_eq!((run.returned("active", -1), run.returned("skipped", -1)), (&json!([1]), &json!([1])));
    let said = log(&home, "r1", "main", 1);
    let state = "Container 'main': state='TERMINATED', reason='Error', exit_code=3, message='None'";
    assert!(said.contains(&state.to_string()), "{said:#?}");
    home.until("the others are deleted", || {
        let mut left = cluster.left();
        // Its own pod stays: it didn't succeed.
        left.retain(|name| !name.starts_with("skipped-"));
        (left == ["old-a", "old-b", "old-failed", "old-well"]).then_some(())
    });
}
