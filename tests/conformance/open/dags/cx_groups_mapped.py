"""Mapped task groups: indexes side by side, nested, reduced, of length zero, with branches inside."""
from datetime import datetime, timedelta

from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


@task
def numbers():
    return [1, 2, 3]


@task
def add(x, y=1):
    return x + y


@task
def listed(xs):
    return list(xs)


with DAG("cx_group_mapped", **SETTINGS):

    @task_group
    def steps(n):
        listed_twice = add.override(task_id="twice")(n, n)
        return add.override(task_id="plus_one")(listed_twice)

    listed.override(task_id="all_literal")(steps.override(group_id="literal").expand(n=[10, 20]))
    listed.override(task_id="all_xcom")(steps.override(group_id="from_xcom").expand(n=numbers()))
    steps.override(group_id="fixed").partial().expand(n=[7])

with DAG("cx_group_failure", **SETTINGS):

    @task
    def only_even(x):
        if x % 2:
            raise ValueError("odd")
        return x

    @task
    def skip_three(x):
        if x == 3:
            raise AirflowSkipException("three")
        return x

    @task_group
    def checked(x):
        even = only_even(x)
        add(even)
        EmptyOperator(task_id="whatever", trigger_rule="all_done") << even

    @task_group
    def passed(x):
        add(skip_three(x))

    checked.expand(x=[1, 2]) >> EmptyOperator(task_id="after_checked")
    passed.expand(x=[3, 4]) >> EmptyOperator(task_id="after_passed", trigger_rule="none_failed")

with DAG("cx_group_zero", **SETTINGS):

    @task
    def nothing():
        return []

    @task_group
    def work(x):
        add(x) >> EmptyOperator(task_id="inner")

    work.override(group_id="zero_xcom").expand(x=nothing()) >> EmptyOperator(task_id="after_xcom")
    work.override(group_id="zero_done").expand(x=nothing.override(task_id="nothing_2")()) >> EmptyOperator(
        task_id="after_done", trigger_rule="all_done")

with DAG("cx_group_kwargs", **SETTINGS):

    @task_group
    def pair(a, b):
        add(a, b)

    pair.expand_kwargs([{"a": 1, "b": 2}, {"a": 3, "b": 4}])

    @task
    def pairs():
        return [{"a": 5, "b": 6}]

    pair.override(group_id="pair_xcom").expand_kwargs(pairs())

    @task_group
    def product(a, b):
        add(a, b)

    product.expand(a=[1, 2], b=[10, 20])

with DAG("cx_group_nested", **SETTINGS):

    @task_group
    def inner(x):
        return add(x)

    @task_group
    def outer(x):
        a = add.override(task_id="first")(x)
        inner(a) >> EmptyOperator(task_id="end")

    outer.expand(x=[1, 2])

with DAG("cx_group_upstream_fails", **SETTINGS):

    @task
    def broken():
        raise ValueError("no list")

    @task_group
    def below(x):
        add(x) >> EmptyOperator(task_id="end", trigger_rule="all_done")

    below.expand(x=broken()) >> EmptyOperator(task_id="after", trigger_rule="all_done")

with DAG("cx_group_branch", **SETTINGS):

    @task_group
    def fork(x):
        @task.branch
        def choose(v):
            return "fork.left" if v == 1 else "fork.right"

        choose(x) >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]

    fork.expand(x=[1, 2])

with DAG("cx_group_short", **SETTINGS):

    @task_group
    def gate(x):
        @task.short_circuit
        def is_big(v):
            return v > 1

        is_big(x) >> EmptyOperator(task_id="behind") >> EmptyOperator(task_id="far")

    gate.expand(x=[1, 2])

with DAG("cx_group_setup", **SETTINGS):

    @task_group
    def one(x):
        opened = EmptyOperator(task_id="open").as_setup()
        closed = EmptyOperator(task_id="close").as_teardown(setups=opened)
        opened >> add(x) >> closed

    one.expand(x=[1, 2]) >> EmptyOperator(task_id="after")

with DAG("cx_group_always", **SETTINGS):

    @task_group
    def lit(x):
        add(x) >> EmptyOperator(task_id="any", trigger_rule="always")

    lit.expand(x=[1, 2])

with DAG("cx_map_named", **SETTINGS):

    @task(map_index_template="{{ label }}")
    def by_context(x):
        from airflow.sdk import get_current_context

        get_current_context()["label"] = f"label {x}"
        return x

    by_context.expand(x=["a", "b"])

    @task(map_index_template="{{ label }}")
    def fails_named(x):
        from airflow.sdk import get_current_context

        get_current_context()["label"] = f"bad {x}"
        raise ValueError(x)

    fails_named.expand(x=["z"])
    BashOperator.partial(task_id="bash_named", map_index_template="{{ task.bash_command }} on {{ ds }}").expand(
        bash_command=["echo 1", "echo 2"])
    add.override(task_id="wrong_template", map_index_template="{{ no_such_name }}").expand(x=[1])
    add.override(task_id="long_name", map_index_template="{{ 'n' * 400 }}").expand(x=[1])

with DAG("cx_map_more", **SETTINGS):
    n = numbers()
    plus = add.override(task_id="plus").expand(x=n)
    # A mapped task over a mapped one, and once more with a filter.
    add.override(task_id="over_mapped").expand(x=plus)

    def odd_only(v):
        if v % 2 == 0:
            raise AirflowSkipException("even")
        return v

    kept = add.override(task_id="kept").expand(x=n.map(odd_only))
    listed.override(task_id="list_kept")(kept)
    add.override(task_id="over_kept").expand(x=kept)
    add.override(task_id="two_lists").partial(y=100).expand(x=n.concat(plus))
    listed.override(task_id="zip_three")(n.zip(plus, n))
    add.override(task_id="cross_mixed").expand(x=n, y=[10, 20])

    @task
    def a_dict():
        return {"first": 1, "second": 2}

    @task
    def key_value(kv):
        return [kv[0], kv[1]]

    key_value.expand(kv=a_dict())

    @task
    def lazily(xs):
        return {"type": type(xs).__name__, "len": len(xs), "one": xs[1], "slice": list(xs[0:2]), "last": xs[-1]}

    lazily(plus)

    @task
    def none_for_two(x):
        return None if x == 2 else x

    listed.override(task_id="without_none")(none_for_two.expand(x=n))

    @task(multiple_outputs=True)
    def outs(x):
        return {"a": x, "b": x * 2}

    o = outs.expand(x=[1, 2])
    listed.override(task_id="list_outs")(o)

with DAG("cx_map_rules", **SETTINGS):

    @task
    def fails_at_two(x):
        if x == 2:
            raise ValueError("two")
        return x

    f = fails_at_two.expand(x=numbers())
    add.override(task_id="mapped_below").expand(x=f)
    add.override(task_id="mapped_below_done", trigger_rule="all_done").expand(x=f)
    listed.override(task_id="reduce_done", trigger_rule="all_done")(f)
    listed.override(task_id="reduce_one", trigger_rule="one_success")(f)

    @task
    def all_skip(x):
        raise AirflowSkipException("s")

    s = all_skip.expand(x=[1, 2])
    listed.override(task_id="reduce_skipped")(s)
    listed.override(task_id="reduce_skipped_done", trigger_rule="all_done")(s)
    add.override(task_id="mapped_below_skipped").expand(x=s)
    add.override(task_id="retried", retries=1, retry_delay=timedelta(seconds=1)).expand(x=[1, "text"])
