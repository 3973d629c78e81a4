"""Callbacks of DAGs and tasks in less usual places; deadlines."""
import time
from datetime import datetime, timedelta

from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, AsyncCallback, BaseNotifier, DeadlineAlert, DeadlineReference, SyncCallback, task

import cc_lib

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


def cb(name):
    def inner(context):
        error = context.get("exception")
        cc_lib.note(context, name, exception=type(error).__name__ if error is not None else None)

    return inner


class Tells(BaseNotifier):
    template_fields = ("message",)

    def __init__(self, message="", **kwargs):
        super().__init__(**kwargs)
        self.message = message

    def notify(self, context):
        cc_lib.note(context, "tells", message=self.message)


ALL = {f"on_{x}_callback": cb(x) for x in ("execute", "success", "failure", "retry", "skipped")}

with DAG("cx_callbacks_tasks", default_args=ALL, **SETTINGS):
    BashOperator(task_id="bash_ok", bash_command="true")
    BashOperator(task_id="bash_bad", bash_command="false")
    BashOperator(task_id="bash_skip", bash_command="exit 99")
    BashOperator(task_id="bash_retry", bash_command="test {{ ti.try_number }} = 2", retries=1, retry_delay=timedelta(seconds=1))
    EmptyOperator(task_id="empty")
    PythonSensor(task_id="sensor_timeout", python_callable=lambda: False, poke_interval=0.5, timeout=1)
    PythonSensor(task_id="sensor_soft", python_callable=lambda: False, poke_interval=0.5, timeout=1, soft_fail=True)

    @task
    def fail_now():
        raise AirflowFailException("now")

    @task(execution_timeout=timedelta(seconds=2))
    def too_long():
        time.sleep(60)

    @task.branch
    def chooses():
        return "chosen"

    @task
    def killed():
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)

    fail_now() >> EmptyOperator(task_id="upstream_failed")
    too_long()
    chooses() >> [EmptyOperator(task_id="chosen"), EmptyOperator(task_id="not_chosen")]

    @task
    def doubled(x):
        if x == 2:
            raise ValueError("two")

    doubled.expand(x=[1, 2])

with DAG("cx_callbacks_killed", default_args=ALL, **SETTINGS):
    killed.override(retries=0)()
    killed.override(task_id="killed_retry", retries=1, retry_delay=timedelta(seconds=1))()

with DAG("cx_callbacks_notifier", on_success_callback=[Tells("dag {{ dag.dag_id }} {{ run_id }}"), cb("dag_ok")], **SETTINGS):

    @task(on_success_callback=Tells("{{ ti.task_id }} {{ ds }}"), on_execute_callback=[Tells("starts"), cb("starts")])
    def fine():
        return 1

    @task(on_failure_callback=[Tells("failed {{ exception }}"), Tells("twice")], retries=1, retry_delay=timedelta(seconds=1),
          on_retry_callback=Tells("again"))
    def bad():
        raise ValueError("why")

    @task(on_success_callback=Tells("{{ nothing_here }}"))
    def broken_template():
        return 1

    bad() >> EmptyOperator(task_id="end", trigger_rule="all_done")
    fine()
    broken_template()

with DAG("cx_callbacks_timeout", dagrun_timeout=timedelta(seconds=8), on_failure_callback=lambda c: cc_lib.note(
        {"dag": c["dag"], "run_id": c["run_id"]}, "dag_failed", reason=c.get("reason")), default_args=ALL, **SETTINGS):

    @task
    def long():
        time.sleep(120)

    long() >> EmptyOperator(task_id="below")


def late(**kwargs):
    context = kwargs.pop("context")
    cc_lib.note({"run_id": context["dag_run"]["run_id"], "dag": type("D", (), {"dag_id": context["dag_run"]["dag_id"]})}, "late",
                keys=sorted(context), given=kwargs)


async def late_async(**kwargs):
    late(**kwargs)


def deadline(name, reference, interval, callback=SyncCallback):
    target = {SyncCallback: "cx_callbacks.late", AsyncCallback: "cx_callbacks.late_async"}[callback]
    return DAG(name, deadline=DeadlineAlert(reference=reference, interval=interval, callback=callback(target, kwargs={"text": "{{ ds }}"})), **SETTINGS)


@task
def waits(s=8.0):
    time.sleep(s)


with deadline("cx_deadline_queued", DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=2)):
    waits()

with deadline("cx_deadline_logical", DeadlineReference.DAGRUN_LOGICAL_DATE, timedelta(seconds=1)):
    waits()

with deadline("cx_deadline_fixed", DeadlineReference.FIXED_DATETIME(datetime.fromisoformat("2026-01-01T00:00:00+00:00")), timedelta(0)):
    waits()

with deadline("cx_deadline_kept", DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1)):
    waits(0.1)

with deadline("cx_deadline_async", DeadlineReference.DAGRUN_QUEUED_AT, timedelta(seconds=2), AsyncCallback):
    waits()
