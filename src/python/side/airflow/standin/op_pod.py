"""`KubernetesPodOperator` and what its DAG files import: everything parses; pods are run by dagdeck itself."""
from . import state
from .enums import Name
from .operator import DEFERRABLE, BaseOperator

_MODULE = "airflow.providers.cncf.kubernetes."
RENAMED = {"resources": "container_resources", "pod_runtime_info_env": "pod_runtime_info_envs",
           "node_selectors": "node_selector", "service_account": "service_account_name"}


class KubernetesPodOperator(BaseOperator):
    """Runs a pod."""

    __module__ = _MODULE + "operators.pod"
    BASE_CONTAINER_NAME = "base"
    template_fields = (
        "image", "name", "hostname", "cmds", "annotations", "arguments", "env_vars", "labels", "config_file",
        "pod_template_file", "pod_template_dict", "namespace", "container_resources", "volumes", "volume_mounts",
        "cluster_context", "env_from", "configmaps", "node_selector", "kubernetes_conn_id", "base_container_name",
        "trigger_kwargs")
    template_fields_renderers = {"env_vars": "py"}
    do_xcom_push = False

    def __init__(
        self, *, kubernetes_conn_id="kubernetes_default", namespace=None, image=None, name=None,
        random_name_suffix=True, cmds=None, arguments=None, ports=None, volume_mounts=None, volumes=None, env_vars=None,
        env_from=None, secrets=None, in_cluster=None, cluster_context=None, labels=None, reattach_on_restart=None,
        durable=None, startup_timeout_seconds=120, startup_check_interval_seconds=5, schedule_timeout_seconds=None,
        get_logs=True, base_container_name=None, base_container_status_polling_interval=1, init_container_logs=None,
        container_logs=None, image_pull_policy=None, annotations=None, container_resources=None, affinity=None,
        config_file=None, runtime_class_name=None, node_selector=None, image_pull_secrets=None,
        service_account_name=None, automount_service_account_token=None, hostnetwork=False, host_aliases=None,
        tolerations=None, security_context=None, container_security_context=None,
        xcom_sidecar_container_security_context=None, dnspolicy=None, dns_config=None, hostname=None, subdomain=None,
        schedulername=None, full_pod_spec=None, init_containers=None, log_events_on_failure=False,
        log_events_on_startup=True, do_xcom_push=False, pod_template_file=None, pod_template_dict=None,
        priority_class_name=None, pod_runtime_info_envs=None, termination_grace_period=None, configmaps=None,
        skip_on_exit_code=None, deferrable=DEFERRABLE, poll_interval=2, log_pod_spec_on_failure=True,
        on_finish_action="delete_pod", on_kill_action="delete_pod", is_delete_operator_pod=None,
        termination_message_policy="File", active_deadline_seconds=None, callbacks=None, progress_callback=None,
        logging_interval=None, trigger_kwargs=None, container_name_log_prefix_enabled=True, log_formatter=None,
        xcom_from=None, **kwargs,
    ):
        given = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        old = {k: kwargs.pop(k) for k in list(kwargs) if k in RENAMED}
        if is_delete_operator_pod is not None:
            old["is_delete_operator_pod"] = is_delete_operator_pod
        modern = self.modern_arguments(old)
        given.update(modern)
        super().__init__(**kwargs)
        if reattach_on_restart is not None and durable is None:
            given["durable"] = reattach_on_restart
        for key, value in given.items():
            setattr(self, key, value)
        self.on_finish_action = str(getattr(self.on_finish_action, "value", self.on_finish_action))
        self.on_kill_action = str(getattr(self.on_kill_action, "value", self.on_kill_action))
        self.base_container_name = base_container_name or self.BASE_CONTAINER_NAME
        if isinstance(self.image_pull_secrets, str):
            from kubernetes.client import models as k8s

            self.image_pull_secrets = [k8s.V1LocalObjectReference(name=n.strip())
                                       for n in self.image_pull_secrets.split(",")]
        if state.parsing:
            for kind, given in ((OnFinishAction, self.on_finish_action), (OnKillAction, self.on_kill_action)):
                if given not in kind._by_value:
                    raise ValueError(f"{given!r} is not a valid {kind.__name__}")
            if xcom_from not in (None, "file", "stdout"):
                raise ValueError(f"xcom_from must be 'file' or 'stdout', not {xcom_from!r}")

    @staticmethod
    def modern_arguments(given):
        """The arguments with old spellings replaced."""
        made = dict(given)
        for old, modern in RENAMED.items():
            if old in made:
                state.warn(f"{old}= was removed from KubernetesPodOperator; {modern}= is meant", f"{modern}=...")
                made.setdefault(modern, made.pop(old))
        delete = made.pop("is_delete_operator_pod", None)
        if delete is not None:
            action = "delete_pod" if delete else "keep_pod"
            state.warn("is_delete_operator_pod= has had no effect since provider 10; on_finish_action= decides",
                       f'on_finish_action="{action}"')
        return made

    def _before_render(self):
        # Names of variables are templates too.
        if isinstance(self.env_vars, dict):
            from kubernetes.client import models as k8s

            self.env_vars = [k8s.V1EnvVar(name=name, value=value) for name, value in self.env_vars.items()]

    def execute(self, context):
        from .pod_run import run

        return run(self, context)


