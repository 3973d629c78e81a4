"""One construct: old models dag."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.models import DAG

with DAG("cx_err_old_models_dag", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a")
