"""One construct: old chain."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.utils.helpers import chain
from airflow.sdk import DAG

with DAG("cx_err_old_chain", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    chain(EmptyOperator(task_id="a"), EmptyOperator(task_id="b"))
