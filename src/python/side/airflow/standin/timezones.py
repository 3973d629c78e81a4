"""`airflow.sdk.timezone`: aware datetimes."""
import datetime as _dt

from .times import as_datetime, default_zone_name, make_zone, zone_name

def __getattr__(name):
    if name == "utc":  # pendulum's, as in Airflow: it is imported for nobody else
        import pendulum

        return pendulum.UTC
    if name == "utc_epoch":
        return lambda: _dt.datetime(1970, 1, 1, tzinfo=__getattr__("utc"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _nice(value):
    """The same instant as a pendulum DateTime."""
    import pendulum

    return pendulum.instance(value)


def _default():
    """The zone of times that name none."""
    import pendulum

    return pendulum.timezone(zone_name(make_zone(default_zone_name())))


def utcnow():
    return _dt.datetime.now(__getattr__("utc"))


def datetime(*args, **kwargs):
    """A datetime, in the default zone if none is given."""
    kwargs.setdefault("tzinfo", _default())
    return _dt.datetime(*args, **kwargs)


def is_localized(value):
    return value.utcoffset() is not None


def is_naive(value):
    return value.utcoffset() is None


def make_aware(value, timezone=None):
    """A naive datetime in a zone; of two moments with this time the second."""
    if value is None:
        return None
    if is_localized(value):
        raise ValueError(f"make_aware expects a naive datetime, got {value}")
    zone = timezone or _default()
    localize = getattr(zone, "localize", None)
    return localize(value) if localize is not None else value.replace(tzinfo=zone, fold=1)


def make_naive(value, timezone=None):
    """The wall-clock time in a zone."""
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime")
    date = value.astimezone(timezone or _default())
    return _dt.datetime(date.year, date.month, date.day, date.hour, date.minute, date.second, date.microsecond)


def convert_to_utc(value):
    if value is None:
        return None
    value = as_datetime(value)
    return _nice((value if is_localized(value) else make_aware(value)).astimezone(_dt.timezone.utc))


def convert_to_local(value):
    return value.astimezone(_default())


def coerce_datetime(value, tz=None):
    """An aware pendulum DateTime; `tz` is that of a naive one."""
    return None if value is None else _nice(value if is_localized(value) else make_aware(value, tz))


def from_timestamp(timestamp, tz=None):
    return _nice(_dt.datetime.fromtimestamp(timestamp, make_zone(tz) if isinstance(tz, str) else tz or _dt.timezone.utc))


def parse(text, timezone=None, strict=False):
    """An ISO 8601 text; the zone is UTC if it names none."""
    cleaned = text.strip().replace("Z", "+00:00")
    try:
        value = _dt.datetime.fromisoformat(cleaned)
    except ValueError:
        import pendulum

        return pendulum.parse(text)
    if value.tzinfo is None:
        value = value.replace(tzinfo=make_zone(timezone) if isinstance(timezone, str) else timezone or _default())
    return _nice(value)


def parse_timezone(name):
    """The zone of a name, or of an offset in seconds."""
    import pendulum

    return pendulum.timezone(name)


def local_timezone():
    import pendulum

    return pendulum.local_timezone()


def td_format(value):
    return None if value is None else str(value)


def initialize(*args):
    """Nothing to set up."""


def days_ago(n, hour=0, minute=0, second=0, microsecond=0):
    """Midnight UTC, `n` days ago."""
    today = _dt.datetime.now(_dt.timezone.utc).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return _nice(today - _dt.timedelta(days=n))


def round_time(dt, delta, start_date=None):
    start = start_date or _dt.datetime(1970, 1, 1, tzinfo=dt.tzinfo)
    return start + (dt - start) // delta * delta


def date_range(start_date, end_date=None, num=None, delta=None):
    dates, when = [], start_date
    delta = delta if hasattr(delta, "total_seconds") else _dt.timedelta(days=delta or 1)
    while (end_date is None or when <= end_date) and (num is None or len(dates) < num):
        dates.append(when)
        when = when + delta
    return dates


__all__ = ["zone_name"]
