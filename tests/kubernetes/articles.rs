//! Pods as people write them about training: GPUs, tolerations, selectors, a claim and a config map, mapped arguments, a request
//! without a limit, a result in the sidecar's file or on the last line. `pod_mutation_hook` makes them fit a small node.

use serde_json::{Value, json};

use super::{Cluster, start};
use crate::support::Home;

const FILE: &str = r#"
from datetime import datetime
from airflow import DAG
from airflow.decorators import task
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.utils.task_group import TaskGroup
from kubernetes.client import models as k8s

GPU = k8s.V1ResourceRequirements(requests={"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"},
                                 limits={"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"})
SHARED = k8s.V1Volume(name="shared", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="training"))
CONFIG = k8s.V1Volume(name="tracking", config_map=k8s.V1ConfigMapVolumeSource(name="tracking"))
TRAIN = """echo training $0 $1; printf '{"accuracy": 0.9%s, "data": %s}' $1 $(cat /shared/rows) > /airflow/xcom/return.json"""

with DAG("training", start_date=datetime(2026, 1, 1), schedule_interval=None, catchup=False):
    with TaskGroup("preparation"):
        rows = KubernetesPodOperator(
            task_id="rows", name="data-rows", image="tools:latest", cmds=["sh", "-c", "echo $DATE > /dev/stderr; echo 7 > /shared/rows"],
            env_vars=[k8s.V1EnvVar(name="DATE", value="{{ ds }}")], is_delete_operator_pod=True,
            container_resources=k8s.V1ResourceRequirements(requests={"cpu": "4", "memory": "32Gi"}), volumes=[SHARED],
            volume_mounts=[k8s.V1VolumeMount(name="shared", mount_path="/shared")])

    @task
    def variants():
        return [["--depth", "1"], ["--depth", "5"]]

    trained = KubernetesPodOperator.partial(
        task_id="train", name="gpu-training", image="registry.company.example/trainer:v3.2", image_pull_policy="Always",
        cmds=["sh", "-c", TRAIN], container_resources=GPU, node_selector={"gpu-type": "SELECTED"},
        tolerations=[k8s.V1Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule")],
        volumes=[SHARED], volume_mounts=[k8s.V1VolumeMount(name="shared", mount_path="/shared")], do_xcom_push=True,
        startup_timeout_seconds=600).expand(arguments=variants())

    @task
    def best(results):
        return max(results, key=lambda one: one["accuracy"])

    last = KubernetesPodOperator(
        task_id="by_last_line", name="churn-{{ ds_nodash }}", image="trainer:latest", volumes=[CONFIG],
        volume_mounts=[k8s.V1VolumeMount(name="tracking", mount_path="/etc/tracking", read_only=True)],
        cmds=["sh", "-c", """cat /etc/tracking/uri; printf '{"date": "%s"}\\n' $DATE"""], env_vars={"DATE": "{{ ds }}"},
        container_resources={"requests": {"memory": "32Gi", "nvidia.com/gpu": "1"}}, do_xcom_push=True)
    rows >> trained
    best(trained.output) >> last
"#;

const HOOK: &str = r#"
def pod_mutation_hook(pod):
    for container in pod.spec.containers:
        container.image, container.image_pull_policy = "IMAGE", None
        for amounts in (container.resources.requests, container.resources.limits):
            for name in ("cpu", "memory"):
                if amounts and name in amounts:
                    amounts[name] = {"cpu": "10m", "memory": "32Mi"}[name]
"#;

#[test]
fn pods_that_train_with_gpus_and_a_claim_run_to_their_end() {
    let Some(cluster) = Cluster::new("training") else { return };
    let node = cluster.node();
    let patch = |path: &str, body: Value| {
        cluster.send("PATCH", &format!("/api/v1/nodes/{node}{path}"), "application/merge-patch+json", &body)
    };
    let label = cluster.namespace.clone();
    patch("", json!({"metadata": {"labels": {"gpu-type": label}}}));
    patch("/status", json!({"status": {"capacity": {"nvidia.com/gpu": "2"}, "allocatable": {"nvidia.com/gpu": "2"}}}));
    let spec = json!({
        "capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteMany"], "storageClassName": label,
        "hostPath": {"path": format!("/tmp/{label}"), "type": "DirectoryOrCreate"},
    });
    let volume = json!({"metadata": {"name": label}, "spec": spec});
    cluster.send("POST", "/api/v1/persistentvolumes", "application/json", &volume);
    let spec = json!({
        "accessModes": ["ReadWriteMany"], "storageClassName": label, "resources": {"requests": {"storage": "1Mi"}},
    });
    cluster.make("api/v1", "persistentvolumeclaims", &json!({"metadata": {"name": "training"}, "spec": spec}));
    cluster.make("api/v1", "configmaps", &json!({"metadata": {"name": "tracking"}, "data": {"uri": "here\n"}}));
    let hook = HOOK.replace("IMAGE", &cluster.image());
    let file = FILE.replace("SELECTED", &label);
    let home = Home::with_files(&[("training.py", &file), ("airflow_local_settings.py", &hook)]);
    start(&cluster, &home);
    home.run(&["dags", "unpause", "training"]).ok();
    home.run(&["dags", "trigger", "training", "-r", "r1", "--logical-date", "2026-03-02"]).ok();
    let run = home.wait("training", "r1");
    cluster.send("DELETE", &format!("/api/v1/persistentvolumes/{label}"), "application/json", &json!({}));
    patch("", json!({"metadata": {"labels": {"gpu-type": null}}}));
    patch(
        "/status",
        json!({"status": {"capacity": {"nvidia.com/gpu": null}, "allocatable": {"nvidia.com/gpu": null}}}),
    );
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.returned("best", -1), &json!({"accuracy": 0.95, "data": 7}));
    assert_eq!(run.returned("by_last_line", -1), &json!({"date": "2026-03-02"}));
    let said = super::log_of(&home, "training", "r1", "by_last_line", 1);
    assert!(said.iter().any(|line| line.contains("the limit is set to the request")), "{said:#?}");
    assert!(said.contains(&"[base] here".to_string()), "{said:#?}");
    super::until_empty(&cluster, &home);
}
