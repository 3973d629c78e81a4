"""Native sensors of the tests, in every mode."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, WaitSensor
from airflow.providers.standard.sensors.weekday import DayOfWeekSensor
from airflow.sdk import DAG, task

SOON = {"poke_interval": 0.05, "timeout": 60}


def dag(name, **kwargs):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, **kwargs)


with dag("modes"):
    for mode in ({"mode": "poke"}, {"mode": "reschedule"}, {"deferrable": True}):
        FileSensor(task_id=next(iter(mode.values())) if "mode" in mode else "deferred", pool="small",
                   filepath="{{ dag_run.conf['folder'] }}/*.csv", **mode, **SOON)
    # the pool has three slots: this one runs only if the others gave theirs back
    task(task_id="between", pool="small", pool_slots=2)(lambda: None)()

with dag("times"):
    WaitSensor(task_id="wait", time_to_wait=timedelta(seconds=0.2), deferrable=True)
    DateTimeSensorAsync(task_id="date", target_time="{{ logical_date.isoformat() }}")
    TimeSensor(task_id="time", target_time=datetime(2026, 1, 1, 0, 0, 0).time(), **SOON)
    TimeDeltaSensor(task_id="delta_poke", delta=timedelta(0), **SOON)
    TimeDeltaSensor(task_id="delta_deferrable", delta=timedelta(seconds=-5), deferrable=True)
    DayOfWeekSensor(task_id="day", week_day={"Monday", "SUNDAY"}, use_task_logical_date=True, **SOON)

with dag("gives_up"):
    FileSensor(task_id="deferred", filepath="/nowhere/at/all", deferrable=True, poke_interval=0.05, timeout=0.2, retries=2)
    FileSensor(task_id="soft", filepath="/nowhere", mode="reschedule", poke_interval=0.05, timeout=0.2, soft_fail=True)

with dag("child"):
    @task
    def fails(params=None, dag_run=None):
        if dag_run.conf.get("fail"):
            raise ValueError("as asked")

    fails()

with dag("parent"):
    TriggerDagRunOperator(task_id="good", trigger_dag_id="child", trigger_run_id="good", wait_for_completion=True,
                          deferrable=True)
    TriggerDagRunOperator(task_id="bad", trigger_dag_id="child", trigger_run_id="bad", conf={"fail": True},
                          logical_date="2026-02-02T00:00:00+00:00", wait_for_completion=True, deferrable=True)

with dag("asks"):
    text = TriggerDagRunOperator(task_id="text", trigger_dag_id="child", trigger_run_id="text", conf='{"a": 1}',
                                 logical_date="2026-03-03T00:00:00+00:00")
    text >> TriggerDagRunOperator(task_id="again", trigger_dag_id="child", trigger_run_id="text", retries=1)
    text >> TriggerDagRunOperator(task_id="other_id", trigger_dag_id="child", reset_dag_run=True, skip_when_already_exists=True,
                                  logical_date="2026-03-03T00:00:00+00:00")
    TriggerDagRunOperator(task_id="no_json", trigger_dag_id="child", conf={"x": datetime(2026, 1, 1)})
    TriggerDagRunOperator(task_id="no_dag", trigger_dag_id="nobody")
    ExternalTaskSensor(task_id="no_group", external_dag_id="child", external_task_group_id="nowhere", **SOON)
    ExternalTaskSensor(task_id="twice", external_dag_id="child", external_task_ids=["fails", "fails"], **SOON)
    DateTimeSensorAsync(task_id="no_date", target_time="never")

with dag("follows"):
    for deferrable in (True, False):
        name = "deferred" if deferrable else "poking"
        common = {"external_dag_id": "child", "execution_delta": timedelta(days=-1), "deferrable": deferrable, **SOON}
        ExternalTaskSensor(task_id=f"{name}_task", external_task_id="fails", allowed_states=["failed"], **common)
        ExternalTaskSensor(task_id=f"{name}_run", failed_states=["failed"], **common)
        ExternalTaskSensor(task_id=f"{name}_skip", external_task_ids=["fails"], skipped_states=["failed"], **common)
