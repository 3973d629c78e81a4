//! What Python's and pendulum's datetime objects answer: attributes, methods, formats.

use jiff::{Zoned, civil, tz::TimeZone};
use minijinja::{Error, ErrorKind, Value, value::Kwargs, value::from_args};

use super::{
    failure::{raise, unsupported},
    moment::{Delta, Moment, Relative, overflow},
};

/// `+02:00`, or `+0200` without colon.
pub(super) fn offset(z: &Zoned, colon: bool) -> String {
    let seconds = z.offset().seconds();
    let (sign, s) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    let between = if colon { ":" } else { "" };
    format!("{sign}{:02}{between}{:02}", s / 3600, s / 60 % 60)
}

/// `UTC`, `Europe/Berlin`, `+02:00`.
pub(super) fn zone_name(z: &Zoned) -> String {
    z.time_zone().iana_name().map_or_else(|| offset(z, true), str::to_owned)
}

pub(super) fn attribute(moment: &Moment, key: &str) -> Option<Value> {
    let dt = moment.civil();
    if let Moment::Date(_) = moment
        && !matches!(key, "year" | "month" | "day")
    {
        return None;
    }
    Some(match key {
        "year" => Value::from(dt.year()),
        "month" => Value::from(dt.month()),
        "day" => Value::from(dt.day()),
        "hour" => Value::from(dt.hour()),
        "minute" => Value::from(dt.minute()),
        "second" => Value::from(dt.second()),
        "microsecond" => Value::from(dt.subsec_nanosecond() / 1000),
        "tzinfo" | "tz" | "timezone" | "timezone_name" => match moment {
            Moment::Aware(z) => Value::from(zone_name(z)),
            _ => Value::from(()),
        },
        // pendulum only
        _ if matches!(moment, Moment::Naive(_)) => return None,
        "day_of_week" => Value::from(dt.weekday().to_monday_zero_offset()),
        "day_of_year" => Value::from(dt.day_of_year()),
        "days_in_month" => Value::from(dt.days_in_month()),
        "week_of_year" => Value::from(dt.date().iso_week_date().week()),
        "quarter" => Value::from((dt.month() + 2) / 3),
        "int_timestamp" => Value::from(moment.timestamp().as_second()),
        "float_timestamp" => Value::from(moment.timestamp().as_microsecond() as f64 / 1e6),
        "offset" => match moment {
            Moment::Aware(z) => Value::from(z.offset().seconds()),
            _ => return None,
        },
        _ => return None,
    })
}

/// Methods of pendulum that only Python can answer here.
const PENDULUM_ONLY: &[&str] = &[
    "diff",
    "diff_for_humans",
    "previous",
    "next",
    "average",
    "closest",
    "farthest",
    "is_past",
    "is_future",
    "is_same_day",
    "is_birthday",
    "is_anniversary_of",
    "is_long_year",
    "is_utc",
    "is_local",
    "is_dst",
    "set",
    "on",
    "at",
    "first_of",
    "last_of",
    "nth_of",
    "timetuple",
    "utctimetuple",
    "timetz",
    "dst",
    "to_atom_string",
    "to_cookie_string",
    "to_rfc822_string",
    "to_rfc850_string",
    "to_rfc1036_string",
    "to_rfc1123_string",
    "to_rfc2822_string",
    "to_rss_string",
    "to_w3c_string",
];

