"""One construct: deadline interval number."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, AsyncCallback

with DAG("cx_err_deadline_interval_number", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, deadline=DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=5, callback=AsyncCallback("os.path.join"))):
    EmptyOperator(task_id="a")
