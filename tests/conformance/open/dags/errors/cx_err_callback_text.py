"""One construct: callback text."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_callback_text", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, on_failure_callback="text"):
    EmptyOperator(task_id="a", on_success_callback="text")
