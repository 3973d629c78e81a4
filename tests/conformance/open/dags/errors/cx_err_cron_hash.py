"""One construct: cron hash."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_cron_hash", schedule="H 0 * * *"):
    EmptyOperator(task_id="a")
