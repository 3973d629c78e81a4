"""How a run ends: leaves, deadlocks, time limits, fail_fast, failures in a row."""
import time
from datetime import datetime, timedelta

from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

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
    raise AirflowSkipException("skip")


@task
def slow(seconds=2.0):
    time.sleep(seconds)


with DAG("cx_run_inner_failure_hidden", **SETTINGS):
    bad() >> EmptyOperator(task_id="leaf", trigger_rule="all_done")

with DAG("cx_run_leaf_upstream_failed", **SETTINGS):
    bad() >> EmptyOperator(task_id="middle") >> EmptyOperator(task_id="leaf")

with DAG("cx_run_all_skipped_leaf", **SETTINGS):
    bad() >> EmptyOperator(task_id="stopped") >> EmptyOperator(task_id="leaf", trigger_rule="all_skipped")

with DAG("cx_run_two_leaves", **SETTINGS):
    bad()
    slow(1.5) >> EmptyOperator(task_id="late_leaf")

with DAG("cx_run_skipped_leaf", **SETTINGS):
    skip() >> EmptyOperator(task_id="leaf")

with DAG("cx_run_empty", **SETTINGS):
    pass

with DAG("cx_run_only_teardowns", **SETTINGS):
    bad().as_teardown()

with DAG("cx_run_timeout", dagrun_timeout=timedelta(seconds=8), **SETTINGS):
    ok() >> slow.override(task_id="too_slow")(120.0) >> EmptyOperator(task_id="never")
    EmptyOperator(task_id="free")
    bad.override(task_id="waits_for_retry", retries=3, retry_delay=timedelta(minutes=10))()

with DAG("cx_run_timeout_teardown", dagrun_timeout=timedelta(seconds=8), **SETTINGS):
    opened = EmptyOperator(task_id="open").as_setup()
    closed = ok.override(task_id="close")().as_teardown(setups=opened)
    opened >> slow.override(task_id="too_slow")(120.0) >> closed

with DAG("cx_fail_fast", fail_fast=True, **SETTINGS):
    slow.override(task_id="running")(60.0) >> EmptyOperator(task_id="after_running")
    slow.override(task_id="first")(3.0) >> bad() >> EmptyOperator(task_id="after_bad")
    bad.override(task_id="retries_first", retries=2, retry_delay=timedelta(minutes=5))()

with DAG("cx_fail_fast_teardown", fail_fast=True, **SETTINGS):
    made = EmptyOperator(task_id="make").as_setup()
    removed = ok.override(task_id="remove")().as_teardown(setups=made)
    made >> bad() >> EmptyOperator(task_id="between") >> removed

with DAG("cx_fail_fast_mapped", fail_fast=True, **SETTINGS):

    @task
    def some(x):
        if x == 2:
            raise ValueError("two")
        return x

    @task
    def total(xs):
        return sum(xs)

    total(some.expand(x=[1, 2, 3]))

with DAG("cx_run_deadlock", **SETTINGS):
    # The only ready task waits for a pool that does not exist; nothing else can run.
    ok.override(task_id="no_pool", pool="cx_no_such_pool")() >> EmptyOperator(task_id="below")

with DAG("cx_run_always_leaf", **SETTINGS):
    slow.override(task_id="late")(3.0) >> EmptyOperator(task_id="at_once", trigger_rule="always")

with DAG("cx_execution_timeout", **SETTINGS):
    slow.override(task_id="over", execution_timeout=timedelta(seconds=2))(60.0)
    slow.override(task_id="over_retry", execution_timeout=timedelta(seconds=2), retries=1,
                  retry_delay=timedelta(seconds=1))(60.0)
    slow.override(task_id="within", execution_timeout=timedelta(seconds=60))(0.1)

    @task(execution_timeout=timedelta(seconds=2))
    def swallows():
        try:
            time.sleep(60)
        except Exception:
            return "an Exception"
        except BaseException as e:
            return type(e).__name__

    swallows()
