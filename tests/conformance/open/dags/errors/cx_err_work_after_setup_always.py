"""One construct: work after setup always."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_work_after_setup_always", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    up = EmptyOperator(task_id="up").as_setup()
    down = EmptyOperator(task_id="down").as_teardown(setups=up)
    up >> EmptyOperator(task_id="work", trigger_rule="always") >> down
