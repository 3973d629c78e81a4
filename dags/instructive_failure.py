"""Fails on purpose, so that triage, the task instance's page and `tasks clear` have something to show."""
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Param, dag, task

EXPECTED = {"north": 120, "south": 95, "east": 140}


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    tags=["sample", "failure"],
    params={"broken_region": Param("south", enum=["none", *EXPECTED], description="Whose export is cut off")},
    doc_md="""
    ### What there is to see

    1. `check_export` has one instance per region. The one of `south` fails, waits, tries again, fails for good.
    2. `publish` needs all regions: it is `upstream_failed` and was never started.
    3. `cleanup` runs all the same (`all_done`). The run fails, because the leaf `publish` did not succeed.

    The cause names the remedy: trigger it with `{"broken_region": "none"}`.
    """,
)
def instructive_failure():
    @task
    def list_regions():
        return list(EXPECTED)

    @task(retries=1, retry_delay=timedelta(seconds=1), map_index_template="{{ task.op_kwargs['region'] }}")
    def check_export(region, params):
        rows = EXPECTED[region] if region != params["broken_region"] else EXPECTED[region] // 3
        print(f"{region}: {rows} rows")
        if rows < EXPECTED[region]:
            raise ValueError(
                f"the export of {region} has {rows} of {EXPECTED[region]} rows: it was cut off;"
                ' trigger again with {"broken_region": "none"} when it is complete'
            )
        return rows

    publish = BashOperator(task_id="publish", bash_command="echo published {{ ti.xcom_pull(task_ids='check_export') | sum }} rows")
    cleanup = BashOperator(task_id="cleanup", bash_command="echo temporary files are gone", trigger_rule="all_done")

    checked = check_export.expand(region=list_regions())
    checked >> [publish, cleanup]


instructive_failure()
