"""One construct: doc md."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_doc_md", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, doc_md="# text"):
    EmptyOperator(task_id="a", doc_md="x", doc="y", doc_json="{}")
