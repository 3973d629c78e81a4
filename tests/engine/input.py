"""Tasks of the tests that wait for a person."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.hitl import (
    ApprovalOperator, HITLBranchOperator, HITLEntryOperator, HITLOperator)
from airflow.sdk import DAG, BaseNotifier, Param, task


class Tells(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        print("told:", self.text)


def dag(name):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)


with dag("asks"):
    HITLEntryOperator(
        task_id="form", subject="Which of {{ run_id }}?", notifiers=[Tells("{{ task.subject }}")],
        params={"name": Param("x", type="string"), "count": Param(1, type="integer", minimum=1)})
    HITLOperator(task_id="several", subject="Some", options=["a", "b", "c"], multiple=True)
    branch = HITLBranchOperator(task_id="branch", subject="Where?", options=["left", "go right"],
                                options_mapping={"go right": "right"})

    @task
    def left():
        pass

    @task
    def right():
        pass

    branch >> [left(), right()]
    ApprovalOperator(task_id="approve", subject="Go?") >> task(task_id="gone")(lambda: None)()

with dag("nobody"):
    HITLOperator(task_id="default", subject="s", options=["a", "b"], defaults="b",
                 response_timeout=timedelta(seconds=0.2))
    HITLOperator(task_id="fails", subject="s", options=["a"], response_timeout=timedelta(seconds=0.2))

with dag("mine"):
    ApprovalOperator(task_id="approve", subject="s", assigned_users={"id": "someone else", "name": "Someone Else"})


@task(retries=2, retry_delay=timedelta(0))
def remembers(task_state_store=None, ti=None):
    before = task_state_store.get("tries", [])
    task_state_store.set("tries", [*before, ti.try_number])
    if ti.try_number < 3:
        raise RuntimeError("once more")
    task_state_store.delete("nothing")
    return task_state_store.get("tries")


with dag("remembers"):
    remembers()
