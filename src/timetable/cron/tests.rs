//! The rules of cron expressions, and a search that tries every minute.

use jiff::{ToSpan, civil::DateTime};
use proptest::prelude::*;

use super::{Cron, describe};

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

/// The first `count` times after `from`, without the seconds.
fn times(expression: &str, from: &str, count: usize) -> Vec<String> {
    let cron = Cron::parse(expression).unwrap();
    let first = cron.after(at(from));
    std::iter::successors(first, |t| cron.after(*t)).take(count).map(|t| t.strftime("%F %R").to_string()).collect()
}

/// The days of the first matches in 2026.
fn days(expression: &str, count: usize) -> Vec<String> {
    times(expression, "2025-12-31T23:59", count).iter().map(|t| t[5..10].to_owned()).collect()
}

/// The hours of a day that `0 <field> * * *` runs in.
fn hours(field: &str) -> Vec<u32> {
    let runs = times(&format!("0 {field} * * *"), "2026-01-01T00:00", 60);
    let day = runs.iter().filter(|t| t.starts_with("2026-01-02"));
    day.map(|t| t[11..13].parse().unwrap()).collect()
}

fn refused(expression: &str) -> String {
    Cron::parse(expression).unwrap_err()
}

#[test]
fn numbers_ranges_steps_and_names() {
    assert_eq!(hours("*/6"), [0, 6, 12, 18]);
    assert_eq!(hours("5/6"), [5, 11, 17, 23]);
    assert_eq!(hours("8-12/2,20"), [8, 10, 12, 20]);
    assert_eq!(hours("22-2"), [0, 1, 2, 22, 23]);
    assert_eq!(hours("*/100"), [0], "a step may be longer than the field");
    assert_eq!(hours("23/5"), [23]);
    assert_eq!(days("0 0 1 JAN,mar *", 2), ["01-01", "03-01"]);
    assert_eq!(days("0 0 * * fri-mon", 4), ["01-02", "01-03", "01-04", "01-05"]);
    assert_eq!(days("0 0 * * 0", 2), days("0 0 * * 7", 2));
    assert_eq!(days("  0\t0 1   * ?  ", 2), ["01-01", "02-01"]);
    assert_eq!(times("@midnight", "2026-01-01T00:00", 1), ["2026-01-02 00:00"]);
    assert_eq!(times("@Annually", "2026-01-01T00:00", 1), ["2027-01-01 00:00"]);
}

#[test]
fn a_range_from_a_value_to_itself_is_the_whole_field_and_remarked() {
    assert_eq!(hours("9-9").len(), 24);
    assert_eq!(hours("9-9/12"), [0, 12]);
    let remarks = Cron::parse("0 9-9 * * *").unwrap().remarks().to_vec();
    assert_eq!(remarks, ["'0 9-9 * * *': '9-9' means every hour, as in Airflow; write '9' for that one"]);
    assert!(Cron::parse("0 9 * * *").unwrap().remarks().is_empty());
}

#[test]
fn special_days() {
    assert_eq!(days("0 0 L * *", 3), ["01-31", "02-28", "03-31"]);
    assert_eq!(days("0 0 15,L * *", 4), ["01-15", "01-31", "02-15", "02-28"]);
    assert_eq!(days("0 0 29-L * *", 4), ["01-29", "01-30", "01-31", "03-29"]);
    assert_eq!(days("0 0 * * L5", 3), ["01-30", "02-27", "03-27"]);
    assert_eq!(days("0 0 * * 5#2", 3), ["01-09", "02-13", "03-13"]);
    assert_eq!(days("0 0 * * fri#5", 3), ["01-30", "05-29", "07-31"]);
    assert_eq!(days("0 0 * * 1#1,L1", 4), ["01-05", "01-26", "02-02", "02-23"]);
    // 15 February and 15 March 2026 are Sundays, 15 August is a Saturday.
    assert_eq!(days("0 0 15W * *", 3), ["01-15", "02-16", "03-16"]);
    assert_eq!(days("0 0 15W 8 *", 1), ["08-14"]);
    assert_eq!(days("0 0 1W 2,8 *", 2), ["02-02", "08-03"], "the first is a Sunday, then a Saturday");
    assert_eq!(days("0 0 31W 5 *", 1), ["05-29"], "the last day is a Sunday");
    assert_eq!(times("30 4 29 2 *", "2026-01-01T00:00", 2), ["2028-02-29 04:30", "2032-02-29 04:30"]);
}

