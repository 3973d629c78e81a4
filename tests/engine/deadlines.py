"""Deadlines and callbacks of the tests."""
import json
import os
from datetime import datetime, timedelta, timezone

from airflow.sdk import (
    DAG, AsyncCallback, BaseNotifier, DeadlineAlert, DeadlineReference, SyncCallback, VariableInterval,
    deadline_reference, task)
from airflow.sdk.definitions.deadline import BaseDeadlineReference

OUT = os.environ.get("OUT", "/tmp")


def note(name, **what):
    with open(f"{OUT}/calls", "a") as file:
        file.write(json.dumps({"name": name, **what}, default=str) + "\n")


async def late(context, text):
    note("async", text=text, keys=sorted(context), run=context["dag_run"]["dag_run_id"])


def late_sync(text):
    note("sync", text=text)


class Tells(BaseNotifier):
    def __init__(self, message):
        super().__init__()
        self.message = message

    def notify(self, context):
        note("notifier", text=self.message, keys=sorted(context))


@deadline_reference
class LongAgo(BaseDeadlineReference):
    def _evaluate_with(self, *, session=None, **kwargs):
        note("asked", dag=kwargs["dag_id"])
        return datetime(2020, 1, 1, tzinfo=timezone.utc)


PAST = DeadlineReference.FIXED_DATETIME(datetime(2026, 1, 1, tzinfo=timezone.utc))
SOON = timedelta(seconds=1)


def alert(reference, interval, callback):
    return DeadlineAlert(reference=reference, interval=interval, callback=callback)


def dag(name, **kwargs):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, **kwargs)


def waiting():
    @task.bash
    def wait():
        return f"until [ -e {OUT}/go ]; do sleep 0.02; done"

    wait()


with dag("late", deadline=[
    alert(PAST, SOON, AsyncCallback(late, {"text": "{{ not rendered }}"})),
    alert(DeadlineReference.DAGRUN_LOGICAL_DATE, SOON, SyncCallback(late_sync, {"text": "logical"})),
    alert(DeadlineReference.DAGRUN_QUEUED_AT, VariableInterval("seconds"), SyncCallback(Tells, {"message": "queued"})),
    alert(DeadlineReference.LongAgo, SOON, SyncCallback(late_sync, {"text": "own"})),
    alert(DeadlineReference.AVERAGE_RUNTIME(max_runs=5), SOON, SyncCallback(late_sync, {"text": "average"})),
    alert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(days=1), SyncCallback(late_sync, {"text": "too early"})),
]):
    waiting()

with dag("in_time", deadline=alert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), SyncCallback(late_sync, {"text": "no"}))):
    task(task_id="quick")(lambda: None)()


def called(name):
    def call(context):
        note(name, task=context["ti"].task_id, number=context["ti"].try_number, state=str(context["ti"].state),
             error=str(context.get("exception")))
    return call


with dag("dies"):
    @task(retries=1, retry_delay=timedelta(0), on_retry_callback=called("retry"), on_failure_callback=called("failure"))
    def dies():
        os.kill(os.getpid(), 9)

    dies()

with dag("ended", on_success_callback=lambda context: note("dag_success", reason=context["reason"])):
    task(task_id="quick")(lambda: None)()
