//! Durations and times as people write them.

use jiff::{Timestamp, civil, tz::TimeZone};

/// `90`, `"90s"`, `"5m"`, `"1h30m"`, `"2d"`, `"1w"` as seconds.
pub(super) fn duration(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds.is_finite().then_some(seconds);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit_end = rest[end..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |i| end + i);
        total += number
            * match &rest[end..unit_end] {
                "ms" => 0.001,
                "s" | "sec" | "second" | "seconds" => 1.0,
                "m" | "min" | "minute" | "minutes" => 60.0,
                "h" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                "w" | "week" | "weeks" => 604_800.0,
                _ => return None,
            };
        rest = rest[unit_end..].trim_start();
    }
    (!text.is_empty()).then_some(total)
}

/// A date or time; without offset it is local to `zone`.
pub(super) fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(t) = text.parse::<Timestamp>() {
        return Some(t);
    }
    let local =
        text.parse::<civil::DateTime>().or_else(|_| text.parse::<civil::Date>().map(|d| d.at(0, 0, 0, 0))).ok()?;
    local.to_zoned(zone.clone()).ok().map(|z| z.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_all_forms() {
        for (text, seconds) in [
            ("90", Some(90.0)),
            ("5m", Some(300.0)),
            ("1h30m", Some(5400.0)),
            ("1h 30m", Some(5400.0)),
            ("2d", Some(172_800.0)),
            ("1.5s", Some(1.5)),
            ("5x", None),
            ("h", None),
            ("", None),
        ] {
            assert_eq!(duration(text), seconds, "{text}");
        }
    }

    #[test]
    fn local_times_use_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(instant("2026-01-01", &berlin).unwrap().to_string(), "2025-12-31T23:00:00Z");
        assert_eq!(instant("2026-01-01T00:00:00Z", &berlin).unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(instant("soon", &berlin), None);
    }
}