pub(super) fn method(moment: &Moment, name: &str, args: &[Value]) -> Result<Value, Error> {
    let dt = moment.civil();
    let text = |format: &str| Ok(Value::from(strftime(moment, format)?));
    match name {
        "strftime" => text(from_args::<(&str,)>(args)?.0),
        "isoformat" => Ok(Value::from(moment.isoformat())),
        "weekday" => Ok(Value::from(dt.weekday().to_monday_zero_offset())),
        "isoweekday" => Ok(Value::from(dt.weekday().to_monday_one_offset())),
        "ctime" => text("%a %b %e %H:%M:%S %Y"),
        "toordinal" => {
            Ok(Value::from(i64::from(dt.date().until(civil::date(1, 1, 1)).map_or(0, |s| -s.get_days())) + 1))
        }
        "isocalendar" => {
            let week = dt.date().iso_week_date();
            Ok(Value::from(vec![
                i64::from(week.year()),
                i64::from(week.week()),
                i64::from(dt.weekday().to_monday_one_offset()),
            ]))
        }
        "replace" => replace(moment, args),
        _ if matches!(moment, Moment::Date(_)) => Err(ErrorKind::UnknownMethod.into()),
        "date" => Ok(Value::from_object(Moment::Date(dt.date()))),
        "time" => text(if dt.subsec_nanosecond() == 0 { "%H:%M:%S" } else { "%H:%M:%S.%f" }),
        "timestamp" => Ok(Value::from(moment.timestamp().as_microsecond() as f64 / 1e6)),
        "utcoffset" => Ok(match moment {
            Moment::Aware(z) => Value::from_object(Delta(i64::from(z.offset().seconds()) * 1_000_000)),
            _ => Value::from(()),
        }),
        "tzname" => text("%Z"),
        "astimezone" | "in_timezone" | "in_tz" => {
            let (zone,): (Option<&str>,) = from_args(args)?;
            Ok(Value::from_object(in_timezone(moment, zone.unwrap_or("UTC"))?))
        }
        _ if matches!(moment, Moment::Naive(_)) => Err(ErrorKind::UnknownMethod.into()),
        "add" | "subtract" => {
            let (kwargs,): (Kwargs,) = from_args(args)?;
            let mut by = relative(&kwargs)?;
            if name == "subtract" {
                by = Relative { months: -by.months, micros: -by.micros };
            }
            Ok(Value::from_object(moment.plus(by)?))
        }
        "start_of" | "end_of" => {
            let (unit,): (&str,) = from_args(args)?;
            Ok(Value::from_object(moment.with_civil(edge(dt, unit, name == "end_of")?)?))
        }
        "to_date_string" => text("%Y-%m-%d"),
        "to_time_string" => text("%H:%M:%S"),
        "to_datetime_string" => text("%Y-%m-%d %H:%M:%S"),
        "to_day_datetime_string" => text("%a, %b %-d, %Y %-I:%M %p"),
        "to_formatted_date_string" => text("%b %d, %Y"),
        "to_iso8601_string" | "to_rfc3339_string" => {
            let iso = moment.isoformat();
            let zulu = name == "to_iso8601_string" && iso.ends_with("+00:00");
            Ok(Value::from(if zulu { iso.replace("+00:00", "Z") } else { iso }))
        }
        "format" => Ok(Value::from(pendulum_format(moment, from_args::<(&str,)>(args)?.0)?)),
        "naive" => Ok(Value::from_object(Moment::Naive(dt))),
        "is_leap_year" => Ok(Value::from(dt.date().in_leap_year())),
        _ if PENDULUM_ONLY.contains(&name) => Err(unsupported(format!("DateTime.{name}() in a template"))),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// The instant seen in another zone; a naive time is taken as UTC.
pub(super) fn in_timezone(moment: &Moment, zone: &str) -> Result<Moment, Error> {
    let zone = TimeZone::get(zone).map_err(|_| raise("InvalidTimezone", format!("Invalid timezone \"{zone}\"")))?;
    Ok(Moment::Aware(moment.timestamp().to_zoned(zone)))
}

/// `days=1, hours=2, months=3, ..` as used by timedelta, relativedelta and pendulum's `add`.
pub(super) fn relative(kwargs: &Kwargs) -> Result<Relative, Error> {
    let mut by = Relative { months: 0, micros: 0 };
    let units = [
        ("weeks", 604_800e6),
        ("days", 86_400e6),
        ("hours", 3600e6),
        ("minutes", 60e6),
        ("seconds", 1e6),
        ("milliseconds", 1e3),
        ("microseconds", 1.0),
    ];
    for (unit, size) in units {
        by.micros += (kwargs.get::<Option<f64>>(unit)?.unwrap_or(0.0) * size).round() as i64;
    }
    by.months +=
        kwargs.get::<Option<i64>>("months")?.unwrap_or(0) + 12 * kwargs.get::<Option<i64>>("years")?.unwrap_or(0);
    kwargs.assert_all_used()?;
    Ok(by)
}

fn replace(moment: &Moment, args: &[Value]) -> Result<Value, Error> {
    let (kwargs,): (Kwargs,) = from_args(args)?;
    let dt = moment.civil();
    let part = |name: &str, now: i64| -> Result<i64, Error> { Ok(kwargs.get::<Option<i64>>(name)?.unwrap_or(now)) };
    let wrong = |_| raise("ValueError", "a part of the date is out of range");
    let small = |n: i64| i8::try_from(n).unwrap_or(i8::MAX);
    let new = civil::DateTime::new(
        i16::try_from(part("year", dt.year().into())?).unwrap_or(i16::MAX),
        small(part("month", dt.month().into())?),
        small(part("day", dt.day().into())?),
        small(part("hour", dt.hour().into())?),
        small(part("minute", dt.minute().into())?),
        small(part("second", dt.second().into())?),
        i32::try_from(part("microsecond", i64::from(dt.subsec_nanosecond() / 1000))? * 1000).unwrap_or(i32::MAX),
    )
    .map_err(wrong)?;
    if kwargs.has("tzinfo") {
        return match kwargs.get::<Option<&str>>("tzinfo")? {
            None => Ok(Value::from_object(Moment::Naive(new))),
            Some(zone) => {
                let zone = TimeZone::get(zone)
                    .map_err(|_| raise("InvalidTimezone", format!("Invalid timezone \"{zone}\"")))?;
                Ok(Value::from_object(Moment::Aware(new.to_zoned(zone).map_err(overflow)?)))
            }
        };
    }
    kwargs.assert_all_used()?;
    Ok(Value::from_object(moment.with_civil(new)?))
}

fn edge(dt: civil::DateTime, unit: &str, end: bool) -> Result<civil::DateTime, Error> {
    let date = dt.date();
    let first = |d: civil::Date| d.at(0, 0, 0, 0);
    let span = |s: jiff::Span, from: civil::DateTime| from.checked_add(s).map_err(overflow);
    let (start, length) = match unit {
        "second" => (date.at(dt.hour(), dt.minute(), dt.second(), 0), jiff::Span::new().seconds(1)),
        "minute" => (date.at(dt.hour(), dt.minute(), 0, 0), jiff::Span::new().minutes(1)),
        "hour" => (date.at(dt.hour(), 0, 0, 0), jiff::Span::new().hours(1)),
        "day" => (first(date), jiff::Span::new().days(1)),
        "week" => {
            let back = jiff::Span::new().days(i64::from(dt.weekday().to_monday_zero_offset()));
            (first(date.checked_sub(back).map_err(overflow)?), jiff::Span::new().weeks(1))
        }
        "month" => (first(date.first_of_month()), jiff::Span::new().months(1)),
        "year" => (first(date.first_of_year()), jiff::Span::new().years(1)),
        other => return Err(raise("ValueError", format!("Invalid unit \"{other}\" for start_of()"))),
    };
    if end { span(jiff::Span::new().microseconds(-1), span(length, start)?) } else { Ok(start) }
}

/// Python's `strftime` in the C locale.
pub(super) fn strftime(moment: &Moment, format: &str) -> Result<String, Error> {
    let dt = moment.civil();
    let mut jiff_format = String::with_capacity(format.len() + 8);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            jiff_format.push(c);
            continue;
        }
        match chars.next() {
            Some('f') => jiff_format.push_str(&format!("{:06}", dt.subsec_nanosecond() / 1000)),
            Some('c') => jiff_format.push_str("%a %b %e %H:%M:%S %Y"),
            Some('x') => jiff_format.push_str("%m/%d/%y"),
            Some('X') => jiff_format.push_str("%H:%M:%S"),
            Some('z') => {
                jiff_format.push_str(&if let Moment::Aware(z) = moment { offset(z, false) } else { String::new() })
            }
            Some('Z') if !matches!(moment, Moment::Aware(_)) => {}
            Some(other) => jiff_format.extend(['%', other]),
            None => jiff_format.push_str("%%"),
        }
    }
    let shown = match moment {
        Moment::Aware(z) => jiff::fmt::strtime::format(&jiff_format, z),
        _ => jiff::fmt::strtime::format(&jiff_format, dt),
    };
    shown.map_err(|e| raise("ValueError", format!("Invalid format string: {e}")))
}

