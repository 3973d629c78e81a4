"""One construct: setup wrong rule."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_setup_wrong_rule", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task(trigger_rule="always")
    def work():
        return 1

    EmptyOperator(task_id="up").as_setup() >> work() >> EmptyOperator(task_id="down").as_teardown(setups="up")
