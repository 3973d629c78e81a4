"""One construct: fail stop."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_fail_stop", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, fail_stop=True):
    EmptyOperator(task_id="a")
