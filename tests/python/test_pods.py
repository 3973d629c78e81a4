"""Pods: what is encoded of their arguments, and what a task that needs Python asks for."""
import base64
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest

from supervisor import parse_text, run_task

HEAD = ("from airflow.sdk import DAG, task\n"
        "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n"
        "from airflow.providers.cncf.kubernetes.secret import Secret\n"
        "from kubernetes.client import models as k8s\n")


def arguments(text):
    """The encoded arguments of task `p`; text is what stands in its call."""
    made = parse_text(HEAD + f"with DAG('d'):\n    KubernetesPodOperator(task_id='p', {text})\n")
    if made["diagnostics"] and not made["dags"]:
        raise ValueError(made["diagnostics"][0]["message"])
    return made["dags"][0]["tasks"]["p"]["args"]


def run_pod(text, reply=None, **changes):
    """What task `p` of a file asks to run, and how the task ends."""
    reply = {"type": "PodResult", "state": "success", "xcom": {"a": 1}} if reply is None else reply
    done = run_task(HEAD + text, "p", answers={"RunPod": reply}, **changes)
    asked = done.of("RunPod")
    return (asked[0] if asked else None), done


class Encoding(unittest.TestCase):
    def test_only_objects_with_templates_are_marked(self):
        args = arguments(
            "image='i', secrets=[Secret('env', 'a', 'name', 'key')], affinity=k8s.V1Affinity(),\n"
            "volumes=[k8s.V1Volume(name='v', persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name='c'))],\n"
            "full_pod_spec=k8s.V1Pod(spec=k8s.V1PodSpec(host_ipc=True, containers=[k8s.V1Container(name='base')]))")
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
        self.assertEqual(args["volumes"], [{"__dagdeck__": "v1", "model": "V1Volume", "value": volume}])
        self.assertEqual(args["full_pod_spec"], {"spec": {"hostIPC": True, "containers": [{"name": "base"}]}})
        self.assertEqual(args["secrets"], [
            {"deploy_type": "env", "deploy_target": "A", "secret": "name", "key": "key", "items": []}])
        self.assertEqual(args["affinity"], {})

    def test_objects_refuse_what_the_real_ones_refuse(self):
        for text, wanted in (
                ("ports=[k8s.V1ContainerPort(container_prt=1)]", "did you mean container_port?"),
                ("ports=[k8s.V1ContainerPort(name='http')]", "Invalid value for `container_port`, must not be `None`"),
                ("on_finish_action='burn'", "'burn' is not a valid OnFinishAction"),
                ("secrets=[Secret('env', None, 'name', 'key')]", "`deploy_target` should not be None")):
            with self.subTest(text), self.assertRaisesRegex(ValueError, wanted.replace("?", ".")):
                arguments(text)


