"""One construct: task name dialect."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_task_name_dialect", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task(name="named")
    def takes():
        return 1

    takes()
