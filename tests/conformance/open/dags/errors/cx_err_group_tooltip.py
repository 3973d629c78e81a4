"""One construct: group tooltip."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("cx_err_group_tooltip", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    with TaskGroup("g", tooltip="t", ui_color="red"):
        EmptyOperator(task_id="a")
