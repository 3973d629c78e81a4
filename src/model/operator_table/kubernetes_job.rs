//! The arguments of the operators about jobs and objects of a cluster (provider 10.25.0).

use super::{
    Arg,
    ArgKind::*,
    Operator, Runs,
    kubernetes_pod::{KUBERNETES_POD_ARGS, KUBERNETES_POD_FIELDS},
    opt, req,
};

const JOB_ARGS: [Arg; 16] = [
    opt("job_template_file", Text, "", "YAML file of the job to start from"),
    opt("full_job_spec", Map, "", "V1Job to start from"),
    opt("backoff_limit", Integer, "", "Further pods after one has failed; Kubernetes' own number is 6"),
    opt("completion_mode", OneOf(&["NonIndexed", "Indexed"]), "", "Whether its pods have numbers"),
    opt("completions", Integer, "", "Pods that must succeed"),
    opt("manual_selector", Boolean, "", "The pods' labels and the selector are the author's"),
    opt("parallelism", Integer, "1", "Pods at a time"),
    opt("selector", Map, "", "V1LabelSelector"),
    opt("suspend", Boolean, "", "Made suspended: without pods until it is resumed"),
    opt("ttl_seconds_after_finished", Integer, "", "It is deleted so long after its end"),
    opt("wait_until_job_complete", Boolean, "false", "Wait for its end, with logs and results of its pods"),
    opt("job_poll_interval", Number, "10", "Between two looks at it where it can't be watched"),
    opt(
        "on_kill_propagation_policy",
        OneOf(&["Foreground", "Background", "Orphan"]),
        "Foreground",
        "What a killed task's job does with its pods",
    ),
    opt("discover_pods_retry_number", Integer, "3", "Kept for Airflow's sake: pods are watched"),
    opt("unwrap_single", Boolean, "true", "The result of one pod is no list"),
    req("queue_name", Text, "Queue of Kueue"),
];

/// The arguments of a job, those of its pods among them; with a queue for Kueue.
const fn with_pods<const N: usize>() -> [Arg; N] {
    let mut all = [JOB_ARGS[0]; N];
    let mut i = 0;
    while i < N {
        let own = N - KUBERNETES_POD_ARGS.len();
        // The queue, which must be given, comes first.
        all[i] = if i >= own {
            KUBERNETES_POD_ARGS[i - own]
        } else if own == JOB_ARGS.len() {
            JOB_ARGS[(i + own - 1) % own]
        } else {
            JOB_ARGS[i]
        };
        i += 1;
    }
    all
}

/// Of `KubernetesJobOperator`.
const KUBERNETES_JOB_ARGS: &[Arg] = &with_pods::<{ JOB_ARGS.len() - 1 + KUBERNETES_POD_ARGS.len() }>();
/// Of `KubernetesStartKueueJobOperator`.
const KUEUE_JOB_ARGS: &[Arg] = &with_pods::<{ JOB_ARGS.len() + KUBERNETES_POD_ARGS.len() }>();

const CONNECTION: Arg = opt("kubernetes_conn_id", Text, "kubernetes_default", "Connection of the cluster");
const CONFIG_FILE: Arg = opt("config_file", Text, "", "Kubeconfig");
const IN_CLUSTER: Arg = opt("in_cluster", Boolean, "", "Use the service account of the pod we run in");
const CONTEXT: Arg = opt("cluster_context", Text, "", "Context of the kubeconfig");
const NAME: Arg = req("name", Text, "Name of the job");
const NAMESPACE: Arg = req("namespace", Text, "Its namespace");

/// Of `KubernetesDeleteJobOperator`.
const DELETE_JOB_ARGS: &[Arg] = &[
    NAME,
    NAMESPACE,
    CONNECTION,
    CONFIG_FILE,
    IN_CLUSTER,
    CONTEXT,
    opt("delete_on_status", OneOf(&["Complete", "Failed"]), "", "Only if it has ended so"),
    opt("wait_for_completion", Boolean, "false", "Wait for its end first"),
    opt("poll_interval", Number, "10", "Between two looks meanwhile"),
];

/// Of `KubernetesPatchJobOperator`.
const PATCH_JOB_ARGS: &[Arg] = &[
    NAME,
    NAMESPACE,
    req("body", Any, "What is merged into it, as in `{spec = {suspend = false}}`; a list is a JSON patch"),
    CONNECTION,
    CONFIG_FILE,
    IN_CLUSTER,
    CONTEXT,
];

/// Of `KubernetesCreateResourceOperator` and `KubernetesDeleteResourceOperator`.
const RESOURCE_ARGS: &[Arg] = &[
    opt("yaml_conf", Text, "", "The objects, as YAML; several documents are several objects"),
    opt("yaml_conf_file", Text, "", "A file of them"),
    opt("namespace", Text, "", "Namespace of objects that name none"),
    CONNECTION,
    opt(
        "custom_resource_definition",
        Boolean,
        "false",
        "Kept for Airflow's sake: the API server is asked for any kind",
    ),
    opt("namespaced", Boolean, "true", "Kept for Airflow's sake, as well"),
    CONFIG_FILE,
];

