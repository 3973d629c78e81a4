"""Triggers: base classes for an author's own, and what they yield."""
from dataclasses import dataclass

from .templater import Templater


class TriggerEvent:
    """What a trigger yields."""

    __module__ = "airflow.triggers.base"

    def __init__(self, payload, **kwargs):
        self.payload = payload

    def __eq__(self, other):
        return isinstance(other, TriggerEvent) and self.payload == other.payload

    def __repr__(self):
        return f"TriggerEvent<{self.payload!r}>"


class BaseTaskEndEvent(TriggerEvent):
    """Ends the task without going on in a worker."""

    __module__ = "airflow.triggers.base"
    task_instance_state = None

    def __init__(self, *, xcoms=None, **kwargs):
        if "payload" in kwargs:
            raise ValueError("Param 'payload' not supported for this class.")
        super().__init__(self.task_instance_state)
        self.xcoms = xcoms


class TaskSuccessEvent(BaseTaskEndEvent):
    """The task ends well."""

    task_instance_state = "success"


class TaskFailedEvent(BaseTaskEndEvent):
    """The task fails, without retry."""

    task_instance_state = "failed"


class TaskSkippedEvent(BaseTaskEndEvent):
    """The task is skipped."""

    task_instance_state = "skipped"


@dataclass
class StartTriggerArgs:
    """The trigger of a task that never runs before it (`start_from_trigger`)."""

    trigger_cls: str
    next_method: str
    trigger_kwargs: object = None
    next_kwargs: object = None
    timeout: object = None


class BaseTrigger(Templater):
    """Subclasses define `serialize()` and `async run()`."""

    __module__ = "airflow.triggers.base"
    supports_triggerer_queue = True

    def __init__(self, **kwargs):
        self.task_instance = None
        self.trigger_id = None
        self.task_id = None

    def serialize(self):
        raise NotImplementedError("Triggers must implement serialize()")

    async def run(self):
        raise NotImplementedError("Triggers must implement run()")
        yield

    async def cleanup(self):
        """After the trigger ended, however it did."""

    async def on_kill(self):
        """When a person ended the task: what runs elsewhere can be ended here."""

    def __repr__(self):
        path, kwargs = self.serialize()
        return f"<{path} {', '.join(f'{k}={v}' for k, v in kwargs.items())}>"


class BaseEventTrigger(BaseTrigger):
    """A trigger whose events are about an asset; it may go on after one."""

    __module__ = "airflow.triggers.base"
    supports_triggerer_queue = False

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.asset_state_store = None

    def shared_stream_key(self):
        """Triggers with equal keys read one stream; None: this one has its own `run()`."""
        return None

    @classmethod
    def create_shared_stream_producer(cls, kwargs):
        raise NotImplementedError(f"{cls.__name__} does not implement create_shared_stream_producer")

    @classmethod
    async def open_shared_stream(cls, kwargs):
        """The stream of all triggers with one key; `kwargs` are those of one of them."""
        raise NotImplementedError(f"{cls.__name__} declares a shared_stream_key but does not implement open_shared_stream")
        yield

    async def filter_shared_stream(self, shared_stream):
        """This trigger's events out of the stream's."""
        raise NotImplementedError(
            f"{type(self).__name__} declares a shared_stream_key but does not implement filter_shared_stream")
        yield
