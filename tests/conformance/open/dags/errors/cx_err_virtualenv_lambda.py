"""One construct: virtualenv lambda."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG

with DAG("cx_err_virtualenv_lambda", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonVirtualenvOperator(task_id="a", python_callable=lambda: 1)
