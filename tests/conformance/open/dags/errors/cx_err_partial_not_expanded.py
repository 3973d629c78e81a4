"""One construct: partial not expanded."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_partial_not_expanded", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def takes(x):
        return x

    takes.partial(x=1)
