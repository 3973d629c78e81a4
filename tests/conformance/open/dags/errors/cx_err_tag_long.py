"""One construct: tag long."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_tag_long", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, tags=["a" * 101]):
    EmptyOperator(task_id="a")
