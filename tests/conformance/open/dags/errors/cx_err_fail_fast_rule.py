"""One construct: fail fast rule."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_fail_fast_rule", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, fail_fast=True):
    EmptyOperator(task_id="a") >> EmptyOperator(task_id="b", trigger_rule="all_done")
