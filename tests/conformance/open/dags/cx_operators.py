"""Operators of the standard provider that decide or trigger: branches by time, day and Python; runs of other DAGs."""
from datetime import datetime, time, timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
from airflow.providers.standard.utils.weekday import WeekDay
from airflow.sdk import DAG, TaskGroup, task

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}

with DAG("cx_branch_time", **SETTINGS):

    def fork(operator):
        name = operator.task_id
        operator >> [EmptyOperator(task_id=f"{name}_yes"), EmptyOperator(task_id=f"{name}_no")]

    def ids(name):
        return {"task_id": name, "follow_task_ids_if_true": f"{name}_yes", "follow_task_ids_if_false": f"{name}_no"}

    utc = pendulum.timezone("UTC")
    fork(BranchDateTimeOperator(**ids("always_in"), target_lower=pendulum.datetime(2020, 1, 1), target_upper=None))
    fork(BranchDateTimeOperator(**ids("past"), target_lower=pendulum.datetime(2019, 1, 1), target_upper=pendulum.datetime(2020, 1, 1)))
    fork(BranchDateTimeOperator(**ids("logical_in"), target_lower=pendulum.datetime(2026, 3, 2, 5),
                                target_upper=pendulum.datetime(2026, 3, 2, 7), use_task_logical_date=True))
    fork(BranchDateTimeOperator(**ids("logical_time"), target_lower=time(5, 0), target_upper=time(7, 0), use_task_logical_date=True))
    fork(BranchDateTimeOperator(**ids("logical_time_over_midnight"), target_lower=time(22, 0), target_upper=time(5, 0),
                                use_task_logical_date=True))
    fork(BranchDayOfWeekOperator(**ids("monday"), week_day="Monday", use_task_logical_date=True))
    fork(BranchDayOfWeekOperator(**ids("weekend"), week_day={WeekDay.SATURDAY, WeekDay.SUNDAY}, use_task_logical_date=True))
    fork(BranchDayOfWeekOperator(**ids("mixed"), week_day=["Tuesday", "Mon"] if False else ["Tuesday", "Monday"],
                                 use_task_logical_date=True))
    fork(BranchDateTimeOperator(task_id="by_list", follow_task_ids_if_true=["by_list_yes", "by_list_no"], follow_task_ids_if_false=[],
                                target_lower=pendulum.datetime(2020, 1, 1), target_upper=None))

with DAG("cx_branch_more", **SETTINGS):

    class Third(BaseBranchOperator):
        def choose_branch(self, context):
            return ["third_c", "third_a"]

    Third(task_id="third") >> [EmptyOperator(task_id=f"third_{x}") for x in "abc"]
    BranchPythonOperator(task_id="classic", python_callable=lambda which: f"classic_{which}", op_args=["a"]) >> [
        EmptyOperator(task_id="classic_a"), EmptyOperator(task_id="classic_b")]
    with TaskGroup("inside") as inside:
        a = EmptyOperator(task_id="a")
        b = EmptyOperator(task_id="b")
        a >> b
    with TaskGroup("outside") as outside:
        EmptyOperator(task_id="c")

    @task.branch
    def to_group():
        return "inside"

    to_group() >> [inside, outside]

    @task.branch
    def returns_xcom():
        return ["kept"]

    chosen = returns_xcom()
    chosen >> [EmptyOperator(task_id="kept"), EmptyOperator(task_id="dropped")]
    chosen >> EmptyOperator(task_id="joined", trigger_rule="none_failed_min_one_success")

    @task.branch
    def fails():
        raise ValueError("branch fails")

    fails() >> EmptyOperator(task_id="after_fails")

    @task.branch
    def int_result():
        return 5

    int_result() >> EmptyOperator(task_id="after_int")
    # A branch below a branch.
    @task.branch
    def outer():
        return "inner"

    @task.branch(task_id="inner")
    def inner_branch():
        return "deep_a"

    i = inner_branch()
    outer() >> [i, EmptyOperator(task_id="not_inner")]
    i >> [EmptyOperator(task_id="deep_a"), EmptyOperator(task_id="deep_b")]