/// Of `KubernetesPodExecOperator`.
const EXEC_ARGS: &[Arg] = &[
    req("pod_name", Text, "The pod, which must run"),
    req("command", List, "Command and arguments; no shell is between"),
    opt("namespace", Text, "", "Its namespace"),
    opt("container_name", Text, "", "Container; else the pod's default one, or its first one"),
    CONNECTION,
    IN_CLUSTER,
    CONTEXT,
    CONFIG_FILE,
    opt("max_xcom_output_size", Integer, "49344", "Bytes of output that may become its XCom"),
];

/// Fields that are templates: own ones, then the pod's.
const fn with_pods_fields<const N: usize>(own: &[&'static str]) -> [&'static str; N] {
    let mut all = [""; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < own.len() { own[i] } else { KUBERNETES_POD_FIELDS[i - own.len()] };
        i += 1;
    }
    all
}

/// `KubernetesJobOperator`.
pub(super) const JOB: Operator = Operator {
    name: "kubernetes_job",
    class: "KubernetesJobOperator",
    module: "airflow.providers.cncf.kubernetes.operators.job",
    runs: Runs::Natively,
    doc: "Makes a job; waits for its end if told to. XComs: `job_name`, `job_namespace`, `job`.",
    args: KUBERNETES_JOB_ARGS,
    is_sensor: false,
    template_fields: &with_pods_fields::<{ KUBERNETES_POD_FIELDS.len() + 1 }>(&["job_template_file"]),
    template_ext: &[],
};

/// `KubernetesStartKueueJobOperator`.
pub(super) const KUEUE_JOB: Operator = Operator {
    name: "kueue_job",
    class: "KubernetesStartKueueJobOperator",
    module: "airflow.providers.cncf.kubernetes.operators.kueue",
    runs: Runs::Natively,
    doc: "Makes a job that waits, suspended, for its turn in a queue of Kueue.",
    args: KUEUE_JOB_ARGS,
    is_sensor: false,
    template_fields: &with_pods_fields::<{ KUBERNETES_POD_FIELDS.len() + 2 }>(&["queue_name", "job_template_file"]),
    template_ext: &[],
};

/// `KubernetesDeleteJobOperator`.
pub(super) const DELETE_JOB: Operator = Operator {
    name: "delete_kubernetes_job",
    class: "KubernetesDeleteJobOperator",
    module: "airflow.providers.cncf.kubernetes.operators.job",
    runs: Runs::Natively,
    doc: "Deletes a job with its pods.",
    args: DELETE_JOB_ARGS,
    is_sensor: false,
    template_fields: &["config_file", "name", "namespace", "cluster_context", "kubernetes_conn_id"],
    template_ext: &[],
};

/// `KubernetesPatchJobOperator`.
pub(super) const PATCH_JOB: Operator = Operator {
    name: "patch_kubernetes_job",
    class: "KubernetesPatchJobOperator",
    module: "airflow.providers.cncf.kubernetes.operators.job",
    runs: Runs::Natively,
    doc: "Changes a job. The job is its XCom.",
    args: PATCH_JOB_ARGS,
    is_sensor: false,
    template_fields: &["config_file", "name", "namespace", "body", "cluster_context", "kubernetes_conn_id"],
    template_ext: &[],
};

/// `KubernetesCreateResourceOperator`.
pub(super) const CREATE: Operator = Operator {
    name: "create_kubernetes_resource",
    class: "KubernetesCreateResourceOperator",
    module: "airflow.providers.cncf.kubernetes.operators.resource",
    runs: Runs::Natively,
    doc: "Creates objects of any kind.",
    args: RESOURCE_ARGS,
    is_sensor: false,
    template_fields: &["yaml_conf", "yaml_conf_file", "kubernetes_conn_id"],
    template_ext: &[],
};

/// `KubernetesDeleteResourceOperator`.
pub(super) const DELETE: Operator = Operator {
    name: "delete_kubernetes_resource",
    class: "KubernetesDeleteResourceOperator",
    module: "airflow.providers.cncf.kubernetes.operators.resource",
    runs: Runs::Natively,
    doc: "Deletes objects of any kind.",
    args: RESOURCE_ARGS,
    is_sensor: false,
    template_fields: &["yaml_conf", "yaml_conf_file", "kubernetes_conn_id"],
    template_ext: &[],
};

/// `KubernetesPodExecOperator`.
pub(super) const EXEC: Operator = Operator {
    name: "exec_in_kubernetes_pod",
    class: "KubernetesPodExecOperator",
    module: "airflow.providers.cncf.kubernetes.operators.pod_exec",
    runs: Runs::Natively,
    doc: "Runs a command in a container of a pod that is there. With `do_xcom_push` its output is its XCom.",
    args: EXEC_ARGS,
    is_sensor: false,
    template_fields: &[
        "pod_name",
        "command",
        "namespace",
        "container_name",
        "kubernetes_conn_id",
        "cluster_context",
        "config_file",
    ],
    template_ext: &[],
};
