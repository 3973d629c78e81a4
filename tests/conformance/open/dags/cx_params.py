"""Params: schemas, what a trigger may say, what a task sees."""
from datetime import datetime

from airflow.sdk import DAG, Param, ParamsDict, task

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}


@task
def shows(params=None):
    return dict(params)


SCHEMAS = {
    "plain": 1, "text": Param("a", type="string", minLength=1, maxLength=3), "number": Param(5, type="integer", minimum=1, maximum=10),
    "choice": Param("a", enum=["a", "b"]), "maybe": Param(None, type=["null", "string"]),
    "items": Param([1], type="array", items={"type": "integer"}), "thing": Param({"a": 1}, type="object", required=["a"]),
    "when": Param("2026-01-02T03:04:05+00:00", type="string", format="date-time"), "day": Param("2026-01-02", type="string", format="date"),
    "mail": Param("a@example.test", type="string", format="email"), "flag": Param(True, type="boolean"),
    "pattern": Param("abc", type="string", pattern="^[a-c]+$"), "described": Param("d", description="said", title="t"),
}

with DAG("cx_params", params=SCHEMAS, **SETTINGS):
    shows()

    @task(params={"plain": 2, "own": "task"})
    def of_task(params=None):
        return [params["plain"], params["own"]]

    of_task()

with DAG("cx_params_more", params=SCHEMAS, **SETTINGS):
    shows()

with DAG("cx_params_required", params={"must": Param(type="string"), "free": Param("x")}, **SETTINGS):
    shows()

with DAG("cx_params_loose", params=ParamsDict({"a": 1}), **SETTINGS):
    shows()
