"""One construct: execution date old."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

with DAG("cx_err_execution_date_old", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    TriggerDagRunOperator(task_id="a", trigger_dag_id="x", execution_date="{{ ds }}")
