"""Asking a timetable class of the author's own: for the next runs, and for the data interval of a triggered one."""
import time

from . import state
from .times import as_datetime, make_zone, utc_text, zone_name, zone_of
from .timetables import DataInterval, TimeRestriction

RUNS_AHEAD = 50


def moment(text):
    """An RFC 3339 text as pendulum's DateTime in UTC."""
    from .timezones import parse

    return parse(text)


def in_utc(when, zone):
    """A date of a DAG as pendulum's DateTime in UTC."""
    return None if when is None else moment(utc_text(as_datetime(when), zone))


def restriction(dag, catchup):
    """The DAG's first and last date, also those of its tasks."""
    zone = zone_name(zone_of(dag))
    tasks = dag.task_dict.values()
    starts = [dag.start_date or dag.default_args.get("start_date")]
    if starts[0] is None:
        starts = [t.start_date for t in tasks]
    ends = [dag.end_date or dag.default_args.get("end_date")]
    starts = [in_utc(d, zone) for d in starts if d is not None]
    ends = [in_utc(d, zone) for d in ends if d is not None]
    return TimeRestriction(min(starts) if starts else None, max(ends) if ends else None, catchup)


def interval_texts(interval):
    return None if interval is None else [utc_text(interval.start), utc_text(interval.end)]


def timed(dag):
    """The part of a DAG's timetable that is about time: all of it, or what stands beside assets."""
    return getattr(dag.timetable, "timetable", None) or dag.timetable


def answers(dag, last, catchup):
    """The model's `Answers`: the runs after the last automated one, each asked for with the one before it."""
    timetable = timed(dag)
    limits = restriction(dag, catchup)
    after = None if last is None else DataInterval(moment(last[0]), moment(last[1]))
    made = []
    for _ in range(RUNS_AHEAD):
        try:
            info = timetable.next_dagrun_info(last_automated_data_interval=after, restriction=limits)
        except Exception as error:
            state.warnings.append((dag.fileloc, dag.line, f"DAG {dag.dag_id}: {type(timetable).__name__} raised "
                                   f"{type(error).__name__}: {error}; no further runs are scheduled", None))
            break
        row = {"after": interval_texts(after), "run": None}
        made.append(row)
        if info is None:
            break
        row["run"] = {"run_after": utc_text(info.run_after), "data_interval": interval_texts(info.data_interval)}
        following = info.data_interval or DataInterval.exact(info.run_after)
        if after is not None and following.end <= after.end:
            break
        after = following
    now = time.time()
    from datetime import datetime

    return {"asked_at": utc_text(datetime.fromtimestamp(now, make_zone("UTC"))), "next": made}


def manual(dag, at):
    """Data interval of a run that a person triggers for a moment, as texts."""
    return interval_texts(timed(dag).infer_manual_data_interval(run_after=moment(at)))
