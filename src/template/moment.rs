//! Python's datetime, date and timedelta as engine objects; pendulum's methods on top.

use std::{cmp::Ordering, fmt, sync::Arc};

use jiff::{Timestamp, Zoned, civil, tz::TimeZone};
use minijinja::{
    Error, ErrorKind, State, Value,
    value::{DynObject, Object, ObjectRepr},
};

use super::calendar;

/// A point in time as Python knows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Moment {
    /// A datetime with zone (pendulum's `DateTime`).
    Aware(Zoned),
    /// A datetime without zone.
    Naive(civil::DateTime),
    /// A date.
    Date(civil::Date),
}

/// A timedelta, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delta(pub i64);

/// A relativedelta: calendar months and a fixed rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relative {
    pub months: i64,
    pub micros: i64,
}

impl Moment {
    /// An instant in UTC.
    pub fn utc(t: Timestamp) -> Self {
        Self::Aware(t.to_zoned(TimeZone::UTC))
    }
    /// The wall clock.
    pub fn civil(&self) -> civil::DateTime {
        match self {
            Self::Aware(z) => z.datetime(),
            Self::Naive(dt) => *dt,
            Self::Date(d) => d.at(0, 0, 0, 0),
        }
    }
    /// The instant; naive times count as UTC.
    pub fn timestamp(&self) -> Timestamp {
        match self {
            Self::Aware(z) => z.timestamp(),
            other => other.civil().to_zoned(TimeZone::UTC).map(|z| z.timestamp()).unwrap_or_default(),
        }
    }
    /// The same kind of value with another wall clock.
    pub fn with_civil(&self, dt: civil::DateTime) -> Result<Self, Error> {
        Ok(match self {
            Self::Aware(z) => Self::Aware(dt.to_zoned(z.time_zone().clone()).map_err(overflow)?),
            Self::Naive(_) => Self::Naive(dt),
            Self::Date(_) => Self::Date(dt.date()),
        })
    }
    /// Moved by calendar months, then by microseconds (wall clock for whole days, absolute for the rest).
    pub fn plus(&self, by: Relative) -> Result<Self, Error> {
        const DAY: i64 = 86_400_000_000;
        let days = by.micros.div_euclid(DAY);
        let rest = by.micros.rem_euclid(DAY);
        // One after the other: a span has one sign for all its units.
        let months = jiff::Span::new().try_months(by.months).map_err(overflow)?;
        let whole_days = jiff::Span::new().try_days(days).map_err(overflow)?;
        let civil = self.civil().checked_add(months).and_then(|dt| dt.checked_add(whole_days)).map_err(overflow)?;
        let moved = self.with_civil(civil)?;
        let rest = jiff::SignedDuration::from_micros(rest);
        Ok(match moved {
            Self::Aware(z) => Self::Aware(z.checked_add(rest).map_err(overflow)?),
            Self::Naive(dt) => Self::Naive(dt.checked_add(rest).map_err(overflow)?),
            date @ Self::Date(_) => date,
        })
    }
    /// `isoformat()`.
    pub fn isoformat(&self) -> String {
        match self {
            Self::Date(d) => d.to_string(),
            Self::Naive(dt) => civil_text(dt, 'T'),
            Self::Aware(z) => format!("{}{}", civil_text(&z.datetime(), 'T'), calendar::offset(z, true)),
        }
    }
    /// `repr()`.
    pub fn repr(&self) -> String {
        let dt = self.civil();
        let mut parts = vec![i64::from(dt.year()), i64::from(dt.month()), i64::from(dt.day())];
        if let Self::Date(_) = self {
            return format!("datetime.date({})", join(&parts));
        }
        let micros = i64::from(dt.subsec_nanosecond() / 1000);
        parts.extend([i64::from(dt.hour()), i64::from(dt.minute())]);
        let aware = matches!(self, Self::Aware(_));
        if aware || dt.second() != 0 || micros != 0 {
            parts.push(i64::from(dt.second()));
        }
        if micros != 0 {
            parts.push(micros);
        }
        match self {
            Self::Aware(z) => format!("DateTime({}, tzinfo=Timezone('{}'))", join(&parts), calendar::zone_name(z)),
            _ => format!("datetime.datetime({})", join(&parts)),
        }
    }
    /// See [`super::values::type_names`].
    pub fn type_names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Aware(_) => ("DateTime", "pendulum.datetime.DateTime object"),
            Self::Naive(_) => ("datetime", "datetime.datetime object"),
            Self::Date(_) => ("date", "datetime.date object"),
        }
    }
}

