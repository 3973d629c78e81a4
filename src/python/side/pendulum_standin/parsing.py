"""Reading and writing of dates as text."""
import datetime as _dt
import re

from .moments import Date, DateTime, Time
from .spans import Duration, Interval
from .zones import timezone

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TOKENS = re.compile(r"\[([^\]]*)\]|YYYY|YY|Y|MMMM|MMM|MM|M|DDDD|DDD|DD|Do|D|dddd|ddd|dd|d|E|HH|H|hh|h|mm|m|ss|s|SSSSSS|SSS|A|ZZ|Z|zz|z|X|x|Q")
ISO = re.compile(
    r"(\d{4})(?:[-/]?(\d{1,2}))?(?:[-/]?(\d{1,2}))?(?:[T ](\d{1,2})(?::?(\d{2}))?(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})?$"
)


class ParserError(ValueError):
    pass


def parse(text, tz, exact=False):
    """A moment; with `exact` a date stays a date."""
    text = text.strip()
    if text == "now":
        return DateTime.now(tz)
    if "/" in text and not re.match(r"\d{4}/\d{1,2}(/|$)", text):
        first, last = (parse(part, tz, True) for part in text.split("/", 1))
        return Interval(last.subtract(seconds=first.total_seconds()) if isinstance(first, Duration) else first,
                        first + last if isinstance(last, Duration) else last)
    if text.startswith("P"):
        return _duration(text)
    day = re.match(r"(\d{4})-?(?:W(\d{2})(?:-?(\d))?|(\d{3}))(?=$|[T ])", text)
    if day is not None:
        year, week, weekday, number = day.groups()
        date = _dt.date.fromisocalendar(int(year), int(week), int(weekday or 1)) if week else \
            _dt.date(int(year), 1, 1) + _dt.timedelta(days=int(number) - 1)
        text = date.isoformat() + text[day.end():]
    time = re.match(r"(\d{2}):(\d{2})(?::(\d{2}))?$", text)
    if time is not None:
        hour, minute, second = (int(part or 0) for part in time.groups())
        if exact:
            return Time(hour, minute, second)
        return DateTime.now(tz).replace(hour=hour, minute=minute, second=second, microsecond=0)
    found = ISO.match(text)
    if found is None:
        raise ParserError(f"Unable to parse string [{text}]")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if exact and hour is None:
        return Date(int(year), int(month or 1), int(day or 1))
    if zone is not None:
        tz = timezone("UTC" if zone == "Z" else zone)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    return DateTime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), micro,
                    tzinfo=tz)


def _duration(text):
    found = re.match(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$", text)
    if found is None:
        raise ParserError(f"Unable to parse string [{text}]")
    years, months, weeks, days, hours, minutes, seconds = (int(p or 0) for p in found.groups())
    return Duration(days=days, seconds=seconds, minutes=minutes, hours=hours, weeks=weeks, years=years, months=months)


def to_format(when, fmt):
    """pendulum's own format tokens."""
    hour = getattr(when, "hour", 0)
    values = {
        "YYYY": lambda: f"{when.year:04}", "Y": lambda: str(when.year), "Do": lambda: ordinal(when.day),
        "dd": lambda: DAYS[when.weekday()][:2], "d": lambda: str(when.isoweekday() % 7), "YY": lambda: f"{when.year % 100:02}", "MMMM": lambda: MONTHS[when.month - 1],
        "MMM": lambda: MONTHS[when.month - 1][:3], "MM": lambda: f"{when.month:02}", "M": lambda: str(when.month),
        "DDDD": lambda: f"{when.day_of_year:03}", "DDD": lambda: str(when.day_of_year), "DD": lambda: f"{when.day:02}",
        "D": lambda: str(when.day), "dddd": lambda: DAYS[when.weekday()], "ddd": lambda: DAYS[when.weekday()][:3],
        "E": lambda: str(when.isoweekday()), "HH": lambda: f"{hour:02}", "H": lambda: str(hour),
        "hh": lambda: f"{hour % 12 or 12:02}", "h": lambda: str(hour % 12 or 12), "mm": lambda: f"{when.minute:02}",
        "m": lambda: str(when.minute), "ss": lambda: f"{when.second:02}", "s": lambda: str(when.second),
        "SSSSSS": lambda: f"{when.microsecond:06}", "SSS": lambda: f"{when.microsecond // 1000:03}",
        "A": lambda: "PM" if hour >= 12 else "AM", "Z": lambda: when.isoformat()[-6:],
        "ZZ": lambda: when.isoformat()[-6:].replace(":", ""), "z": lambda: str(when.timezone_name),
        "zz": lambda: str(when.tzname()), "X": lambda: str(when.int_timestamp),
        "x": lambda: str(int(when.timestamp() * 1000)), "Q": lambda: str(when.quarter),
    }
    return TOKENS.sub(lambda m: m.group(1) if m.group(1) is not None else values[m.group(0)](), fmt)


def ordinal(number):
    """1st, 2nd, 3rd, 4th, ..."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def from_format(text, fmt, tz):
    """A moment of a text in pendulum's tokens."""
    codes = {"YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "DD": "%d", "D": "%d",
             "HH": "%H", "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", "A": "%p",
             "SSSSSS": "%f", "SSS": "%f", "Z": "%z", "ZZ": "%z", "dddd": "%A", "ddd": "%a", "DDDD": "%j"}
    made = TOKENS.sub(lambda m: m.group(1) if m.group(1) is not None else codes.get(m.group(0), m.group(0)), fmt)
    return DateTime.instance(_dt.datetime.strptime(text, made), tz)
