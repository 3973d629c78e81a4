"""One construct: python not callable."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("cx_err_python_not_callable", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="a", python_callable="text")
