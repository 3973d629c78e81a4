//! The program in a pod itself: its service account is its way to the cluster, and may do no more than the operator needs.

use serde_json::{Value, json};

use super::Cluster;

const DAG: &str = r#"
from datetime import datetime
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG
with DAG("inside", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    KubernetesPodOperator(
        task_id="t", name="t", image="IMAGE", do_xcom_push=True, termination_grace_period=1,
        cmds=["sh", "-c", "echo hello; echo '[3]' > /airflow/xcom/return.json"])
"#;

const SCRIPT: &str = r#"
mkdir -p /tmp/dags; printf '%s' "$DAG_FILE" > /tmp/dags/inside.py
export DAGDECK_HOME=/tmp/home DAGDECK_DAGS_FOLDER=/tmp/dags
{ /program/dagdeck scheduler start && /program/dagdeck dags trigger inside -r r --wait --timeout 300; } > /tmp/said 2>&1
/program/dagdeck scheduler stop >> /tmp/said 2>&1
cat /tmp/said /tmp/home/scheduler.log
echo the run:
/program/dagdeck runs show inside r -o json
"#;

#[test]
fn in_a_pod_the_service_account_is_the_way_to_the_cluster() {
    let Some(cluster) = Cluster::new("inside") else { return };
    if !cluster.is_this_machine() {
        eprintln!(
            "SKIPPED: the cluster's node is another machine, so a pod there can't run the program that was built here"
        );
        return;
    }
    cluster.allow("dagdeck");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_dagdeck"));
    let image = std::env::var("DAGDECK_TEST_PYTHON_IMAGE").unwrap_or_else(|_| "python:3.11-slim".into());
    // No namespace, no kubeconfig: only an image for the sidecar that this cluster has.
    let connection = json!({"conn_type": "kubernetes", "extra": {"xcom_sidecar_container_image": cluster.image()}});
    let variable = |name: &str, value: String| json!({"name": name, "value": value});
    cluster.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dagdeck"}, "spec": {
        "restartPolicy": "Never", "serviceAccountName": "dagdeck", "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "base", "image": image, "command": ["sh", "-c", SCRIPT],
            "env": [
                variable("DAG_FILE", DAG.replace("IMAGE", &cluster.image())),
                variable("AIRFLOW_CONN_KUBERNETES_DEFAULT", connection.to_string()),
            ],
            "volumeMounts": [{"name": "program", "mountPath": "/program", "readOnly": true}]}],
        "volumes": [{"name": "program", "hostPath": {"path": program.parent().unwrap(), "type": "Directory"}}],
    }}));
    cluster.await_phase("dagdeck", "Succeeded");
    let out = cluster.output("dagdeck");
    let document = out.split_once("the run:\n").and_then(|(_, text)| serde_json::from_str::<Value>(text).ok());
    let run = crate::support::Run(document.unwrap_or_else(|| panic!("no run: {out}")));
    assert_eq!(run.state(), "success", "{out}");
    assert_eq!(run.returned("t", -1), &json!([3]));
}
