"""Deferred tasks of the tests: an author's own triggers, native ones, failures, ends from a trigger."""
import asyncio
import os
from datetime import datetime, timedelta

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, task
from airflow.triggers.base import (
    BaseTrigger, StartTriggerArgs, TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent)

OUT = os.environ.get("OUT", "/tmp")


class Answer(BaseTrigger):
    """Fires with what stands in a file, as soon as it is there. Notes what happens to it."""

    def __init__(self, name, end=None):
        super().__init__()
        self.name, self.end = name, end

    def serialize(self):
        return "deferral.Answer", {"name": self.name, "end": self.end}

    def note(self, text):
        with open(f"{OUT}/{self.name}.notes", "a") as file:
            file.write(text + "\n")

    async def run(self):
        self.note("run")
        print("the trigger looks for", self.name)
        path = f"{OUT}/{self.name}"
        while not os.path.exists(path):
            await asyncio.sleep(0.02)
        with open(path) as file:
            text = file.read()
        if text == "boom":
            raise ValueError("the trigger says boom")
        if text == "nothing":
            return
        if self.end == "success":
            yield TaskSuccessEvent(xcoms={"return_value": text})
        elif self.end == "failed":
            yield TaskFailedEvent()
        elif self.end == "skipped":
            yield TaskSkippedEvent()
        else:
            yield TriggerEvent({"text": text, "at": datetime(2026, 1, 2)})

    async def on_kill(self):
        self.note("on_kill")

    async def cleanup(self):
        self.note("cleanup")


class Waits(BaseOperator):
    template_fields = ("name",)

    def __init__(self, name, end=None, limit=None, **kwargs):
        super().__init__(**kwargs)
        self.name, self.end, self.limit = name, end, limit

    def execute(self, context):
        context["ti"].xcom_push(key="before", value="kept")
        print("first phase")
        self.defer(trigger=Answer(self.name, self.end), method_name="go_on", kwargs={"more": [1, 2]},
                   timeout=self.limit)

    def go_on(self, context, event, more):
        print("second phase", self.name)
        return f"{self.name} {event['text']} {event['at'].year} {more} {context['ti'].try_number}"


class StartsThere(Waits):
    start_trigger_args = StartTriggerArgs(
        trigger_cls="deferral.Answer", trigger_kwargs={"name": "{{ run_id }}"}, next_method="go_on",
        next_kwargs={"more": "none"})
    start_from_trigger = True
    template_fields = ("name",)

    def execute(self, context):
        raise RuntimeError("it never runs before its trigger")


def dag(name):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)


with dag("waits"):
    Waits(task_id="own", name="{{ run_id }}", retries=1)

with dag("ends"):
    for end in ("success", "failed", "skipped"):
        Waits(task_id=end, name=end, end=end, retries=3, retry_delay=timedelta(0))

with dag("late"):
    Waits(task_id="late", name="never", limit=timedelta(seconds=0.2))

with dag("breaks"):
    Waits(task_id="boom", name="boom")
    Waits(task_id="nothing", name="nothing")

with dag("there"):
    StartsThere(task_id="there", name="unused")
    StartsThere.partial(task_id="each").expand(name=["a", "b"])


class Soon(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=0.1)), method_name="go_on")

    def go_on(self, context, event):
        return type(event).__name__


with dag("native"):
    Soon(task_id="soon")
