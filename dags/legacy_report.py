"""Airflow 2 as many people still have it: old import paths, `schedule_interval`, `provide_context`, `execution_date`.

It loads and runs as it is. `dagdeck dags details legacy_report` lists the warnings with their modern spelling.
"""
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.dummy import DummyOperator
from airflow.operators.python_operator import PythonOperator


def count(**context):
    """The days of the week that the report covers."""
    end = context.get("data_interval_end") or datetime.now()
    days = [(end - timedelta(days=n)).strftime("%a") for n in range(7, 0, -1)]
    context["ti"].xcom_push(key="days", value=days)
    return len(days)


with DAG(
    dag_id="legacy_report",
    schedule_interval="@weekly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["sample", "airflow2"],
    default_args={"owner": "reports", "retries": 1, "retry_delay": timedelta(seconds=2)},
) as dag:
    start = DummyOperator(task_id="start")
    collect = PythonOperator(task_id="collect", python_callable=count, provide_context=True)
    write = BashOperator(
        task_id="write",
        bash_command="echo '{{ run_id }}: {{ ti.xcom_pull(task_ids=\"collect\", key=\"days\") | join(\" \") }}'",
    )

    start >> collect
    collect.set_downstream(write)
