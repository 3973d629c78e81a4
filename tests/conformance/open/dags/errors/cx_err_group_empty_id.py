"""One construct: group empty id."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("cx_err_group_empty_id", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    with TaskGroup(""):
        EmptyOperator(task_id="a")
