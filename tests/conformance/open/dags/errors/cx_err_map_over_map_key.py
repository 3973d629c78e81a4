"""One construct: map over map key."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_map_over_map_key", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task
    def gives():
        return {"k": [1]}

    @task
    def takes(x):
        return x

    takes.expand(x=gives()["k"])