#[test]
fn two_restricted_day_fields_mean_either() {
    assert_eq!(days("0 0 13 * 5", 4), ["01-02", "01-09", "01-13", "01-16"]);
    // A field that covers everything counts as a star only if the other one has a star in it.
    assert_eq!(days("0 0 */1 * 1", 3), ["01-01", "01-02", "01-03"]);
    assert_eq!(days("0 0 1-31 * 1", 3), ["01-01", "01-02", "01-03"]);
    assert_eq!(days("0 0 1 * 0-6", 3), ["01-01", "01-02", "01-03"]);
    assert_eq!(days("0 0 */2 * 0-6", 3), ["01-01", "01-03", "01-05"]);
    assert_eq!(days("0 0 * * 1", 2), ["01-05", "01-12"]);
    // As in Airflow, `#` drops the other side, or never matches.
    assert_eq!(days("0 0 1-7 * 1#1", 2), ["01-05", "02-02"]);
    assert!(refused("0 0 1 * L5").starts_with("failed to find next date"));
}

#[test]
fn six_fields_have_seconds_last() {
    let cron = Cron::parse("*/30 * * * * */20").unwrap();
    assert_eq!(cron.after(at("2026-01-01T00:00:00")), Some(at("2026-01-01T00:00:20")));
    assert_eq!(cron.after(at("2026-01-01T00:00:40.5")), Some(at("2026-01-01T00:30:00")));
    assert_eq!(cron.before(at("2026-01-01T00:30:00")), Some(at("2026-01-01T00:00:40")));
    assert_eq!(cron.before(at("2026-01-01T00:00:00.1")), Some(at("2026-01-01T00:00:00")));
    assert_eq!(cron.before(at("2026-01-01T00:00:00")), Some(at("2025-12-31T23:30:40")));
    assert_eq!(cron.remarks().len(), 1);
}

#[test]
fn refusals_start_with_airflows_words_and_name_the_part() {
    let out_of_range = "[61 * * * *] is not acceptable, out of range (minute 61; it goes from 0 to 59)";
    assert_eq!(refused("61 * * * *"), out_of_range);
    let columns = "Exactly 5, 6 or 7 columns has to be specified for iterator expression.";
    for (expression, hint) in [
        ("* * * *", "'* * * *' has 4"),
        ("@reboot", "use @once"),
        ("@fortnightly", "@fortnightly is not a preset"),
        ("", "the schedule is empty"),
        ("* * * * * * *", "a seventh field"),
    ] {
        let error = refused(expression);
        assert!(error.starts_with(columns) && error.contains(hint), "{error}");
    }
    for (expression, part) in [
        ("H H * * *", "Hashed definitions must include hash_id"),
        ("R 1 * * *", "'R'"),
        ("*/0 * * * *", "'*/0' in minute"),
        ("5-1-2 * * * *", "minute '1-2'"),
        ("-5 * * * *", "negative numbers not allowed"),
        ("1,,2 * * * *", "minute ''"),
        ("0 0 32 * *", "day of month 32"),
        ("0 0 0 * *", "day of month 0"),
        ("0 0 * 13 *", "month 13"),
        ("0 0 * january *", "month 'january'"),
        ("0 0 * * 5L", "day of week '5l'"),
        ("0 0 * * 5#6", "Invalid day_of_week value: '6'"),
        ("0 0 * * 1,5#2", "mixing"),
        ("0 0 LW * *", "'lw'"),
        ("0 0 L-3 * *", "'l'"),
        ("0 0 1,15W * *", "'W'"),
        ("0 ? * * *", "Question mark can only"),
        ("0 0 1,? * *", "Question mark can not"),
        ("0 0 30 2 *", "failed to find next date"),
        ("0 0 31 4,6,9,11 *", "failed to find next date"),
    ] {
        let error = refused(expression);
        assert!(error.contains(part), "{expression}: {error}");
    }
}

#[test]
fn every_hour_is_recognised_where_airflow_does() {
    for (hours, covers) in [("*", true), ("*/1", true), ("0-23", true), ("9-9", true), ("*/2", false), ("*,6", false)] {
        assert_eq!(Cron::parse(&format!("0 {hours} * * *")).unwrap().covers_every_hour(), covers, "{hours}");
    }
}