with DAG("cx_short_circuit_more", **SETTINGS):
    ShortCircuitOperator(task_id="falsy", python_callable=lambda: 0) >> EmptyOperator(task_id="f1") >> EmptyOperator(
        task_id="f2", trigger_rule="all_done")
    ShortCircuitOperator(task_id="falsy_direct", python_callable=lambda: [], ignore_downstream_trigger_rules=False) >> EmptyOperator(
        task_id="d1") >> EmptyOperator(task_id="d2", trigger_rule="all_done")
    ShortCircuitOperator(task_id="truthy", python_callable=lambda: "yes") >> EmptyOperator(task_id="t1")
    gate = ShortCircuitOperator(task_id="with_teardown", python_callable=lambda: False)
    setup = EmptyOperator(task_id="su").as_setup()
    teardown = EmptyOperator(task_id="td").as_teardown(setups=setup)
    setup >> gate >> EmptyOperator(task_id="work") >> teardown

with DAG("cx_latest_manual", **SETTINGS):
    LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="below")

with DAG("cx_trigger_target", **SETTINGS):

    @task
    def shows(dag_run=None, params=None):
        if dag_run.conf.get("fail"):
            raise ValueError("asked to fail")
        return {"conf": dag_run.conf, "type": str(dag_run.run_type)}

    shows()

with DAG("cx_trigger_forms", **SETTINGS):
    t = TriggerDagRunOperator
    first = t(task_id="fixed_id", trigger_dag_id="cx_trigger_target", trigger_run_id="from_{{ run_id }}", conf={"day": "{{ ds }}"})
    again = t(task_id="same_id_fails", trigger_dag_id="cx_trigger_target", trigger_run_id="from_{{ run_id }}", retries=1,
              retry_delay=timedelta(seconds=1))
    skipped = t(task_id="same_id_skips", trigger_dag_id="cx_trigger_target", trigger_run_id="from_{{ run_id }}",
                skip_when_already_exists=True)
    reset = t(task_id="same_id_resets", trigger_dag_id="cx_trigger_target", trigger_run_id="from_{{ run_id }}", reset_dag_run=True,
              wait_for_completion=True, poke_interval=2)
    first >> again
    first >> skipped
    first >> reset
    skipped >> EmptyOperator(task_id="after_skipped")
    t(task_id="dated", trigger_dag_id="cx_trigger_target", trigger_run_id="dated_{{ run_id }}", logical_date="2026-02-01T00:00:00+00:00",
      wait_for_completion=True, poke_interval=2)
    t(task_id="waits_ok", trigger_dag_id="cx_trigger_target", trigger_run_id="waits_{{ run_id }}", wait_for_completion=True,
      poke_interval=2, logical_date="2026-02-02T00:00:00+00:00")
    t(task_id="waits_failed", trigger_dag_id="cx_trigger_target", trigger_run_id="fails_{{ run_id }}", conf={"fail": True},
      wait_for_completion=True, poke_interval=2, logical_date="2026-02-03T00:00:00+00:00")
    t(task_id="waits_failed_allowed", trigger_dag_id="cx_trigger_target", trigger_run_id="fails_ok_{{ run_id }}", conf={"fail": True},
      wait_for_completion=True, poke_interval=2, allowed_states=["success", "failed"], failed_states=[],
      logical_date="2026-02-04T00:00:00+00:00")
    t(task_id="deferred", trigger_dag_id="cx_trigger_target", trigger_run_id="deferred_{{ run_id }}", wait_for_completion=True,
      poke_interval=2, deferrable=True, logical_date="2026-02-05T00:00:00+00:00")
    t(task_id="deferred_failed", trigger_dag_id="cx_trigger_target", trigger_run_id="deferred_failed_{{ run_id }}", conf={"fail": True},
      wait_for_completion=True, poke_interval=2, deferrable=True, logical_date="2026-02-06T00:00:00+00:00")
    t(task_id="unknown_dag", trigger_dag_id="cx_there_is_no_such_dag")
    t(task_id="bad_conf", trigger_dag_id="cx_trigger_target", conf={"x": datetime(2026, 1, 1)})
    t(task_id="text_conf", trigger_dag_id="cx_trigger_target", trigger_run_id="text_{{ run_id }}", conf='{"a": 1}',
      logical_date="2026-02-07T00:00:00+00:00")

