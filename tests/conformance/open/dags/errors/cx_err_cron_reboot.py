"""One construct: cron reboot."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_cron_reboot", schedule="@reboot"):
    EmptyOperator(task_id="a")
