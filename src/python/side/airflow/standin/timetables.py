"""Timetable classes as data: when runs happen is decided by the scheduler."""
from typing import NamedTuple

from .cron import check_cron
from .timetable_steps import CronSteps, DeltaSteps, IntervalRuns, TriggerRuns

PRESETS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
           "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *"}


class DataInterval(NamedTuple):
    """Start and end of the data of a run."""

    start: object
    end: object

    @classmethod
    def exact(cls, at):
        return cls(at, at)


class TimeRestriction(NamedTuple):
    """Between which dates a DAG runs."""

    earliest: object
    latest: object
    catchup: bool


class DagRunInfo(NamedTuple):
    """When a run starts, and its data interval."""

    run_after: object
    data_interval: object
    partition_date: object = None
    partition_key: object = None

    @classmethod
    def exact(cls, at):
        return cls(at, DataInterval.exact(at))

    @classmethod
    def interval(cls, start, end):
        return cls(end, DataInterval(start, end))

    @property
    def logical_date(self):
        return self.data_interval.start if self.data_interval else None


class Timetable:
    """Base class. One that an author wrote is asked while its file is parsed, for some runs ahead."""

    description = ""
    periodic = can_be_scheduled = True
    run_ordering = ("data_interval_end", "logical_date")
    active_runs_limit = None
    asset_condition = None
    partitioned = partitioned_at_runtime = False

    @property
    def summary(self):
        return type(self).__name__

    def validate(self):
        """Nothing to check."""

    def serialize(self):
        return {}

    @classmethod
    def deserialize(cls, data):
        return cls()

    def infer_manual_data_interval(self, *, run_after):
        raise NotImplementedError()

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        raise NotImplementedError()

    def as_schedule(self, dag):
        """The model's form: one of the known kinds, or `custom` for a class whose answers are its own."""
        made = None if answers_itself(type(self)) else self._known_schedule(dag)
        return made or {"kind": "custom", "class": type(self).__name__, "summary": str(self.summary),
                        "description": str(self.description or ""), "periodic": bool(self.periodic)}

    def _known_schedule(self, dag):
        return None


ANSWERS = ("next_dagrun_info", "infer_manual_data_interval", "_get_next", "_get_prev", "_align_to_next", "_align_to_prev",
           "_skip_to_latest", "_calc_first_run")


def answers_itself(cls):
    """True if a class changes when the runs of the class it builds on happen."""
    for one in cls.__mro__:
        if one.__module__ in (__name__, IntervalRuns.__module__):
            return False
        if any(name in one.__dict__ for name in ANSWERS):
            return True
    return False


BaseTimetable = Timetable


class CronTimetable(CronSteps, Timetable):
    data_interval = False

    def __init__(self, cron, timezone="UTC", interval=None, run_immediately=False, **kwargs):
        self.cron, self.timezone, self.interval, self.run_immediately = cron, timezone, interval, run_immediately
        self._expression = cron
        check_cron(cron)

    @property
    def summary(self):
        return PRESETS.get(self.cron, self.cron)

    def _known_schedule(self, dag):
        from .times import zone_name

        zone = self.timezone if isinstance(self.timezone, str) else zone_name(self.timezone) or "UTC"
        made = {"kind": "cron", "expression": self.cron, "timezone": zone, "data_interval": self.data_interval}
        if self.interval is not None:
            made["interval"] = span(self.interval)
        late = immediately(self.run_immediately)
        if late is not None:
            made["run_immediately"] = late
        return made


class CronTriggerTimetable(TriggerRuns, CronTimetable):
    """Runs at each cron time."""


class CronDataIntervalTimetable(IntervalRuns, CronTimetable):
    """Runs at the end of the interval between two cron times."""

    data_interval = True

    def __init__(self, cron, timezone="UTC"):
        super().__init__(cron, timezone)


class DeltaTimetable(DeltaSteps, Timetable):
    data_interval = False

    def __init__(self, delta, *, interval=None, **kwargs):
        self.delta, self.interval = delta, interval

    @property
    def summary(self):
        return str(self.delta)

    def _known_schedule(self, dag):
        made = {**delta_schedule(self.delta), "data_interval": self.data_interval}
        if self.interval is not None:
            made["interval"] = span(self.interval)
        return made


