"""One construct: label chain."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label

with DAG("cx_err_label_chain", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="a") >> Label("l") >> EmptyOperator(task_id="b")
