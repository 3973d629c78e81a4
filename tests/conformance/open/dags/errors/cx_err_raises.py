"""One construct: raises."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

raise RuntimeError("at import")

with DAG("cx_err_raises", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a")
