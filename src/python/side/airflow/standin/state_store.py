"""What a task remembers over its tries: `task_state_store` of the context."""
import datetime as dt

from . import state

NEVER_EXPIRE = dt.timedelta.max
DEFAULT_RETENTION = dt.timedelta(days=30)
"""`[state_store] default_retention_days` of Airflow."""


class TaskStateStoreAccessor:
    """Values by key, JSON only; they outlive the try, not the run."""

    __module__ = "airflow.sdk.execution_time.context"

    def get(self, key, default=None):
        reply = state.channel.ask({"type": "GetTaskStateStore", "key": key})
        return reply.get("value") if reply.get("found") else default

    def set(self, key, value, *, retention=None):
        if value is None:
            raise ValueError("Cannot set value as None")
        import json

        json.dumps(value)  # says which part of it can't be kept
        until = None
        if retention is not NEVER_EXPIRE:
            from .times import utc_text

            until = utc_text(dt.datetime.now(dt.timezone.utc) + (DEFAULT_RETENTION if retention is None else retention))
        state.channel.ask({"type": "SetTaskStateStore", "key": key, "value": value, "expires_at": until})

    def delete(self, key):
        state.channel.ask({"type": "DeleteTaskStateStore", "key": key})

    def clear(self):
        state.channel.ask({"type": "DeleteTaskStateStore", "key": None})

