"""Setup and teardown in groups, by decorators, with skips, retries, several of each."""
from datetime import datetime

from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, setup, task, task_group, teardown

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


@task
def ok():
    return 1


@task
def bad():
    raise ValueError("bad")


@task
def skip():
    raise AirflowSkipException("s")


with DAG("cx_setup_decorated", **SETTINGS):

    @setup
    def opens():
        return {"id": 5}

    @teardown(on_failure_fail_dagrun=True)
    def closes(x):
        return x["id"]

    o = opens()
    with closes(o):
        ok() >> bad() >> ok.override(task_id="never")()

with DAG("cx_setup_group", **SETTINGS):

    @task_group
    def section():
        @setup
        def start():
            return 1

        @teardown
        def stop():
            return 2

        a, b = start(), stop()
        a >> bad.override(task_id="work")() >> b
        a >> b

    section() >> EmptyOperator(task_id="after_group")

with DAG("cx_setup_two_levels", **SETTINGS):
    outer_up = EmptyOperator(task_id="outer_up").as_setup()
    outer_down = EmptyOperator(task_id="outer_down").as_teardown(setups=outer_up)
    inner_up = bad.override(task_id="inner_up")().as_setup()
    inner_down = ok.override(task_id="inner_down")().as_teardown(setups=inner_up)
    with outer_down:
        first = ok.override(task_id="outer_work")()
        with inner_down:
            first >> ok.override(task_id="inner_work")()

with DAG("cx_setup_skipped_middle", **SETTINGS):
    up = EmptyOperator(task_id="up").as_setup()
    down = EmptyOperator(task_id="down").as_teardown(setups=up)
    up >> skip() >> ok.override(task_id="skipped_too")() >> down

with DAG("cx_setup_shared", **SETTINGS):
    s1 = EmptyOperator(task_id="s1").as_setup()
    s2 = skip.override(task_id="s2")().as_setup()
    t1 = EmptyOperator(task_id="t1").as_teardown(setups=[s1])
    t2 = EmptyOperator(task_id="t2").as_teardown(setups=[s2])
    t12 = EmptyOperator(task_id="t12").as_teardown(setups=[s1, s2])
    w1, w2 = ok.override(task_id="w1")(), ok.override(task_id="w2")()
    s1 >> w1 >> [t1, t12]
    s2 >> w2 >> [t2, t12]

with DAG("cx_setup_no_work", **SETTINGS):
    EmptyOperator(task_id="alone_down").as_teardown(setups=bad.override(task_id="alone_up")().as_setup())
    only = EmptyOperator(task_id="only_setup").as_setup()

with DAG("cx_setup_branch", **SETTINGS):
    bu = EmptyOperator(task_id="bu").as_setup()
    bd = EmptyOperator(task_id="bd").as_teardown(setups=bu)

    @task.branch
    def chooses():
        return "left"

    c = chooses()
    bu >> c >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")] >> bd

with DAG("cx_setup_mapped", **SETTINGS):

    @task
    def one(x):
        if x == 2:
            raise ValueError("two")

    mu = EmptyOperator(task_id="mu").as_setup()
    md = EmptyOperator(task_id="md").as_teardown(setups=mu)
    mu >> one.expand(x=[1, 2]) >> md

with DAG("cx_teardown_retries", **SETTINGS):
    from datetime import timedelta

    ru = EmptyOperator(task_id="ru").as_setup()

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def flaky(ti=None):
        if ti.try_number == 1:
            raise ValueError("first")

    ru >> ok.override(task_id="rw")() >> flaky().as_teardown(setups=ru) >> EmptyOperator(task_id="below_teardown")
