"""One construct: schedule number."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_schedule_number", schedule=5):
    EmptyOperator(task_id="a")
