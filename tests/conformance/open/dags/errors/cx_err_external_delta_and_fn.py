"""One construct: external delta and fn."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

with DAG("cx_err_external_delta_and_fn", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    ExternalTaskSensor(task_id="a", external_dag_id="x", execution_delta=timedelta(1), execution_date_fn=lambda d: d)
