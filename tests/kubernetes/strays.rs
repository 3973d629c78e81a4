//! Pods and jobs whose rows were lost, as after a power cut: a scheduler that starts finds them, and nothing else.

use serde_json::json;

use super::{Cluster, home, start};

const TASKS: &str = r#"
from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
pod("known", "sleep 1000")
pod("durable", "sleep 1000")
pod("alone", "sleep 1000", durable=False)
pod("marked", "sleep 1000")
pod("kept", "sleep 1000", durable=False, on_kill_action="keep_pod", on_finish_action="keep_pod")
KubernetesJobOperator(task_id="jobbed", name="jobbed", image="IMAGE", cmds=["sleep", "1000"], termination_grace_period=1,
                      wait_until_job_complete=True)
"#;

#[test]
fn what_no_row_knows_goes_unless_it_stays_on_purpose() {
    let Some(cluster) = Cluster::new("strays") else { return };
    let home = home(&cluster, &TASKS.replace("IMAGE", &cluster.image()));
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let running = || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        let all = pods.as_array().unwrap().iter().filter(|pod| pod["phase"] == "Running");
        all.map(|pod| pod["name"].as_str().unwrap().to_string()).collect::<Vec<String>>()
    };
    let first = home.until("six pods run", || Some(running()).filter(|all| all.len() == 6));
    // Pods like ours that aren't: one of Airflow's, one of another home's.
    for (name, owner) in
        [("airflows", json!({})), ("others", json!({"dagdeck/owner": "{\"home\": \"dagdeck-another\"}"}))]
    {
        cluster.create(json!({"apiVersion": "v1", "kind": "Pod", "spec": {"terminationGracePeriodSeconds": 1,
            "containers": [{"name": "base", "image": cluster.image(), "command": ["sleep", "1000"]}]},
            "metadata": {"name": name, "labels": {"airflow_version": "3.3.2"}, "annotations": owner}}));
    }
    home.kill_scheduler();
    let store = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    store.execute("DELETE FROM pod WHERE task_id <> 'known'", []).unwrap();
    store.execute("UPDATE task_instance SET state = 'failed' WHERE task_id = 'marked'", []).unwrap();
    drop(store);
    start(&cluster, &home);
    let of =
        |names: &[String], task: &str| -> Vec<String> { names.iter().filter(|n| n.contains(task)).cloned().collect() };
    let left = home.until("pods that nobody waits for are gone, and tasks have new ones", || {
        let left = cluster.left();
        let is_gone = |task: &str| of(&first, task).iter().all(|name| !left.contains(name));
        let is_there = |task: &str, count: usize| of(&left, task).len() == count;
        (is_gone("alone") && is_gone("marked") && is_gone("jobbed"))
            .then_some(
                is_there("alone", 1) && is_there("jobbed", 1) && is_there("kept", 2) && cluster.jobs().len() == 1,
            )
            .filter(|all| *all)
            .map(|_| left)
    });
    for task in ["known", "durable"] {
        assert_eq!(of(&left, task), of(&first, task), "{left:?}");
    }
    assert!(of(&first, "kept").iter().all(|name| left.contains(name)), "{left:?}");
    assert!(left.contains(&"airflows".to_string()) && left.contains(&"others".to_string()), "{left:?}");
    assert_eq!(of(&left, "marked").len(), 0, "{left:?}");
    home.run(&["runs", "set-state", "pods", "r1", "failed", "-y"]).ok();
    home.until("only pods stay that were to stay", || {
        let left = cluster.left();
        (left.len() == 4 && of(&left, "kept").len() == 2).then_some(())
    });
}
