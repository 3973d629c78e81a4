"""`DateTime`, `Date`, `Time`, `Duration`, `Interval`."""
import calendar
import datetime as _dt

from .zones import UTC, timezone

UNITS = ("microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century")


class Duration(_dt.timedelta):
    """A timedelta that also remembers months and years."""

    def __new__(cls, days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0, years=0, months=0):
        self = super().__new__(cls, days + years * 365 + months * 30, seconds, microseconds, milliseconds, minutes, hours,
                               weeks)
        self._years, self._months = years, months
        return self

    years = property(lambda self: self._years)
    months = property(lambda self: self._months)
    weeks = property(lambda self: abs(self.days) // 7 * (1 if self.days >= 0 else -1))
    hours = property(lambda self: self.seconds // 3600)
    minutes = property(lambda self: self.seconds // 60 % 60)
    remaining_seconds = property(lambda self: self.seconds % 60)
    remaining_days = property(lambda self: self.days % 7)

    def total_weeks(self):
        return self.total_seconds() / 604800

    def total_days(self):
        return self.total_seconds() / 86400

    def total_hours(self):
        return self.total_seconds() / 3600

    def total_minutes(self):
        return self.total_seconds() / 60

    def in_weeks(self):
        return int(self.total_weeks())

    def in_days(self):
        return int(self.total_days())

    def in_hours(self):
        return int(self.total_hours())

    def in_minutes(self):
        return int(self.total_minutes())

    def in_seconds(self):
        return int(self.total_seconds())

    def in_words(self, locale=None, separator=" "):
        left, parts = int(abs(self.total_seconds())), []
        for size, name in ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
            number, left = divmod(left, size)
            if number:
                parts.append(f"{number} {name}{'s' if number != 1 else ''}")
        return separator.join(parts) or "0 milliseconds"

    def as_timedelta(self):
        return _dt.timedelta(seconds=self.total_seconds())

    def __repr__(self):
        named = [f"{k}={getattr(self, '_' + k)}" for k in ("years", "months") if getattr(self, "_" + k, 0)]
        named += [f"{k}={v}" for k, v in (("weeks", self.weeks), ("days", self.remaining_days), ("hours", self.hours),
                                          ("minutes", self.minutes), ("seconds", self.remaining_seconds),
                                          ("microseconds", self.microseconds)) if v]
        return f"Duration({', '.join(named)})"

    def __str__(self):
        return self.in_words()

    def __reduce__(self):
        return (Duration, (self.days, self.seconds, self.microseconds))


class Interval(Duration):
    """The time between two moments."""

    def __new__(cls, start, end, absolute=False):
        gap = _dt.datetime.__sub__(end, start) if isinstance(end, _dt.datetime) else end - start
        if absolute and gap < _dt.timedelta(0):
            gap, start, end = -gap, end, start
        self = Duration.__new__(cls, gap.days, gap.seconds, gap.microseconds)
        self.start, self.end = start, end
        return self

    def range(self, unit, amount=1):
        when = self.start
        while when <= self.end:
            yield when
            when = when.add(**{unit: amount})

    def __iter__(self):
        return self.range("days")

    def __contains__(self, when):
        return self.start <= when <= self.end

    def __repr__(self):
        return f"<Interval [{self.start} -> {self.end}]>"

    def __reduce__(self):
        return (Interval, (self.start, self.end))


def _shift_months(when, months):
    total = when.year * 12 + when.month - 1 + months
    year, month = divmod(total, 12)
    day = min(when.day, calendar.monthrange(year, month + 1)[1])
    return when.replace(year=year, month=month + 1, day=day)


class _Dates:
    """What DateTime and Date share."""

    day_of_week = property(lambda self: self.weekday())
    day_of_year = property(lambda self: self.timetuple().tm_yday)
    week_of_year = property(lambda self: self.isocalendar()[1])
    days_in_month = property(lambda self: calendar.monthrange(self.year, self.month)[1])
    quarter = property(lambda self: (self.month - 1) // 3 + 1)

    def is_leap_year(self):
        return calendar.isleap(self.year)

    def format(self, fmt, locale=None):
        from .parsing import to_format

        return to_format(self, fmt)

    def to_date_string(self):
        return self.strftime("%Y-%m-%d")

    def next(self, day_of_week=None, keep_time=False):
        when = self.add(days=1)
        wanted = self.weekday() if day_of_week is None else int(day_of_week)
        while when.weekday() != wanted:
            when = when.add(days=1)
        return when if keep_time else when.start_of("day")

    def previous(self, day_of_week=None, keep_time=False):
        when = self.subtract(days=1)
        wanted = self.weekday() if day_of_week is None else int(day_of_week)
        while when.weekday() != wanted:
            when = when.subtract(days=1)
        return when if keep_time else when.start_of("day")


class Date(_Dates, _dt.date):
    def add(self, years=0, months=0, weeks=0, days=0):
        when = _shift_months(self, years * 12 + months) if years or months else self
        moved = _dt.date.__add__(when, _dt.timedelta(weeks=weeks, days=days))
        return Date(moved.year, moved.month, moved.day)

    def subtract(self, years=0, months=0, weeks=0, days=0):
        return self.add(-years, -months, -weeks, -days)

    def start_of(self, unit):
        return DateTime(self.year, self.month, self.day).start_of(unit).date()

    def end_of(self, unit):
        return DateTime(self.year, self.month, self.day).end_of(unit).date()

    def diff(self, other=None, abs=True):
        return Interval(self, other or Date.today(), abs)


class Time(_dt.time):
    pass


class DateTime(_Dates, _dt.datetime):
    """A datetime with pendulum's methods."""

    @classmethod
    def instance(cls, when, tz=UTC):
        zone = when.tzinfo or tz
        if zone == _dt.timezone.utc:
            zone = UTC
        elif isinstance(zone, _dt.timezone):
            from .zones import FixedTimezone

            zone = FixedTimezone(int(zone.utcoffset(None).total_seconds()))
        elif hasattr(zone, "key") and type(zone).__name__ != "Timezone":
            zone = timezone(zone.key)
        return cls(when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond, tzinfo=zone,
                   fold=when.fold)

    @classmethod
    def now(cls, tz=None):
        return cls.instance(_dt.datetime.now(_dt.timezone.utc)).in_timezone(tz or UTC)

    @classmethod
    def utcnow(cls):
        return cls.now(UTC)

    timezone = property(lambda self: self.tzinfo)
    tz = timezone
    timezone_name = property(lambda self: getattr(self.tzinfo, "name", None))
    offset = property(lambda self: int(self.utcoffset().total_seconds()))
    offset_hours = property(lambda self: self.offset / 3600)
    int_timestamp = property(lambda self: int(self.timestamp()))
    float_timestamp = property(lambda self: self.timestamp())

    def in_timezone(self, tz):
        zone = timezone(tz) if isinstance(tz, str) else tz
        return DateTime.instance(self.astimezone(zone)) if self.tzinfo is not None else self.replace(tzinfo=zone)

    in_tz = in_timezone

    def set(self, tz=None, **parts):
        made = self.replace(**parts)
        return made if tz is None else made.replace(tzinfo=timezone(tz) if isinstance(tz, str) else tz)

    def on(self, year, month, day):
        return self.replace(year=year, month=month, day=day)

    def at(self, hour, minute=0, second=0, microsecond=0):
        return self.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)

    def naive(self):
        return self.replace(tzinfo=None)

    def date(self):
        return Date(self.year, self.month, self.day)

    def time(self):
        return Time(self.hour, self.minute, self.second, self.microsecond)

    def add(self, years=0, months=0, weeks=0, days=0, hours=0, minutes=0, seconds=0, microseconds=0):
        when = _shift_months(self, years * 12 + months) if years or months else self
        if weeks or days:
            when = _dt.datetime.__add__(when, _dt.timedelta(weeks=weeks, days=days))
        gap = _dt.timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)
        if gap:
            zone = when.tzinfo
            if zone is None:
                when = _dt.datetime.__add__(when, gap)
            else:
                when = _dt.datetime.__add__(when.astimezone(UTC), gap).astimezone(zone)
        return when

    def subtract(self, years=0, months=0, weeks=0, days=0, hours=0, minutes=0, seconds=0, microseconds=0):
        return self.add(-years, -months, -weeks, -days, -hours, -minutes, -seconds, -microseconds)

    def __add__(self, other):
        if not isinstance(other, _dt.timedelta):
            return NotImplemented
        if getattr(other, "_years", 0) or getattr(other, "_months", 0):
            rest = other.total_seconds() - 86400 * (365 * other._years + 30 * other._months)
            return self.add(years=other._years, months=other._months, seconds=rest)
        days, rest = other.days, other - _dt.timedelta(days=other.days)
        return self.add(days=days, seconds=_dt.timedelta.total_seconds(rest))

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, _dt.timedelta):
            if getattr(other, "_years", 0) or getattr(other, "_months", 0):
                rest = other.total_seconds() - 86400 * (365 * other._years + 30 * other._months)
                return self.subtract(years=other._years, months=other._months, seconds=rest)
            return self + (-_dt.timedelta(seconds=other.total_seconds()))
        if isinstance(other, _dt.datetime):
            return Interval(other if isinstance(other, DateTime) else DateTime.instance(other), self)
        return NotImplemented

    def __rsub__(self, other):
        return DateTime.instance(other) - self

    def diff(self, other=None, abs=True):
        return Interval(self, other or DateTime.now(self.tzinfo), abs)

    def diff_for_humans(self, other=None, absolute=False, locale=None):
        gap = (other or DateTime.now(UTC)) - self
        seconds = gap.total_seconds()
        size = max(seconds, -seconds)
        for unit, name in ((31536000, "year"), (2592000, "month"), (604800, "week"), (86400, "day"), (3600, "hour"),
                           (60, "minute"), (1, "second")):
            if size >= unit:
                number = int(size // unit)
                text = f"{number} {name}{'s' if number != 1 else ''}"
                break
        else:
            text = "a few seconds"
        if absolute:
            return text
        if other is None:
            return f"{text} ago" if seconds >= 0 else f"in {text}"
        return f"{text} before" if seconds >= 0 else f"{text} after"

    def start_of(self, unit):
        if unit not in UNITS:
            raise ValueError(f'Invalid unit "{unit}" for start_of()')
        if unit == "second":
            return self.replace(microsecond=0)
        if unit == "minute":
            return self.replace(second=0, microsecond=0)
        if unit == "hour":
            return self.replace(minute=0, second=0, microsecond=0)
        day = self.replace(hour=0, minute=0, second=0, microsecond=0)
        if unit == "week":
            return day.subtract(days=day.weekday())
        if unit == "month":
            return day.replace(day=1)
        if unit == "quarter":
            return day.replace(month=3 * (day.quarter - 1) + 1, day=1)
        if unit == "year":
            return day.replace(month=1, day=1)
        if unit == "decade":
            return day.replace(year=day.year // 10 * 10, month=1, day=1)
        if unit == "century":
            return day.replace(year=(day.year - 1) // 100 * 100 + 1, month=1, day=1)
        return day

    def end_of(self, unit):
        start = self.start_of(unit)
        step = {"quarter": {"months": 3}, "decade": {"years": 10}, "century": {"years": 100}}.get(unit, {unit + "s": 1})
        return start.add(**step).subtract(microseconds=1)

    def is_past(self):
        return self < DateTime.now(UTC)

    def is_future(self):
        return self > DateTime.now(UTC)

    def is_utc(self):
        return self.offset == 0

    def is_same_day(self, other):
        return self.date() == other.date()

    def to_datetime_string(self):
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def to_time_string(self):
        return self.strftime("%H:%M:%S")

    def to_iso8601_string(self):
        text = self.isoformat()
        return text[:-6] + "Z" if self.timezone_name == "UTC" and text.endswith("+00:00") else text

    def to_rfc3339_string(self):
        return self.isoformat()

    to_atom_string = to_w3c_string = to_rfc3339_string

    def to_day_datetime_string(self):
        return self.format("ddd, MMM D, YYYY h:mm A")

    def to_formatted_date_string(self):
        return self.format("MMM DD, YYYY")

    def for_json(self):
        return self.isoformat()

    def __str__(self):
        return self.isoformat(" ")

    def __repr__(self):
        parts = f"{self.year}, {self.month}, {self.day}, {self.hour}, {self.minute}, {self.second}"
        if self.microsecond:
            parts += f", {self.microsecond}"
        if self.tzinfo is not None:
            parts += f", tzinfo={self.tzinfo!r}"
        return f"DateTime({parts})"

    def __hash__(self):
        return super().__hash__()

    def __format__(self, spec):
        if not spec:
            return str(self)
        return self.strftime(spec) if "%" in spec else self.format(spec)


DateTime.min = DateTime(1, 1, 1, tzinfo=UTC)
DateTime.max = DateTime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
for _cls in (DateTime, Date, Time, Duration, Interval):
    _cls.__module__ = "pendulum." + _cls.__name__.lower()
