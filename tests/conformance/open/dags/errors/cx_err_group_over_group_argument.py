"""One construct: group over group argument."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

with DAG("cx_err_group_over_group_argument", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def takes(x):
        return x

    @task_group
    def inner(x):
        takes(x)

    @task_group
    def outer(x):
        inner.expand(x=x)

    outer.expand(x=[[1], [2]])