with DAG("cx_bash_more", **SETTINGS):
    BashOperator(task_id="skip_code", bash_command="exit 99")
    BashOperator(task_id="skip_own", bash_command="exit 7", skip_on_exit_code=[7, 8])
    BashOperator(task_id="skip_none", bash_command="exit 99", skip_on_exit_code=None)
    BashOperator(task_id="processed", bash_command="echo '{\"a\": 1}'", output_processor=lambda text: __import__("json").loads(text))
    BashOperator(task_id="processor_fails", bash_command="echo no", output_processor=lambda text: 1 / 0)
    BashOperator(task_id="as_list", bash_command=["echo", "one two"])
    BashOperator(task_id="env_only", bash_command="echo \"${HOME:-none} $A $AIRFLOW_CTX_TASK_ID\"", env={"A": "{{ ds }}"})
    BashOperator(task_id="env_more", bash_command="test -n \"$PATH\" && echo \"$A\"", env={"A": "b"}, append_env=True)
    BashOperator(task_id="no_cwd", bash_command="pwd", cwd="/nonexistent_cx")
    BashOperator(task_id="cwd", bash_command="pwd", cwd="/usr")
    BashOperator(task_id="silent", bash_command="true")
    BashOperator(task_id="no_push", bash_command="echo x", do_xcom_push=False)
    BashOperator(task_id="stderr_last", bash_command="echo out; echo err >&2")
    BashOperator(task_id="pipefail", bash_command="false | true; false; echo end")
    BashOperator(task_id="unicode", bash_command="echo 'grüße 日本'")
    BashOperator(task_id="killed", bash_command="kill -9 $$")

    @task.bash
    def by_function(n=3):
        return f"echo n={n} {{{{ ds }}}}"

    by_function()

    @task.bash(skip_on_exit_code=5)
    def skips_five():
        return "exit 5"

    skips_five()

    @task.bash
    def wrong_type():
        return 5

    wrong_type()

with DAG("cx_python_more", **SETTINGS):

    async def a_coroutine(x):
        import asyncio

        await asyncio.sleep(0)
        return x * 2

    PythonOperator(task_id="coroutine", python_callable=a_coroutine, op_args=[21])

    @task
    async def deco_coroutine():
        return "awaited"

    deco_coroutine()
    PythonOperator(task_id="templates", python_callable=lambda templates_dict, **k: templates_dict, templates_dict={"d": "{{ ds }}"})
    PythonOperator(task_id="kwargs", python_callable=lambda a, ds, **k: [a, ds, sorted(x for x in k if x in ("ti", "run_id"))],
                   op_kwargs={"a": "{{ run_id }}"})
    PythonOperator(task_id="quiet", python_callable=lambda: "x", show_return_value_in_logs=False)
    PythonOperator(task_id="missing_argument", python_callable=lambda nowhere: nowhere)

    @task
    def positional_only(a, /, b, *, c=3):
        return [a, b, c]

    positional_only(1, 2)

    @task
    def star(*args):
        return list(args)

    star(1, "{{ ds }}")

    @task.run_if(lambda context: context["task"].task_id.endswith("yes"))
    @task(task_id="run_if_yes")
    def run_yes():
        return 1

    @task.run_if(lambda context: False, skip_message="no")
    @task(task_id="run_if_no")
    def run_no():
        return 1

    @task.skip_if(lambda context: True)
    @task(task_id="skip_if_yes")
    def skip_yes():
        return 1

    run_yes()
    run_no()
    skip_yes()

    @task(multiple_outputs=True)
    def not_a_dict():
        return [1]

    not_a_dict()

    @task(multiple_outputs=True)
    def bad_keys():
        return {1: 2}

    bad_keys()

    @task
    def typed() -> dict[str, int]:
        return {"p": 1, "q": 2}

    @task
    def takes(p, q):
        return p + q

    both = typed()
    takes(both["p"], both["q"])

    @task
    def none_result():
        return None

    none_result()

    @task(do_xcom_push=False)
    def no_push():
        return 5

    no_push()
