"""One construct: nested group literal."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

with DAG("cx_err_nested_group_literal", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def takes(x):
        return x

    @task_group
    def inner(x):
        takes(x)

    @task_group
    def outer(y):
        inner.expand(x=[1, 2])

    outer.expand(y=[1, 2])
