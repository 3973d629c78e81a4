"""One construct: branch date no bounds."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.sdk import DAG

with DAG("cx_err_branch_date_no_bounds", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BranchDateTimeOperator(task_id="a", follow_task_ids_if_true="b", follow_task_ids_if_false="c", target_lower=None, target_upper=None)
