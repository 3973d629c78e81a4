//! Tokens that are replaced before their time, from a file and from a credential program; and what a task costs in requests.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    Cluster, dag_file, log,
    proxy::{Deed, Proxy},
    start,
};
use crate::support::Home;

const TASK: &str = "pod(\"t\", \"i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; \
                    echo '[7]' > /airflow/xcom/return.json\", do_xcom_push=True)";

/// Runs a pod while the token, which `user` says where to get, is replaced again and again.
fn replaced_under_way(purpose: &str, user: impl Fn(&str) -> Value) {
    let Some(mut cluster) = Cluster::new(purpose) else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let valid = Arc::new(Mutex::new("first".to_string()));
    fs::write(&file, "first").unwrap();
    let asked_for = valid.clone();
    proxy.judge(move |asked| match asked.token.as_deref() {
        Some(token) if token == *asked_for.lock().unwrap() => Deed::Pass,
        _ => Deed::Say(401, "Unauthorized"),
    });
    cluster.go_through(&proxy, &user(file.to_str().unwrap()));
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, TASK))]);
    start(&cluster, &home);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let mut number = 0;
    // As long as it goes on; every request that comes after a change has the old token.
    while !["success", "failed"].contains(&home.show("pods", "r1").state()) && number < 500 {
        number += 1;
        let token = format!("token {number}").replace(' ', "-");
        *valid.lock().unwrap() = token.clone();
        fs::write(&file, token).unwrap();
        proxy.cut(|_| true);
        std::thread::sleep(Duration::from_millis(1500));
    }
    let run = home.wait("pods", "r1");
    assert_eq!((run.state(), run.task("t", -1)["try_number"].as_u64()), ("success", Some(1)), "{run:#?}");
    assert!(number > 2, "it was replaced {number} times");
    assert_eq!(run.returned("t", -1), &json!([7]));
    let expected: Vec<String> = (0..60).map(|i| format!("[base] line {i}")).collect();
    let lines: Vec<String> = log(&home, "r1", "t", 1).into_iter().filter(|l| l.starts_with("[base] line")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_token_in_a_file_is_read_again_when_it_is_refused() {
    replaced_under_way("tokenfile", |file| json!({"tokenFile": file}));
}

#[test]
fn a_credential_program_is_run_again_when_its_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("credentials");
    replaced_under_way("tokenexec", |file| {
        let answer =
            r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}"#;
        fs::write(&program, format!("#!/bin/sh\nprintf '{answer}' \"$(cat {file})\"\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": program, "interactiveMode": "Never"}})
    });
}

#[test]
fn a_token_that_is_never_taken_fails_the_task_and_says_so() {
    let Some(mut cluster) = Cluster::new("badtoken") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    proxy.judge(|_| Deed::Say(401, "Unauthorized"));
    cluster.go_through(&proxy, &json!({"token": "nonsense"}));
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, "pod(\"t\", \"true\")"))]);
    start(&cluster, &home);
    let run = home.trigger("pods", "r1", &json!({}));
    let cause = &run.task("t", -1)["cause"];
    assert!(cause["summary"].as_str().unwrap().contains("401"), "{cause:#}");
}

#[test]
fn a_pod_costs_the_api_server_few_requests() {
    let Some(mut cluster) = Cluster::new("requests") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &json!({}));
    let tasks: Vec<String> = (0..8).map(|i| format!("pod(\"t{i}\", \"echo {i}\")")).collect();
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, &tasks.join("\n")))]);
    start(&cluster, &home);
    assert_eq!(home.trigger("pods", "r1", &json!({})).state(), "success");
    super::until_empty(&cluster, &home);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for asked in proxy.asked().iter().filter(|asked| !asked.is_log()) {
        *kinds.entry(asked.kind()).or_default() += 1;
    }
    eprintln!("requests for 8 pods, without logs: {kinds:?}");
    let all: usize = kinds.values().sum();
    assert!(all <= 6 * 8, "{kinds:#?}");
}
