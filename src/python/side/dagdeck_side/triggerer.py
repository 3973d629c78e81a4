"""The triggerer: runs many triggers in one event loop, told by the scheduler which, and tells it what they say."""
import asyncio
import contextvars
import sys
import threading

from . import load
from .protocol import Asking, dumps, now_text
from .shared_streams import SharedStreams, key_of

current = contextvars.ContextVar("trigger", default=None)
"""The trigger for which this code runs."""

KILL_SECONDS = 30
"""How long a trigger's `on_kill` may take."""


class Wire(Asking):
    """The scheduler's end for code of triggers: the part of the tasks' channel that they use, from any thread."""

    def __init__(self, channel):
        self.channel = channel
        self.lock = threading.Lock()
        self.next_id = 0
        self.waiting = {}
        self.secrets = []

    def write(self, message):
        self.channel.write(message)

    def ask_raw(self, message):
        """Sends a question and waits for its reply."""
        if message.get("type") == "MaskSecret":
            self.mask(message.get("value"))
            return {"type": "OKResponse"}
        with self.lock:
            self.next_id += 1
            number = message["id"] = self.next_id
            slot = self.waiting[number] = [threading.Event(), None]
        running = current.get()
        message["trigger"] = running.number if running is not None else 0
        self.write(message)
        slot[0].wait()
        return slot[1]

    def answered(self, reply):
        slot = self.waiting.pop(reply.get("id"), None)
        if slot is not None:
            slot[1] = reply
            slot[0].set()

    def mask(self, value):
        if isinstance(value, str) and len(value) >= 5 and value != "airflow":
            self.secrets.append(value)
        elif isinstance(value, dict):
            for one in value.values():
                self.mask(one)
        elif isinstance(value, (list, tuple)):
            for one in value:
                self.mask(one)

    def log(self, level, logger, text, error_detail=None, when=None):
        """A line in the log of the running trigger's task; else in the triggerer's own."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        message = {"timestamp": now_text(when), "level": level, "event": text, "logger": logger}
        if error_detail:
            message["error_detail"] = error_detail
        line = dumps(message, default=str) + "\n"
        running = current.get()
        if running is None or not running.log:
            sys.__stderr__.write(line)
            sys.__stderr__.flush()
            return
        import os

        folder = os.path.dirname(running.log)
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700, exist_ok=True)
        # one write a line: others may append to the file, too
        number = os.open(running.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(number, line.encode())
        finally:
            os.close(number)


class Running:
    """One trigger that runs."""

    def __init__(self, number, message):
        self.number, self.message, self.log = number, message, message.get("log")
        self.task = None
        self.killed = False


def import_class(path, fileloc):
    """The class of a path. One of a DAG file itself is found there, whatever name the file was imported under."""
    module, _, name = path.rpartition(".")
    if not module:
        raise ImportError(f"{path!r} is no class of a module")
    if fileloc and module == load.module_name(fileloc):
        found = sys.modules.get(module) or load.import_file(fileloc)
    else:
        __import__(module)
        found = sys.modules[module]
    return getattr(found, name)


class Triggerer:
    """All triggers of this process."""

    def __init__(self, wire):
        self.wire = wire
        self.running = {}
        self.streams = SharedStreams()
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()

    def take(self, message):
        kind = message.get("type")
        if kind == "RunTrigger":
            one = Running(message["trigger"], message)
            self.running[one.number] = one
            one.task = self.loop.create_task(self.run(one))
        elif kind == "CancelTrigger":
            one = self.running.get(message["trigger"])
            if one is not None:
                one.killed = bool(message.get("kill"))
                one.task.cancel()

    async def run(self, one):
        current.set(one)
        trigger = None
        said = None
        try:
            trigger = self.make(one.message)
            said = await self.listen(one, trigger)
            if said is None:
                said = {"type": "TriggerFailed", "error": "Trigger exited without sending an event"}
                self.wire.log("error", "task", said["error"])
        except asyncio.CancelledError:
            if one.killed and trigger is not None:
                await self.guarded(asyncio.wait_for(trigger.on_kill(), KILL_SECONDS), "on_kill")
        except BaseException as error:
            said = self.failure(error)
        finally:
            if trigger is not None and hasattr(trigger, "cleanup"):
                await self.guarded(trigger.cleanup(), "cleanup")
            self.running.pop(one.number, None)
            if said is not None:
                self.tell(one, said)

    def make(self, message):
        from airflow.standin import state

        from .xcom import deserialize

        # a trigger's arguments may be of any class that its author can import
        state.settings["allowed_deserialization_classes"] = ["*"]
        cls = import_class(message["classpath"], message.get("fileloc"))
        trigger = cls(**deserialize(message.get("kwargs") or {}))
        trigger.trigger_id = message["trigger"]
        if message.get("ti"):
            trigger.task_instance = TriggerTaskInstance(message)
            trigger.task_id = message["ti"]["task_id"]
        return trigger

    async def listen(self, one, trigger):
        """What the trigger says. A task's ends with its first event; a watcher's goes on."""
        key = key_of(trigger)
        reader = None
        if key is None:
            stream = trigger.run()
        else:
            reader = self.streams.subscribe(key, trigger, trigger.serialize()[1])
            stream = trigger.filter_shared_stream(reader)
        said = None
        try:
            async for event in stream:
                said = self.event(event)
                if not one.message.get("forever"):
                    return said
                self.tell(one, said)
            return {"type": "TriggerFailed", "error": None} if one.message.get("forever") else said
        finally:
            if hasattr(stream, "aclose"):
                await self.guarded(stream.aclose(), "aclose")
            if reader is not None:
                self.streams.leave(key, reader)

    @staticmethod
    def event(event):
        import json

        from .xcom import serialize

        end = getattr(event, "task_instance_state", None)
        if end is not None:
            # Airflow's triggerer stores the JSON text, so that a pull gives a text
            xcoms = {str(k): json.dumps(serialize(v)) for k, v in (event.xcoms or {}).items()}
            return {"type": "TriggerEvent", "state": str(end), "xcoms": xcoms}
        return {"type": "TriggerEvent", "payload": serialize(event.payload)}

    def failure(self, error):
        import traceback

        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        try:
            self.wire.log("error", "task", "Trigger failed:\n" + text)
        except OSError as problem:  # a full disk must not keep the task waiting
            sys.__stderr__.write(f"the trigger's log can't be written: {problem}\n{text}")
        return {"type": "TriggerFailed", "error": text}

    def tell(self, one, said):
        self.wire.write({**said, "trigger": one.number})

    async def guarded(self, awaitable, what):
        try:
            await awaitable
        except BaseException as error:
            self.wire.log("warning", "task", f"{what} of the trigger failed: {error!r}")


class TriggerTaskInstance:
    """What a trigger knows of the task that waits for it."""

    def __init__(self, message):
        self.__dict__.update(message["ti"])
        self._run = message.get("dag_run") or {}

    @property
    def logical_date(self):
        from .context import moment

        return moment(self._run.get("logical_date"))

    def __repr__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}>"


def run(channel, start):
    """Serves until the scheduler closes the connection."""
    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from . import logs

    wire = Wire(channel)
    state.channel, state.settings = wire, dict(start.get("settings") or {})
    load.prepare(start.get("dags_folder"), start.get("plugins_folder"))
    logs.install(wire)
    asyncio.run(serve(channel, wire))
    return 0


async def serve(channel, wire):
    triggerer = Triggerer(wire)
    loop = asyncio.get_running_loop()

    def read():
        while True:
            try:
                message = channel.read()
            except (EOFError, OSError):
                loop.call_soon_threadsafe(triggerer.over.set)
                return
            if "id" in message:
                wire.answered(message)
            else:
                loop.call_soon_threadsafe(triggerer.take, message)

    threading.Thread(target=read, daemon=True).start()
    await triggerer.over.wait()
    # the scheduler is gone: triggers are cleaned up, and run again in its successor's triggerer
    tasks = [one.task for one in triggerer.running.values()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=5)

