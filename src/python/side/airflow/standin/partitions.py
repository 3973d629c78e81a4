"""Partition mappers, windows and wait policies, as data: what they do is decided by the scheduler."""
import enum
from datetime import datetime


class Window:
    """What a period consists of."""

    __module__ = "airflow.sdk.definitions.partition_mappers.window"
    expected_decoded_type = str
    period = None

    class Direction(str, enum.Enum):
        BACKWARD = "backward"
        FORWARD = "forward"

    def __init__(self, *, direction="forward"):
        self.direction = Window.Direction(direction)

    def as_model(self):
        if self.period is None or type(self).__module__ != Window.__module__:
            raise unsupported("window", self)
        return {"kind": "period", "period": self.period, "backward": self.direction is Window.Direction.BACKWARD}

    def to_upstream(self, decoded_downstream):
        raise NotImplementedError

    def serialize(self):
        return {"direction": self.direction.value}


def unsupported(what, thing):
    """The import error for what only its author's code can decide."""
    error = TypeError(f"the {what} {type(thing).__name__} is a class of your own: the scheduler can't ask it for keys")
    error.hint = f"use one of airflow.sdk's partition {what}s"
    return error


def _period_window(name, period):
    return type(name, (Window,), {"__module__": Window.__module__, "period": period, "expected_decoded_type": datetime,
                                  "__doc__": f"The parts of one {period}."})


HourWindow = _period_window("HourWindow", "hour")
DayWindow = _period_window("DayWindow", "day")
WeekWindow = _period_window("WeekWindow", "week")
MonthWindow = _period_window("MonthWindow", "month")
QuarterWindow = _period_window("QuarterWindow", "quarter")
YearWindow = _period_window("YearWindow", "year")


class SegmentWindow(Window):
    """Fixed names."""

    __module__ = Window.__module__

    def __init__(self, segments):
        super().__init__()
        found = set()
        for number, item in enumerate(segments):
            if not isinstance(item, str):
                raise ValueError(f"SegmentWindow segment keys must be str; got {type(item).__name__!r} at index {number}: "
                                 f"{item!r}")
            if not item:
                raise ValueError(f"SegmentWindow segment keys must be non-empty; got an empty string at index {number}.")
            found.add(item)
        if not found:
            raise ValueError("SegmentWindow requires at least one segment key; got an empty iterable.")
        self.segments = frozenset(found)

    def as_model(self):
        return {"kind": "segments", "segments": sorted(self.segments)}


class WaitPolicy:
    """How many keys of a window are enough."""

    __module__ = "airflow.sdk.definitions.partition_mappers.wait_policy"


class WaitForAll(WaitPolicy):
    __module__ = WaitPolicy.__module__

    def as_model(self):
        return {"kind": "wait_for_all"}


class MinimumCount(WaitPolicy):
    __module__ = WaitPolicy.__module__

    def __init__(self, n):
        if n == 0:
            raise ValueError("MinimumCount(0) is degenerate: n=0 would always fire, even on empty windows. "
                             "Use WaitForAll() to require every key, or MinimumCount(n) with n != 0.")
        self.n = n

    def as_model(self):
        return {"kind": "minimum_count", "n": self.n}


class PartitionMapper:
    """From a source's partition key to those of the runs that follow it."""

    __module__ = "airflow.sdk.definitions.partition_mappers.base"
    is_rollup = False
    expected_decoded_type = str
    max_downstream_keys = None

    def __init__(self, *, max_downstream_keys=None):
        if max_downstream_keys is not None and (not isinstance(max_downstream_keys, int) or max_downstream_keys < 1):
            raise ValueError(f"max_downstream_keys must be a positive integer or None, got {max_downstream_keys!r}")
        self.max_downstream_keys = max_downstream_keys

    def model(self):
        raise unsupported("mapper", self)

    def as_model(self):
        """The form that the scheduler knows."""
        if not type(self).__module__.startswith("airflow."):
            raise unsupported("mapper", self)
        made = self.model()
        if self.max_downstream_keys is not None:
            made["max_downstream_keys"] = self.max_downstream_keys
        return made

    def serialize(self):
        return {} if self.max_downstream_keys is None else {"max_downstream_keys": self.max_downstream_keys}


class IdentityMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__

    def model(self):
        return {"kind": "identity"}


class FixedKeyMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__

    def __init__(self, downstream_key, *, max_downstream_keys=None):
        if not downstream_key or not isinstance(downstream_key, str):
            raise ValueError(f"FixedKeyMapper downstream_key must be a non-empty str; got {downstream_key!r}.")
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.downstream_key = downstream_key

    def model(self):
        return {"kind": "fixed_key", "downstream_key": self.downstream_key}


class AllowedKeyMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__

    def __init__(self, allowed_keys, *, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.allowed_keys = list(allowed_keys)

    def model(self):
        return {"kind": "allowed_key", "allowed_keys": self.allowed_keys}


class _StartOf(PartitionMapper):
    __module__ = PartitionMapper.__module__
    expected_decoded_type = datetime
    period = default_output_format = None

    def __init__(self, *, timezone="UTC", input_format="%Y-%m-%dT%H:%M:%S", output_format=None, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.timezone, self.input_format = timezone, input_format
        self.output_format = output_format or self.default_output_format

    def model(self):
        from .times import zone_name

        zone = self.timezone if isinstance(self.timezone, str) else zone_name(self.timezone) or "UTC"
        return {"kind": "start_of", "period": self.period, "timezone": zone, "input_format": self.input_format,
                "output_format": self.output_format}


def _start_of(name, period, output_format):
    return type(name, (_StartOf,), {"__module__": PartitionMapper.__module__, "period": period,
                                    "default_output_format": output_format, "__doc__": f"The start of the {period}."})


StartOfHourMapper = _start_of("StartOfHourMapper", "hour", "%Y-%m-%dT%H")
StartOfDayMapper = _start_of("StartOfDayMapper", "day", "%Y-%m-%d")
StartOfWeekMapper = _start_of("StartOfWeekMapper", "week", "%Y-%m-%d (W%V)")
StartOfMonthMapper = _start_of("StartOfMonthMapper", "month", "%Y-%m")
StartOfQuarterMapper = _start_of("StartOfQuarterMapper", "quarter", "%Y-Q{quarter}")
StartOfYearMapper = _start_of("StartOfYearMapper", "year", "%Y")


class ChainMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__

    def __init__(self, mapper0, mapper1, *mappers, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.mappers = [mapper0, mapper1, *mappers]

    def model(self):
        return {"kind": "chain", "mappers": [one.as_model() for one in self.mappers]}


class ProductMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__

    def __init__(self, mapper0, mapper1, *mappers, delimiter="|", max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.mappers, self.delimiter = [mapper0, mapper1, *mappers], delimiter

    def model(self):
        return {"kind": "product", "mappers": [one.as_model() for one in self.mappers], "delimiter": self.delimiter}


class RollupMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__
    is_rollup = True

    def __init__(self, *, upstream_mapper, window, wait_policy=None, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        wanted, given = window.expected_decoded_type, upstream_mapper.expected_decoded_type
        if wanted is not given:
            raise TypeError(f"{type(window).__name__} expects decoded values of type {wanted.__name__!r}, but "
                            f"{type(upstream_mapper).__name__} decodes to {given.__name__!r}. Pair a window and an "
                            "upstream mapper whose 'expected_decoded_type' match.")
        self.upstream_mapper, self.window, self.wait_policy = upstream_mapper, window, wait_policy or WaitForAll()

    def model(self):
        return {"kind": "rollup", "upstream_mapper": self.upstream_mapper.as_model(), "window": self.window.as_model(),
                "wait_policy": self.wait_policy.as_model()}


class FanOutMapper(PartitionMapper):
    __module__ = PartitionMapper.__module__
    default_downstream_mapper_by_window_name = {
        "DayWindow": StartOfHourMapper, "WeekWindow": StartOfDayMapper, "MonthWindow": StartOfDayMapper,
        "QuarterWindow": StartOfMonthMapper, "YearWindow": StartOfMonthMapper,
    }

    def __init__(self, *, upstream_mapper, window, downstream_mapper=None, max_downstream_keys=None):
        super().__init__(max_downstream_keys=max_downstream_keys)
        if downstream_mapper is None:
            usual = self.default_downstream_mapper_by_window_name.get(type(window).__name__)
            if usual is None:
                raise ValueError(f"{type(self).__name__} has no default downstream_mapper for window type "
                                 f"{type(window).__name__}; pass downstream_mapper explicitly.")
            downstream_mapper = usual()
        self.upstream_mapper, self.window, self.downstream_mapper = upstream_mapper, window, downstream_mapper

    def model(self):
        return {"kind": "fan_out", "upstream_mapper": self.upstream_mapper.as_model(), "window": self.window.as_model(),
                "downstream_mapper": self.downstream_mapper.as_model()}
