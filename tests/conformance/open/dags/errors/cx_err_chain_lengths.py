"""One construct: chain lengths."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

with DAG("cx_err_chain_lengths", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    chain([EmptyOperator(task_id="a"), EmptyOperator(task_id="b")], [EmptyOperator(task_id="c"), EmptyOperator(task_id="d"), EmptyOperator(task_id="e")])