class InPython(unittest.TestCase):
    def test_a_task_with_callbacks_gets_its_pod_run(self):
        asked, done = run_pod(
            "def told(context): print('told', context['ti'].task_id)\n"
            "with DAG('d'):\n"
            "    KubernetesPodOperator(task_id='p', image='i', on_success_callback=told, env_vars={'{{ ds }}': '{{ ds }}'},\n"
            "        volume_mounts=[k8s.V1VolumeMount(name='v', mount_path='{{ ds }}')], do_xcom_push=True)\n")
        variable, mount = asked["arguments"]["env_vars"][0]["value"], asked["arguments"]["volume_mounts"][0]["value"]
        self.assertEqual(variable, {"name": "2026-03-02", "value": "2026-03-02"})
        self.assertEqual(mount, {"name": "v", "mountPath": "{{ ds }}"})
        self.assertTrue(asked["do_xcom_push"])
        self.assertEqual(done.xcoms["return_value"], {"a": 1})
        self.assertIn("told p", done.log)

    def test_a_failed_or_skipped_pod_is_the_task_s_end(self):
        text = "with DAG('d'):\n    KubernetesPodOperator(task_id='p', image='i')\n"
        _, done = run_pod(text, {"type": "PodResult", "state": "skipped", "message": "code 99"})
        self.assertEqual(done.end["state"], "skipped")
        _, done = run_pod(text, {"type": "PodResult", "state": "failed", "message": "Pod p returned a failure."})
        self.assertEqual(done.end["type"], "TaskState")
        self.assertIn("Pod p returned a failure.", json.dumps(done.messages))

    def test_a_decorated_function_travels_and_runs_with_its_arguments(self):
        asked, _ = run_pod(
            "with DAG('d'):\n"
            "    @task.kubernetes(image='i', env_vars={'A': 'b'}, do_xcom_push=True)\n"
            "    def p(x, y=1):\n"
            "        return {'sum': x + y}\n"
            "    p(2, y=3)\n")
        sent = asked["arguments"]
        self.assertEqual(sent["name"], "k8s-airflow-pod-p")
        self.assertEqual(sent["env_vars"][0]["value"], {"name": "A", "value": "b"})
        given = {v["value"]["name"]: v["value"]["value"] for v in sent["env_vars"]}
        self.assertEqual(sent["cmds"][:2], ["bash", "-cx"])
        with tempfile.TemporaryDirectory() as folder:
            for name, variable in (("script.py", "__PYTHON_SCRIPT"), ("script.in", "__PYTHON_INPUT")):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(base64.b64decode(given[variable]))
            subprocess.run([sys.executable, "script.py", "script.in", "out.json"], cwd=folder, check=True)
            with open(os.path.join(folder, "out.json")) as file:
                self.assertEqual(json.load(file), {"sum": 5})
        self.assertIn("/airflow/xcom/return.json", sent["cmds"][2])

    def test_the_command_unpacks_what_was_sent(self):
        asked, _ = run_pod("with DAG('d'):\n    @task.kubernetes(image='i')\n    def p():\n        print('it ran')\n    p()\n")
        sent = asked["arguments"]
        env = {v["value"]["name"]: v["value"]["value"] for v in sent["env_vars"]}
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(sys.executable, os.path.join(folder, "python"))
            text = sent["cmds"][2].replace("/tmp/script", folder + "/script")
            done = subprocess.run(["bash", "-c", text], env={**os.environ, **env, "PATH": f"{folder}:{os.environ['PATH']}"},
                                  stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, b"it ran\n")

    def test_a_function_can_say_the_command(self):
        text = ("with DAG('d'):\n    @task.kubernetes_cmd(image='i', args_only={0})\n"
                "    def p(word): return ['echo', word, '{{{{ ds }}}}']\n    p('a')\n")
        asked, _ = run_pod(text.format(False))
        self.assertEqual(asked["arguments"]["cmds"], ["echo", "a", "2026-03-02"])
        asked, _ = run_pod(text.format(True))
        self.assertEqual(asked["arguments"]["arguments"], ["echo", "a", "2026-03-02"])
        self.assertEqual(asked["arguments"]["cmds"], [])
        asked, done = run_pod("with DAG('d'):\n    @task.kubernetes_cmd(image='i')\n    def p(): return 'no list'\n    p()\n")
        self.assertIsNone(asked)
        self.assertIn("Expected p to return a list of strings", json.dumps(done.messages))


class Jobs(unittest.TestCase):
    def test_a_class_made_from_an_operator_asks_for_what_it_does(self):
        for module, name, given in (
                ("job", "KubernetesJobOperator", {"image": "i", "backoff_limit": 2}),
                ("job", "KubernetesDeleteJobOperator", {"name": "j", "namespace": "n", "poll_interval": 3}),
                ("job", "KubernetesPatchJobOperator", {"name": "j", "namespace": "n", "body": {"spec": {"suspend": False}}}),
                ("kueue", "KubernetesStartKueueJobOperator", {"image": "i", "queue_name": "q"}),
                ("resource", "KubernetesCreateResourceOperator", {"yaml_conf": "{}", "namespace": "n"})):
            with self.subTest(name):
                text = (f"from airflow.providers.cncf.kubernetes.operators.{module} import {name}\n"
                        f"class Own({name}):\n    pass\n"
                        f"with DAG('d'):\n    Own(task_id='p', **{given!r})\n")
                asked, done = run_pod(text)
                self.assertEqual({k: asked["arguments"][k] for k in given}, given)
                self.assertEqual(done.end["type"], "SucceedTask")

    def test_jobs_refuse_what_the_provider_refuses(self):
        text = ("from airflow.sdk import DAG\n"
                "from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator\n"
                "with DAG('d'):\n    KubernetesJobOperator(task_id='t', image='i', on_kill_propagation_policy='Later')\n")
        message = parse_text(text)["diagnostics"][0]["message"]
        self.assertIn("on_kill_propagation_policy must be Foreground, Background or Orphan, not 'Later'", message)

    def test_kueue_refuses_a_job_that_begins_at_once(self):
        text = ("from airflow.sdk import DAG\n"
                "from airflow.providers.cncf.kubernetes.operators.kueue import KubernetesStartKueueJobOperator\n"
                "with DAG('d'):\n    KubernetesStartKueueJobOperator(task_id='t', image='i', queue_name='q', suspend=False)\n")
        self.assertIn("The `suspend` parameter can't be False", parse_text(text)["diagnostics"][0]["message"])
        text = "from airflow.providers.cncf.kubernetes.operators.kueue import KubernetesInstallKueueOperator\n"
        self.assertIn("manifests.yaml", parse_text("from airflow.sdk import DAG\n" + text)["diagnostics"][0]["hint"])

    def test_spark_names_what_to_use_instead(self):
        text = "from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator\n"
        found = parse_text("from airflow.sdk import DAG\n" + text)["diagnostics"][0]
        self.assertIn("KubernetesCreateResourceOperator", found["hint"])


