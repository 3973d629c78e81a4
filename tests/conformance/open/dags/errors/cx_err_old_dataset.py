"""One construct: old dataset."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.datasets import Dataset
from airflow.sdk import DAG

with DAG("cx_err_old_dataset", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a", outlets=[Dataset("file:///x")])
