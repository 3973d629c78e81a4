"""What operators do in a cluster besides pods, through the `kubernetes` package of the task's interpreter."""
import json
import time

from kubernetes import client

from . import state

client.ApiClient  # the stand-in says here what to install

# How a sidecar is read, and ended.
READ = "if [ -s /airflow/xcom/return.json ]; then cat /airflow/xcom/return.json; else echo null; fi"
END = "kill -2 $(pgrep -u $(id -u) -f 'sh')"
SIDECAR = "airflow-xcom-sidecar"


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
    """A client of the task's cluster, and the connection's extras."""
    from kubernetes import config

    said = extras(task)
    context = getattr(task, "cluster_context", None) or said.get("cluster_context")
    path = task.config_file or said.get("kube_config_path")
    in_cluster = getattr(task, "in_cluster", None)
    if in_cluster is None:
        in_cluster = str(said.get("in_cluster", "")).lower() in ("true", "1")

    def own_account():
        made = client.Configuration()
        config.load_incluster_config(client_configuration=made)
        return client.ApiClient(made)

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
    if str(said.get("disable_verify_ssl", "")).lower() in ("true", "1"):
        api.configuration.verify_ssl = False
    return api, said


def patiently(call, *args, **kwargs):
    """Asks again while the API server is away or busy."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    pause = 0.5
    while True:
        try:
            return call(*args, **kwargs)
        except ApiException as error:
            if error.status not in (429, 500, 502, 503, 504):
                raise
        except HTTPError:
            pass
        time.sleep(pause)
        pause = min(pause * 2, 15)


def ended(job):
    """The condition that ended a job: type and reason; None while it goes on."""
    for one in job.status.conditions or ():
        if one.type in ("Complete", "Failed") and one.status == "True":
            return one.type, one.reason
    return None


def wait_for_job(jobs, name, namespace, interval):
    while True:
        job = patiently(jobs.read_namespaced_job_status, name, namespace)
        if ended(job):
            return job
        time.sleep(interval)


def delete_job(task):
    """`KubernetesDeleteJobOperator`."""
    from kubernetes.client.exceptions import ApiException

    from .exceptions import AirflowException

    if task.delete_on_status not in ("Complete", "Failed", None):
        raise AirflowException("delete_on_status must be 'Complete', 'Failed' or None, "
                               f"not {task.delete_on_status!r}")
    jobs = client.BatchV1Api(connect(task)[0])
    try:
        if task.wait_for_completion:
            job = wait_for_job(jobs, task.name, task.namespace, task.poll_interval)
        else:
            job = patiently(jobs.read_namespaced_job_status, task.name, task.namespace)
        end = ended(job)
        if task.delete_on_status is not None and (end is None or end[0] != task.delete_on_status):
            task.log.info("Job %s is not deleted: it is %s, and delete_on_status is %s", task.name,
                          end[0] if end else "not over", task.delete_on_status)
            return
        patiently(jobs.delete_namespaced_job, task.name, task.namespace, propagation_policy="Background")
        task.log.info("Job %s was deleted", task.name)
    except ApiException as error:
        if error.status != 404:
            raise
        task.log.info("There is no job %s", task.name)


def patch_job(task):
    """`KubernetesPatchJobOperator`; the job as it is then."""
    jobs = client.BatchV1Api(connect(task)[0])
    job = patiently(jobs.patch_namespaced_job, task.name, task.namespace, task.body)
    task.log.info("Job %s was changed", task.name)
    return plain(job)


def plain(item):
    """An object as the client's own dict, dates as text."""
    return json.loads(json.dumps(item.to_dict(), default=str))


def objects(task):
    """What the task's YAML describes, lists taken apart."""
    import os

    import yaml

    from .exceptions import AirflowException

    if not task.yaml_conf and not task.yaml_conf_file:
        raise AirflowException("One of `yaml_conf` or `yaml_conf_file` arguments must be provided")
    text = task.yaml_conf
    if not text:
        if not os.path.exists(task.yaml_conf_file):
            raise AirflowException(f"File {task.yaml_conf_file} not found")
        with open(task.yaml_conf_file, encoding="utf-8") as file:
            text = file.read()
    for one in yaml.safe_load_all(text):
        if one is None:
            continue
        if "List" not in one["kind"]:
            yield one
            continue
        kind = one["kind"].replace("List", "")
        for item in one["items"]:
            yield {**item, "apiVersion": one["apiVersion"], "kind": kind} if kind else item


def each_object(task, act):
    """Does something with every object; what failed, when all were tried."""
    from kubernetes.client.exceptions import ApiException
    from kubernetes.dynamic import DynamicClient

    api, said = connect(task)
    found = DynamicClient(api)
    failures = []
    for one in objects(task):
        kind = found.resources.get(api_version=one["apiVersion"], kind=one["kind"])
        namespace = None
        if kind.namespaced:
            namespace = one["metadata"].get("namespace") or task.namespace or said.get("namespace") or "default"
        try:
            act(kind, one, namespace)
        except ApiException as error:
            task.log.error("%s %s: %s", one["kind"], one["metadata"].get("name"), error)
            failures.append(error)
        else:
            task.log.info("%s %s: done", one["kind"], one["metadata"].get("name"))
    return failures