CALLBACKS = '''
from airflow.providers.cncf.kubernetes.callbacks import ExecutionMode, KubernetesPodOperatorCallback

class Told(KubernetesPodOperatorCallback):
    @staticmethod
    def on_sync_client_creation(*, client, operator, **kwargs):
        print("client", operator.task_id)
    @staticmethod
    def on_pod_manifest_created(*, pod_request, client, mode, operator, context, **kwargs):
        assert mode == ExecutionMode.SYNC and operator.image == "2026-03-02"
        pod_request.metadata.labels["told"] = context["ti"].run_id
        pod_request.spec.containers[0].env = [k8s.V1EnvVar(name="A", value="b")]
    @staticmethod
    def on_pod_completion(*, pod, context, **kwargs):
        context["ti"].xcom_push("code", pod.status.container_statuses[0].state.terminated.exit_code)
    @staticmethod
    def on_pod_teardown(*, pod, client, **kwargs):
        print("year", pod.metadata.creation_timestamp.year)
        client.read_namespaced_pod("p", "n")
    @staticmethod
    def progress_callback(*, line, container_name, timestamp, pod, **kwargs):
        print("line", line, container_name, timestamp.second, pod.metadata.name)

with DAG('d'):
    KubernetesPodOperator(task_id='p', image='{{ ds }}', callbacks=Told, log_formatter=lambda name, line: f"{name}> {line}")
'''


