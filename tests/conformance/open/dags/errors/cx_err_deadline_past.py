"""One construct: deadline past."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, AsyncCallback

with DAG("cx_err_deadline_past", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, deadline=DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(1), callback=AsyncCallback("no_dots"))):
    EmptyOperator(task_id="a")
