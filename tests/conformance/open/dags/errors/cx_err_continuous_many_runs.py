"""One construct: continuous many runs."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_continuous_many_runs", schedule="@continuous", start_date=datetime(2026, 1, 1), max_active_runs=2):
    EmptyOperator(task_id="a")
