"""One construct: schedule word."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_schedule_word", schedule="@sometimes"):
    EmptyOperator(task_id="a")
