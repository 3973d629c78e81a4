"""One construct: timezones differ."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
import pendulum
from airflow.sdk import DAG

with DAG("cx_err_timezones_differ", schedule=None, start_date=pendulum.datetime(2026, 1, 2, tz="Europe/Berlin"), end_date=pendulum.datetime(2026, 1, 3, tz="UTC")):
    EmptyOperator(task_id="a")
