"""The Kubernetes client that pod callbacks get: made by the `kubernetes` package of the task's interpreter."""
import json

_TRUE = ("true", "1")


class NoClient:
    """Stands for the client where there is none."""

    def __init__(self, why):
        self.__dict__["why"] = why

    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        raise ImportError(f"client.{name} of a pod callback {self.why}")


def client_of(task):
    """The client of the task's cluster; one that says so when it is used where its package is missing."""
    try:
        from kubernetes import client

        client.ApiClient  # the stand-in says here what to install
    except ImportError as error:
        return NoClient("needs the package kubernetes in the task's interpreter (pip install kubernetes): "
                        f"{error}")
    return client.CoreV1Api(connect(task))


def extras(task):
    """The extras of the task's connection; none where the default one doesn't exist."""
    from .exceptions import AirflowNotFoundException
    from .variables import find_connection

    if not task.kubernetes_conn_id:
        return {}
    try:
        given = find_connection(task.kubernetes_conn_id).extra_dejson
    except AirflowNotFoundException:
        if task.kubernetes_conn_id != "kubernetes_default":
            raise
        return {}
    prefix = "extra__kubernetes__"
    return {k[len(prefix):] if k.startswith(prefix) else k: v for k, v in given.items() if v not in (None, "")}


def connect(task):
    """An API client, in the order of the operator's arguments, the connection, and the environment."""
    from kubernetes import client, config

    def own_account():
        made = client.Configuration()
        config.load_incluster_config(client_configuration=made)
        return client.ApiClient(made)

    said = extras(task)
    context = task.cluster_context or said.get("cluster_context")
    path = task.config_file or said.get("kube_config_path")
    in_cluster = task.in_cluster
    if in_cluster is None:
        in_cluster = str(said.get("in_cluster", "")).lower() in _TRUE
    if in_cluster:
        api = own_account()
    elif path:
        api = config.new_client_from_config(path, context=context)
    elif "kube_config" in said:
        text = said["kube_config"]
        api = config.new_client_from_config_dict(json.loads(text) if isinstance(text, str) else text, context=context)
    else:
        try:
            api = own_account()
        except config.ConfigException:
            api = config.new_client_from_config(context=context)
    if str(said.get("disable_verify_ssl", "")).lower() in _TRUE:
        # what is left of the pool was made with the check
        api.configuration.verify_ssl = False
        api = client.ApiClient(api.configuration)
    return api
