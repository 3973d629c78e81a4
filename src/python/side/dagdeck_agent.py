"""Runs one task of a Python DAG file inside a pod: a single file, started by the pod as `python3 dagdeck_agent.py run`.

The scheduler reaches it by an exec of `dagdeck_agent.py talk`, which joins its streams to the agent's socket. Lines of JSON
go both ways. What the task says is numbered from 1 and kept until it is acknowledged, so a connection may break at any
point; whoever connects last is spoken to. What is not acknowledged at the end goes to the container's log, in frames, and
the termination message says how many there are and what their hash is.
"""
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tarfile
import time

MOUNTED = os.environ.get("DAGDECK_MOUNTED", "/dagdeck/mounted")
FOLDER = os.environ.get("DAGDECK_FOLDER", "/dagdeck/run")
TERMINATION = os.environ.get("DAGDECK_TERMINATION", "/dev/termination-log")
SOCKET = "agent.sock"
ENDS = ("SucceedTask", "TaskState", "RescheduleTask", "DeferTask", "RetryTask")
# Longest line of output that is kept in one piece.
LONGEST_LINE = 64 * 1024
# A frame's line stays below the 16 KiB at which container runtimes cut lines.
FRAME = 12 * 1024
# More than this isn't left in the log before the scheduler had `result_hold` seconds to fetch it.
SMALL = 256 * 1024
# Seconds that a small result waits for a scheduler that is there.
HAND_OVER = 15.0


def stamp(when=None):
    """RFC 3339 in UTC with microseconds."""
    when = time.time() if when is None else when
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)) + f".{int(when % 1 * 1e6):06}Z"


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


class Log:
    """The container's output: one JSON object a line, in the form of a task's log."""

    def __init__(self):
        self.partial, self.secrets, self.last_line = b"", [], ""

    def write(self, line):
        text = dumps(line)
        for secret in self.secrets:
            text = text.replace(secret, "***")
        self.put_text(text)

    def put(self, line):
        """Writes a line as it is."""
        self.put_text(dumps(line))

    @staticmethod
    def put_text(text):
        data = text.encode() + b"\n"
        while data:
            data = data[os.write(1, data):]

    def say(self, level, event):
        self.write({"timestamp": stamp(), "level": level, "event": event, "logger": "task.pod"})

    def forward(self, message):
        names = ("timestamp", "level", "event", "logger", "filename", "lineno", "error_detail")
        line = {name: message[name] for name in names if message.get(name) is not None}
        line.setdefault("timestamp", stamp())
        self.write(line)

    def mask(self, value):
        if isinstance(value, str):
            inner = dumps(value)[1:-1]
            if len(value) >= 5 and value != "airflow" and inner not in self.secrets:
                self.secrets.append(inner)
        elif isinstance(value, (list, dict)):
            for one in value.values() if isinstance(value, dict) else value:
                self.mask(one)

    def output(self, data):
        *lines, self.partial = (self.partial + data).split(b"\n")
        while len(self.partial) >= LONGEST_LINE:
            lines.append(self.partial[:LONGEST_LINE])
            self.partial = self.partial[LONGEST_LINE:]
        for line in lines:
            self.last_line = line.decode("utf-8", "replace").rstrip()
            self.write({"timestamp": stamp(), "level": "info", "event": self.last_line, "logger": "task.stdout"})

    def end_output(self):
        if self.partial:
            self.output(b"\n")


class Lines:
    """A socket with a JSON object in each line. Nothing waits for the other side: what it doesn't take yet is kept."""

    def __init__(self, sock):
        sock.setblocking(False)
        self.socket, self.input, self.unsent, self.open = sock, b"", b"", True

    def receive(self):
        data = self.attempt(lambda: self.socket.recv(1 << 16))
        if data is None:
            return []
        self.open = self.open and bool(data)
        *lines, self.input = (self.input + data).split(b"\n")
        return [json.loads(line.decode()) for line in lines if line]

    def send(self, message):
        self.unsent += dumps(message).encode() + b"\n"
        self.flush()

    def flush(self):
        while self.unsent and self.open:
            sent = self.attempt(lambda: self.socket.send(self.unsent))
            if sent is None:
                return
            self.unsent = self.unsent[sent or len(self.unsent):]

    def attempt(self, function):
        try:
            return function()
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            self.open = False
            return b""


class Outbox:
    """What the task said, numbered, until the scheduler has committed it."""

    def __init__(self):
        self.last, self.acked, self.items = 0, 0, []

    def add(self, body):
        self.last += 1
        self.items.append({"n": self.last, "body": body})
        return self.items[-1]

    def ack(self, n):
        self.acked = max(self.acked, n)
        self.items = [item for item in self.items if item["n"] > self.acked]