class Told(unittest.TestCase):
    """What the author's own code is told of a pod."""

    def make(self, calls, text=CALLBACKS, type="PodCallsRequest"):
        """The answers to calls, and how the process ends."""
        answers, left = [], list(calls) + [{"call": "end"}]

        def next_call(message):
            answers.append(message.get("done"))
            return {"type": "PodCall", "n": len(answers), **left.pop(0)}

        done = run_task(HEAD + text, "p", answers={"NextPodCall": next_call, "GetConnection": {
            "type": "ErrorResponse", "error": "CONNECTION_NOT_FOUND", "detail": None}}, type=type)
        return answers[1:], done

    def pod(self, **more):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "p-1", "labels": {"a": "b"}, "creationTimestamp": "2026-01-02T03:04:05Z"},
            "spec": {"containers": [{"name": "base"}]}, **more}

    def test_each_method_is_called_once_with_the_provider_s_arguments(self):
        ended = {"phase": "Succeeded", "containerStatuses": [{
            "name": "base", "image": "i", "imageID": "", "ready": False, "restartCount": 0,
            "state": {"terminated": {"exitCode": 7}}}]}
        answers, done = self.make([
            {"call": "on_pod_manifest_created", "pod": self.pod()},
            {"call": "on_pod_manifest_created", "pod": self.pod()},
            {"call": "on_pod_creation", "pod": self.pod()},
            {"call": "lines", "container": "base", "lines": [["2026-01-02T03:04:05.123456789Z", "a"],
                                                             ["2026-01-02T03:04:06Z", "::group::x"]]},
            {"call": "on_pod_completion", "pod": self.pod(status=ended)}])
        made, again, created, lines, completed = answers
        self.assertEqual(made["pod"]["metadata"]["labels"], {"a": "b", "told": "r"})
        self.assertEqual(made["pod"]["spec"]["containers"], [{"name": "base", "env": [{"name": "A", "value": "b"}]}])
        self.assertEqual(made["pod"]["metadata"]["creationTimestamp"], "2026-01-02T03:04:05Z")
        self.assertEqual((made["shows_lines"], made["n"], again["n"]), (True, 1, 2))
        self.assertEqual(again["pod"], made["pod"])
        self.assertEqual((created, completed), ({"n": 3}, {"n": 5}))
        self.assertEqual(lines["texts"], ["base> a", None])
        self.assertEqual(done.xcoms["code"], 7)
        self.assertEqual(done.end["type"], "SucceedTask")
        self.assertEqual([m for m in done.log if m.startswith(("client", "line"))],
                         ["client p", "line a base 5 p-1", "line ::group::x base 6 p-1"])
        self.assertEqual(done.of("SetRenderedFields"), [])

    def test_a_line_that_a_killed_scheduler_had_shown_but_not_written_is_shown_once(self):
        def lines(n, *texts):
            at = "2026-01-02T03:04:0{}Z"
            return {"call": "lines", "n": n, "container": "base", "lines": [[at.format(t[0]), t[1:]] for t in texts]}

        answers, done = self.make([
            {"call": "on_pod_creation", "n": 1, "pod": self.pod()}, lines(2, "1a"), lines(3, "2a", "3b", "4c"),
            {"call": "on_pod_creation", "n": 1, "pod": self.pod()},
            {"call": "on_pod_creation", "n": 1, "pod": self.pod()}, lines(2, "3b"),
            {"call": "on_pod_creation", "n": 1, "pod": self.pod()}, lines(2, "3b", "4c", "5c"), lines(3, "5c")])
        texts = [answer["texts"] for answer in answers if "texts" in answer]
        self.assertEqual(texts, [["base> a"], ["base> a", "base> b", "base> c"], ["base> b"],
                                 ["base> b", "base> c", "base> c"], ["base> c"]])
        shown = [m.split()[1:4:2] for m in done.log if m.startswith("line")]
        self.assertEqual(shown, [["a", "1"], ["a", "2"], ["b", "3"], ["c", "4"], ["c", "5"], ["c", "5"]])

    def test_what_raises_is_told_and_the_next_call_is_made_all_the_same(self):
        answers, done = self.make([{"call": "on_pod_teardown", "pod": self.pod()},
                                   {"call": "on_pod_cleanup", "pod": None}])
        error = answers[0]["error"]
        self.assertEqual(error["method"], "on_pod_teardown")
        self.assertIn("year 2026", done.log)
        if not importlib.util.find_spec("kubernetes"):
            self.assertEqual(error["exception"], "ImportError")
            self.assertIn("client.read_namespaced_pod of a pod callback needs the package kubernetes", error["summary"])
        self.assertEqual(answers[1], {"n": 2})

    def test_a_process_of_the_task_makes_the_calls_itself_and_raises_what_was_raised(self):
        calls = [{"type": "PodCall", "n": 0, "call": "on_pod_manifest_created", "pod": self.pod()},
                 {"type": "PodCall", "n": 1, "call": "on_pod_cleanup", "pod": self.pod()},
                 {"type": "PodResult", "state": "failed", "message": "no"}]
        asked = []

        def reply(message):
            asked.append(message)
            return dict(calls[len(asked) - 1])

        text = ("class Told:\n    @staticmethod\n    def on_sync_client_creation(**kwargs): pass\n"
                "    @staticmethod\n    def on_pod_manifest_created(**kwargs): raise KeyError('mine')\n"
                "    on_pod_cleanup = on_sync_client_creation\n"
                "class Own(KubernetesPodOperator): pass\n"
                "with DAG('d'):\n    Own(task_id='p', image='i', callbacks=[Told])\n")
        done = run_task(HEAD + text, "p", answers={"RunPod": reply})
        self.assertEqual((asked[0]["listens"], asked[1]["done"]["n"], asked[2]["done"]), (True, 0, {"n": 1}))
        self.assertEqual(asked[1]["done"]["error"]["exception"], "KeyError")
        self.assertEqual(done.end["cause"]["exception"], "KeyError")
