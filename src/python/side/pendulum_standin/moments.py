"""`DateTime`, `Date`, `Time`."""
import calendar
import datetime as _dt

from .spans import Duration, Interval, plain
from .zones import UTC, timezone

UNITS = ("microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century")


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

    week_of_month = property(lambda self: (self.day + self.replace(day=1).weekday() - 1) // 7 + 1)

    def is_long_year(self):
        """It has 53 weeks."""
        return _dt.date(self.year, 12, 28).isocalendar()[1] == 53

    def is_anniversary(self, other=None):
        other = other or type(self).today()
        return (self.month, self.day) == (other.month, other.day)

    is_birthday = is_anniversary

    @property
    def age(self):
        return self.diff(abs=False).in_years()

    def first_of(self, unit, day_of_week=None):
        """The first day, or the first such weekday, of the month, quarter or year."""
        when = self.start_of(unit)
        return when if day_of_week is None or when.weekday() == int(day_of_week) else when.next(day_of_week)

    def last_of(self, unit, day_of_week=None):
        when = self.end_of(unit)
        when = when.start_of("day") if hasattr(when, "hour") else when
        return when if day_of_week is None or when.weekday() == int(day_of_week) else when.previous(day_of_week)

    def nth_of(self, unit, nth, day_of_week):
        when = self.first_of(unit, day_of_week).add(weeks=nth - 1)
        if when > self.end_of(unit):
            raise ValueError(f"Unable to find occurrence {nth} of {day_of_week} in {unit}")
        return when

    def closest(self, *others):
        return min(others, key=lambda one: abs(plain(one - self)))

    def farthest(self, *others):
        return max(others, key=lambda one: abs(plain(one - self)))

    def average(self, other=None):
        return self.add(seconds=plain((other or type(self).now()) - self).total_seconds() / 2)

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

    def __add__(self, other):
        if not isinstance(other, _dt.timedelta):
            return NotImplemented
        return self.add(getattr(other, "_years", 0), getattr(other, "_months", 0),
                        days=other.days - getattr(other, "_years", 0) * 365 - getattr(other, "_months", 0) * 30)

    def __sub__(self, other):
        if isinstance(other, _dt.timedelta):
            return self.add(-getattr(other, "_years", 0), -getattr(other, "_months", 0),
                            days=-(other.days - getattr(other, "_years", 0) * 365 - getattr(other, "_months", 0) * 30))
        if isinstance(other, _dt.date):
            return Interval(other if isinstance(other, Date) else Date(other.year, other.month, other.day), self)
        return NotImplemented

    def __repr__(self):
        return f"Date({self.year}, {self.month}, {self.day})"

    __hash__ = _dt.date.__hash__


class Time(_dt.time):
    def add(self, hours=0, minutes=0, seconds=0, microseconds=0):
        when = _dt.datetime.combine(_dt.date(2000, 1, 2), self) + _dt.timedelta(
            hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)
        return Time(when.hour, when.minute, when.second, when.microsecond)

    def subtract(self, hours=0, minutes=0, seconds=0, microseconds=0):
        return self.add(-hours, -minutes, -seconds, -microseconds)

    def __repr__(self):
        parts = [self.hour, self.minute, self.second] + ([self.microsecond] if self.microsecond else [])
        return f"Time({', '.join(map(str, parts))})"


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

    def astimezone(self, tz=None):
        # by a plain datetime: the zone's arithmetic must not come back to ours
        when = _dt.datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond,
                            self.tzinfo, fold=self.fold).astimezone(tz)
        return type(self)(when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond,
                          when.tzinfo, fold=when.fold)

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
        return self.add(days=other.days, seconds=other.seconds, microseconds=other.microseconds)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, _dt.timedelta):
            if getattr(other, "_years", 0) or getattr(other, "_months", 0):
                rest = other.total_seconds() - 86400 * (365 * other._years + 30 * other._months)
                return self.subtract(years=other._years, months=other._months, seconds=rest)
            return self + -plain(other)
        if isinstance(other, _dt.datetime):
            return Interval(other if isinstance(other, DateTime) else DateTime.instance(other), self)
        return NotImplemented

    def __rsub__(self, other):
        return DateTime.instance(other) - self

    def diff(self, other=None, abs=True):
        return Interval(self, other or DateTime.now(self.tzinfo), abs)

    def diff_for_humans(self, other=None, absolute=False, locale=None):
        """How far it is from another moment, or from now, in words."""
        from .spans import in_words_of

        is_past = self < (other or DateTime.now(UTC))
        text = in_words_of(*sorted((self, other or DateTime.now(UTC))))
        if absolute:
            return text
        if other is None:
            return f"{text} ago" if is_past else f"in {text}"
        return f"{text} before" if is_past else f"{text} after"

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

    def is_dst(self):
        return bool(self.dst())

    def is_local(self):
        return self.offset == self.in_timezone("local").offset

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

    def to_atom_string(self):
        return self.replace(microsecond=0).isoformat()

    to_w3c_string = to_atom_string

    def to_cookie_string(self):
        return self.strftime("%A, %d-%b-%Y %H:%M:%S ") + str(self.tzname())

    def to_rfc822_string(self):
        return self.strftime("%a, %d %b %y %H:%M:%S %z")

    def to_rfc2822_string(self):
        return self.strftime("%a, %d %b %Y %H:%M:%S %z")

    to_rss_string = to_rfc1123_string = to_rfc2822_string

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
