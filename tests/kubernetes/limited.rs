//! An account that may use pods, their logs and `exec` in one namespace, and nothing else, is enough for the operator.

use serde_json::json;

use super::{Cluster, home, log};

#[test]
fn pods_logs_and_exec_in_one_namespace_are_enough() {
    let Some(mut cluster) = Cluster::new("limited") else { return };
    cluster.limit();
    let home = home(
        &cluster,
        r#"
pod("result", "echo here; echo '[1]' > /airflow/xcom/return.json", do_xcom_push=True)
pod("fails", "exit 3", log_events_on_failure=True)
pod("parked", "echo '[2]'", do_xcom_push=True, deferrable=True)
pod("elsewhere", "true", namespace="default")
"#,
    );
    let run = home.trigger("pods", "r1", &json!({}));
    run.expect(&[("result", "success"), ("fails", "failed"), ("parked", "success"), ("elsewhere", "failed")]);
    assert_eq!((run.returned("result", -1), run.returned("parked", -1)), (&json!([1]), &json!([2])));
    assert!(log(&home, "r1", "result", 1).contains(&"[base] here".to_string()));
    let why = run.task("elsewhere", -1)["cause"]["summary"].as_str().unwrap_or_default();
    assert!(why.contains("forbidden") && why.contains("default"), "{why}");
    // What may not be watched is named, and is no failure.
    let status = home.run(&["scheduler", "status", "-o", "json"]).ok().json();
    let states: Vec<(&str, &str)> = status["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["namespace"] == cluster.namespace.as_str())
        .filter_map(|one| Some((one["what"].as_str()?, one["state"].as_str()?)))
        .collect();
    assert!(states.contains(&("pods", "ok")) && states.contains(&("events", "forbidden")), "{states:?}");
    super::until_empty(&cluster, &home);
}
