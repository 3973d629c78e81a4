"""Dates and zones as the model wants them."""
import os
from datetime import datetime, timedelta, timezone


def zone_name(zone):
    """IANA name of a tzinfo, or an offset like `+02:00`."""
    if zone is None:
        return None
    for key in ("name", "key", "zone"):
        value = getattr(zone, key, None)
        if isinstance(value, str) and value:
            return "UTC" if value in ("UTC", "utc", "+00:00", "Z") else value
    if zone == timezone.utc:
        return "UTC"
    text = str(zone)
    return "UTC" if text == "UTC" else text.replace("UTC", "", 1) if text.startswith("UTC") else text


def default_zone_name():
    return os.environ.get("AIRFLOW__CORE__DEFAULT_TIMEZONE") or "UTC"


def make_zone(name):
    """tzinfo of a name."""
    if name in ("UTC", "utc", None, "Z"):
        return timezone.utc
    if name[:1] in "+-" and ":" in name:
        sign = -1 if name[0] == "-" else 1
        hours, minutes = name[1:].split(":")[:2]
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def as_datetime(value):
    """A datetime of what an author gives as a date."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str):
        from .timezones import parse

        return parse(value)
    if hasattr(value, "year"):
        return datetime(value.year, value.month, value.day)
    raise TypeError(f"{value!r} is not a date")


def utc_text(value, zone=None):
    """RFC 3339 in UTC; naive times are in `zone`."""
    value = as_datetime(value)
    if value is None:
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=make_zone(zone or default_zone_name()))
    value = value.astimezone(timezone.utc)
    text = f"{value.year:04}-{value.month:02}-{value.day:02}T{value.hour:02}:{value.minute:02}:{value.second:02}"
    return text + (f".{value.microsecond:06}Z" if value.microsecond else "Z")


def zone_of(dag):
    """tzinfo of a DAG: of its start date, of the start date in default_args, or the setting."""
    for value in (dag.start_date, dag.default_args.get("start_date"), dag.end_date, dag.default_args.get("end_date")):
        value = as_datetime(value)
        if value is not None and value.tzinfo is not None:
            return value.tzinfo
    return make_zone(default_zone_name())


def seconds(value):
    """Seconds of a timedelta or number."""
    if value is None:
        return None
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    if hasattr(value, "hours") and hasattr(value, "days"):
        return value.days * 86400 + value.hours * 3600 + value.minutes * 60 + value.seconds
    return float(value)
