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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Schedule, Span,
        schedule::{Answer, AnsweredRun},
    };
    use crate::timetable::{Settings, Timetable};

    const SETTINGS: Settings = Settings { create_cron_data_intervals: false, catchup_by_default: false };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn days(of: &[i8]) -> Vec<Timestamp> {
        of.iter().map(|day| at(&format!("2026-03-{day:02}T00:00:00Z"))).collect()
    }

    fn bounds(catchup: bool) -> Bounds {
        Bounds { start_date: Some(days(&[2])[0]), end_date: Some(days(&[9])[0]), catchup }
    }

    fn follow(timetable: &Timetable, bounds: &Bounds, now: Timestamp) -> Vec<String> {
        let first = timetable.next(None, bounds, now);
        let runs = std::iter::successors(first, |last| timetable.next(Some(last), bounds, now));
        runs.take(9).map(|run| run.run_after.strftime("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn events_come_once_each_within_the_dates() {
        let schedule = Schedule::Events {
            dates: days(&[1, 3, 4, 8, 10]),
            restrict_to_events: true,
            summary: "5 events".into(),
            description: String::new(),
        };
        let timetable = Timetable::compile(&schedule, "UTC", &SETTINGS).unwrap();
        let now = at("2026-03-03T12:00:00Z");
        assert_eq!(follow(&timetable, &bounds(true), now), ["03 00:00", "04 00:00", "08 00:00"]);
        assert_eq!(follow(&timetable, &bounds(false), now), ["04 00:00", "08 00:00"]);
        let about = |text: &str| timetable.manual_interval(at(text)).unwrap().start.to_string();
        assert_eq!(about("2026-03-05T06:00:00Z"), "2026-03-04T00:00:00Z");
        assert_eq!(about("2026-02-01T00:00:00Z"), "2026-03-01T00:00:00Z");
    }

    #[test]
    fn several_crons_make_one_run_at_a_time() {
        let schedule = Schedule::Crons {
            expressions: vec!["0 6 * * *".into(), "0 6,18 * * 3".into()],
            timezone: "UTC".into(),
            interval: Span::default(),
            run_immediately: None,
        };
        let timetable = Timetable::compile(&schedule, "UTC", &SETTINGS).unwrap();
        assert_eq!(timetable.summary(), "0 6 * * *, 0 6,18 * * 3");
        let now = at("2026-03-05T07:00:00Z");
        let all = follow(&timetable, &bounds(true), now);
        assert_eq!(all[..5], ["02 06:00", "03 06:00", "04 06:00", "04 18:00", "05 06:00"]);
        assert_eq!(follow(&timetable, &bounds(false), now)[..2], ["05 06:00", "06 06:00"]);
    }

    #[test]
    fn a_first_run_may_be_late_as_was_said() {
        let open = Bounds { start_date: None, end_date: None, catchup: false };
        let now = at("2026-03-05T07:00:00Z");
        let first = |run_immediately| {
            let (expression, timezone) = ("0 6 * * *".to_owned(), "UTC".to_owned());
            let schedule = Schedule::Cron {
                expression,
                timezone,
                data_interval: Some(false),
                interval: Span::default(),
                run_immediately,
            };
            let timetable = Timetable::compile(&schedule, "UTC", &SETTINGS).unwrap();
            assert_eq!(timetable.class_name(), "CronTriggerTimetable");
            timetable.next(None, &open, now).unwrap().run_after.to_string()
        };
        assert_eq!(first(Some(1e12)), "2026-03-05T06:00:00Z");
        assert_eq!(first(Some(60.0)), "2026-03-06T06:00:00Z");
        assert_eq!(first(None), "2026-03-05T06:00:00Z");
    }

    #[test]
    fn answers_are_used_until_they_are_stale_or_used_up() {
        let dates = days(&[2, 3, 4, 5]);
        let intervals: Vec<Interval> = dates.windows(2).map(|w| (w[0], w[1])).collect();
        let mut after = None;
        let mut next = Vec::new();
        for interval in &intervals {
            let run = AnsweredRun { run_after: interval.1, data_interval: Some(*interval) };
            next.push(Answer { after: after.replace(*interval), run: Some(run) });
        }
        let answers = Answers { asked_at: Some(at("2026-03-02T12:00:00Z")), next };
        let ask = |last: Option<&DueRun>, catchup, now| answer(&answers, last, &bounds(catchup), at(now));
        let Said::Next(Some(first)) = ask(None, true, "2026-03-02T12:00:00Z") else { panic!() };
        assert_eq!((first.logical_date, first.run_after), (Some(dates[0]), dates[1]));
        let Said::Next(Some(second)) = ask(Some(&first), true, "2026-03-09T00:00:00Z") else { panic!() };
        assert_eq!(second.run_after, dates[2]);
        // Without catchup it would leave the second out by now.
        assert_eq!(ask(Some(&first), false, "2026-03-09T00:00:00Z"), Said::Unknown);
        assert_eq!(ask(Some(&first), false, "2026-03-04T00:00:00Z"), Said::Next(Some(second.clone())));
        let Said::Next(Some(third)) = ask(Some(&second), true, "2026-03-09T00:00:00Z") else { panic!() };
        assert_eq!(ask(Some(&third), true, "2026-03-09T00:00:00Z"), Said::Unknown);
    }
}
