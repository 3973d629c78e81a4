"""One construct: group missing argument."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task_group

with DAG("cx_err_group_missing_argument", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task_group
    def group(x, y):
        EmptyOperator(task_id="a")

    group.expand(x=[1])
