"""One construct: cron four fields."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_cron_four_fields", schedule="0 0 * *"):
    EmptyOperator(task_id="a")
