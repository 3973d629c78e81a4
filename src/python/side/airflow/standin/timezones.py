"""`airflow.sdk.timezone`: aware datetimes."""
import datetime as _dt

from .times import as_datetime, make_zone, zone_name

utc = _dt.timezone.utc
utc_epoch = lambda: _dt.datetime(1970, 1, 1, tzinfo=utc)  # noqa: E731


def _nice(value):
    """The same instant as a pendulum DateTime."""
    import pendulum

    return pendulum.instance(value)


def utcnow():
    return _nice(_dt.datetime.now(utc))


def datetime(*args, **kwargs):
    """A datetime, in UTC if no zone is given."""
    if kwargs.get("tzinfo") is None:
        kwargs["tzinfo"] = utc
    return _nice(_dt.datetime(*args, **kwargs))


def is_localized(value):
    return value.utcoffset() is not None


def is_naive(value):
    return value.utcoffset() is None


def make_aware(value, timezone=None):
    if value is None or is_localized(value):
        return value
    return _nice(value.replace(tzinfo=timezone or utc))


def make_naive(value, timezone=None):
    return value.astimezone(timezone or utc).replace(tzinfo=None)


def convert_to_utc(value):
    if value is None:
        return None
    value = as_datetime(value)
    return _nice((value if is_localized(value) else value.replace(tzinfo=utc)).astimezone(utc))


def convert_to_local(value):
    return value.astimezone(utc)


def coerce_datetime(value, tz=None):
    return None if value is None else make_aware(value, tz)


def from_timestamp(timestamp, tz=None):
    return _nice(_dt.datetime.fromtimestamp(timestamp, make_zone(tz) if isinstance(tz, str) else tz or utc))


def parse(text, timezone=None, strict=False):
    """An ISO 8601 text; the zone is UTC if it names none."""
    cleaned = text.strip().replace("Z", "+00:00")
    try:
        value = _dt.datetime.fromisoformat(cleaned)
    except ValueError:
        import pendulum

        return pendulum.parse(text)
    if value.tzinfo is None:
        value = value.replace(tzinfo=make_zone(timezone) if isinstance(timezone, str) else timezone or utc)
    return _nice(value)


def parse_timezone(name):
    if isinstance(name, int):
        return _dt.timezone(_dt.timedelta(seconds=name))
    return make_zone(name)


def local_timezone():
    return utc


def td_format(value):
    return None if value is None else str(value)


def initialize(*args):
    """Nothing to set up."""


def days_ago(n, hour=0, minute=0, second=0, microsecond=0):
    """Midnight UTC, `n` days ago."""
    today = _dt.datetime.now(utc).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
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
