"""DAGs whose runs the scheduler makes: timetables and what ends them."""
from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import (
    DAG,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    MultipleCronTriggerTimetable,
    task,
)
from airflow.timetables.events import EventsTimetable

START = pendulum.datetime(2026, 1, 1, tz="UTC")
END = pendulum.datetime(2026, 1, 3, tz="UTC")


@task
def show(ds=None, data_interval_start=None, data_interval_end=None, dag_run=None, prev_data_interval_end_success=None):
    return [ds, str(data_interval_start), str(data_interval_end), dag_run.run_id, str(dag_run.run_after), str(prev_data_interval_end_success)]


def dag(name, schedule, start=START, end=END, **kwargs):
    return DAG(name, schedule=schedule, start_date=start, end_date=end, catchup=True, max_active_runs=1, **kwargs)


with dag("cx_when_multiple_crons", MultipleCronTriggerTimetable("0 0 * * *", "0 12 * * *", timezone="UTC")):
    show()
with dag("cx_when_interval", CronDataIntervalTimetable("0 0 * * *", timezone="UTC")):
    show()
with dag("cx_when_trigger_interval", CronTriggerTimetable("0 6 * * *", timezone="Europe/Berlin", interval=timedelta(days=1))):
    show()
with dag("cx_when_events", EventsTimetable(event_dates=[pendulum.datetime(2026, 1, 1, 5), pendulum.datetime(2026, 1, 2, 7),
                                                        pendulum.datetime(2026, 1, 9)])):
    show()
with dag("cx_when_delta", timedelta(hours=18)):
    show()
with dag("cx_when_delta_interval", DeltaDataIntervalTimetable(timedelta(hours=18))):
    show()
with dag("cx_when_delta_trigger", DeltaTriggerTimetable(timedelta(days=1), interval=timedelta(hours=2))):
    show()
with dag("cx_when_once", "@once"):
    show()
with dag("cx_when_berlin", "0 2 * * *", start=pendulum.datetime(2026, 3, 28, tz="Europe/Berlin"), end=pendulum.datetime(2026, 3, 30, 12, tz="Europe/Berlin")):
    show()
with dag("cx_when_relative", __import__("dateutil.relativedelta", fromlist=["relativedelta"]).relativedelta(months=1),
         end=pendulum.datetime(2026, 3, 1, tz="UTC")):
    show()

with dag("cx_when_failures", "@daily", end=pendulum.datetime(2026, 1, 8, tz="UTC"), max_consecutive_failed_dag_runs=2):

    @task
    def bad():
        raise ValueError("always")

    bad()

with dag("cx_when_first_past", "@daily"):
    EmptyOperator(task_id="not_first", depends_on_past=True, ignore_first_depends_on_past=False)
    EmptyOperator(task_id="first", depends_on_past=True)

with dag("cx_when_external", "@daily"):
    EmptyOperator(task_id="made")
with dag("cx_when_external_waits", "@daily"):
    ExternalTaskSensor(task_id="same_day", external_dag_id="cx_when_external", external_task_id="made", poke_interval=1, timeout=60)
    ExternalTaskSensor(task_id="day_before", external_dag_id="cx_when_external", external_task_id="made", execution_delta=timedelta(days=1),
                       poke_interval=1, timeout=3, soft_fail=True)

with dag("cx_when_latest", "@daily"):
    LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="direct") >> EmptyOperator(task_id="indirect", trigger_rule="all_done")
