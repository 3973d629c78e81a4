"""One construct: expand kwargs not dicts."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_expand_kwargs_not_dicts", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def takes(x):
        return x

    takes.expand_kwargs([1, 2])