class DeltaTriggerTimetable(TriggerRuns, DeltaTimetable):
    """Runs at fixed distances."""


class DeltaDataIntervalTimetable(IntervalRuns, DeltaTimetable):
    """Runs at the ends of intervals of one length."""

    data_interval = True

    def __init__(self, delta):
        super().__init__(delta)


def immediately(given):
    """`run_immediately=` in seconds, None if nothing was said."""
    from .times import seconds

    return None if given is None or given is False else 1e12 if given is True else seconds(given)


class _Other(Timetable):
    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    def _known_schedule(self, dag):
        return {"kind": "other", "name": type(self).__name__}


class MultipleCronTriggerTimetable(Timetable):
    """Runs whenever one of several cron expressions says so."""

    def __init__(self, *crons, timezone="UTC", interval=None, run_immediately=False):
        if not crons:
            raise ValueError("cron expression required")
        self.timetables = [CronTriggerTimetable(c, timezone, interval=interval, run_immediately=run_immediately)
                           for c in crons]

    @property
    def summary(self):
        return ", ".join(t.summary for t in self.timetables)

    def infer_manual_data_interval(self, *, run_after):
        return min((t.infer_manual_data_interval(run_after=run_after) for t in self.timetables), key=lambda i: i.start)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        import time

        infos = [t.next_dagrun_info(last_automated_data_interval=last_automated_data_interval, restriction=restriction)
                 for t in self.timetables]
        now = time.time()

        def rank(info):
            if info is None:
                return float("inf")
            when = info.logical_date.timestamp()
            # without catchup the newest of those that are due comes first
            return when if restriction.catchup or when > now else -when

        return min(infos, key=rank)

    def _known_schedule(self, dag):
        made = self.timetables[0].as_schedule(dag)
        made.pop("data_interval")
        del made["expression"]
        return {**made, "kind": "crons", "expressions": [t.cron for t in self.timetables]}


class EventsTimetable(Timetable):
    """Runs at listed times."""

    def __init__(self, event_dates, restrict_to_events=False, presorted=False, description=None):
        self.event_dates = list(event_dates)
        if not presorted:
            self.event_dates.sort()
        self.restrict_to_events = restrict_to_events
        self._summary = f"{len(self.event_dates)} events" if description is None else description
        self.description = description
        if description is None:
            self.description = "No events" if not self.event_dates else (
                f"{len(self.event_dates)} events between {self.event_dates[0].isoformat()} and "
                f"{self.event_dates[-1].isoformat()}")

    @property
    def summary(self):
        return self._summary

    def _known_schedule(self, dag):
        from .times import utc_text

        return {"kind": "events", "dates": [utc_text(d) for d in self.event_dates], "summary": self._summary,
                "restrict_to_events": bool(self.restrict_to_events), "description": self.description}


class CronPartitionTimetable(CronTimetable):
    """Each run is about a partition that follows from its time."""

    def __init__(self, cron, *, timezone, run_offset=None, run_immediately=False, key_format="%Y-%m-%dT%H:%M:%S"):
        if run_offset is not None and not isinstance(run_offset, int):
            raise ValueError("Run offset other than integer not supported yet.")
        super().__init__(cron, timezone, run_immediately=run_immediately)
        self.run_offset, self.key_format = run_offset or 0, key_format

    def _known_schedule(self, dag):
        made = super()._known_schedule(dag)
        return {"kind": "cron_partition", "expression": made["expression"], "timezone": made["timezone"],
                "run_offset": self.run_offset, "key_format": self.key_format}


class NullTimetable(Timetable):
    summary = "None"

    def _known_schedule(self, dag):
        return {"kind": "none"}


class OnceTimetable(Timetable):
    summary = "@once"

    def _known_schedule(self, dag):
        return {"kind": "once"}


class ContinuousTimetable(Timetable):
    summary = "@continuous"

    def _known_schedule(self, dag):
        return {"kind": "continuous"}


class PartitionedAtRuntime(Timetable):
    """Only triggered runs; the partition is named by who triggers, or by a task."""

    summary = "PartitionedAtRuntime"
    can_be_scheduled = False
    partitioned_at_runtime = True

    def _known_schedule(self, dag):
        return {"kind": "partitioned_at_runtime"}


