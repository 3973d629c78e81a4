"""One construct: param bad default."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param

with DAG("cx_err_param_bad_default", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, params={"n": Param("x", type="integer")}):
    EmptyOperator(task_id="a")
