"""One construct: iterate xcomarg."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_iterate_xcomarg", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def gives():
        return [1, 2]

    for x in gives():
        print(x)
