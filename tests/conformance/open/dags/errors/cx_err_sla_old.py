"""One construct: sla old."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_sla_old", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, sla_miss_callback=print):
    EmptyOperator(task_id="a", sla=timedelta(hours=1))
