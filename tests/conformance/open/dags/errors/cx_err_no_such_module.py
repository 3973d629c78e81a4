"""One construct: no such module."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.nothing import Nothing
from airflow.sdk import DAG

with DAG("cx_err_no_such_module", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a")
