"""One construct: group expand nothing."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task_group

with DAG("cx_err_group_expand_nothing", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task_group
    def group(x):
        EmptyOperator(task_id="a")

    group.expand()
