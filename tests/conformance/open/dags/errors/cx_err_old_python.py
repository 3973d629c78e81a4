"""One construct: old python."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("cx_err_old_python", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="a", python_callable=print)
