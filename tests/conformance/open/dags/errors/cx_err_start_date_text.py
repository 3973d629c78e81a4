"""One construct: start date text."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_start_date_text", schedule=None, start_date="2026-01-01"):
    EmptyOperator(task_id="a")
