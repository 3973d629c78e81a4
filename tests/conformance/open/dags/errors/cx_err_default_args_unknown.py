"""One construct: default args unknown."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_default_args_unknown", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, default_args={"no_such_argument": 1, "retries": 2}):
    EmptyOperator(task_id="a")