class Secret:
    """A Kubernetes secret as environment variable or volume."""

    __module__ = _MODULE + "secret"

    def __init__(self, deploy_type, deploy_target, secret, key=None, items=None):
        from .exceptions import AirflowConfigException

        if deploy_type not in ("env", "volume"):
            raise AirflowConfigException("deploy_type must be env or volume")
        if key is not None and deploy_target is None:
            raise AirflowConfigException("If `key` is set, `deploy_target` should not be None")
        self.deploy_type, self.secret, self.key, self.items = deploy_type, secret, key, items or []
        self.deploy_target = deploy_target.upper() if deploy_type == "env" and deploy_target else deploy_target

    def _given(self):
        return {"deploy_type": self.deploy_type, "deploy_target": self.deploy_target, "secret": self.secret,
                "key": self.key, "items": self.items}

    def __eq__(self, other):
        return isinstance(other, Secret) and self._given() == other._given()

    def __hash__(self):
        return hash((self.deploy_type, self.deploy_target, self.secret, self.key))

    def __repr__(self):
        return f"Secret({self.deploy_type}, {self.deploy_target}, {self.secret}, {self.key})"


def _nothing(**kwargs):
    """Does nothing, as all methods do that the author's class doesn't have."""


class KubernetesPodOperatorCallback:
    """Base of pod callbacks: `pod_calls` says when which method is called."""

    __module__ = _MODULE + "callbacks"
    on_sync_client_creation = on_pod_manifest_created = on_pod_creation = on_pod_starting = staticmethod(_nothing)
    on_pod_completion = on_pod_teardown = on_pod_cleanup = on_operator_resuming = staticmethod(_nothing)
    progress_callback = staticmethod(_nothing)


class ExecutionMode(Name):
    SYNC = "sync"
    ASYNC = "async"


class PodDefaults:
    """Constants of the XCom sidecar."""

    XCOM_MOUNT_PATH = "/airflow/xcom"
    SIDECAR_CONTAINER_NAME = "airflow-xcom-sidecar"


class PodPhase:
    PENDING, RUNNING, FAILED, SUCCEEDED = "Pending", "Running", "Failed", "Succeeded"
    terminal_states = {FAILED, SUCCEEDED}


class OnFinishAction(Name):
    KEEP_POD = "keep_pod"
    DELETE_POD = "delete_pod"
    DELETE_SUCCEEDED_POD = "delete_succeeded_pod"
    DELETE_ACTIVE_POD = "delete_active_pod"


class OnKillAction(Name):
    KEEP_POD = "keep_pod"
    DELETE_POD = "delete_pod"
