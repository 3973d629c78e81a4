"""What others see of a task that runs, and what a DAG's callbacks are told."""
import os
import time
from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.sdk import DAG, task


def tell(context):
    with open(context["params"]["notes"], "a") as notes:
        notes.write(f"{context['reason']} {context['ti'].task_id}\n")


def dag(name, **kwargs):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False,
               params={"notes": "/dev/null", "fail": False}, **kwargs)


with dag("runs_on"):
    @task
    def says(params=None, ti=None):
        ti.xcom_push("early", 1)
        while not os.path.exists(params["notes"]):
            time.sleep(0.02)

    says()

with dag("tells", on_success_callback=tell, on_failure_callback=tell):
    @task
    def works(params=None):
        if params["fail"]:
            raise ValueError("as asked")

    @task
    def skips():
        raise AirflowSkipException("later than the success")

    works() >> skips()