class Agent:
    """One try of one task."""

    def __init__(self):
        self.log, self.outbox, self.waiting = Log(), Outbox(), {}
        # the scheduler's order to start, the task's process, the socket that it talks on, the pipe of its output
        self.start = self.child = self.task = self.output = None
        # the scheduler's connection, the task's last word, and how its process ended
        self.peer = self.end = self.status = None
        self.start_date, self.pid, self.timed_out, self.told_to_end = None, 0, False, False
        # moments of the monotonic clock
        self.deadline = self.kill_at = self.ended = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(FOLDER, SOCKET))
        self.listener.listen(4)
        self.signals, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def run(self):
        while not self.is_done():
            self.step()
        return self.finish()

    def step(self):
        """Waits for the next thing to happen, and takes it in."""
        talks = [lines for lines in (self.peer, self.task) if lines is not None and lines.open]
        sources = [self.listener, self.signals, *(lines.socket for lines in talks)]
        if self.output is not None:
            sources.append(self.output)
        full = [lines.socket for lines in talks if lines.unsent]
        moments = [at for at in (self.deadline, self.kill_at, self.give_up()) if at is not None]
        wait = max(0.0, min(moments) - time.monotonic()) if moments else None
        ready = select.select(sources, full, [], wait)[0]
        for lines in talks:
            lines.flush()
        if self.output is not None and self.output in ready:
            self.read_output()
        if self.task is not None and self.task.socket in ready:
            self.hear_task()
        if self.peer is not None and self.peer.socket in ready:
            self.hear_scheduler()
        if self.listener in ready:
            self.meet()
        if self.signals in ready:
            self.hear_signals(os.read(self.signals, 512))
        self.look_at_clock()

    # the task

    def begin(self, start):
        """Unpacks the code and starts the task's process."""
        self.start, self.start_date = start, stamp()
        try:
            unpack()
            self.spawn(start)
        except Exception as error:
            cause = {"kind": "start", "summary": f"the task's process can't be started: {error}",
                     "exception": type(error).__name__, "exit_code": None}
            self.end = {"type": "TaskState", "state": "failed", "retryable": True, "cause": cause}
            self.conclude(1)
            return
        self.task.send(start["startup"])
        self.tell({"started": self.start_date, "pid": self.pid})

    def spawn(self, start):
        ours, theirs = socket.socketpair()
        # what the pod says itself about Airflow's settings counts
        own = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW__")}
        environment = {**os.environ, **start.get("env", {}), **own, "DAGDECK_FD": str(theirs.fileno())}
        for name in ("DAGDECK_MOUNTED", "DAGDECK_FOLDER", "DAGDECK_TERMINATION"):
            environment.pop(name, None)
        self.output, output = os.pipe()
        program = [sys.executable, "-S", "-B", os.path.join(FOLDER, "side", "dagdeck_execute.py")]
        try:
            self.child = subprocess.Popen(
                program, env=environment, cwd=start["startup"].get("dags_folder"), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, pass_fds=[theirs.fileno()], start_new_session=True)
        finally:
            theirs.close()
            os.close(output)
        self.task, self.pid = Lines(ours), self.child.pid
        if start.get("timeout") is not None:
            # A Python task raises its own timeout first, so that on_kill and callbacks run.
            self.deadline = time.monotonic() + start["timeout"] + 5.0

    def read_output(self):
        data = os.read(self.output, 1 << 16)
        if data:
            self.log.output(data)
        else:
            os.close(self.output)
            self.output = None

    def hear_task(self):
        for message in self.task.receive():
            kind, number = message.get("type"), message.get("id")
            if kind == "Log":
                self.log.forward(message)
                continue
            if kind == "MaskSecret":
                self.log.mask(message.get("value"))
            elif kind in ENDS:
                self.end = message
            elif kind in self.start["says"]:
                self.tell(self.outbox.add(message))
            else:
                self.waiting[number] = message
                self.tell({"ask": number, "body": message})
                continue
            if number is not None:
                self.task.send({"id": number, "type": "OKResponse"})

    def hear_signals(self, numbers):
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self.told_to_end = True
            self.terminate()
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.child is not None and pid == self.child.pid:
                self.child.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
                self.child_ended()

    def child_ended(self):
        # What it left behind in its group ends with it, before the pipe is emptied, which that could fill for ever.
        self.signal_child(signal.SIGKILL)
        status, self.child, self.deadline, self.kill_at = self.child.returncode, None, None, None
        while self.task.open and select.select([self.task.socket], [], [], 0)[0]:
            self.hear_task()
        for _ in range(64):
            if self.output is not None and select.select([self.output], [], [], 0)[0]:
                self.read_output()
        self.task, self.waiting = None, {}
        self.conclude(status)

    def conclude(self, status):
        """How it ended is the last thing that is said."""
        if self.output is not None:
            os.close(self.output)
            self.output = None
        self.log.end_output()
        if status and self.end is None:
            how = f"was ended by signal {-status}" if status < 0 else f"ended with exit code {status}"
            self.log.say("error", f"the task's process {how}")
        self.status, self.ended = status, time.monotonic()
        self.tell(self.outbox.add({
            "type": "Outcome", "status": status, "end": self.end, "pid": self.pid, "timed_out": self.timed_out,
            "told_to_end": self.told_to_end, "start_date": self.start_date, "end_date": stamp(),
            "last_line": self.log.last_line}))

    def look_at_clock(self):
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            self.deadline, self.timed_out = None, True
            self.terminate()
        if self.kill_at is not None and now >= self.kill_at:
            self.kill_at = None
            self.signal_child(signal.SIGKILL)

    def terminate(self):
        if self.child is not None and self.kill_at is None:
            self.signal_child(signal.SIGTERM)
            self.kill_at = time.monotonic() + float(self.start.get("grace", 5.0))

    def signal_child(self, number):
        if self.child is not None:
            try:
                os.killpg(self.child.pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    # the scheduler

    def meet(self):
        """Someone connects: whoever was there before isn't spoken to any more."""
        if self.peer is not None:
            self.peer.socket.close()
        self.peer = Lines(self.listener.accept()[0])
        state = "waiting" if self.start is None else "running" if self.ended is None else "ended"
        self.tell({"hello": 1, "state": state, "acked": self.outbox.acked, "last": self.outbox.last})
        if self.start is not None:
            self.tell({"started": self.start_date, "pid": self.pid})
        for item in self.outbox.items:
            self.tell(item)
        for number, message in self.waiting.items():
            self.tell({"ask": number, "body": message})

    def tell(self, message):
        if self.peer is not None:
            self.peer.send(message)
            self.part()

    def part(self):
        if self.peer is not None and not self.peer.open:
            self.peer.socket.close()
            self.peer = None

    def hear_scheduler(self):
        for message in self.peer.receive():
            if "start" in message and self.start is None and not self.told_to_end:
                self.begin(message["start"])
            elif "ack" in message:
                self.outbox.ack(message["ack"])
            elif "ping" in message:
                self.tell({"pong": message["ping"]})
            elif self.task is not None and self.waiting.pop(message.get("answer"), None) is not None:
                body = message["body"]
                if body.get("type") == "ConnectionResult":
                    self.log.mask(body.get("password"))
                self.task.send({**body, "id": message["answer"]})
        self.part()

    # the end

    def unfetched(self):
        return "".join(dumps(item) + "\n" for item in self.outbox.items)

    def give_up(self):
        """When what was not fetched goes to the log; `None` while the task runs."""
        if self.ended is None:
            return None
        if self.told_to_end:
            return self.ended + 3.0
        hold = float(self.start.get("result_hold", 3600.0))
        return self.ended + (hold if len(self.unfetched()) > SMALL else min(hold, HAND_OVER))

    def is_done(self):
        if self.ended is None:
            return self.told_to_end and self.child is None
        return not self.outbox.items or time.monotonic() >= self.give_up()

    def finish(self):
        """Leaves what was not fetched in the log; gives the exit code, 0 for what is no failure."""
        text = self.unfetched()
        parts = [text[i:i + FRAME] for i in range(0, len(text), FRAME)]
        for number, part in enumerate(parts, 1):
            self.log.put({"dagdeck_frame": number, "of": len(parts), "data": part})
        sha1 = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        message = {"dagdeck": 1, "started": self.start is not None, "status": self.status, "last": self.outbox.last,
                   "acked": self.outbox.acked, "frames": len(parts), "sha1": sha1}
        try:
            with open(TERMINATION, "w") as file:
                file.write(dumps(message))
        except OSError as error:
            self.log.say("warning", f"the termination message can't be written: {error}")
        if self.status is None:
            return 143
        end = self.end or {"type": "SucceedTask"}
        failed = end["type"] == "RetryTask" or end["type"] == "TaskState" and end.get("state") != "skipped"
        return 1 if failed or self.status else 0


def unpack():
    """Unpacks what is mounted: the parts `NAME.tar.gz.0`, `NAME.tar.gz.1`, .. make the folder NAME."""
    parts = {}
    for file in os.listdir(MOUNTED):
        name, found, number = file.partition(".tar.gz.")
        if found:
            parts.setdefault(name, []).append((int(number), file))
    for name, files in parts.items():
        whole = os.path.join(FOLDER, f"{name}.tar.gz")
        with open(whole, "wb") as target:
            for _, file in sorted(files):
                with open(os.path.join(MOUNTED, file), "rb") as source:
                    target.write(source.read())
        with tarfile.open(whole) as archive:
            archive.extractall(os.path.join(FOLDER, name),
                               **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        os.unlink(whole)


def talk():
    """Joins this process's streams to the agent's socket; ends with either of them."""
    agent = socket.socket(socket.AF_UNIX)
    give_up = time.monotonic() + 20.0
    while True:
        try:
            agent.connect(os.path.join(FOLDER, SOCKET))
            break
        except OSError:
            if time.monotonic() > give_up:
                return 3
            time.sleep(0.05)
    while True:
        for source in select.select([0, agent], [], [])[0]:
            data = os.read(0, 1 << 16) if source == 0 else agent.recv(1 << 16)
            if not data:
                return 0
            if source == 0:
                agent.sendall(data)
            else:
                while data:
                    data = data[os.write(1, data):]


if __name__ == "__main__":
    sys.exit(talk() if sys.argv[1:] == ["talk"] else Agent().run())
