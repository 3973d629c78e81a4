"""One construct: old apply defaults."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.utils.decorators import apply_defaults
from airflow.sdk import DAG

with DAG("cx_err_old_apply_defaults", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a")
