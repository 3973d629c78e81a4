"""One construct: teardown of nothing."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, teardown

with DAG("cx_err_teardown_of_nothing", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    @teardown
    def ends():
        return 1

    ends()
