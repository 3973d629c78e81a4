"""One construct: owner links bad."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_owner_links_bad", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, owner_links={"x": "not a link"}):
    EmptyOperator(task_id="a")
