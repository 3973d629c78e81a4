"""The DAG and group whose `with` block is open: for code that makes tasks without being handed them."""
from . import state


class _Stack:
    """A view of what is open, innermost last."""

    @classmethod
    def _open(cls):
        raise NotImplementedError

    @classmethod
    def push(cls, one):
        cls._open().append(one)

    @classmethod
    def pop(cls):
        return cls._open().pop()

    @classmethod
    def get_current(cls):
        return cls._open()[-1] if cls._open() else None


class DagContext(_Stack):
    """The open DAG."""

    __module__ = "airflow.sdk.definitions._internal.contextmanager"

    @classmethod
    def _open(cls):
        return state.open_dags

    @classmethod
    def get_current_dag(cls):
        return cls.get_current()


class TaskGroupContext(_Stack):
    """The open group; else the DAG's root group."""

    __module__ = "airflow.sdk.definitions._internal.contextmanager"

    @classmethod
    def _open(cls):
        return state.open_groups

    @classmethod
    def get_current(cls, dag=None):
        if state.open_groups:
            return state.open_groups[-1]
        dag = dag or DagContext.get_current()
        return dag.task_group if dag is not None else None

    get_current_task_group = get_current


def is_arg_set(value):
    """True for anything but the marker of an argument that wasn't given."""
    return value is not state.NOTSET


def is_mappable(value):
    """True for what a mapped task can be made of as it stands."""
    return isinstance(value, (list, tuple, dict))


def is_decorated_task(function):
    """True for what `@task` made."""
    from .decorators import TaskDecorator

    return isinstance(function, TaskDecorator)
