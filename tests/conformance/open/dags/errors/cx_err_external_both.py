"""One construct: external both."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

with DAG("cx_err_external_both", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    ExternalTaskSensor(task_id="a", external_dag_id="x", external_task_id="t", external_task_ids=["t"])
