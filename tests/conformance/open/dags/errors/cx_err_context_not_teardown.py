"""One construct: context not teardown."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_context_not_teardown", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    with EmptyOperator(task_id="a"):
        EmptyOperator(task_id="b")
