"""One construct: weekday bad."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
from airflow.sdk import DAG

with DAG("cx_err_weekday_bad", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BranchDayOfWeekOperator(task_id="a", follow_task_ids_if_true="b", follow_task_ids_if_false="c", week_day="Someday")
