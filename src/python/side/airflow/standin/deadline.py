"""Deadline alerts: when a run should have ended, and what is called if it hasn't."""
from dataclasses import dataclass

_MODULE = "airflow.sdk.definitions.deadline"


class BaseDeadlineReference:
    """From when a deadline counts. An author's own class defines `_evaluate_with(*, session, **kwargs)`."""

    __module__ = _MODULE
    required_kwargs = frozenset()

    @property
    def reference_name(self):
        return type(self).__name__

    def serialize_reference(self):
        return {"reference_type": self.reference_name}

    @classmethod
    def deserialize_reference(cls, reference_data):
        return cls()

    def _evaluate_with(self, *, session=None, **kwargs):
        raise NotImplementedError(f"{self.reference_name} must define _evaluate_with()")

    def __eq__(self, other):
        if not isinstance(other, BaseDeadlineReference):
            return NotImplemented
        return self.serialize_reference() == other.serialize_reference()

    def __hash__(self):
        return hash(frozenset(self.serialize_reference().items()))


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """From the logical date."""


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """From when the run was queued (again)."""


@dataclass(eq=False)
class FixedDatetimeDeadline(BaseDeadlineReference):
    """From a fixed moment."""

    _datetime: object

    def serialize_reference(self):
        return {"reference_type": self.reference_name, "datetime": self._datetime.timestamp()}


@dataclass(eq=False)
class AverageRuntimeDeadline(BaseDeadlineReference):
    """As long after its creation as runs take on average."""

    max_runs: int
    min_runs: object = None
    DEFAULT_LIMIT = 10

    def __post_init__(self):
        if self.min_runs is None:
            self.min_runs = self.max_runs
        if self.min_runs < 1:
            raise ValueError("min_runs must be at least 1")

    def serialize_reference(self):
        return {"reference_type": self.reference_name, "max_runs": self.max_runs, "min_runs": self.min_runs}


class DeadlineReference:
    """The references to choose from; own ones are added by `@deadline_reference`."""

    __module__ = _MODULE
    DAGRUN_LOGICAL_DATE = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT = DagRunQueuedAtDeadline()

    class TYPES:
        """When a reference is evaluated."""

        DAGRUN_CREATED = (DagRunLogicalDateDeadline, FixedDatetimeDeadline, AverageRuntimeDeadline)
        DAGRUN_QUEUED = (DagRunQueuedAtDeadline,)
        DAGRUN = DAGRUN_CREATED + DAGRUN_QUEUED

    @classmethod
    def AVERAGE_RUNTIME(cls, max_runs=0, min_runs=None):  # noqa: N802  Airflow's name
        max_runs = max_runs or AverageRuntimeDeadline.DEFAULT_LIMIT
        return AverageRuntimeDeadline(max_runs, max_runs if min_runs is None else min_runs)

    @classmethod
    def FIXED_DATETIME(cls, dt):  # noqa: N802  Airflow's name
        return FixedDatetimeDeadline(dt)

    @classmethod
    def register_custom_reference(cls, reference_class, deadline_reference_type=None):
        if not issubclass(reference_class, BaseDeadlineReference):
            raise ValueError(f"{reference_class.__name__} must inherit from BaseDeadlineReference")
        kinds = cls.TYPES
        if deadline_reference_type not in (None, kinds.DAGRUN_CREATED, kinds.DAGRUN_QUEUED):
            raise ValueError(f"Invalid deadline reference type {deadline_reference_type}; "
                             "must be a valid DeadlineReference.TYPES option.")
        try:
            made = reference_class()
        except TypeError as error:
            raise TypeError(f"{reference_class.__name__} must be constructible with no arguments in order to be "
                            "registered as a deadline reference. If it takes parameters, decorate it with @dataclass and "
                            f"give every field a default value. Original error: {error}") from error
        setattr(cls, reference_class.__name__, made)
        return reference_class


def deadline_reference(deadline_reference_type=None):
    """Registers a class of the author's own, with or without parentheses."""
    if isinstance(deadline_reference_type, type):
        return DeadlineReference.register_custom_reference(deadline_reference_type)
    return lambda cls: DeadlineReference.register_custom_reference(cls, deadline_reference_type)


class Callback:
    """What is called: a function of a module, or its path."""

    __module__ = "airflow.sdk.definitions.callback"

    def __init__(self, callback_callable, kwargs=None):
        self.path = self.get_callback_path(callback_callable)
        if kwargs and "context" in kwargs:
            raise ValueError("context is a reserved kwarg for this class")
        self.kwargs = kwargs or {}

    @classmethod
    def get_callback_path(cls, given):
        if callable(given):
            cls.verify_callable(given)
            return f"{given.__module__}.{given.__qualname__}"
        text = given.strip() if isinstance(given, str) else ""
        if not all(part.isidentifier() for part in text.split(".")):
            raise ImportError(f"`{given}` doesn't look like a valid dot path.")
        return text

    @classmethod
    def verify_callable(cls, callback):
        """Subclasses check more."""


class AsyncCallback(Callback):
    """An awaitable callable."""

    __module__ = "airflow.sdk.definitions.callback"

    @classmethod
    def verify_callable(cls, callback):
        import inspect

        if not (inspect.iscoroutinefunction(callback) or hasattr(callback, "__await__")):
            raise AttributeError(f"Provided callback {callback} is not awaitable.")


class SyncCallback(Callback):
    """A plain callable."""

    __module__ = "airflow.sdk.definitions.callback"

    def __init__(self, callback_callable, kwargs=None, executor=None):
        super().__init__(callback_callable, kwargs)
        self.executor = executor


@dataclass(frozen=True)
class VariableInterval:
    """Seconds that a variable holds when the run is created."""

    key: str

    def resolve(self):
        from datetime import timedelta

        from .variables import Variable

        value = Variable.get(self.key)
        try:
            return timedelta(seconds=int(value))
        except (TypeError, ValueError):
            raise ValueError(f"VariableInterval '{self.key}' must be an integer (seconds), got: {value!r}") from None


class DeadlineAlert:
    """A run should end some time after a reference; else the callback is called."""

    __module__ = _MODULE

    def __init__(self, reference, interval, callback, name=None):
        if not isinstance(callback, (AsyncCallback, SyncCallback)):
            raise ValueError(f"Callbacks of type {type(callback).__name__} are not currently supported")
        self.reference, self.interval, self.callback, self.name = reference, interval, callback, name
