//! Timetables whose runs are listed: events, and what a timetable written in Python answered.

use jiff::Timestamp;

use super::{Bounds, DataInterval, DueRun, rules};
use crate::model::schedule::{Answers, Interval};

/// The next of some events, by the rules of Airflow's `EventsTimetable`: without catchup those that have passed are left
/// out.
pub fn event(dates: &[Timestamp], last: Option<&DueRun>, bounds: &Bounds, now: Timestamp) -> Option<DueRun> {
    let earliest = if bounds.catchup { bounds.start_date } else { bounds.start_date.max(Some(now)) };
    let after = last.map(rules::end_of);
    let fits = |at: &&Timestamp| earliest.is_none_or(|e| **at >= e) && after.is_none_or(|end| **at > end);
    let at = dates.iter().find(fits).copied()?;
    bounds.end_date.is_none_or(|end| at <= end).then(|| rules::about(at, at))
}

/// The event that a run triggered at `at` is about, if it must be one: the last before it, else the first.
pub fn event_of(dates: &[Timestamp], at: Timestamp) -> Option<Timestamp> {
    dates.iter().rev().find(|event| **event <= at).or(dates.first()).copied()
}

/// What a timetable written in Python said about the run after `last`.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// This run, or none any more.
    Next(Option<DueRun>),
    /// It was not asked, or so long ago that it would say something else now.
    Unknown,
}

/// Looks an answer up. Without catchup an answer is stale when the run after it is due as well and wasn't when it was
/// asked: a timetable that leaves out missed runs would have left this one out.
pub fn answer(answers: &Answers, last: Option<&DueRun>, bounds: &Bounds, now: Timestamp) -> Said {
    let after: Option<Interval> = last.map(|last| interval_of(last).unwrap_or((last.run_after, last.run_after)));
    let Some(at) = answers.next.iter().position(|answer| answer.after == after) else { return Said::Unknown };
    if !bounds.catchup
        && let Some(following) = answers.next.get(at + 1).and_then(|answer| answer.run.as_ref())
        && following.run_after <= now
        && answers.asked_at.is_some_and(|asked| following.run_after > asked)
    {
        return Said::Unknown;
    }
    Said::Next(answers.next[at].run.as_ref().map(|run| {
        let data_interval = run.data_interval.map(|(start, end)| DataInterval { start, end });
        DueRun { logical_date: data_interval.map(|i| i.start), data_interval, run_after: run.run_after }
    }))
}

fn interval_of(run: &DueRun) -> Option<Interval> {
    run.data_interval.map(|interval| (interval.start, interval.end))
}
