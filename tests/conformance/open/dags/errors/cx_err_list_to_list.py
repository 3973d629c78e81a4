"""One construct: list to list."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_list_to_list", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    [EmptyOperator(task_id="a"), EmptyOperator(task_id="b")] >> [EmptyOperator(task_id="c"), EmptyOperator(task_id="d")]
