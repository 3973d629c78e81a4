"""One construct: chain non task."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

with DAG("cx_err_chain_non_task", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    chain(EmptyOperator(task_id="a"), 5)
