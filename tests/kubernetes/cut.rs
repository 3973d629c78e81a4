//! The connection to the API server cut at random instants, and refused for a while: that costs time and nothing else.

use std::time::Duration;

use super::{Cluster, dag_file, log, proxy::Proxy, start};
use crate::support::Home;

#[test]
fn a_connection_that_is_cut_costs_only_time() {
    let Some(mut cluster) = Cluster::new("cut") else { return };
    let proxy = Proxy::to(cluster.server());
    cluster.go_through(proxy.address);
    let tasks: Vec<String> = (0..6)
        .map(|i| {
            format!(
                "pod(\"t{i}\", \"i=0; while [ $i -lt 150 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; \
                 echo '[{i}]' > /airflow/xcom/return.json\", do_xcom_push=True)"
            )
        })
        .collect();
    let home = Home::with_files(&[("pods.py", &dag_file(&cluster, &tasks.join("\n")))]);
    start(&cluster, &home);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for time in 0..20 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_micros(random % 1_000_000));
        proxy.refuse(time == 10);
        proxy.cut();
        if time == 10 {
            std::thread::sleep(Duration::from_secs(5));
            proxy.refuse(false);
        }
    }
    let run = home.wait("pods", "r1");
    let expected: Vec<String> = (0..150).map(|i| format!("[base] line {i}")).collect();
    for i in 0..6 {
        let task = format!("t{i}");
        assert_eq!(
            (run.task(&task, -1)["state"].as_str(), run.task(&task, -1)["try_number"].as_u64()),
            (Some("success"), Some(1))
        );
        assert_eq!(run.returned(&task, -1), &serde_json::json!([i]), "{task}");
        let said = log(&home, "r1", &task, 1);
        let lines: Vec<String> = said.into_iter().filter(|line| line.starts_with("[base] line")).collect();
        assert_eq!(lines, expected, "{task}");
    }
    let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
    assert_eq!(pods.as_array().map(Vec::len), Some(6), "{pods:#}");
    home.until("no pod is left", || cluster.left().is_empty().then_some(()));
}
