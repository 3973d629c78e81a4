"""One construct: bash no command."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("cx_err_bash_no_command", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="a")
