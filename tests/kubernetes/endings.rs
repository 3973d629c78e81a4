//! What lists say of pods that have ended, on a real cluster.

use super::Cluster;

#[test]
fn a_pod_that_stays_is_known_by_how_it_ended_though_its_sidecar_outlived_its_task() {
    let Some(cluster) = Cluster::new("ending") else { return };
    let script = "echo '[1]' > /airflow/xcom/return.json";
    let more = "do_xcom_push=True, on_finish_action='keep_pod'";
    let home = super::home(&cluster, &format!("pod('kept', \"{script}\", {more})"));
    home.run(&["dags", "trigger", "pods", "-r", "r"]).ok();
    let run = home.wait("pods", "r");
    assert_eq!(run.state(), "success", "{run:#?}");
    let states = std::cell::RefCell::new(Vec::new());
    home.until_or(
        || format!("it is known to have succeeded, and was {:?}", states.borrow()),
        || {
            let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
            let state = pods[0]["state"].as_str()?.to_string();
            states.borrow_mut().push(state.clone());
            (state == "Succeeded").then_some(())
        },
    );
    // Its task has ended: from then on nobody calls it running.
    assert!(!states.borrow().iter().any(|state| state == "Running"), "{states:?}");
    home.run(&["pods", "cleanup", "-y"]).ok();
    super::until_empty(&cluster, &home);
}
