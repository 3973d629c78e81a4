"""One construct: bad dag id."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx err bad id", schedule=None):
    EmptyOperator(task_id="a")
