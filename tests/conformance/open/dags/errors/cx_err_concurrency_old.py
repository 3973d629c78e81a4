"""One construct: concurrency old."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_concurrency_old", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, concurrency=3):
    EmptyOperator(task_id="a")
