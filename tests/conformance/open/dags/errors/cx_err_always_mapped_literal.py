"""One construct: always mapped literal."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_always_mapped_literal", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task(trigger_rule="always")
    def takes(x):
        return x

    takes.expand(x=[1, 2])
