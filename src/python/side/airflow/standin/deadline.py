"""Deadline alerts: parsed, not watched yet."""
from . import state


class DeadlineReference:
    """When a deadline starts to count."""

    DAGRUN_LOGICAL_DATE = "DAGRUN_LOGICAL_DATE"
    DAGRUN_QUEUED_AT = "DAGRUN_QUEUED_AT"

    @classmethod
    def FIXED_DATETIME(cls, when):  # noqa: N802  Airflow's name
        return ("FIXED_DATETIME", when)

    @classmethod
    def AVERAGE_RUNTIME(cls, max_runs=10, min_runs=None):  # noqa: N802  Airflow's name
        return ("AVERAGE_RUNTIME", max_runs, min_runs)


class BaseDeadlineReference:
    """Base of references that an author writes."""


class DeadlineAlert:
    def __init__(self, reference, interval, callback, name=None, **kwargs):
        self.reference, self.interval, self.callback, self.name = reference, interval, callback, name
        state.warn("deadlines are not watched by this version of dagdeck")


class _Callback:
    def __init__(self, callback_callable, kwargs=None, **options):
        self.callback_callable, self.kwargs, self.options = callback_callable, kwargs or {}, options


class AsyncCallback(_Callback):
    pass


class SyncCallback(_Callback):
    pass


class VariableInterval:
    def __init__(self, key, **kwargs):
        self.key = key


def deadline_reference(*args, **kwargs):
    """`@deadline_reference`: the class is kept as it is."""
    if args and isinstance(args[0], type):
        return args[0]
    return lambda cls: cls
