"""A task of one DAG above one of another."""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("cx_err_other_dag_dependency", schedule=None):
    a = EmptyOperator(task_id="a")
with DAG("cx_err_other_dag_dependency_two", schedule=None):
    a >> EmptyOperator(task_id="b")
