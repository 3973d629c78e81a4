"""Tests of the agent that runs a task in a pod: here a local process, its exec streams are pipes that break."""
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import unittest

from supervisor import HEAD, SIDE, answer, startup

AGENT = os.path.join(SIDE, "dagdeck_agent.py")
SAYS = ["SetXCom", "SetRenderedFields", "SetRenderedMapIndex", "PutVariable"]
DAG = HEAD + """
import os, time
from airflow.sdk import dag, task, Variable
@dag(schedule=None)
def d():
    @task
    def many(ti):
        print("begins")
        for i in range(30):
            ti.xcom_push(f"k{i}", i)
            assert Variable.get(f"v{i}") == f"value {i}"
        return "done"
    @task
    def big(ti):
        return "x" * 300_000
    @task
    def quiet(ti):
        ti.xcom_push("secret", 7)
        return {"deep": [1, 2]}
    @task
    def fails():
        raise ValueError("on purpose")
    @task
    def sleeps():
        print("sleeps", flush=True)
        time.sleep(600)
    many(), big(), quiet(), fails(), sleeps()
d()
"""


def archive(path, folder):
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, arcname=".", filter=lambda entry: None if "__pycache__" in entry.name else entry)


class Pod:
    """A folder that is mounted as a pod's is, and the agent as its first process."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="agent-")
        self.run, mounted = f"{self.folder}/run", f"{self.folder}/mounted"
        dags = f"{self.folder}/dags"
        for name in (self.run, mounted, dags):
            os.mkdir(name)
        with open(f"{dags}/example.py", "w") as file:
            file.write(DAG)
        archive(f"{mounted}/side.tar.gz.0", SIDE)
        archive(f"{self.folder}/whole", dags)
        with open(f"{self.folder}/whole", "rb") as file:
            whole = file.read()
        for number, at in enumerate(range(0, len(whole), 200)):
            with open(f"{mounted}/dags.tar.gz.{number}", "wb") as file:
                file.write(whole[at:at + 200])
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
        self.env.update(DAGDECK_MOUNTED=mounted, DAGDECK_FOLDER=self.run, AIRFLOW_IS_K8S_EXECUTOR_POD="True",
                        DAGDECK_TERMINATION=f"{self.folder}/termination")
        self.log = open(f"{self.folder}/log", "w+b")
        self.process = subprocess.Popen([sys.executable, AGENT, "run"], env=self.env, stdout=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def connect(self):
        return Stream(self)

    def order(self, task_id, **changes):
        start = startup(f"{self.run}/dags/example.py", "d", task_id)
        return {"start": {"startup": start, "says": SAYS, "env": {}, "grace": 60.0, "timeout": None, **changes}}

    def lines(self):
        with open(self.log.name, "rb") as file:
            return [json.loads(line) for line in file.read().decode().splitlines()]

    def termination(self):
        with open(f"{self.folder}/termination") as file:
            return json.load(file)

    def framed(self):
        """What the log holds of what nobody fetched, checked against the termination message."""
        frames = [line for line in self.lines() if "dagdeck_frame" in line]
        text = "".join(frame["data"] for frame in frames)
        said = self.termination()
        assert [f["dagdeck_frame"] for f in frames] == list(range(1, said["frames"] + 1)), frames
        assert hashlib.sha1(text.encode()).hexdigest() == said["sha1"]
        return [json.loads(line) for line in text.splitlines()]


class Stream:
    """One exec into the pod."""

    def __init__(self, pod):
        self.process = subprocess.Popen([sys.executable, AGENT, "talk"], env=pod.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def send(self, message):
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def cut(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


class Scheduler:
    """Takes in what the agent says; `fate` tells before each line whether the stream breaks there."""

    def __init__(self, fate=lambda: None):
        self.taken, self.order, self.answered, self.fate, self.hellos = {}, [], [], fate, 0

    def serve(self, pod, order):
        stream = pod.connect()
        while True:
            broken = self.fate()
            message = None if broken else stream.read()
            if message is None:
                stream.cut()
                if pod.process.poll() is not None:
                    return
                stream = pod.connect()
                continue
            if "hello" in message:
                self.hellos += 1
                if message["state"] == "waiting":
                    stream.send(order)
            elif "ask" in message:
                self.answered.append(message["ask"])
                stream.send({"answer": message["ask"], "body": self.reply(message["body"])})
            elif "n" in message:
                known = self.taken.setdefault(message["n"], message["body"])
                assert known == message["body"]
                self.order.append(message["n"])
                if self.fate() != "before the ack":
                    stream.send({"ack": message["n"]})
                if message["body"]["type"] == "Outcome" and self.fate() is None:
                    stream.read()
                    stream.cut()
                    pod.process.wait()
                    return

    @staticmethod
    def reply(body):
        if body["type"] == "GetVariable":
            return {"type": "VariableResult", "key": body["key"], "value": "value " + body["key"][1:]}
        return answer(body, {}, {})


class AgentTests(unittest.TestCase):
    def check_many(self, taken):
        self.assertEqual(sorted(taken), list(range(1, len(taken) + 1)))
        pushed = {b["key"]: b["value"] for b in taken.values() if b["type"] == "SetXCom"}
        self.assertEqual(pushed, {**{f"k{i}": i for i in range(30)}, "return_value": "done"})
        last = taken[max(taken)]
        self.assertEqual((last["type"], last["status"], last["end"]["type"]), ("Outcome", 0, "SucceedTask"))

    def test_a_task_runs_over_a_stream(self):
        with Pod() as pod:
            scheduler = Scheduler()
            scheduler.serve(pod, pod.order("many"))
            self.check_many(scheduler.taken)
            self.assertEqual((pod.process.returncode, scheduler.hellos), (0, 1))
            self.assertEqual(pod.framed(), [])
            said = pod.termination()
            self.assertEqual((said["acked"], said["last"], said["status"]), (len(scheduler.taken),) * 2 + (0,))
            self.assertIn("begins", [line["event"] for line in pod.lines()])

    def test_streams_that_break_anywhere_lose_nothing_and_double_nothing(self):
        for seed in range(4):
            chance = random.Random(seed)
            with self.subTest(seed=seed), Pod() as pod:
                scheduler = Scheduler(lambda: chance.choice([None] * 9 + ["here", "before the ack"]))
                scheduler.serve(pod, pod.order("many"))
                self.check_many(scheduler.taken)
                self.assertGreater(scheduler.hellos, 2)

    def test_what_nobody_fetches_is_in_the_log(self):
        with Pod() as pod:
            stream = pod.connect()
            stream.read()
            stream.send(pod.order("quiet", result_hold=1.0))
            stream.read()
            stream.cut()
            self.assertEqual(pod.process.wait(), 0)
            items = pod.framed()
            self.assertEqual([item["n"] for item in items], list(range(1, len(items) + 1)))
            pushed = {i["body"]["key"]: i["body"]["value"] for i in items if i["body"]["type"] == "SetXCom"}
            self.assertEqual(pushed, {"secret": 7, "return_value": {"deep": [1, 2]}})
            self.assertEqual(items[-1]["body"]["type"], "Outcome")

    def test_a_large_result_waits_for_the_scheduler(self):
        with Pod() as pod:
            stream = pod.connect()
            stream.read()
            stream.send(pod.order("big", result_hold=600.0))
            while "Outcome" not in json.dumps(stream.read()):
                pass
            stream.cut()
            self.assertIsNone(pod.process.poll())
            scheduler = Scheduler()
            scheduler.serve(pod, None)
            self.assertEqual(pod.process.returncode, 0)
            self.assertEqual(len([b for b in scheduler.taken.values() if b["type"] == "SetXCom"][0]["value"]), 300_000)
            self.assertEqual(pod.termination()["frames"], 0)

    def test_failures_and_signals_are_told(self):
        with Pod() as pod:
            scheduler = Scheduler()
            scheduler.serve(pod, pod.order("fails"))
            last = scheduler.taken[max(scheduler.taken)]
            self.assertEqual((last["end"]["state"], last["end"]["cause"]["exception"]), ("failed", "ValueError"))
            self.assertEqual(pod.process.returncode, 1)
        with Pod() as pod:
            stream = pod.connect()
            stream.read()
            pod.process.send_signal(signal.SIGTERM)
            self.assertEqual(pod.process.wait(), 143)
            self.assertFalse(pod.termination()["started"])
            stream.cut()
        with Pod() as pod:
            stream = pod.connect()
            stream.read()
            stream.send(pod.order("sleeps"))
            # Every answered ping is a look at the log.
            while not any(line.get("event") == "sleeps" for line in pod.lines()):
                stream.send({"ping": 1})
                while "pong" not in stream.read():
                    pass
            pod.process.send_signal(signal.SIGTERM)
            item = {}
            while item.get("body", {}).get("type") != "Outcome":
                item = stream.read()
            stream.send({"ack": item["n"]})
            self.assertEqual(pod.process.wait(), 1)
            self.assertTrue(item["body"]["told_to_end"])
            self.assertEqual(item["body"]["status"], 143)
            stream.cut()

    def test_code_that_cannot_be_unpacked_is_an_outcome(self):
        with Pod() as pod:
            with open(f"{pod.folder}/mounted/dags.tar.gz.0", "wb") as file:
                file.write(b"no archive")
            scheduler = Scheduler()
            scheduler.serve(pod, pod.order("many"))
            self.assertEqual(scheduler.taken[1]["end"]["cause"]["kind"], "start")


if __name__ == "__main__":
    unittest.main()
