"""One construct: dagrun timeout number."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_dagrun_timeout_number", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, dagrun_timeout=5):
    EmptyOperator(task_id="a")
