"""One construct: group same as task."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("cx_err_group_same_as_task", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="g")
    with TaskGroup("g"):
        EmptyOperator(task_id="a")