fn join(parts: &[i64]) -> String {
    parts.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

fn civil_text(dt: &civil::DateTime, between: char) -> String {
    let micros = dt.subsec_nanosecond() / 1000;
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{}{between}{:02}:{:02}:{:02}{fraction}", dt.date(), dt.hour(), dt.minute(), dt.second())
}

/// Python's message for a date beyond year 9999.
pub(super) fn overflow(_: jiff::Error) -> Error {
    super::failure::raise("OverflowError", "date value out of range")
}

/// Reads ISO 8601: with offset, without, or a date.
pub(super) fn parse_iso(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(Moment::Aware(zoned));
    }
    let has_zone = text.ends_with(['Z', 'z']) || text.get(10..).is_some_and(|t| t.contains(['+', '-']));
    if has_zone {
        let t: Timestamp = text.parse().ok()?;
        let offset = jiff::fmt::temporal::Pieces::parse(text).ok()?.to_numeric_offset();
        let zone = offset.filter(|o| !o.is_zero()).map_or(TimeZone::UTC, TimeZone::fixed);
        return Some(Moment::Aware(t.to_zoned(zone)));
    }
    if text.len() == 10 {
        return text.parse().ok().map(Moment::Date);
    }
    text.parse().ok().map(Moment::Naive)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(d) => write!(f, "{d}"),
            _ => f.write_str(&self.isoformat().replacen('T', " ", 1)),
        }
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        calendar::attribute(self, key)
    }
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        calendar::attribute(self, key.as_str()?)
    }
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        calendar::method(self, name, args)
    }
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.timestamp().cmp(&other.downcast_ref::<Self>()?.timestamp()))
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Delta {
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * Self::SECOND;

    fn parts(self) -> (i64, i64, i64) {
        let rest = self.0.rem_euclid(Self::DAY);
        (self.0.div_euclid(Self::DAY), rest / Self::SECOND, rest % Self::SECOND)
    }
    /// `repr()`.
    pub fn repr(self) -> String {
        let (days, seconds, micros) = self.parts();
        let parts: Vec<String> = [("days", days), ("seconds", seconds), ("microseconds", micros)]
            .iter()
            .filter(|(_, n)| *n != 0)
            .map(|(name, n)| format!("{name}={n}"))
            .collect();
        if parts.is_empty() {
            "datetime.timedelta(0)".into()
        } else {
            format!("datetime.timedelta({})", parts.join(", "))
        }
    }
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds, micros) = self.parts();
        if days != 0 {
            write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
        }
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if micros == 0 { Ok(()) } else { write!(f, ".{micros:06}") }
    }
}

impl Object for Delta {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (days, seconds, micros) = self.parts();
        Some(Value::from(match key.as_str()? {
            "days" => days,
            "seconds" => seconds,
            "microseconds" => micros,
            _ => return None,
        }))
    }
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, _: &[Value]) -> Result<Value, Error> {
        match name {
            "total_seconds" => Ok(Value::from(self.0 as f64 / 1e6)),
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
    fn is_true(self: &Arc<Self>) -> bool {
        self.0 != 0
    }
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.0.cmp(&other.downcast_ref::<Self>()?.0))
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Object for Relative {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "relativedelta(months={}, microseconds={})", self.months, self.micros)
    }
}
