"""One construct: param required scheduled."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param

with DAG("cx_err_param_required_scheduled", schedule="@daily", start_date=datetime(2026, 1, 1), params={"n": Param(type="integer")}):
    EmptyOperator(task_id="a")
