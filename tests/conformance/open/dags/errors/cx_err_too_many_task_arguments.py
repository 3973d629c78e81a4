"""One construct: too many task arguments."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_too_many_task_arguments", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def takes(x):
        return x

    takes(1, 2)
