"""Triggers: base classes for an author's own, and those that sensors of the standard provider name."""


class TriggerEvent:
    """What a trigger yields."""

    def __init__(self, payload, **kwargs):
        self.payload = payload

    def __eq__(self, other):
        return isinstance(other, TriggerEvent) and self.payload == other.payload

    def __repr__(self):
        return f"TriggerEvent<{self.payload!r}>"


class TaskSuccessEvent(TriggerEvent):
    def __init__(self, *, xcoms=None, **kwargs):
        super().__init__("success")
        self.xcoms = xcoms


class TaskFailedEvent(TaskSuccessEvent):
    pass


class TaskSkippedEvent(TaskSuccessEvent):
    pass


class StartTriggerArgs:
    def __init__(self, trigger_cls, next_method, trigger_kwargs=None, next_kwargs=None, timeout=None):
        self.trigger_cls, self.next_method, self.trigger_kwargs = trigger_cls, next_method, trigger_kwargs
        self.next_kwargs, self.timeout = next_kwargs, timeout


class BaseTrigger:
    """Subclasses define `serialize()` and `async run()`."""

    def __init__(self, **kwargs):
        self.task_instance = None
        self.trigger_id = None

    def serialize(self):
        raise NotImplementedError("Triggers must implement serialize()")

    async def run(self):
        raise NotImplementedError("Triggers must implement run()")
        yield

    async def cleanup(self):
        """After the trigger ended."""

    @property
    def log(self):
        import logging

        return logging.getLogger(type(self).__module__)

    def __repr__(self):
        path, kwargs = self.serialize()
        return f"<{path} {', '.join(f'{k}={v}' for k, v in kwargs.items())}>"


class BaseEventTrigger(BaseTrigger):
    pass


def _known(name, module):
    class Known(BaseTrigger):
        def __init__(self, *args, **kwargs):
            super().__init__()
            self.args, self.kwargs = args, kwargs

        def serialize(self):
            kwargs = dict(self.kwargs)
            if self.args:
                kwargs["moment" if name == "DateTimeTrigger" else "delta"] = self.args[0]
            return f"{module}.{name}", kwargs

    Known.__name__ = Known.__qualname__ = name
    Known.__module__ = module
    return Known


_STANDARD = "airflow.providers.standard.triggers."
DateTimeTrigger = _known("DateTimeTrigger", _STANDARD + "temporal")
TimeDeltaTrigger = _known("TimeDeltaTrigger", _STANDARD + "temporal")
FileTrigger = _known("FileTrigger", _STANDARD + "file")
FileDeleteTrigger = _known("FileDeleteTrigger", _STANDARD + "file")
WorkflowTrigger = _known("WorkflowTrigger", _STANDARD + "external_task")
DagStateTrigger = _known("DagStateTrigger", _STANDARD + "external_task")
