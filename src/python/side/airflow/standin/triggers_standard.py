"""Triggers of the standard provider. The scheduler runs most of them itself; these serve subclasses, and authors' own triggers that
use them."""
import asyncio
import datetime as dt
import os

from . import state
from .triggers import BaseEventTrigger, BaseTrigger, TaskSuccessEvent, TriggerEvent

_STANDARD = "airflow.providers.standard.triggers."


async def _ask(function, *args):
    """Calls what asks the scheduler, without holding up the other triggers."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)


class DateTimeTrigger(BaseTrigger):
    """Fires at an instant."""

    __module__ = _STANDARD + "temporal"

    def __init__(self, moment=None, *, target_time=None, end_from_trigger=False):
        super().__init__()
        if (moment is None) == (target_time is None):
            raise TypeError("DateTimeTrigger requires exactly one of 'moment' or 'target_time'")
        if moment is not None:
            if not isinstance(moment, dt.datetime):
                raise TypeError(f"Expected datetime.datetime type for moment. Got {type(moment)}")
            if moment.tzinfo is None:
                raise ValueError("You cannot pass naive datetimes")
        self.target_time, self._moment, self.end_from_trigger = target_time, moment, end_from_trigger

    @property
    def moment(self):
        from .timezones import convert_to_utc, parse

        if self._moment is None:
            given = self.target_time
            if isinstance(given, dt.datetime):
                given = given.isoformat()
            if not isinstance(given, str) or not given:
                raise TypeError("DateTimeTrigger has neither a 'moment' nor a usable 'target_time'")
            self._moment = parse(given)
        return convert_to_utc(self._moment)

    def serialize(self):
        kwargs = {"target_time": self.target_time} if self._moment is None else {"moment": self.moment}
        kwargs["end_from_trigger"] = self.end_from_trigger
        return _STANDARD + "temporal.DateTimeTrigger", kwargs

    async def run(self):
        while True:
            left = (self.moment - dt.datetime.now(dt.timezone.utc)).total_seconds()
            if left <= 0:
                break
            # in pieces, so that a changed clock is noticed
            await asyncio.sleep(min(left, 60))
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(self.moment)


class TimeDeltaTrigger(DateTimeTrigger):
    """Fires after a time."""

    __module__ = _STANDARD + "temporal"

    def __init__(self, delta, *, end_from_trigger=False):
        super().__init__(dt.datetime.now(dt.timezone.utc) + delta, end_from_trigger=end_from_trigger)


class FileTrigger(BaseTrigger):
    """Fires when a file is there, or a folder with a file in it."""

    __module__ = _STANDARD + "file"

    def __init__(self, filepath, recursive=False, poke_interval=5.0, **kwargs):
        super().__init__()
        self.filepath, self.recursive, self.poke_interval = filepath, recursive, poke_interval

    def serialize(self):
        return _STANDARD + "file.FileTrigger", {
            "filepath": self.filepath, "recursive": self.recursive, "poke_interval": self.poke_interval}

    def _is_there(self):
        from glob import glob

        return any(os.path.isfile(path) or any(files for _, _, files in os.walk(path))
                   for path in glob(self.filepath, recursive=self.recursive))

    async def run(self):
        while not self._is_there():
            await asyncio.sleep(self.poke_interval)
        yield TriggerEvent(True)


class FileDeleteTrigger(BaseEventTrigger):
    """Fires when a file is there, and deletes it."""

    __module__ = _STANDARD + "file"

    def __init__(self, filepath, poke_interval=5.0, **kwargs):
        super().__init__()
        self.filepath, self.poke_interval = filepath, poke_interval

    def serialize(self):
        return _STANDARD + "file.FileDeleteTrigger", {"filepath": self.filepath, "poke_interval": self.poke_interval}

    async def run(self):
        while not os.path.isfile(self.filepath):
            await asyncio.sleep(self.poke_interval)
        os.unlink(self.filepath)
        self.log.info("File %s has been deleted", self.filepath)
        yield TriggerEvent(True)


class DirectoryFileDeleteTrigger(BaseEventTrigger):
    """Fires when a file of that name is in a folder, and deletes it."""

    __module__ = _STANDARD + "file"

    def __init__(self, *, directory, filename, poke_interval=5.0):
        super().__init__()
        self.directory, self.filename, self.poke_interval = directory, filename, poke_interval

    def serialize(self):
        return _STANDARD + "file.DirectoryFileDeleteTrigger", {
            "directory": self.directory, "filename": self.filename, "poke_interval": self.poke_interval}

    async def run(self):
        path = os.path.join(self.directory, self.filename)
        while True:
            try:
                os.unlink(path)
                break
            except FileNotFoundError:
                await asyncio.sleep(self.poke_interval)
        self.log.info("File %s has been deleted", path)
        yield TriggerEvent({"filepath": path})


class WorkflowTrigger(BaseTrigger):
    """Fires when tasks, a group or runs of another DAG are in one of some states."""

    __module__ = _STANDARD + "external_task"

    def __init__(self, external_dag_id, run_ids=None, execution_dates=None, logical_dates=None, external_task_ids=None,
                 external_task_group_id=None, failed_states=None, skipped_states=None, allowed_states=None,
                 poke_interval=2.0, soft_fail=False, **kwargs):
        super().__init__(**kwargs)
        self.external_dag_id, self.run_ids = external_dag_id, run_ids
        self.logical_dates = logical_dates or execution_dates
        self.external_task_ids, self.external_task_group_id = external_task_ids, external_task_group_id
        self.failed_states, self.skipped_states, self.allowed_states = failed_states, skipped_states, allowed_states
        self.poke_interval, self.soft_fail = poke_interval, soft_fail

    def serialize(self):
        names = ("external_dag_id", "external_task_ids", "external_task_group_id", "failed_states", "skipped_states",
                 "allowed_states", "poke_interval", "soft_fail", "run_ids", "logical_dates")
        return _STANDARD + "external_task.WorkflowTrigger", {name: getattr(self, name) for name in names}

    def _count(self, states):
        from .current import count, task_states

        where = {"dag_id": self.external_dag_id, "logical_dates": self.logical_dates, "run_ids": self.run_ids}
        if self.external_task_ids:
            ids = list(self.external_task_ids)
            return int(count("GetTICount", task_ids=ids, states=list(states or ()), **where) / len(ids))
        if self.external_task_group_id:
            found = task_states(task_group_id=self.external_task_group_id, **where)
            return sum(bool(tasks) and all(s in (states or ()) for s in tasks.values()) for tasks in found.values())
        return count("GetDRCount", states=list(states or ()), **where)

    async def run(self):
        wanted = len(self.run_ids or self.logical_dates or ())
        while True:
            for states, status in ((self.failed_states, "failed"), (self.skipped_states, "skipped")):
                if states and await _ask(self._count, states) > 0:
                    yield TriggerEvent({"status": status})
                    return
            if await _ask(self._count, self.allowed_states) == wanted:
                yield TriggerEvent({"status": "success"})
                return
            await asyncio.sleep(self.poke_interval)


class DagStateTrigger(BaseTrigger):
    """Fires when runs of a DAG are all in one of some states."""

    __module__ = _STANDARD + "external_task"

    def __init__(self, dag_id, states, run_ids=None, execution_dates=None, poll_interval=5.0):
        super().__init__()
        self.dag_id, self.states, self.run_ids = dag_id, states, run_ids
        self.execution_dates, self.poll_interval = execution_dates, poll_interval

    def serialize(self):
        return _STANDARD + "external_task.DagStateTrigger", {
            "dag_id": self.dag_id, "states": self.states, "poll_interval": self.poll_interval,
            "run_ids": self.run_ids, "execution_dates": self.execution_dates}

    def _count(self):
        from .current import count

        return count("GetDRCount", dag_id=self.dag_id, run_ids=self.run_ids, states=list(self.states),
                     logical_dates=self.execution_dates)

    async def run(self):
        wanted = len(self.run_ids or self.execution_dates or ())
        while await _ask(self._count) != wanted:
            await asyncio.sleep(self.poll_interval)
        path, data = self.serialize()
        for run_id in (self.run_ids or ())[:1]:
            reply = await _ask(state.channel.ask, {"type": "GetDagRunState", "dag_id": self.dag_id, "run_id": run_id})
            data[run_id] = reply.get("state")
        yield TriggerEvent((path, data))
