"""One construct: branch unknown task."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("cx_err_branch_unknown_task", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @task.branch
    def chooses():
        return "nowhere"

    chooses() >> EmptyOperator(task_id="a")