class AssetTriggeredTimetable(Timetable):
    summary = "Asset"

    def __init__(self, assets):
        from .assets import condition

        self.asset_condition = condition(assets)

    def _known_schedule(self, dag):
        return {"kind": "asset", "expression": self.asset_condition.as_model()}


class AssetOrTimeSchedule(AssetTriggeredTimetable):
    """Runs come with updates of assets, and at times."""

    def __init__(self, *, timetable, assets=None, datasets=None):
        super().__init__(assets if assets is not None else datasets)
        self.timetable = as_timetable(timetable)
        if isinstance(self.timetable, AssetTriggeredTimetable):
            raise ValueError("cannot nest asset timetables")

    @property
    def summary(self):
        return f"Asset or {self.timetable.summary}"

    def _known_schedule(self, dag):
        return {**super()._known_schedule(dag), "time": self.timetable.as_schedule(dag)}


class PartitionedAssetTimetable(AssetTriggeredTimetable):
    """Runs come with partitions of assets, one for each partition."""

    summary = "Partitioned Asset"
    partitioned = True

    def __init__(self, *, assets, partition_mapper_config=None, default_partition_mapper=None):
        from .partitions import IdentityMapper

        super().__init__(assets)
        self.partition_mapper_config = partition_mapper_config or {}
        self.default_partition_mapper = default_partition_mapper or IdentityMapper()

    def _known_schedule(self, dag):
        made = {"default": self.default_partition_mapper.as_model(), "by_name": {}, "by_uri": {}}
        for asset, mapper in self.partition_mapper_config.items():
            for name, uri in named(asset):
                if name is not None:
                    made["by_name"][name] = mapper.as_model()
                if uri is not None:
                    made["by_uri"][uri] = mapper.as_model()
        return {**super()._known_schedule(dag), "partitions": {k: v for k, v in made.items() if v}}


def named(asset):
    """Names and URIs of the assets in a condition."""
    for one in getattr(asset, "objects", (asset,)):
        if hasattr(one, "objects"):
            yield from named(one)
        elif type(one).__name__ == "AssetAlias":
            from . import state

            state.warn("Partitioned Asset Alias is not supported.", "name the assets themselves")
        else:
            yield getattr(one, "name", None), getattr(one, "uri", None)


class _Text(CronTimetable):
    """A cron text: the setting decides which timetable it becomes."""

    def _known_schedule(self, dag):
        from .times import zone_name, zone_of

        return {"kind": "cron", "expression": self.cron, "timezone": zone_name(zone_of(dag))}


class _Step(DeltaTimetable):
    def _known_schedule(self, dag):
        return delta_schedule(self.delta)


def span(delta):
    """The model's `Span` of a timedelta or relativedelta."""
    made = delta_schedule(delta)
    return {"seconds": made["seconds"], "months": made["months"]} if made["months"] else made["seconds"]


def delta_schedule(delta):
    """The model's form of a timedelta or relativedelta."""
    from .times import seconds

    months = int(getattr(delta, "months", 0) or 0) + 12 * int(getattr(delta, "years", 0) or 0)
    if hasattr(delta, "total_seconds") and not hasattr(delta, "leapdays"):
        months = 0
    return {"kind": "delta", "seconds": seconds(delta), "months": months}


def as_timetable(schedule):
    """The timetable object of what an author gave as `schedule=`."""
    if schedule is None or schedule == "@none":
        return NullTimetable()
    if isinstance(schedule, Timetable):
        return schedule
    if isinstance(schedule, str):
        if schedule == "@once":
            return OnceTimetable()
        if schedule == "@continuous":
            return ContinuousTimetable()
        return _Text(schedule)
    if hasattr(schedule, "total_seconds") or hasattr(schedule, "relativedelta") or hasattr(schedule, "leapdays"):
        return _Step(schedule)
    if hasattr(schedule, "as_expression") or isinstance(schedule, (list, tuple, set)):
        return AssetTriggeredTimetable(schedule)
    raise ValueError(f"{schedule!r} is not a valid schedule.")
