"""One construct: sensor soft and never."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG

with DAG("cx_err_sensor_soft_and_never", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonSensor(task_id="a", python_callable=lambda: True, soft_fail=True, never_fail=True)
