"""One construct: duplicate task."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_duplicate_task", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a")
    EmptyOperator(task_id="a")
