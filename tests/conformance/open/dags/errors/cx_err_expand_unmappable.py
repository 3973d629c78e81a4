"""One construct: expand unmappable."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_expand_unmappable", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator.partial(task_id="a").expand(pool=["a", "b"])