#[test]
fn descriptions() {
    for (expression, words) in [
        ("0 * * * *", "Every hour"),
        ("* * * * *", "Every minute"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("0 6 * * *", "At 06:00"),
        ("30 6,14 * * 1-5", "At 06:30 and 14:30, Monday through Friday"),
        ("0-10 11 * * *", "Every minute between 11:00 and 11:10"),
        ("0 9-17 * * MON", "At 0 minutes past the hour, between 09:00 and 17:59, only on Monday"),
        ("5 0 1,15 */3 *", "At 00:05, on day 1 and 15 of the month, every 3 months"),
        ("0 0 * * 5#2", "At 00:00, on the second Friday of the month"),
        ("0 0 * * 1#1,3#3", "At 00:00, on the  Monday and Wednesday of the month"),
        ("0 0 * * L5", "At 00:00, on the last Friday of the month"),
        ("0 0 * * 1,2", "At 00:00, only on Monday and Tuesday"),
        ("0 0 L jan-mar *", "At 00:00, on the last day of the month, January through March"),
        ("0 0 13 * 5", "At 00:00, on day 13 of the month (or) At 00:00, only on Friday"),
        ("@annually", ""),
        ("* * * * * *", ""),
    ] {
        assert_eq!(describe(expression), words, "{expression}");
    }
}

/// A field as text, and the values that it allows by a second, simpler reading.
fn field(min: i8, max: i8) -> impl Strategy<Value = (String, Vec<i8>)> {
    let one = (min..=max).prop_map(|v| (v.to_string(), vec![v]));
    let range = (min..max, 1..=max).prop_filter_map("one value is the whole field", move |(low, length)| {
        let high = low.checked_add(length).filter(|high| *high <= max)?;
        Some((format!("{low}-{high}"), (low..=high).collect::<Vec<i8>>()))
    });
    let step = (1..=max).prop_map(move |n| (format!("*/{n}"), (min..=max).step_by(n as usize).collect()));
    let item = prop_oneof![one, range, step];
    let list = prop::collection::vec(item, 1..3).prop_map(|items| {
        let text: Vec<String> = items.iter().map(|(text, _)| text.clone()).collect();
        (text.join(","), items.into_iter().flat_map(|(_, values)| values).collect())
    });
    prop_oneof![Just(("*".to_owned(), (min..=max).collect::<Vec<i8>>())), list]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "([0-9a-zL*/,#?W-]{0,6} ){3,6}[*0-9a-z,-]{0,4}") {
        if let Ok(cron) = Cron::parse(&text) {
            prop_assert!(cron.before(at("2026-01-01T00:00")).is_some());
        }
        describe(&text);
    }

    #[test]
    fn agrees_with_trying_every_minute(
        minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12), weekday in field(0, 6),
        start in 0i64..2_000_000,
    ) {
        let expression = format!("{} {} {} {} {}", minute.0, hour.0, day.0, month.0, weekday.0);
        let Ok(cron) = Cron::parse(&expression) else { return Ok(()) };
        let star = |own: &(String, Vec<i8>), other: &(String, Vec<i8>), all: std::ops::RangeInclusive<i8>| {
            own.0 == "*" || all.clone().all(|v| own.1.contains(&v)) && other.0.contains('*')
        };
        let either = !star(&day, &weekday, 1..=31) && !star(&weekday, &day, 0..=6);
        let fits = |t: DateTime| {
            let by_day = day.1.contains(&t.day());
            let by_weekday = weekday.1.contains(&t.weekday().to_sunday_zero_offset());
            let days = if either { by_day || by_weekday } else { by_day && by_weekday };
            days && minute.1.contains(&t.minute()) && hour.1.contains(&t.hour()) && month.1.contains(&t.month())
        };
        let start = at("2024-01-01T00:00").checked_add(start.minutes()).unwrap();
        let (mut later, mut earlier) = (start, start);
        for _ in 0..60 * 24 * 35 {
            later = later.checked_add(1.minute()).unwrap();
            if fits(later) {
                break;
            }
        }
        let next = cron.after(start).unwrap();
        prop_assert!(next > start && next >= later && fits(next), "{expression}: {next}, not {later}");
        prop_assert!(next == later || !fits(later), "{expression}: {next}, not {later}");
        for _ in 0..60 * 24 * 35 {
            earlier = earlier.checked_sub(1.minute()).unwrap();
            if fits(earlier) {
                break;
            }
        }
        let previous = cron.before(start).unwrap();
        prop_assert!(previous < start && previous <= earlier && fits(previous), "{expression}: {previous}");
        prop_assert!(previous == earlier || !fits(earlier), "{expression}: {previous}, not {earlier}");
        prop_assert_eq!(cron.before(next.checked_add(1.minute()).unwrap()), Some(next));
    }
}
