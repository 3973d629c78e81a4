//! Daylight saving time, catching up, and the schedules that are not periodic.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const TRIGGER: Settings = Settings { create_cron_data_intervals: false, catchup_by_default: false };
const INTERVAL: Settings = Settings { create_cron_data_intervals: true, catchup_by_default: false };

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cron(expression: &str, timezone: &str) -> Schedule {
    let (expression, timezone) = (expression.to_owned(), timezone.to_owned());
    Schedule::Cron { expression, timezone, data_interval: None, interval: Span::default(), run_immediately: None }
}

fn delta(seconds: f64, months: i32) -> Schedule {
    Schedule::Delta { seconds, months, data_interval: None, interval: Span::default() }
}

fn bounds(start: &str, catchup: bool) -> Bounds {
    Bounds { start_date: (!start.is_empty()).then(|| at(start)), end_date: None, catchup }
}

fn minutes(runs: &[DueRun]) -> Vec<String> {
    runs.iter().map(|run| run.run_after.strftime("%d %H:%M").to_string()).collect()
}

/// Day and time, in UTC, of the runs in a window.
fn runs(expression: &str, timezone: &str, from: &str, to: &str) -> Vec<String> {
    let timetable = Timetable::compile(&cron(expression, timezone), "UTC", &TRIGGER).unwrap();
    minutes(&timetable.between(at(from), at(to), 100))
}

