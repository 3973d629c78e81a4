"""One construct: always in xcom group."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

with DAG("cx_err_always_in_xcom_group", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def gives():
        return [1]

    @task_group
    def group(x):
        EmptyOperator(task_id="a", trigger_rule="always")

    group.expand(x=gives())
