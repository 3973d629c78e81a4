"""One construct: old subdag."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.operators.subdag import SubDagOperator
from airflow.sdk import DAG

with DAG("cx_err_old_subdag", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    SubDagOperator(task_id="a")
