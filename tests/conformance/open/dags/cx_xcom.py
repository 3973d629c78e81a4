"""XComs: forms of pulling, what can be stored, what is read back."""
from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, BaseOperator, XComArg, task

START = dt.datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}

with DAG("cx_xcom_forms", **SETTINGS):

    @task
    def pushes(ti=None):
        ti.xcom_push("a", 1)
        ti.xcom_push("a", 2)
        ti.xcom_push("none", None)
        ti.xcom_push(key="deep", value={"x": [1, {"y": "z"}], 5: True})
        return "returned"

    @task
    def each(x):
        return x

    @task
    def other():
        return "other"

    @task
    def pulls(ti=None):
        p = ti.xcom_pull
        return {
            "plain": p("pushes"), "key": p("pushes", key="a"), "none": p(task_ids="pushes", key="none"),
            "missing_key": p(task_ids="pushes", key="zz"), "missing_task": p(task_ids="nowhere"),
            "list": p(task_ids=["other", "pushes", "nowhere"]), "own": p(), "deep": p(task_ids="pushes", key="deep"),
            "mapped": list(p(task_ids="each")), "index": p(task_ids="each", map_indexes=1),
            "indexes": list(p(task_ids="each", map_indexes=[1, 0])), "index_default": p(task_ids="each", map_indexes=9, default="d"),
            "list_and_mapped": list(p(task_ids=["other", "each"])), "other_dag": p(task_ids="pushes", dag_id="cx_nowhere"),
            "run": p(task_ids="pushes", run_id=ti.run_id), "prior": p(task_ids="pushes", include_prior_dates=True),
            "set": sorted(p(task_ids={"other", "pushes"})), "tuple": list(p(task_ids=("other",))),
        }

    done = [pushes(), other(), each.expand(x=["m0", "m1"])]
    done >> pulls()
    BashOperator(task_id="template", bash_command="echo {{ ti.xcom_pull('pushes') }}-{{ ti.xcom_pull(task_ids='pushes', key='deep')['x'][1]['y'] }}"
                 ) << done
    operator = PythonOperator(task_id="classic", python_callable=lambda: {"k": [1, 2]})
    each.override(task_id="by_output")(operator.output)
    each.override(task_id="by_key")(operator.output["k"])
    each.override(task_id="by_xcomarg")(XComArg(operator, key="return_value"))
    BashOperator(task_id="in_template", bash_command="echo {{ params.p }} $V", params={"p": 5}, env={"V": operator.output["k"]})

    @task
    def key_none(ti=None):
        return ti.xcom_pull(task_ids="pushes", key=None)

    done[0] >> key_none()

with DAG("cx_xcom_kinds", **SETTINGS):

    @dataclass
    class Point:
        x: int
        y: int

    class Versioned:
        __version__ = 2

        def __init__(self, n):
            self.n = n

        def serialize(self):
            return {"n": self.n}

        @staticmethod
        def deserialize(data, version):
            return Versioned(data["n"])

    def kind(name, value, read=True):
        @task(task_id=f"make_{name}")
        def make():
            return value()

        @task(task_id=f"read_{name}")
        def reads(v):
            return [type(v).__name__, str(v)]

        made = make()
        if read:
            reads(made)

    utc = dt.timezone.utc
    kind("datetime", lambda: dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=utc))
    kind("naive", lambda: dt.datetime(2026, 1, 2, 3, 4))
    kind("date", lambda: dt.date(2026, 1, 2))
    kind("timedelta", lambda: dt.timedelta(days=1, seconds=2.5))
    kind("time", lambda: dt.time(1, 2))
    kind("decimal", lambda: decimal.Decimal("1.50"))
    kind("tuple", lambda: (1, "a", (2,)))
    kind("set", lambda: {1})
    kind("frozenset", lambda: frozenset({2}))
    kind("nested", lambda: {"t": (1, 2), "d": [dt.date(2026, 1, 2)]})
    kind("bytes", lambda: b"x")
    kind("complex", lambda: 1 + 2j)
    kind("nan", lambda: float("nan"))
    kind("big", lambda: 2**70)
    kind("float", lambda: 0.1 + 0.2)
    kind("text", lambda: "grüße \u0001 日本 \n")
    kind("empty", lambda: "")
    kind("false", lambda: False)
    kind("zero", lambda: 0)
    kind("empty_list", lambda: [])
    kind("int_keys", lambda: {1: "a", None: "b", True: "c"})
    kind("tuple_keys", lambda: {(1, 2): "a"})
    kind("function", lambda: len)
    kind("generator", lambda: (x for x in [1]))
    kind("range", lambda: range(3))
    kind("object", lambda: object())
    kind("point", lambda: Point(1, 2))
    kind("versioned", lambda: Versioned(3))
    kind("exception", lambda: ValueError("v"))
    kind("path", lambda: __import__("pathlib").PurePosixPath("/a"))
    kind("uuid", lambda: __import__("uuid").UUID(int=1))
    kind("enum", lambda: __import__("http").HTTPStatus.OK)
    kind("zone", lambda: __import__("zoneinfo").ZoneInfo("Europe/Berlin"))
    kind("pendulum", lambda: __import__("pendulum").datetime(2026, 1, 2, tz="Europe/Berlin"))
    kind("asset", lambda: __import__("airflow.sdk", fromlist=["Asset"]).Asset("file:///cx/x"))

with DAG("cx_xcom_operator", **SETTINGS):

    class Both(BaseOperator):
        template_fields = ("value", "inner")

        def __init__(self, value=None, inner=None, **kwargs):
            super().__init__(**kwargs)
            self.value, self.inner = value, inner

        def execute(self, context):
            self.xcom_push(context, "given", self.value)
            return {"value": self.value, "inner": self.inner, "pulled": self.xcom_pull(context, task_ids="source")}

    @task
    def source():
        return {"a": [1, 2, 3]}

    s = source()
    Both(task_id="nested", value=s["a"], inner={"list": [s, "{{ ds }}"], "text": "{{ ti.task_id }}"})
    Both(task_id="multi", multiple_outputs=True, value=1) << s
    Both(task_id="no_push", do_xcom_push=False, value=2) << s

with DAG("cx_xcom_prior", max_active_runs=1, **SETTINGS):

    @task
    def counts(ti=None):
        before = ti.xcom_pull(task_ids="counts", include_prior_dates=True, key="n")
        ti.xcom_push("n", (len(before) if isinstance(before, (list, tuple)) else 0 if before is None else 1) + 1)
        return {"before": list(before) if not isinstance(before, (int, type(None))) else before}

    counts()
