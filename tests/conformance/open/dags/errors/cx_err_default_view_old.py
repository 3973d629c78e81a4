"""One construct: default view old."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_default_view_old", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, default_view="graph"):
    EmptyOperator(task_id="a")
