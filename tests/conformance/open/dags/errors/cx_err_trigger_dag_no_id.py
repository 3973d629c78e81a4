"""One construct: trigger dag no id."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

with DAG("cx_err_trigger_dag_no_id", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    TriggerDagRunOperator(task_id="a")
