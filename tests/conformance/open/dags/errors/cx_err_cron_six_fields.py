"""One construct: cron six fields."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_cron_six_fields", schedule="0 0 * * * 30"):
    EmptyOperator(task_id="a")