#[test]
fn berlin() {
    let spring = |expression| runs(expression, "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(spring("30 2 * * *"), ["28 01:30", "29 01:30", "30 00:30"], "02:30 doesn't exist: 03:30 local");
    assert_eq!(spring("0 3 * * *"), ["28 02:00", "29 01:00", "30 01:00"]);
    let autumn = |expression| runs(expression, "Europe/Berlin", "2026-10-24T00:00:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(autumn("30 2 * * *"), ["24 00:30", "25 01:30", "26 01:30"], "02:30 comes twice: the second one");
    let hourly = runs("0 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z");
    assert_eq!(hourly, ["24 23:00", "25 00:00", "25 01:00", "25 02:00", "25 03:00"], "both 02:00s");
}

#[test]
fn new_york() {
    let spring = |expression| runs(expression, "America/New_York", "2026-03-07T00:00:00Z", "2026-03-09T12:00:00Z");
    assert_eq!(spring("30 2 * * *"), ["07 07:30", "08 07:30", "09 06:30"]);
    assert_eq!(spring("30 1 * * *"), ["07 06:30", "08 06:30", "09 05:30"], "no extra run after the gap");
    let autumn = |expression| runs(expression, "America/New_York", "2026-10-31T00:00:00Z", "2026-11-02T12:00:00Z");
    assert_eq!(autumn("30 1 * * *"), ["31 05:30", "01 06:30", "02 06:30"]);
    assert_eq!(autumn("0 3 * * *"), ["31 07:00", "01 08:00", "02 08:00"]);
}

#[test]
fn lord_howe_moves_its_clocks_by_half_an_hour() {
    // 2026-10-04 02:00 +10:30 becomes 02:30 +11:00; 2026-04-05 02:00 +11:00 becomes 01:30 +10:30.
    let zone = "Australia/Lord_Howe";
    let spring = |expression| runs(expression, zone, "2026-10-02T13:30:00Z", "2026-10-05T00:00:00Z");
    assert_eq!(spring("15 2 * * *"), ["02 15:45", "03 15:45", "04 15:15"], "02:15 doesn't exist: 02:45 local");
    let autumn = |expression| runs(expression, zone, "2026-04-03T13:00:00Z", "2026-04-06T00:00:00Z");
    assert_eq!(autumn("45 1 * * *"), ["03 14:45", "04 15:15", "05 15:15"], "01:45 comes twice: the second one");
    let half_hourly = runs("*/30 * * * *", zone, "2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z");
    assert_eq!(half_hourly, ["04 14:00", "04 14:30", "04 15:00", "04 15:30"]);
}

#[test]
fn intervals_go_on_over_half_an_hour_of_missing_time() {
    let hourly = Timetable::compile(&cron("0 * * * *", "Australia/Lord_Howe"), "UTC", &INTERVAL).unwrap();
    let found = hourly.between(at("2026-10-03T13:30:00Z"), at("2026-10-03T17:00:00Z"), 100);
    assert_eq!(minutes(&found), ["03 14:30", "03 15:30", "03 16:00", "03 17:00", "03 18:00"]);
}

#[test]
fn a_delta_is_absolute_time_and_months_keep_the_day_if_they_can() {
    let day = Timetable::compile(&delta(86400.0, 0), "Europe/Berlin", &TRIGGER).unwrap();
    let days = day.between(at("2026-03-28T12:00:00Z"), at("2026-03-30T12:00:00Z"), 9);
    assert_eq!(minutes(&days), ["28 12:00", "29 12:00", "30 12:00"]);
    let month = Timetable::compile(&delta(0.0, 1), "UTC", &TRIGGER).unwrap();
    let months = month.between(at("2026-01-31T00:00:00Z"), at("2026-05-01T00:00:00Z"), 9);
    assert_eq!(minutes(&months), ["31 00:00", "28 00:00", "28 00:00", "28 00:00"]);
}

#[test]
fn summaries_are_pythons() {
    for (seconds, months, summary) in [
        (86400.0, 0, "1 day, 0:00:00"),
        (6.0 * 3600.0, 0, "6:00:00"),
        (100_000.5, 0, "1 day, 3:46:40.500000"),
        (0.0, 1, "relativedelta(months=+1)"),
        (86400.0 + 60.0, 14, "relativedelta(years=+1, months=+2, days=+1, minutes=+1)"),
    ] {
        assert_eq!(Timetable::compile(&delta(seconds, months), "UTC", &TRIGGER).unwrap().summary(), summary);
    }
}

#[test]
fn refusals() {
    let refused = |schedule: &Schedule| Timetable::compile(schedule, "UTC", &TRIGGER).unwrap_err();
    assert!(
        refused(&delta(-3600.0, 0))
            .starts_with("schedule interval must be positive, not datetime.timedelta(days=-1, seconds=82800)")
    );
    assert!(refused(&delta(0.0, 0)).contains("datetime.timedelta(0)"));
    assert!(refused(&cron("@daily", "Mars/Olympus")).contains("'Mars/Olympus'"));
}

#[test]
fn zones_may_be_offsets_and_default_to_the_dags() {
    let day = |zone| runs("0 0 * * *", zone, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    assert_eq!(day("+05:30"), ["01 18:30"]);
    assert_eq!(day("UTC-02:00"), ["01 02:00"]);
    let inherited = Timetable::compile(&cron("@daily", ""), "Asia/Kolkata", &TRIGGER).unwrap();
    assert_eq!(minutes(&inherited.between(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"), 9)), ["01 18:30"]);
}

#[test]
fn once_runs_at_the_start_date_and_never_again() {
    let once = Timetable::compile(&cron("@once", "UTC"), "UTC", &TRIGGER).unwrap();
    let now = at("2026-05-01T00:00:00Z");
    let run = once.next(None, &bounds("2026-01-01T00:00:00Z", false), now).unwrap();
    assert_eq!(run.run_after, at("2026-01-01T00:00:00Z"));
    assert_eq!(once.next(Some(&run), &bounds("2026-01-01T00:00:00Z", false), now), None);
    assert_eq!(once.next(None, &bounds("", true), now).unwrap().run_after, now);
    let over = Bounds { end_date: Some(at("2025-01-01T00:00:00Z")), ..bounds("2026-01-01T00:00:00Z", true) };
    assert_eq!(once.next(None, &over, now), None);
    assert!(!once.is_periodic());
}

#[test]
fn continuous_runs_now_about_the_time_since_the_last_run() {
    let continuous = Timetable::compile(&Schedule::Continuous, "UTC", &TRIGGER).unwrap();
    let since = bounds("2026-01-01T00:00:00Z", false);
    let first = continuous.next(None, &since, at("2026-05-01T00:00:00Z")).unwrap();
    assert_eq!(first.run_after, at("2026-05-01T00:00:00Z"));
    let second = continuous.next(Some(&first), &since, at("2026-05-01T01:00:00Z")).unwrap();
    assert_eq!(second, rules::about(at("2026-05-01T00:00:00Z"), at("2026-05-01T01:00:00Z")));
    let waiting = continuous.next(None, &since, at("2025-12-01T00:00:00Z")).unwrap();
    assert_eq!(waiting.run_after, at("2026-01-01T00:00:00Z"));
    assert!(continuous.between(at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z"), 9).is_empty());
}

#[test]
fn a_schedule_without_start_date_takes_the_point_just_passed() {
    let daily = Timetable::compile(&cron("@daily", "UTC"), "UTC", &TRIGGER).unwrap();
    let first = |now| daily.next(None, &bounds("", false), at(now)).unwrap().run_after;
    assert_eq!(first("2026-01-10T02:00:00Z"), at("2026-01-10T00:00:00Z"));
    assert_eq!(first("2026-01-10T13:00:00Z"), at("2026-01-11T00:00:00Z"));
}

#[test]
fn the_interval_of_a_trigger_timetable_lies_before_the_run() {
    let schedule = Schedule::Cron {
        expression: "@daily".into(),
        timezone: "UTC".into(),
        data_interval: None,
        interval: Span::from(3600.0),
        run_immediately: None,
    };
    let timetable = Timetable::compile(&schedule, "UTC", &TRIGGER).unwrap();
    let run = timetable.next(None, &bounds("2026-01-02T00:00:00Z", true), at("2026-01-05T00:00:00Z")).unwrap();
    assert_eq!(run.logical_date, Some(at("2026-01-01T23:00:00Z")));
    assert_eq!(run.run_after, at("2026-01-02T00:00:00Z"));
    let manual = timetable.manual_interval(at("2026-01-05T12:00:00Z")).unwrap();
    assert_eq!(manual.start, at("2026-01-05T11:00:00Z"));
}

#[test]
fn a_named_timetable_outweighs_the_setting() {
    let class = |data_interval, settings: &Settings| {
        let (expression, timezone) = ("@daily".to_owned(), "UTC".to_owned());
        let schedule =
            Schedule::Cron { expression, timezone, data_interval, interval: Span::default(), run_immediately: None };
        Timetable::compile(&schedule, "UTC", settings).unwrap().class_name().to_owned()
    };
    assert_eq!(class(None, &INTERVAL), "CronDataIntervalTimetable");
    assert_eq!(class(Some(false), &INTERVAL), "CronTriggerTimetable");
    assert_eq!(class(Some(true), &TRIGGER), "CronDataIntervalTimetable");
}

#[test]
fn the_interval_of_a_delta_timetable_may_have_calendar_parts() {
    let day = 86_400.0;
    let run = |interval: Span| {
        let schedule = Schedule::Delta { seconds: day, months: 0, data_interval: Some(false), interval };
        let timetable = Timetable::compile(&schedule, "UTC", &TRIGGER).unwrap();
        let bounds = Bounds { start_date: Some(at("2026-03-31T00:00:00Z")), end_date: None, catchup: true };
        let run = timetable.next(None, &bounds, at("2026-06-01T00:00:00Z")).unwrap();
        (run.logical_date.unwrap(), run.data_interval.unwrap().end, run.run_after)
    };
    let start = at("2026-03-31T00:00:00Z");
    assert_eq!(run(Span::from(7200.0)), (at("2026-03-30T22:00:00Z"), start, start));
    assert_eq!(run(Span { seconds: 0.0, months: 1 }), (at("2026-02-28T00:00:00Z"), start, start));
    let read = |text: &str| serde_json::from_str::<Span>(text).unwrap();
    assert_eq!(read("90"), Span::from(90.0));
    let calendar = Span { seconds: 1.0, months: 2 };
    assert_eq!(read(&serde_json::to_string(&calendar).unwrap()), calendar);
}

#[test]
fn between_counts_intervals_by_their_start() {
    let daily = Timetable::compile(&cron("@daily", "UTC"), "UTC", &INTERVAL).unwrap();
    let window = (at("2026-01-01T00:00:00Z"), at("2026-01-03T00:00:00Z"));
    let found = daily.between(window.0, window.1, 100);
    let starts: Vec<_> = found.iter().map(|run| run.logical_date.unwrap().strftime("%d").to_string()).collect();
    assert_eq!(starts, ["01", "02", "03"]);
    assert_eq!(daily.between(window.0, window.1, 2).len(), 2);
    let only_triggered = Timetable::compile(&Schedule::None, "UTC", &TRIGGER).unwrap();
    assert!(only_triggered.between(window.0, window.1, 2).is_empty());
}

#[test]
fn run_ids() {
    assert_eq!(run_id(RunType::Scheduled, at("2026-01-02T00:00:00Z")), "scheduled__2026-01-02T00:00:00+00:00");
    assert_eq!(run_id(RunType::Manual, at("2026-01-02T00:00:00.5Z")), "manual__2026-01-02T00:00:00.500000+00:00");
}

proptest! {
    /// Whatever the zone and the setting, a run never comes twice and time goes on.
    #[test]
    fn runs_are_strictly_later_than_the_one_before(
        expression in prop::sample::select(vec![
            "30 2 * * *", "*/10 1-3 * * *", "0 * * * *", "*/7 * * * 1", "15,45 */2 * * *", "0 0 * * *", "59 23 L * *",
        ]),
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana",
            "Pacific/Apia", "America/Santiago",
        ]),
        start in 1_300_000_000i64..1_900_000_000,
        data_intervals: bool,
        catchup: bool,
    ) {
        let settings = Settings { create_cron_data_intervals: data_intervals, catchup_by_default: false };
        let timetable = Timetable::compile(&cron(expression, zone), "UTC", &settings).unwrap();
        let start = Timestamp::from_second(start).unwrap();
        let bounds = Bounds { start_date: Some(start), end_date: None, catchup };
        let mut last: Option<DueRun> = None;
        for _ in 0..50 {
            let run = timetable.next(last.as_ref(), &bounds, start).unwrap();
            prop_assert!(last.as_ref().is_none_or(|last| run.run_after > last.run_after), "{last:?} {run:?}");
            prop_assert!(run.run_after >= start || !catchup);
            last = Some(run);
        }
    }
}
