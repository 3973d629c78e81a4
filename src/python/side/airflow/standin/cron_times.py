"""When a cron expression fires, in local time: for timetable classes of an author's own that build on Airflow's. (The scheduler itself
computes the times of all others.)"""
import datetime as dt
from calendar import monthrange

from .cron import DAYS, MONTHS, check_cron

WORDS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
         "@monthly": "0 0 1 * *", "@quarterly": "0 0 1 */3 *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (0, 59), (1970, 2099))
YEARS = 50
"""So far is looked for the next time."""


class Cron:
    """The fields of an expression, and steps from one time to the next."""

    def __init__(self, text):
        check_cron(text)
        self.text = text
        fields = WORDS.get(text, text).split()
        self.minutes, self.hours = numbers(fields[0], 0), numbers(fields[1], 1)
        self.months, self.days, self.weekdays = numbers(fields[3], 3), fields[2].lower(), fields[4].lower()
        self.seconds = numbers(fields[5], 5) if len(fields) > 5 else {0}
        self.years = numbers(fields[6], 6) if len(fields) > 6 else None
        self.every_hour = fields[1] in ("*", "?", "*/1")

    def next(self, after):
        """The first time after a naive one."""
        day = after.date()
        for _ in range(YEARS * 366):
            if self._has_day(day):
                for time in self._times():
                    found = dt.datetime.combine(day, time)
                    if found > after:
                        return found
            day += dt.timedelta(days=1)
        raise self._never(after)

    def prev(self, before):
        """The last time before a naive one."""
        day = before.date()
        for _ in range(YEARS * 366):
            if self._has_day(day):
                for time in reversed(self._times()):
                    found = dt.datetime.combine(day, time)
                    if found < before:
                        return found
            day -= dt.timedelta(days=1)
        raise self._never(before)

    def _never(self, when):
        from .exceptions import AirflowTimetableInvalid

        return AirflowTimetableInvalid(f"[{self.text}] doesn't fire within {YEARS} years of {when}")

    def _times(self):
        return [dt.time(hour, minute, second) for hour in sorted(self.hours) for minute in sorted(self.minutes)
                for second in sorted(self.seconds)]

    def _has_day(self, day):
        if day.month not in self.months or self.years is not None and day.year not in self.years:
            return False
        any_day, any_weekday = self.days in ("*", "?"), self.weekdays in ("*", "?")
        if any_day or any_weekday:
            return (any_day or self._in_month(day)) and (any_weekday or self._in_week(day))
        # both are restricted: either is enough
        return self._in_month(day) or self._in_week(day)

    def _in_month(self, day):
        last = monthrange(day.year, day.month)[1]
        for part in self.days.split(","):
            if part == "l":
                found = day.day == last
            elif part == "lw":
                found = day == nearest_weekday(day, last)
            elif part.endswith("w"):
                found = int(part[:-1]) <= last and day == nearest_weekday(day, int(part[:-1]))
            else:
                found = day.day in numbers(part, 2)
            if found:
                return True
        return False

    def _in_week(self, day):
        own = day.isoweekday() % 7
        for part in self.weekdays.split(","):
            if part[:1] == "l" and part[1:]:
                found = own in numbers(part[1:], 4) and (day + dt.timedelta(days=7)).month != day.month
            elif "#" in part:
                wanted, _, nth = part.partition("#")
                found = own in numbers(wanted, 4) and (day.day - 1) // 7 + 1 == int(nth)
            else:
                found = own in numbers(part, 4)
            if found:
                return True
        return False


def nearest_weekday(day, number):
    """The weekday nearest to a day of this month, within the month."""
    wanted = day.replace(day=number)
    last = monthrange(day.year, day.month)[1]
    if wanted.weekday() == 5:
        return wanted.replace(day=number - 1) if number > 1 else wanted.replace(day=3)
    if wanted.weekday() == 6:
        return wanted.replace(day=number + 1) if number < last else wanted.replace(day=number - 2)
    return wanted


def numbers(field, place):
    """All numbers of a field; a range may wrap around, Sunday is 0 and 7."""
    low, high = BOUNDS[place]
    names = {3: MONTHS, 4: DAYS}.get(place, ())
    found = set()

    def number(word):
        return names.index(word) + (1 if names is MONTHS else 0) if word in names else int(word)

    for part in field.lower().split(","):
        body, _, step = part.partition("/")
        if body in ("*", "?"):
            first, last = low, 6 if place == 4 else high
        else:
            start, dash, end = body.partition("-")
            first = number(start)
            last = number(end) if dash else high if step else first
        if last < first:
            size = high - low + (0 if place == 4 else 1)
            wrapped = [low + (n - low) % size for n in range(first, last + size + 1)]
        else:
            wrapped = list(range(first, last + 1))
        found.update(wrapped[::int(step or 1)])
    if place == 4:
        return {n % 7 for n in found}
    return found
