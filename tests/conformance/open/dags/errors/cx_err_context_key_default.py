"""One construct: context key default."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_context_key_default", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def takes(ds="today"):
        return ds

    takes()
