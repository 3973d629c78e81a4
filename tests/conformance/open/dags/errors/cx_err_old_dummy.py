"""One construct: old dummy."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.operators.dummy import DummyOperator
from airflow.sdk import DAG

with DAG("cx_err_old_dummy", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    DummyOperator(task_id="a")
