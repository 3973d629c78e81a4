"""Operators about Kubernetes jobs, and about whatever a YAML text describes."""
from . import state
from .op_pod import KubernetesPodOperator
from .operator import BaseOperator
from .pod_run import run

_MODULE = "airflow.providers.cncf.kubernetes.operators."


class KubernetesJobOperator(KubernetesPodOperator):
    """Makes a job, and waits for it if it is told to."""

    __module__ = _MODULE + "job"
    template_fields = ("job_template_file", *KubernetesPodOperator.template_fields)

    def __init__(self, *, job_template_file=None, full_job_spec=None, backoff_limit=None, completion_mode=None,
                 completions=None, manual_selector=None, parallelism=1, selector=None, suspend=None,
                 ttl_seconds_after_finished=None, wait_until_job_complete=False, job_poll_interval=10,
                 on_kill_propagation_policy="Foreground", discover_pods_retry_number=3, unwrap_single=True, **kwargs):
        super().__init__(**kwargs)
        self.job_template_file, self.full_job_spec = job_template_file, full_job_spec
        self.backoff_limit, self.completion_mode, self.completions = backoff_limit, completion_mode, completions
        self.manual_selector, self.parallelism, self.selector = manual_selector, parallelism, selector
        self.suspend, self.ttl_seconds_after_finished = suspend, ttl_seconds_after_finished
        self.wait_until_job_complete, self.job_poll_interval = wait_until_job_complete, job_poll_interval
        self.on_kill_propagation_policy = on_kill_propagation_policy
        self.discover_pods_retry_number, self.unwrap_single = discover_pods_retry_number, unwrap_single
        if state.parsing:
            if on_kill_propagation_policy not in ("Foreground", "Background", "Orphan"):
                raise ValueError("on_kill_propagation_policy must be Foreground, Background or Orphan, "
                                 f"not {on_kill_propagation_policy!r}")
            if not wait_until_job_complete and (self.do_xcom_push or self.deferrable):
                state.warn("do_xcom_push= and deferrable= of KubernetesJobOperator only work with "
                           "wait_until_job_complete=True", "wait_until_job_complete=True")


class KubernetesStartKueueJobOperator(KubernetesJobOperator):
    """Makes a job that waits, suspended, for its turn in a queue of Kueue."""

    __module__ = _MODULE + "kueue"
    template_fields = ("queue_name", *KubernetesJobOperator.template_fields)

    def __init__(self, queue_name, **kwargs):
        super().__init__(**kwargs)
        self.queue_name = queue_name
        if self.suspend is False:
            from .exceptions import AirflowException

            raise AirflowException("The `suspend` parameter can't be False. If you want to use Kueue for running Job"
                                   " in a Kubernetes cluster, set the `suspend` parameter to True.")


class KubernetesDeleteJobOperator(BaseOperator):
    """Deletes a job."""

    __module__ = _MODULE + "job"
    template_fields = ("config_file", "name", "namespace", "cluster_context", "kubernetes_conn_id")

    def __init__(self, *, name, namespace, kubernetes_conn_id="kubernetes_default", config_file=None, in_cluster=None,
                 cluster_context=None, delete_on_status=None, wait_for_completion=False, poll_interval=10.0, **kwargs):
        super().__init__(**kwargs)
        self.name, self.namespace, self.kubernetes_conn_id = name, namespace, kubernetes_conn_id
        self.config_file, self.in_cluster, self.cluster_context = config_file, in_cluster, cluster_context
        self.delete_on_status, self.wait_for_completion = delete_on_status, wait_for_completion
        self.poll_interval = poll_interval

    def execute(self, context):
        return run(self, context)


class KubernetesPatchJobOperator(BaseOperator):
    """Changes a job."""

    __module__ = _MODULE + "job"
    template_fields = ("config_file", "name", "namespace", "body", "cluster_context", "kubernetes_conn_id")

    def __init__(self, *, name, namespace, body, kubernetes_conn_id="kubernetes_default", config_file=None,
                 in_cluster=None, cluster_context=None, **kwargs):
        super().__init__(**kwargs)
        self.name, self.namespace, self.body = name, namespace, body
        self.kubernetes_conn_id, self.config_file = kubernetes_conn_id, config_file
        self.in_cluster, self.cluster_context = in_cluster, cluster_context

    def execute(self, context):
        return run(self, context)


class _ResourceOperator(BaseOperator):
    """What a YAML text or file describes."""

    __module__ = _MODULE + "resource"
    template_fields = ("yaml_conf", "yaml_conf_file", "kubernetes_conn_id")
    template_fields_renderers = {"yaml_conf": "yaml"}

    def __init__(self, *, yaml_conf=None, yaml_conf_file=None, namespace=None, kubernetes_conn_id="kubernetes_default",
                 custom_resource_definition=False, namespaced=True, config_file=None, **kwargs):
        super().__init__(**kwargs)
        self.yaml_conf, self.yaml_conf_file, self.namespace = yaml_conf, yaml_conf_file, namespace
        self.kubernetes_conn_id, self.config_file = kubernetes_conn_id, config_file
        self.custom_resource_definition, self.namespaced = custom_resource_definition, namespaced


class KubernetesCreateResourceOperator(_ResourceOperator):
    """Creates what the YAML describes."""

    __module__ = _MODULE + "resource"

    def execute(self, context):
        return run(self, context)


class KubernetesDeleteResourceOperator(_ResourceOperator):
    """Deletes what the YAML describes."""

    __module__ = _MODULE + "resource"

    def execute(self, context):
        return run(self, context)


class KubernetesPodExecOperator(BaseOperator):
    """Runs a command in a container of a pod that is there."""

    __module__ = _MODULE + "pod_exec"
    template_fields = ("pod_name", "command", "namespace", "container_name", "kubernetes_conn_id", "cluster_context",
                       "config_file")
    template_fields_renderers = {"command": "py"}
    do_xcom_push = False

    def __init__(self, *, pod_name, command, namespace=None, container_name=None,
                 kubernetes_conn_id="kubernetes_default", in_cluster=None, cluster_context=None, config_file=None,
                 do_xcom_push=False, max_xcom_output_size=49_344, **kwargs):
        super().__init__(do_xcom_push=do_xcom_push, **kwargs)
        if isinstance(max_xcom_output_size, bool) or not isinstance(max_xcom_output_size, int) or max_xcom_output_size <= 0:
            raise ValueError("`max_xcom_output_size` must be a positive integer")
        self.pod_name, self.command, self.namespace, self.container_name = pod_name, command, namespace, container_name
        self.kubernetes_conn_id, self.in_cluster = kubernetes_conn_id, in_cluster
        self.cluster_context, self.config_file = cluster_context, config_file
        self.max_xcom_output_size = max_xcom_output_size

    def execute(self, context):
        return run(self, context)