def create_objects(task):
    """`KubernetesCreateResourceOperator`."""
    failures = each_object(task, lambda kind, one, namespace: kind.create(body=one, namespace=namespace))
    if failures:
        from kubernetes.utils import FailToCreateError

        raise FailToCreateError(failures)


def delete_objects(task):
    """`KubernetesDeleteResourceOperator`."""
    body = {"propagationPolicy": "Background", "gracePeriodSeconds": 5}
    failures = each_object(task, lambda kind, one, namespace: kind.delete(
        name=one["metadata"]["name"], namespace=namespace, body=body))
    if failures:
        raise failures[0]


class JobRun:
    """`KubernetesJobOperator`: its job, from its making to its end."""

    def __init__(self, task, context):
        self.task, self.ti = task, context["ti"]
        self.made = None

    def run(self):
        from .exceptions import AirflowException
        from .pod_run import arguments

        task = self.task
        api, _ = connect(task)
        self.jobs, self.pods = client.BatchV1Api(api), client.CoreV1Api(api)
        reply = state.channel.ask({"type": "MakeJob", "arguments": arguments(task), "do_xcom_push": bool(task.do_xcom_push)})
        manifest = reply["job"]
        if manifest is None:
            raise AirflowException(reply["error"])
        for warning in reply.get("warnings") or ():
            task.log.warning("%s", warning)
        self.name, self.namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
        self.made = patiently(self.jobs.create_namespaced_job, self.namespace, manifest)
        task.log.info("Job %s in namespace %s was created", self.name, self.namespace)
        self.ti.xcom_push(key="job_name", value=self.name)
        self.ti.xcom_push(key="job_namespace", value=self.namespace)
        results, job = [], self.made
        if task.wait_until_job_complete:
            where = f"job-name={self.name}"
            if task.do_xcom_push:
                results = [self.result_of(pod) for pod in self.first_pods(where)]
            job = wait_for_job(self.jobs, self.name, self.namespace, task.job_poll_interval)
            self.tidy(where)
        self.ti.xcom_push(key="job", value=plain(job))
        if not task.wait_until_job_complete:
            return None
        end = ended(job)
        if end[0] == "Failed":
            raise AirflowException(f"Kubernetes job '{self.name}' is failed with error '{end[1]}'")
        if not task.do_xcom_push:
            return None
        return results[0] if task.unwrap_single and len(results) == 1 else results

    def first_pods(self, where):
        """Names of the job's pods, once there are as many as run at a time, or the job is over."""
        while True:
            found = patiently(self.pods.list_namespaced_pod, self.namespace, label_selector=where).items
            over = ended(patiently(self.jobs.read_namespaced_job_status, self.name, self.namespace))
            if len(found) >= self.task.parallelism or over:
                return [pod.metadata.name for pod in found]
            time.sleep(1)

    def result_of(self, name):
        """What a pod's sidecar keeps, when its base container has ended; the sidecar ends then."""
        from kubernetes.stream import stream

        while True:
            pod = patiently(self.pods.read_namespaced_pod, name, self.namespace)
            states = {one.name: one.state for one in pod.status.container_statuses or ()}
            base, sidecar = states.get(self.task.base_container_name), states.get(SIDECAR)
            if sidecar is not None and sidecar.terminated or pod.status.phase in ("Failed", "Succeeded"):
                return None
            if base is not None and base.terminated and sidecar is not None and sidecar.running:
                break
            time.sleep(1)

        def told(script):
            return stream(self.pods.connect_get_namespaced_pod_exec, name, self.namespace, container=SIDECAR,
                          command=["/bin/sh", "-c", script], stdout=True, stderr=False, stdin=False, tty=False,
                          _preload_content=False)

        answer = told(READ)
        answer.run_forever(timeout=120)
        text = answer.read_stdout() if answer.peek_stdout() else ""
        told(END).run_forever(timeout=10)
        return json.loads(text) if text.strip() else None

    def tidy(self, where):
        """Copies the pods' output to the log, and does with them what `on_finish_action` says."""
        from kubernetes.client.exceptions import ApiException

        task = self.task
        for pod in patiently(self.pods.list_namespaced_pod, self.namespace, label_selector=where).items:
            name = pod.metadata.name
            if task.get_logs:
                try:
                    answer = patiently(self.pods.read_namespaced_pod_log, name, self.namespace,
                                       container=task.base_container_name, _preload_content=False)
                    for line in answer.data.decode("utf-8", "backslashreplace").splitlines():
                        task.log.info("[%s] %s", task.base_container_name, line)
                except ApiException as error:
                    task.log.warning("The output of pod %s can't be read: %s", name, error.reason)
            action = task.on_finish_action
            if action == "delete_pod" or action == "delete_succeeded_pod" and pod.status.phase == "Succeeded":
                self.delete_pod(name)

    def delete_pod(self, name):
        from kubernetes.client.exceptions import ApiException

        try:
            patiently(self.pods.delete_namespaced_pod, name, self.namespace)
        except ApiException as error:
            if error.status != 404:
                raise

    def kill(self):
        """The task is ended from outside."""
        if self.made is None:
            return
        more = {} if self.task.termination_grace_period is None else {
            "grace_period_seconds": self.task.termination_grace_period}
        self.jobs.delete_namespaced_job(self.name, self.namespace,
                                        propagation_policy=self.task.on_kill_propagation_policy, **more)
