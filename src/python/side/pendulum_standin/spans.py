"""`Duration` and `Interval`."""
import datetime as _dt

WORDS = ("year", "month", "week", "day", "hour", "minute", "second")


class Duration(_dt.timedelta):
    """A timedelta that also remembers months and years."""

    def __new__(cls, days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0, years=0, months=0):
        self = super().__new__(cls, days + years * 365 + months * 30, seconds, microseconds, milliseconds, minutes, hours,
                               weeks)
        self._years, self._months = years, months
        return self

    def _parts(self):
        """(years, months, weeks, days, hours, minutes, seconds, microseconds), each with the sign of the whole."""
        rest = _dt.timedelta(self.days, self.seconds, self.microseconds) \
            - _dt.timedelta(self._years * 365 + self._months * 30)
        sign = -1 if rest < _dt.timedelta(0) else 1
        rest = abs(rest)
        weeks, days = divmod(rest.days, 7)
        hours, left = divmod(rest.seconds, 3600)
        small = (weeks, days, hours, left // 60, left % 60, rest.microseconds)
        return (self._years, self._months, *(sign * number for number in small))

    years = property(lambda self: self._parts()[0])
    months = property(lambda self: self._parts()[1])
    weeks = property(lambda self: self._parts()[2])
    remaining_days = property(lambda self: self._parts()[3])
    hours = property(lambda self: self._parts()[4])
    minutes = property(lambda self: self._parts()[5])
    remaining_seconds = property(lambda self: self._parts()[6])

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
        parts = [f"{number} {name}{'s' if abs(number) != 1 else ''}" for number, name in zip(self._parts(), WORDS) if number]
        if not parts and self.microseconds:
            return f"{abs(self.microseconds) / 1e6:.2f} second"
        return separator.join(parts) or "0 milliseconds"

    def as_timedelta(self):
        return _dt.timedelta(seconds=self.total_seconds())

    def _of(self, made, factor=None):
        """The same sum as a Duration; years and months only where they are multiplied."""
        if factor is None:
            return Duration(made.days, made.seconds, made.microseconds)
        years, months = self._years * factor, self._months * factor
        rest = made - _dt.timedelta(years * 365 + months * 30)
        return Duration(rest.days, rest.seconds, rest.microseconds, years=years, months=months)

    def _plain(self):
        return _dt.timedelta(self.days, self.seconds, self.microseconds)

    def __add__(self, other):
        return self._of(self._plain() + plain(other)) if isinstance(other, _dt.timedelta) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other):
        return self._of(self._plain() - plain(other)) if isinstance(other, _dt.timedelta) else NotImplemented

    def __neg__(self):
        return self._of(-self._plain(), -1)

    def __abs__(self):
        return -self if self < _dt.timedelta(0) else self._of(self._plain(), 1)

    def __mul__(self, other):
        if isinstance(other, int):
            return self._of(self._plain() * other, other)
        return self._of(self._plain() * other) if isinstance(other, float) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other):
        if isinstance(other, _dt.timedelta):
            return self._plain() / plain(other)
        return self._of(self._plain() / other)

    def __floordiv__(self, other):
        if isinstance(other, _dt.timedelta):
            return self._plain() // plain(other)
        return self._of(self._plain() // other)

    def __repr__(self):
        names = ("years", "months", "weeks", "days", "hours", "minutes", "seconds", "microseconds")
        return f"Duration({', '.join(f'{name}={number}' for name, number in zip(names, self._parts()) if number)})"

    def __str__(self):
        return self.in_words()

    def __reduce__(self):
        return (Duration, (self.days, self.seconds, self.microseconds))


def plain(span):
    """A timedelta of any of them."""
    return _dt.timedelta(span.days, span.seconds, span.microseconds)


class Interval(Duration):
    """The time between two moments or dates."""

    def __new__(cls, start, end, absolute=False):
        kind = _dt.datetime if isinstance(end, _dt.datetime) else _dt.date
        gap = kind.__sub__(end, start)
        if absolute and gap < _dt.timedelta(0):
            gap, start, end = -gap, end, start
        self = Duration.__new__(cls, gap.days, gap.seconds, gap.microseconds)
        self.start, self.end = start, end
        return self

    def in_months(self):
        first, last = (self.start, self.end) if self.start <= self.end else (self.end, self.start)
        months = (last.year - first.year) * 12 + last.month - first.month
        if first.add(months=months) > last:
            months -= 1
        return months if self.start <= self.end else -months

    def in_years(self):
        months = self.in_months()
        return months // 12 if months >= 0 else -(-months // 12)

    def as_duration(self):
        return Duration(self.days, self.seconds, self.microseconds)

    as_interval = as_duration

    def range(self, unit, amount=1):
        when, number = self.start, 0
        forward = self.start <= self.end
        while when <= self.end if forward else when >= self.end:
            yield when
            number += amount
            when = (self.start.add if forward else self.start.subtract)(**{unit: number})

    def __iter__(self):
        return self.range("days")

    def __contains__(self, when):
        return self.start <= when <= self.end

    def __repr__(self):
        return f"<Interval [{self.start} -> {self.end}]>"

    __str__ = __repr__

    def __reduce__(self):
        return (Interval, (self.start, self.end))


def in_words_of(start, end):
    """One number with a unit, as pendulum rounds it for people."""
    months = Interval(start, end).in_months()
    rest = plain(Interval(start.add(months=months), end))
    years, months = divmod(months, 12)
    hours, minutes, seconds = rest.seconds // 3600, rest.seconds // 60 % 60, rest.seconds % 60
    if years:
        number, unit = years + (months > 6), "year"
    elif months == 11 and rest.days > 15:
        number, unit = 1, "year"
    elif months:
        number, unit = months + (rest.days >= 27), "month"
    elif rest.days >= 7:
        number, unit = rest.days // 7 + (rest.days % 7 > 3), "week"
    elif rest.days:
        number, unit = rest.days + (hours >= 22), "day"
    elif hours:
        number, unit = hours, "hour"
    elif minutes:
        number, unit = minutes, "minute"
    elif seconds > 10:
        number, unit = seconds, "second"
    else:
        return "a few seconds"
    return f"{number} {unit}{'s' if number != 1 else ''}"