/// Python's `datetime.strptime`.
pub(super) fn strptime(text: &str, format: &str) -> Result<Moment, Error> {
    let wrong = || raise("ValueError", format!("time data '{text}' does not match format '{format}'"));
    let parsed = jiff::fmt::strtime::parse(format, text).map_err(|_| wrong())?;
    if format.contains("%z") {
        return parsed.to_zoned().map(Moment::Aware).map_err(|_| wrong());
    }
    if let Ok(dt) = parsed.to_datetime() {
        return Ok(Moment::Naive(dt));
    }
    let midnight = civil::Time::midnight();
    // Python fills what the format leaves out with 1900-01-01 00:00.
    let part = |n: Option<i8>| n.unwrap_or(1);
    let date = parsed
        .to_date()
        .or_else(|_| civil::Date::new(parsed.year().unwrap_or(1900), part(parsed.month()), part(parsed.day())));
    Ok(Moment::Naive(date.map_err(|_| wrong())?.to_datetime(parsed.to_time().unwrap_or(midnight))))
}

/// Pendulum's `format()` tokens.
fn pendulum_format(moment: &Moment, format: &str) -> Result<String, Error> {
    const TOKENS: &[(&str, &str)] = &[
        ("YYYY", "%Y"),
        ("YY", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("M", "%-m"),
        ("DDDD", "%j"),
        ("DDD", "%-j"),
        ("DD", "%d"),
        ("D", "%-d"),
        ("dddd", "%A"),
        ("ddd", "%a"),
        ("HH", "%H"),
        ("H", "%-H"),
        ("hh", "%I"),
        ("h", "%-I"),
        ("mm", "%M"),
        ("m", "%-M"),
        ("ss", "%S"),
        ("s", "%-S"),
        ("SSSSSS", "%f"),
        ("A", "%p"),
        ("ZZ", "%z"),
        ("X", "%s"),
    ];
    let mut out = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        if c == '['
            && let Some(end) = rest.find(']')
        {
            out.push_str(&rest[1..end].replace('%', "%%"));
            rest = &rest[end + 1..];
        } else if rest.starts_with('Z')
            && !rest.starts_with("ZZ")
            && let Moment::Aware(z) = moment
        {
            out.push_str(&offset(z, true));
            rest = &rest[1..];
        } else if let Some((token, code)) = TOKENS.iter().find(|(token, _)| rest.starts_with(token)) {
            out.push_str(code);
            rest = &rest[token.len()..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    strftime(moment, &out)
}
