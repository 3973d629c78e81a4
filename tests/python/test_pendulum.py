"""The stand-in for pendulum, against what pendulum 3 itself says."""
import unittest

from test_names import run

HEAD = ("from dagdeck_side import load; load.prepare('/tmp')\n"
        "import sys; sys.modules.pop('pendulum', None)\n"
        "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        "import pendulum, datetime as dt\n"
        "d = pendulum.datetime(2026, 3, 28, 23, 30, 15, 123456)\n"
        "b = pendulum.datetime(2026, 3, 29, 1, 30, tz='Europe/Berlin')\n")
SAID = """
d.in_timezone("Europe/Berlin") -> 2026-03-29 00:30:15.123456+01:00
b.add(hours=1) -> 2026-03-29 03:30:00+02:00
b + dt.timedelta(hours=1) -> 2026-03-29 03:30:00+02:00
b.subtract(days=1) -> 2026-03-28 01:30:00+01:00
pendulum.datetime(2026, 3, 29, 2, 30, tz="Europe/Berlin") -> 2026-03-29 03:30:00+02:00
pendulum.datetime(2026, 10, 25, 2, 30, tz="Europe/Berlin") -> 2026-10-25 02:30:00+01:00
pendulum.datetime(2026, 1, 31).add(months=1) -> 2026-02-28 00:00:00+00:00
d - b -> <Interval [2026-03-29 01:30:00+01:00 -> 2026-03-28 23:30:15.123456+00:00]>
(b - d).in_words() -> 59 minutes 44 seconds
pendulum.duration(days=3) / 2 -> 1 day 12 hours
pendulum.duration(years=1, months=2) -> 1 year 2 months
-pendulum.duration(days=1) -> -1 day
repr(pendulum.date(2026, 1, 31) - pendulum.date(2026, 1, 1)) -> <Interval [2026-01-01 -> 2026-01-31]>
(pendulum.date(2026, 1, 31) - pendulum.date(2026, 1, 1)).days -> 30
d.format("dddd Do MMMM Y, h:mm A") -> Saturday 28th March 2026, 11:30 PM
d.first_of("month", pendulum.MONDAY) -> 2026-03-02 00:00:00+00:00
d.last_of("month") -> 2026-03-31 00:00:00+00:00
d.nth_of("month", 2, pendulum.TUESDAY) -> 2026-03-10 00:00:00+00:00
d.to_atom_string() -> 2026-03-28T23:30:15+00:00
pendulum.parse("2026-W05-2") -> 2026-01-27 00:00:00+00:00
pendulum.parse("2026-032") -> 2026-02-01 00:00:00+00:00
repr(pendulum.parse("12:30", exact=True)) -> Time(12, 30, 0)
pendulum.parse("2026-01-01/2026-01-03") -> <Interval [2026-01-01 -> 2026-01-03]>
repr(pendulum.MONDAY) -> <WeekDay.MONDAY: 0>
pendulum.interval(pendulum.datetime(2026, 1, 31), pendulum.datetime(2026, 3, 1)).in_months() -> 1
[m.day for m in pendulum.interval(pendulum.date(2026, 1, 31), pendulum.date(2026, 3, 31)).range("months")] -> [31, 28, 31]
"""


class Pendulum(unittest.TestCase):
    def test_it_says_what_pendulum_says(self):
        rows = [line.rpartition(" -> ") if line.count(" -> ") == 1 else line.partition(" -> ")
                for line in SAID.strip().splitlines()]
        code = HEAD + "".join(f"print({expression})\n" for expression, _, _ in rows)
        lines = run(code).splitlines()
        self.assertEqual(len(lines), len(rows))
        for (expression, _, wanted), said in zip(rows, lines):
            self.assertEqual(said, wanted, expression)
