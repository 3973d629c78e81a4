"""Pools and limits; what weights do; what past runs forbid."""
import time
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, TaskGroup, task

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


@task
def nap(s=0.5):
    time.sleep(s)


with DAG("cx_limit_unknown_pool", **SETTINGS):
    nap.override(task_id="nowhere", pool="cx_no_such_pool")() >> EmptyOperator(task_id="below")
    nap.override(task_id="free")(0.1)

with DAG("cx_limit_deferred_pool", **SETTINGS):
    # This pool counts what is deferred: one after the other.
    for n in "ab":
        TimeDeltaSensor(task_id=f"waits_{n}", delta=timedelta(seconds=1), deferrable=True, pool="cc_deferred")

with DAG("cx_limit_tis_dag", **SETTINGS):
    nap.override(task_id="one_of_dag", max_active_tis_per_dag=1)(0.5)
    nap.override(task_id="mapped", max_active_tis_per_dagrun=1).expand(s=[0.1, 0.1])

with DAG("cx_max_active_runs_two", max_active_runs=2, **SETTINGS):
    nap(1.0) >> EmptyOperator(task_id="end")

with DAG("cx_limit_order", max_active_tasks=1, **SETTINGS):
    for name, weight in [("a", 1), ("b", 3), ("c", 2)]:
        nap.override(task_id=name, priority_weight=weight)(0.1)
    nap.override(task_id="mapped", priority_weight=9).expand(s=[0.1, 0.11, 0.12])

with DAG("cx_weight_groups", **SETTINGS):
    a = EmptyOperator(task_id="a")
    with TaskGroup("g"):
        b = EmptyOperator(task_id="b", priority_weight=3)
        c = EmptyOperator(task_id="c", priority_weight=5, weight_rule="absolute")
        b >> c
    m = nap.override(task_id="m", priority_weight=2).expand(s=[0.0, 0.0])
    d = EmptyOperator(task_id="d", priority_weight=7, weight_rule="upstream")
    a >> b
    c >> m >> d

with DAG("cx_reschedule_pool", **SETTINGS):
    # Between its pokes it holds no slot.
    PythonSensor(task_id="waits", python_callable=lambda ti: ti.task_id and _later(ti), mode="reschedule", poke_interval=10, timeout=60,
                 pool="cc_one", priority_weight=10)
    nap.override(task_id="passes", pool="cc_one")(0.1)


def _later(ti):
    import cc_lib

    return cc_lib.counter({"ti": ti}) >= 2


@task
def second_fails(dag_run=None):
    if dag_run.run_id == "r2":
        raise ValueError("second run")
    return dag_run.run_id


with DAG("cx_past", **SETTINGS):
    second_fails.override(task_id="past", depends_on_past=True)() >> EmptyOperator(task_id="below")
    second_fails.override(task_id="free")()
    EmptyOperator(task_id="empty_past", depends_on_past=True)

with DAG("cx_past_forms", **SETTINGS):
    wfd = EmptyOperator(task_id="waits_downstream", wait_for_downstream=True)
    wfd >> second_fails.override(task_id="direct")() >> second_fails.override(task_id="indirect")()

    @task
    def second_skips(dag_run=None):
        if dag_run.run_id == "r1":
            raise ValueError("first run")

    nap.override(task_id="not_first", depends_on_past=True, ignore_first_depends_on_past=False)(0.0)
    up = second_skips()

    @task.short_circuit
    def closed():
        return False

    # It is to be skipped, but not before the past allows it.
    patient = EmptyOperator(task_id="patient", depends_on_past=True, wait_for_past_depends_before_skipping=True)
    closed() >> patient
    once_failed = second_skips.override(task_id="once_failed", depends_on_past=True)()
    nap.override(task_id="mapped_past", depends_on_past=True).expand(s=[0.0, 0.1])

with DAG("cx_retry_policy", **SETTINGS):
    from airflow.exceptions import AirflowFailException
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryPolicy, RetryDecision, RetryRule

    class Own(ValueError):
        pass

    RULES = ExceptionRetryPolicy(rules=[
        RetryRule(exception=Own, action=RetryAction.FAIL, reason="own"),
        RetryRule(exception=KeyError, action=RetryAction.RETRY, retry_delay=timedelta(seconds=1)),
        RetryRule(exception="builtins.OSError", action=RetryAction.FAIL),
        RetryRule(exception=ValueError, retry_delay=timedelta(seconds=1), match_subclasses=False),
    ])

    def raises(name, error, **kwargs):
        @task(task_id=name, retries=2, retry_delay=timedelta(seconds=1), retry_policy=RULES, **kwargs)
        def go():
            raise error

        go()

    raises("fails_at_once", Own("o"))
    raises("retries_quickly", KeyError("k"))
    raises("by_name_subclass", FileNotFoundError("f"))
    raises("exact_only", UnicodeError("u"))
    raises("no_rule", RuntimeError("r"))
    raises("never", AirflowFailException("a"))

    class Policy(RetryPolicy):
        def evaluate(self, exception, try_number, max_tries, context=None):
            return RetryDecision.fail("enough") if try_number >= 2 else RetryDecision.retry(delay=timedelta(seconds=1))

    @task(retries=5, retry_delay=timedelta(seconds=1), retry_policy=Policy())
    def own_policy():
        raise ValueError("again")

    own_policy()
