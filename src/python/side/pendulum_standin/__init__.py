"""Stands for `pendulum` where it isn't installed: what DAG files use of it, with its class names and reprs."""
import datetime as _dt

from .zones import UTC, FixedTimezone, Timezone, timezone  # noqa: F401
from .moments import Date, DateTime, Time  # noqa: F401
from .spans import Duration, Interval  # noqa: F401

__version__ = "3.0.0"
Period = Interval
YEARS_PER_CENTURY, YEARS_PER_DECADE, MONTHS_PER_YEAR, WEEKS_PER_YEAR, DAYS_PER_WEEK = 100, 10, 12, 52, 7
HOURS_PER_DAY, MINUTES_PER_HOUR, SECONDS_PER_MINUTE, SECONDS_PER_HOUR, SECONDS_PER_DAY = 24, 60, 60, 3600, 86400


class WeekDay(int):
    """A day of the week; Monday is 0."""

    _names = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
    name = property(lambda self: self._names[self])
    value = property(int)

    def __repr__(self):
        return f"<WeekDay.{self.name}: {int(self)}>"

    def __str__(self):
        return str(int(self))


for _number, _name in enumerate(WeekDay._names):
    globals()[_name] = WeekDay(_number)
    setattr(WeekDay, _name, globals()[_name])


def datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tz=UTC, fold=1, raise_on_unknown_times=False):
    """A moment; in UTC if no zone is given. One in a gap of the zone is shifted forward by the gap."""
    when = DateTime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(tz), fold=fold)
    if tz is not UTC and tz is not None:
        earlier = when.replace(fold=0)
        if earlier.astimezone(UTC).astimezone(when.tzinfo).replace(tzinfo=None) != when.replace(tzinfo=None):
            return earlier.astimezone(UTC).in_timezone(when.tzinfo)
    return when


def _zone(tz):
    if tz is None or isinstance(tz, _dt.tzinfo):
        return tz
    return FixedTimezone(int(tz * 3600)) if isinstance(tz, (int, float)) else timezone(tz)


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

    try:
        return read(text, _zone(tz), exact)
    except ValueError:
        if strict:
            raise
        try:
            from dateutil import parser
        except ImportError:
            raise ValueError(f"Unable to parse string [{text}]: texts other than ISO 8601 need the package python-dateutil") \
                from None
        return instance(parser.parse(text), tz)


def from_format(string, fmt, tz=UTC, locale=None):
    from .parsing import from_format as read

    return read(string, fmt, _zone(tz))


def local_timezone():
    return UTC


def week_starts_at(day):
    """Weeks start on Monday here."""


def week_ends_at(day):
    """Weeks end on Sunday here."""


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

    from . import moments, spans, zones

    tz.__path__ = []
    for name, module in (("datetime", moments), ("date", moments), ("time", moments), ("duration", spans),
                         ("interval", spans), ("tz", tz), ("tz.timezone", zones)):
        sys.modules["pendulum." + name] = module


_submodules()
