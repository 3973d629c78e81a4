"""What Airflow's timetables answer, for classes of an author's own that build on them and call `super()`."""
import datetime as dt

from .times import make_zone


def in_utc(when):
    """A moment as pendulum's DateTime in UTC."""
    from .timezones import convert_to_utc

    return convert_to_utc(when)


def now():
    return in_utc(dt.datetime.now(dt.timezone.utc))


def from_local(naive, zone):
    """The moment of a wall-clock time: of two the second, one in a gap is shifted forward by the gap."""
    for fold in (1, 0):
        when = naive.replace(tzinfo=zone, fold=fold).astimezone(dt.timezone.utc)
        if when.astimezone(zone).replace(tzinfo=None, fold=0) == naive:
            break
    return in_utc(when)


class CronSteps:
    """Steps of a cron expression in a time zone."""

    @property
    def _timezone(self):
        return make_zone(self.timezone) if isinstance(self.timezone, str) else self.timezone

    @property
    def _cron(self):
        from .cron_times import Cron

        made = self.__dict__.get("_cron_made")
        if made is None:
            made = self.__dict__["_cron_made"] = Cron(self.cron)
        return made

    def _local(self, current):
        return current.astimezone(self._timezone).replace(tzinfo=None, fold=0)

    def _get_next(self, current):
        naive = dt.datetime(*self._local(current).timetuple()[:6], self._local(current).microsecond)
        found = self._cron.next(naive)
        # one that fires every hour does so in both hours of the same name, too
        return in_utc(current + (found - naive)) if self._cron.every_hour else from_local(found, self._timezone)

    def _get_prev(self, current):
        naive = dt.datetime(*self._local(current).timetuple()[:6], self._local(current).microsecond)
        found = self._cron.prev(naive)
        return in_utc(current - (naive - found)) if self._cron.every_hour else from_local(found, self._timezone)

    def _align_to_next(self, current):
        following = self._get_next(current)
        return following if self._get_prev(following) != current else current

    def _align_to_prev(self, current):
        before = self._get_prev(current)
        return before if self._get_next(before) != current else current

    def _skip_to_latest(self, earliest):
        current = now()
        last = self._get_prev(current)
        # an interval that begins now is the next one; one that ends now is complete
        newest = last if self._get_next(last) == current else self._get_prev(last)
        return newest if earliest is None else max(newest, self._align_to_next(earliest))

    def _calc_first_run(self):
        current = now()
        past, following = self._align_to_prev(current), self._align_to_next(current)
        given = self.run_immediately
        if given is True:
            return past
        room = given if isinstance(given, dt.timedelta) else max((following - past) / 10, dt.timedelta(minutes=5))
        return past if current - past <= room else following


class DeltaSteps:
    """Steps of a fixed distance."""

    def _get_next(self, current):
        return in_utc(current + self.delta)

    def _get_prev(self, current):
        return in_utc(current - self.delta)

    def _align_to_next(self, current):
        return current

    def _align_to_prev(self, current):
        return current

    _delta = property(lambda self: self.delta)

    def _round(self, when, anchor):
        """The last multiple of the distance since the epoch; months and years are counted from `anchor`."""
        if getattr(self.delta, "months", 0) or getattr(self.delta, "years", 0):
            while self._get_next(anchor) <= when:
                anchor = self._get_next(anchor)
            return anchor
        from .times import seconds

        return in_utc(dt.datetime.fromtimestamp(when.timestamp() // seconds(self.delta) * seconds(self.delta), dt.timezone.utc))

    def _skip_to_latest(self, earliest):
        current = now()
        newest = self._get_prev(self._round(current, earliest or current))
        return newest if earliest is None else max(newest, earliest)

    def _calc_first_run(self):
        return self._align_to_prev(now())


class IntervalRuns:
    """A run at the end of each interval."""

    def infer_manual_data_interval(self, *, run_after):
        from .timetables import DataInterval

        end = self._align_to_prev(run_after)
        return DataInterval(self._get_prev(end), end)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        from .timetables import DagRunInfo

        earliest = restriction.earliest
        if not restriction.catchup:
            earliest = self._skip_to_latest(earliest)
        elif earliest is not None:
            earliest = self._align_to_next(earliest)
        last = last_automated_data_interval
        if last is None:
            start = earliest
        else:
            start = self._align_to_prev(last.end)
            start = start if earliest is None else max(start, earliest)
            if start <= last.start:
                start = self._get_next(start)
        if start is None or restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo.interval(start, self._get_next(start))


class TriggerRuns:
    """A run at each time."""

    @property
    def _interval(self):
        return self.interval if self.interval is not None else dt.timedelta()

    def infer_manual_data_interval(self, *, run_after):
        from .timetables import DataInterval

        return DataInterval(in_utc(run_after - self._interval), run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        from .timetables import DagRunInfo

        last, earliest = last_automated_data_interval, restriction.earliest
        if restriction.catchup:
            when = self._get_next(last.end) if last is not None else \
                self._calc_first_run() if earliest is None else self._align_to_next(earliest)
        else:
            times = [self._align_to_prev(now())]
            if last is not None:
                times.append(self._get_next(last.end))
            elif earliest is None:
                times.append(self._calc_first_run())
            if earliest is not None:
                times.append(self._align_to_next(earliest))
            when = max(times)
        if restriction.latest is not None and restriction.latest < when:
            return None
        return DagRunInfo.interval(in_utc(when - self._interval), when)
