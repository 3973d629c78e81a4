"""Skipping of what is below a branch or a short circuit."""
from . import state

XCOM_SKIPMIXIN_KEY, XCOM_SKIPMIXIN_FOLLOWED, XCOM_SKIPMIXIN_SKIPPED = "skipmixin_key", "followed", "skipped"


def push_decision(context, value):
    context["ti"].xcom_push(key="skipmixin_key", value=value)


def skip(operator, context, tasks):
    """Short circuit: these tasks are skipped."""
    from .exceptions import DownstreamTasksSkipped

    ids = sorted({t.task_id for t in tasks})
    if not ids:
        return
    push_decision(context, {"skipped": ids})
    raise DownstreamTasksSkipped(tasks=ids)


def _invalid(chosen):
    from .exceptions import AirflowException

    shown = {(one, type(one).__name__) for one in chosen if not isinstance(one, str)}
    return AirflowException(
        "Unable to branch to the specified tasks. The branching function returned invalid "
        f"'branch_task_ids': {shown}. Please check that your function returns an Iterable of valid task IDs that "
        "exist in your DAG."
    )


def chosen_ids(dag, choice):
    """Task ids that a branch's result names; group ids stand for their roots."""
    from .exceptions import AirflowException

    if choice is None:
        choice = []
    elif isinstance(choice, str):
        choice = [choice]
    elif not hasattr(choice, "__iter__"):
        raise _invalid([choice])
    choice = list(choice)
    if any(not isinstance(one, str) for one in choice):
        raise _invalid(choice)
    groups = dag.task_group_dict if any(one not in dag.task_dict for one in choice) else {}
    ids, unknown = set(), set()
    for one in choice:
        if one in dag.task_dict:
            ids.add(one)
        elif one in groups:
            ids.update(t.task_id for t in groups[one].get_roots())
        else:
            unknown.add(one)
    if unknown:
        raise AirflowException(
            f"'branch_task_ids' must contain only valid task_ids. Invalid tasks found: {unknown}."
        )
    return ids


def skip_all_except(operator, context, choice):
    """Branch: all direct children but the chosen ones, and those below a chosen one, are skipped."""
    from .exceptions import DownstreamTasksSkipped

    dag = operator.dag
    chosen = chosen_ids(dag, choice)
    below = set()
    for one in chosen:
        below.update(dag.task_dict[one].get_flat_relative_ids(upstream=False))
    direct = operator.downstream_task_ids
    followed = {i for i in direct if i in chosen or i in below}
    push_decision(context, {"followed": sorted(followed)})
    skipped = sorted(i for i in direct if i not in followed and not dag.task_dict[i].is_teardown)
    if skipped:
        raise DownstreamTasksSkipped(tasks=skipped)


class SkipMixin:
    """Airflow's mix-in, for operators that call it themselves."""

    __module__ = "airflow.sdk.bases.skipmixin"
    inherits_from_skipmixin = True

    def skip(self, ti=None, tasks=(), **kwargs):
        skip(self, state.context, list(tasks))

    def skip_all_except(self, ti=None, branch_task_ids=None, **kwargs):
        skip_all_except(self, state.context, branch_task_ids)
