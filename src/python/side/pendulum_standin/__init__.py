"""Stands for `pendulum` where it isn't installed: what DAG files use of it, with its class names and reprs."""
import datetime as _dt

from .zones import UTC, FixedTimezone, Timezone, timezone  # noqa: F401
from .moments import Date, DateTime, Duration, Interval, Time  # noqa: F401

__version__ = "3.0.0"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)
Period = Interval
WeekDay = int


def datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tz=UTC, fold=1, raise_on_unknown_times=False):
    """A moment; in UTC if no zone is given."""
    return DateTime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(tz), fold=fold)


def _zone(tz):
    if tz is None or isinstance(tz, _dt.tzinfo):
        return tz
    return timezone(tz)


def local(*args, **kwargs):
    return datetime(*args, tz=kwargs.pop("tz", UTC), **kwargs)


def naive(*args, **kwargs):
    return DateTime(*args, **kwargs)


def date(year, month, day):
    return Date(year, month, day)


def time(hour, minute=0, second=0, microsecond=0):
    return Time(hour, minute, second, microsecond)


def duration(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0, years=0, months=0):
    return Duration(days=days, seconds=seconds, microseconds=microseconds, milliseconds=milliseconds, minutes=minutes,
                    hours=hours, weeks=weeks, years=years, months=months)


def interval(start, end, absolute=False):
    return Interval(start, end, absolute)


period = interval


def now(tz=None):
    return DateTime.now(_zone(tz) or UTC)


def today(tz="local"):
    return now(None if tz == "local" else tz).start_of("day")


def tomorrow(tz="local"):
    return today(tz).add(days=1)


def yesterday(tz="local"):
    return today(tz).subtract(days=1)


def instance(obj, tz=UTC):
    """A DateTime of a datetime."""
    if obj is None or isinstance(obj, DateTime):
        return obj
    if isinstance(obj, _dt.datetime):
        return DateTime.instance(obj, _zone(tz))
    if isinstance(obj, _dt.date):
        return Date(obj.year, obj.month, obj.day)
    if isinstance(obj, _dt.time):
        return Time(obj.hour, obj.minute, obj.second, obj.microsecond)
    raise ValueError(f"instance() is not implemented for {obj!r}")


def from_timestamp(timestamp, tz=UTC):
    return DateTime.fromtimestamp(timestamp, _zone(tz))


def parse(text, tz=UTC, strict=True, exact=False, **options):
    """ISO 8601 texts, with a space or slashes too."""
    from .parsing import parse as read

    return read(text, _zone(tz), exact)


def from_format(string, fmt, tz=UTC, locale=None):
    from .parsing import from_format as read

    return read(string, fmt, _zone(tz))


def local_timezone():
    return UTC


def timezones():
    import zoneinfo

    return tuple(sorted(zoneinfo.available_timezones()))


def set_locale(name):
    """Only English."""


class _Tz:
    """`pendulum.tz`."""

    timezone = staticmethod(timezone)
    Timezone, FixedTimezone, UTC = Timezone, FixedTimezone, UTC
    local_timezone = staticmethod(local_timezone)
    fixed_timezone = staticmethod(lambda seconds: FixedTimezone(seconds))


tz = _Tz


def _submodules():
    """`from pendulum.tz.timezone import Timezone` and the like; also where pickles look for the classes."""
    import sys

    from . import moments, zones

    tz.__path__ = []
    for name, module in (("datetime", moments), ("date", moments), ("time", moments), ("duration", moments),
                         ("interval", moments), ("tz", tz), ("tz.timezone", zones)):
        sys.modules["pendulum." + name] = module


_submodules()
