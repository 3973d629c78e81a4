"""The running task's context, and questions about other tasks."""
from . import state


class Context(dict):
    """For annotations: the context is a dict."""

    __module__ = "airflow.sdk.definitions.context"


def get_current_context():
    """The context of the task that runs in this process."""
    if state.context is None:
        raise RuntimeError(
            "Current context was requested but no context was found! Are you running within an Airflow task?"
        )
    return state.context


class ParsingContext:
    def __init__(self, dag_id=None, task_id=None):
        self.dag_id, self.task_id = dag_id, task_id


def get_parsing_context():
    """Which DAG and task the file is imported for; both None in the DAG processor."""
    import os

    return ParsingContext(os.environ.get("_AIRFLOW_PARSING_CONTEXT_DAG_ID"),
                          os.environ.get("_AIRFLOW_PARSING_CONTEXT_TASK_ID"))


def _texts(dates):
    from .times import utc_text

    return None if dates is None else [utc_text(d) for d in dates]


def count(kind, **asked):
    asked["logical_dates"] = _texts(asked.get("logical_dates"))
    for key in ("states", "task_ids", "run_ids"):
        if asked.get(key) is not None:
            asked[key] = [None if s is None else str(getattr(s, "value", s)) for s in asked[key]]
    return state.channel.ask({"type": kind, **asked}).get("count", 0)


def task_states(dag_id, map_index=None, task_ids=None, task_group_id=None, logical_dates=None, run_ids=None):
    return state.channel.ask({
        "type": "GetTaskStates", "dag_id": dag_id, "map_index": map_index, "task_ids": task_ids,
        "task_group_id": task_group_id, "logical_dates": _texts(logical_dates), "run_ids": run_ids,
    }).get("task_states", {})


class OtherTaskInstance:
    """A task instance of which only ids and state are known."""

    def __init__(self, dag_id, run_id, task_id, map_index=-1, known=None):
        self.dag_id, self.run_id, self.task_id, self.map_index = dag_id, run_id, task_id, map_index
        self._known = known

    @property
    def state(self):
        if self._known is None:
            states = task_states(self.dag_id, task_ids=[self.task_id], run_ids=[self.run_id])
            found = states.get(self.run_id, {})
            key = self.task_id if self.map_index < 0 else f"{self.task_id}_{self.map_index}"
            self._known = found.get(key, found.get(self.task_id))
        return self._known

    def current_state(self, session=None):
        return self.state

    def xcom_pull(self, task_ids=None, key="return_value", **kwargs):
        return state.context["ti"].xcom_pull(task_ids=task_ids or self.task_id, key=key, dag_id=self.dag_id,
                                             run_id=self.run_id, **kwargs)

    def __repr__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}>"


def task_instances(dag_id, run_id, wanted=None):
    found = task_states(dag_id, run_ids=[run_id]).get(run_id, {})
    if wanted is not None:
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    return [OtherTaskInstance(dag_id, run_id, i, -1, s) for i, s in found.items() if wanted is None or s in wanted]
