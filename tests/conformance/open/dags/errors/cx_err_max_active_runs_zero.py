"""One construct: max active runs zero."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_max_active_runs_zero", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=0):
    EmptyOperator(task_id="a")
