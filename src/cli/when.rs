//! Times as people type them: RFC 3339, a date with or without a time in the default zone, relative, `now`.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use crate::{
    config::Settings,
    error::{Error, Result},
};

/// The zone of times written without one: `[core] default_timezone`.
///
/// # Errors
/// `Usage` for a zone that doesn't exist.
pub fn default_zone(settings: &Settings) -> Result<TimeZone> {
    let name = settings.text("core", "default_timezone");
    match name.to_lowercase().as_str() {
        "" | "utc" => Ok(TimeZone::UTC),
        "system" => Ok(TimeZone::system()),
        _ => TimeZone::get(name)
            .map_err(|e| Error::usage(format!("[core] default_timezone names no time zone: {name:?}")).because(e)),
    }
}

/// Reads a time; `now` is what relative times count from.
///
/// # Errors
/// `Usage` for anything else.
pub fn parse(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp> {
    let text = text.trim();
    read(text, zone, now).and_then(|t| Timestamp::from_microsecond(t.as_microsecond()).ok()).ok_or_else(|| {
        Error::usage(format!("{text:?} is no time"))
            .hint("2026-01-31, 2026-01-31T06:00, 2026-01-31T06:00:00Z, -7d, -90m or now")
    })
}

fn read(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    if text.eq_ignore_ascii_case("now") {
        return Some(now);
    }
    if let Some(seconds) = relative(text) {
        return now.checked_add(SignedDuration::from_secs(seconds)).ok();
    }
    // A space instead of the T is what Airflow prints.
    let text = text.replacen(' ', "T", 1);
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let civil = match text.parse::<civil::Date>() {
        Ok(date) if text.len() == 10 => date.to_datetime(civil::Time::midnight()),
        _ => text.parse::<civil::DateTime>().ok().filter(|_| text.contains('T'))?,
    };
    zone.to_timestamp(civil).ok()
}

/// Seconds of `-7d`, `+90m`, `-1d12h`.
fn relative(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms() {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, expected) in [
            ("now", "2026-03-10T12:00:00Z"),
            ("-7d", "2026-03-03T12:00:00Z"),
            ("+1h30m", "2026-03-10T13:30:00Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-01-01T06:00", "2026-01-01T05:00:00Z"),
            ("2026-01-01 06:00", "2026-01-01T05:00:00Z"),
            ("2026-01-01T06:00:00Z", "2026-01-01T06:00:00Z"),
            ("2026-01-01T06:00:00+05:00", "2026-01-01T01:00:00Z"),
        ] {
            assert_eq!(parse(text, &berlin, now).unwrap().to_string(), expected, "{text}");
        }
        for wrong in ["", "-", "7d", "-7y", "soon", "2026-13-01", "20260101"] {
            assert!(parse(wrong, &berlin, now).is_err(), "{wrong}");
        }
    }
}
