"""One construct: hitl two defaults."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG

with DAG("cx_err_hitl_two_defaults", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    HITLOperator(task_id="a", subject="s", options=["x", "y"], defaults=["x", "y"])
