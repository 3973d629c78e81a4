"""Sensors of other DAGs' runs and of time; what their options do."""
from datetime import datetime, time, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from airflow.providers.standard.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, TimeDeltaSensorAsync
from airflow.providers.standard.sensors.weekday import DayOfWeekSensor
from airflow.sdk import DAG, TaskGroup, task

import cc_lib

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}

with DAG("cx_external_done", **SETTINGS):

    @task
    def good():
        return 1

    @task
    def fails():
        raise ValueError("fails")

    @task
    def skips():
        from airflow.exceptions import AirflowSkipException

        raise AirflowSkipException("s")

    with TaskGroup("pair"):
        EmptyOperator(task_id="one")
        EmptyOperator(task_id="two")
    with TaskGroup("mixed"):
        EmptyOperator(task_id="three")
        fails.override(task_id="four")()
    good()
    fails()
    skips()

with DAG("cx_external_wait", **SETTINGS):
    OTHER = {"external_dag_id": "cx_external_done", "poke_interval": 1, "timeout": 12}
    # The other DAG's run has the same logical date.
    ExternalTaskSensor(task_id="task_ok", external_task_id="good", **OTHER)
    ExternalTaskSensor(task_id="task_failed_waits", external_task_id="fails", **{**OTHER, "timeout": 4})
    ExternalTaskSensor(task_id="task_failed_fails", external_task_id="fails", failed_states=["failed"], **OTHER)
    ExternalTaskSensor(task_id="task_failed_soft", external_task_id="fails", failed_states=["failed"], soft_fail=True, **OTHER)
    ExternalTaskSensor(task_id="task_skipped", external_task_id="skips", skipped_states=["skipped"], **OTHER)
    ExternalTaskSensor(task_id="task_any_end", external_task_id="fails", allowed_states=["success", "failed"], **OTHER)
    ExternalTaskSensor(task_id="tasks_two", external_task_ids=["good", "skips"], allowed_states=["success", "skipped"], **OTHER)
    ExternalTaskSensor(task_id="tasks_one_missing", external_task_ids=["good", "nowhere"], **{**OTHER, "timeout": 4})
    ExternalTaskSensor(task_id="group_ok", external_task_group_id="pair", **OTHER)
    ExternalTaskSensor(task_id="group_failed", external_task_group_id="mixed", failed_states=["failed"], **OTHER)
    ExternalTaskSensor(task_id="run_failed", allowed_states=["failed"], **OTHER)
    ExternalTaskSensor(task_id="run_failed_fails", failed_states=["failed"], **OTHER)
    ExternalTaskSensor(task_id="run_waits", **{**OTHER, "timeout": 4})
    ExternalTaskSensor(task_id="delta_misses", external_task_id="good", execution_delta=timedelta(days=1), **{**OTHER, "timeout": 4})
    ExternalTaskSensor(task_id="delta_zero", external_task_id="good", execution_delta=timedelta(0), **OTHER)
    ExternalTaskSensor(task_id="by_function", external_task_id="good", execution_date_fn=lambda d: d, **OTHER)
    ExternalTaskSensor(task_id="by_function_many", external_task_id="good",
                       execution_date_fn=lambda d: [d, d - timedelta(days=7)], **{**OTHER, "timeout": 4})
    ExternalTaskSensor(task_id="by_function_context", external_task_id="good",
                       execution_date_fn=lambda d, ds_nodash: datetime.strptime(ds_nodash + "06+0000", "%Y%m%d%H%z"), **OTHER)
    ExternalTaskSensor(task_id="no_dag_checked", external_dag_id="cx_no_such_dag", check_existence=True, poke_interval=1, timeout=4)
    ExternalTaskSensor(task_id="no_task_checked", external_task_id="nowhere", check_existence=True, **{**OTHER, "timeout": 4})
    ExternalTaskSensor(task_id="deferred_ok", external_task_id="good", deferrable=True, **OTHER)
    ExternalTaskSensor(task_id="deferred_failed", external_task_id="fails", failed_states=["failed"], deferrable=True, **OTHER)
    ExternalTaskSensor(task_id="deferred_run", allowed_states=["failed"], deferrable=True, **OTHER)
    ExternalTaskMarker(task_id="marker", external_dag_id="cx_external_done", external_task_id="good")

with DAG("cx_sensor_times", default_args={"poke_interval": 1, "timeout": 5}, **SETTINGS):
    TimeSensor(task_id="midnight", target_time=time(0, 0))
    TimeSensor(task_id="midnight_deferred", target_time=time(0, 0), deferrable=True)
    DateTimeSensor(task_id="template", target_time="{{ data_interval_end }}")
    DateTimeSensor(task_id="future", target_time="2099-01-01T00:00:00+00:00", timeout=2)
    DateTimeSensor(task_id="bad_text", target_time="never")
    DateTimeSensorAsync(task_id="past_async", target_time="2020-01-01T00:00:00+00:00")
    TimeDeltaSensor(task_id="delta", delta=timedelta(days=1))
    TimeDeltaSensorAsync(task_id="delta_async", delta=timedelta(seconds=1))
    DayOfWeekSensor(task_id="logical_monday", week_day="Monday", use_task_logical_date=True)
    DayOfWeekSensor(task_id="logical_sunday", week_day={"Sunday"}, use_task_logical_date=True, timeout=2)
    FileSensor(task_id="folder", filepath="/usr", timeout=2)
    FileSensor(task_id="glob", filepath="/etc/host*", timeout=2)
    FileSensor(task_id="missing", filepath="/cx/missing", timeout=2)
    FileSensor(task_id="missing_soft", filepath="/cx/missing", timeout=2, soft_fail=True)
    FileSensor(task_id="deferred", filepath="/etc/hosts", deferrable=True)

    def grows(**context):
        return cc_lib.counter(context) >= 4

    PythonSensor(task_id="backoff", python_callable=grows, poke_interval=0.5, timeout=60, exponential_backoff=True,
                 max_wait=timedelta(seconds=2))
    PythonSensor(task_id="timeout_each_try", python_callable=lambda: False, poke_interval=0.5, timeout=1, retries=1,
                 retry_delay=timedelta(seconds=1))

    def first_try_breaks(ti=None):
        if ti.try_number == 1:
            raise ValueError("first")
        return True

    PythonSensor(task_id="second_try", python_callable=first_try_breaks, poke_interval=0.5, retries=1, retry_delay=timedelta(seconds=1))
    PythonSensor(task_id="with_args", python_callable=lambda a, b: a == b, op_args=["{{ ds }}"], op_kwargs={"b": "2026-03-02"})
    PythonSensor(task_id="execution_timeout", python_callable=lambda: False, poke_interval=0.5, timeout=30,
                 execution_timeout=timedelta(seconds=2))
    PythonSensor(task_id="execution_timeout_soft", python_callable=lambda: False, poke_interval=0.5, timeout=30,
                 execution_timeout=timedelta(seconds=2), soft_fail=True)
    PythonSensor.partial(task_id="mapped", poke_interval=0.5, timeout=1, python_callable=lambda v: v == 1).expand(
        op_args=[[1], [2]])
