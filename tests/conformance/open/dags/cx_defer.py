"""Tasks that wait without a worker: triggers of the standard provider and of one's own."""
import asyncio
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, task
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

import cc_lib

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


class Echo(BaseTrigger):
    """Gives back what it was given, after a moment."""

    def __init__(self, payload=None, moment=5.0, fail=False, kind="event"):
        super().__init__()
        self.payload, self.moment, self.fail, self.kind = payload, moment, fail, kind

    def serialize(self):
        return "cx_defer.Echo", {"payload": self.payload, "moment": self.moment, "fail": self.fail, "kind": self.kind}

    async def run(self):
        await asyncio.sleep(self.moment)
        if self.fail:
            raise RuntimeError("the trigger breaks")
        if self.kind == "silent":
            return
        if self.kind == "success":
            yield TaskSuccessEvent(xcoms={"return_value": self.payload, "extra": 1})
        elif self.kind == "failed":
            yield TaskFailedEvent()
        elif self.kind == "skipped":
            yield TaskSkippedEvent()
        else:
            yield TriggerEvent(self.payload)


class Waits(BaseOperator):
    template_fields = ("text",)

    def __init__(self, text="", timeout=None, method="resume", trigger=None, rounds=1, **kwargs):
        super().__init__(**kwargs)
        self.text, self.timeout, self.method, self.trigger, self.rounds = text, timeout, method, trigger, rounds

    def execute(self, context):
        context["ti"].xcom_push("before", cc_lib.counter(context, "execute"))
        self.defer(trigger=self.trigger or Echo({"said": self.text}), method_name=self.method, kwargs={"n": 1}, timeout=self.timeout)

    def resume(self, context, event=None, n=0):
        context["ti"].xcom_push(f"round_{n}", [event, self.text, context["ti"].try_number])
        if n < self.rounds:
            self.defer(trigger=Echo(n), method_name="resume", kwargs={"n": n + 1})
        return {"event": event, "n": n, "text": self.text}

    def resume_fails(self, context, event=None, n=0):
        raise ValueError("after the event")


with DAG("cx_defer", **SETTINGS):
    Waits(task_id="once", text="{{ ds }}") >> EmptyOperator(task_id="after_once")
    Waits(task_id="three_rounds", rounds=3)
    Waits(task_id="resume_fails", method="resume_fails", retries=1, retry_delay=timedelta(seconds=1))
    Waits(task_id="no_such_method", method="not_there")
    Waits(task_id="trigger_breaks", trigger=Echo(fail=True)) >> EmptyOperator(task_id="after_breaks")
    Waits(task_id="trigger_breaks_retry", trigger=Echo(fail=True), retries=1, retry_delay=timedelta(seconds=1))
    Waits(task_id="trigger_silent", trigger=Echo(kind="silent"))
    Waits(task_id="times_out", trigger=Echo(moment=300.0), timeout=timedelta(seconds=3))
    Waits(task_id="ends_success", trigger=Echo("value", kind="success")) >> EmptyOperator(task_id="after_ends_success")
    Waits(task_id="ends_failed", trigger=Echo(kind="failed"))
    Waits(task_id="ends_skipped", trigger=Echo(kind="skipped")) >> EmptyOperator(task_id="after_ends_skipped")

    Waits(task_id="delta", trigger=TimeDeltaTrigger(timedelta(seconds=5)))
    Waits(task_id="delta_ends", trigger=TimeDeltaTrigger(timedelta(seconds=5), end_from_trigger=True))

    class FromTrigger(BaseOperator):
        start_from_trigger = True
        start_trigger_args = StartTriggerArgs(
            trigger_cls="airflow.providers.standard.triggers.temporal.TimeDeltaTrigger",
            trigger_kwargs={"delta": timedelta(seconds=5)}, next_method="after", next_kwargs=None, timeout=None)

        def execute(self, context):
            raise AssertionError("not through a worker")

        def after(self, context, event=None):
            return "came from the trigger"

    FromTrigger(task_id="from_trigger")

    class DeferringSensor(BaseSensorOperator):
        def execute(self, context):
            self.defer(trigger=Echo(moment=300.0), method_name="done", timeout=timedelta(seconds=2))

        def done(self, context, event=None):
            return event

    DeferringSensor(task_id="sensor_times_out")
    DeferringSensor(task_id="sensor_soft", soft_fail=True)
    Waits.partial(task_id="mapped").expand(text=["one", "two {{ ds }}"])

    @task
    def deferred_by_function(**context):
        from airflow.sdk.exceptions import TaskDeferred

        raise TaskDeferred(trigger=Echo("x"), method_name="execute")

    deferred_by_function.override(execution_timeout=timedelta(seconds=20))()
