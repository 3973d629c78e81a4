"""A small supervisor for the tests: starts the Python side, answers its questions, keeps what it says."""
import json
import os
import socket
import subprocess
import sys
import tempfile

SIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "python", "side")
SIDE = os.path.abspath(SIDE)
HEAD = "from datetime import datetime, timedelta\n"


def write_dag(folder, text, name="example.py"):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(HEAD + text)
    return path


def parse_text(text, **environment):
    """What `dagdeck_parse.py` prints about a file of this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_dag(folder, text)
        done = subprocess.run([sys.executable, SIDE + "/dagdeck_parse.py", path, "--dags-folder", folder],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return json.loads(done.stdout)


def parse_files(files, name, plugins=None, more=()):
    """What `dagdeck_parse.py` prints about one of some files (name to text)."""
    with tempfile.TemporaryDirectory() as folder:
        for place, texts in (("dags", files), ("plugins", plugins or {})):
            for file_name, text in texts.items():
                path = os.path.join(folder, place, file_name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(text)
        command = [sys.executable, SIDE + "/dagdeck_parse.py", f"{folder}/dags/{name}", "--dags-folder", f"{folder}/dags",
                   "--plugins", f"{folder}/plugins", *more]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return json.loads(done.stdout)


class Result:
    """What one process said."""

    def __init__(self, code, messages):
        self.code, self.messages = code, messages

    def of(self, kind):
        return [m for m in self.messages if m["type"] == kind]

    @property
    def end(self):
        kinds = ("SucceedTask", "TaskState", "RescheduleTask", "DeferTask", "RetryTask")
        return [m for m in self.messages if m["type"] in kinds][-1]

    @property
    def xcoms(self):
        return {m["key"]: m["value"] for m in self.of("SetXCom")}

    @property
    def log(self):
        return [m["event"] for m in self.of("Log")]


def startup(path, dag_id, task_id, map_index=-1, **changes):
    date = "2026-03-02T06:00:00Z"
    ti = {"id": "1", "dag_id": dag_id, "run_id": "r", "task_id": task_id, "map_index": map_index, "try_number": 1,
          "max_tries": 0, "start_date": date, "hostname": "here", "pool": "default_pool", "queue": None,
          "priority_weight": 1}
    run = {"dag_id": dag_id, "run_id": "r", "logical_date": date, "data_interval_start": date, "data_interval_end": date,
           "run_after": date, "start_date": date, "end_date": None, "run_type": "manual", "triggered_by": "cli",
           "conf": {"c": 1}, "note": None, "state": "running", "clear_number": 0}
    ti.update(changes.pop("ti", {}))
    run.update(changes.pop("dag_run", {}))
    start = {"type": "StartupDetails", "ti": ti, "dag_run": run, "fileloc": path, "dags_folder": os.path.dirname(path),
             "plugins_folder": None, "task_reschedule_count": 0, "first_poke_date": None, "should_retry": False,
             "mapped_dependants": False, "map_lengths": {}, "next_method": None, "next_kwargs": None,
             "settings": {"max_map_length": 4, "default_timezone": "UTC"}}
    start.update(changes)
    return start


def answer(message, xcoms, given):
    """The reply to one request."""
    kind = message["type"]
    if kind in given:
        found = given[kind]
        return found(message) if callable(found) else dict(found)
    if kind == "GetXCom":
        key = (message["task_id"], message["map_index"], message["key"])
        return {"type": "XComResult", "found": key in xcoms, "value": xcoms.get(key)}
    if kind == "GetXComSequence":
        rows = [{"map_index": i, "value": v, "run_id": "r"} for (t, i, k), v in sorted(xcoms.items())
                if t == message["task_id"] and k == message["key"]]
        return {"type": "XComSequenceResult", "values": rows}
    if kind == "RenderTemplates":
        return {"type": "RenderResult", "results": [t.replace("{{ ds }}", "2026-03-02") for t in message["templates"]]}
    if kind == "GetVariable":
        return {"type": "ErrorResponse", "error": "VARIABLE_NOT_FOUND", "detail": None}
    if kind == "GetConnection":
        return {"type": "ErrorResponse", "error": "CONNECTION_NOT_FOUND", "detail": None}
    if kind == "GetPreviousDagRun":
        return {"type": "PreviousDagRunResult", "dag_run": None}
    return {"type": "OKResponse"}


def talk(start, xcoms=None, answers=None, options=(), watch=None):
    """Runs `dagdeck_execute.py` until it ends."""
    ours, theirs = socket.socketpair()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    environment["DAGDECK_FD"] = str(theirs.fileno())
    process = subprocess.Popen([sys.executable, *options, SIDE + "/dagdeck_execute.py"], pass_fds=[theirs.fileno()],
                               env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    theirs.close()
    ours.sendall(json.dumps(start).encode() + b"\n")
    messages = []
    with ours.makefile("rb") as lines:
        for line in lines:
            message = json.loads(line)
            messages.append(message)
            if watch is not None:
                watch(message, process)
            if "id" in message:
                reply = answer(message, xcoms or {}, answers or {})
                reply["id"] = message["id"]
                ours.sendall(json.dumps(reply).encode() + b"\n")
    ours.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    code = process.wait()
    if not messages and code:
        raise AssertionError(errors)
    return Result(code, messages)


def run_task(text, task_id, map_index=-1, xcoms=None, answers=None, options=(), watch=None, **changes):
    """Runs one task of a DAG `d` whose file has this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_dag(folder, text)
        start = startup(path, "d", task_id, map_index, **changes)
        return talk(start, xcoms, answers, options, watch)
