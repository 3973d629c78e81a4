"""One construct: end before start."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_end_before_start", schedule=None, start_date=datetime(2026, 1, 2), end_date=datetime(2026, 1, 1)):
    EmptyOperator(task_id="a")
