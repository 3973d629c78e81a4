//! Partition keys: what a mapper makes of one, which keys a rollup waits for, which date a key stands for (Airflow 3.3's
//! partition mappers and windows).

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{DateTime, date},
    fmt::strtime,
    tz::TimeZone,
};

use super::step::zone;
use crate::model::partition::{LimitedMapper, Mapper, Period, WaitPolicy, Window};

/// A key in the form that windows work with.
#[derive(Debug, Clone, PartialEq)]
enum Decoded {
    Text(String),
    Time(DateTime),
}

impl Mapper {
    /// The partition keys of a run that follows, for a key of the source.
    ///
    /// # Errors
    /// What is wrong with the key, for a person.
    pub fn to_downstream(&self, key: &str) -> Result<Vec<String>, String> {
        let one = |key: String| Ok(vec![key]);
        match self {
            Self::Identity => one(key.to_owned()),
            Self::FixedKey { downstream_key } => one(downstream_key.clone()),
            Self::AllowedKey { allowed_keys } if allowed_keys.iter().any(|k| k == key) => one(key.to_owned()),
            Self::AllowedKey { allowed_keys } => {
                Err(format!("key {key:?} is none of the allowed ones: {}", allowed_keys.join(", ")))
            }
            Self::StartOf { period, timezone, input_format, output_format } => {
                let at = period.start(&parse(key, input_format, timezone)?.datetime());
                one(format(at, output_format, timezone)?)
            }
            Self::Chain { mappers } => {
                let mut keys = vec![key.to_owned()];
                for each in mappers {
                    let mapped: Result<Vec<_>, _> = keys.iter().map(|key| each.mapper.to_downstream(key)).collect();
                    keys = mapped?.concat();
                }
                Ok(keys)
            }
            Self::Product { mappers, delimiter } => {
                let parts: Vec<&str> = key.split(delimiter.as_str()).collect();
                if parts.len() != mappers.len() {
                    return Err(format!("expected {} segments in key {key:?}, got {}", mappers.len(), parts.len()));
                }
                let mapped = mappers.iter().zip(parts).map(|(each, part)| each.mapper.only_downstream(part));
                one(mapped.collect::<Result<Vec<_>, _>>()?.join(delimiter))
            }
            Self::Rollup { upstream_mapper, .. } => upstream_mapper.mapper.to_downstream(key),
            Self::FanOut { upstream_mapper, window, downstream_mapper } => {
                let coarse = upstream_mapper.mapper.only_downstream(key)?;
                let items = window.members(upstream_mapper.mapper.decode(&coarse)?)?;
                items.into_iter().map(|item| downstream_mapper.mapper.write(item)).collect()
            }
        }
    }

    fn only_downstream(&self, key: &str) -> Result<String, String> {
        let mut keys = self.to_downstream(key)?;
        match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => Ok(key),
            _ => Err(format!("a mapper inside another one must give a single key for {key:?}")),
        }
    }

    /// The date that a run's partition key stands for; `None` where keys are only names.
    ///
    /// # Errors
    /// What is wrong with the key, for a person.
    pub fn partition_date(&self, downstream_key: &str) -> Result<Option<Timestamp>, String> {
        match self {
            Self::Identity | Self::FixedKey { .. } | Self::AllowedKey { .. } => Ok(None),
            Self::StartOf { period, timezone, output_format, .. } => {
                let start = period.start(&parse_fields(downstream_key, output_format)?.0);
                localized(start, timezone).map(|at| Some(at.timestamp()))
            }
            Self::Chain { mappers } => {
                mappers.last().map_or(Ok(None), |last| last.mapper.partition_date(downstream_key))
            }
            Self::Product { mappers, delimiter } => {
                let parts: Vec<&str> = downstream_key.split(delimiter.as_str()).collect();
                if parts.len() != mappers.len() {
                    return Ok(None);
                }
                let dates: Result<Vec<_>, _> =
                    mappers.iter().zip(parts).map(|(each, part)| each.mapper.partition_date(part)).collect();
                let mut dates = dates?.into_iter().flatten();
                let first = dates.next();
                Ok(first.filter(|_| dates.next().is_none()))
            }
            Self::Rollup { upstream_mapper, .. } => upstream_mapper.mapper.partition_date(downstream_key),
            Self::FanOut { downstream_mapper, .. } => downstream_mapper.mapper.partition_date(downstream_key),
        }
    }

    /// The date of the source's run, where the key is taken over as it is.
    pub fn carried_date(&self, of_source: Option<Timestamp>) -> Option<Timestamp> {
        of_source.filter(|_| *self == Self::Identity)
    }

    /// True if the source's keys that have arrived are enough for a run of this partition. Only a rollup wants more than one.
    ///
    /// # Errors
    /// What is wrong with the mapping, for a person.
    pub fn is_satisfied(&self, downstream_key: &str, received: &[String]) -> Result<bool, String> {
        let Self::Rollup { upstream_mapper, window, wait_policy } = self else { return Ok(!received.is_empty()) };
        let upstream = &upstream_mapper.mapper;
        let members = window.members(upstream.decode(downstream_key)?)?;
        let expected: BTreeSet<String> =
            members.into_iter().map(|member| upstream.encode(member)).collect::<Result<_, _>>()?;
        let matched = expected.iter().filter(|key| received.contains(key)).count();
        Ok(match *wait_policy {
            WaitPolicy::WaitForAll => matched == expected.len(),
            WaitPolicy::MinimumCount { n } if n > 0 => expected.len() as i64 >= n && matched as i64 >= n,
            WaitPolicy::MinimumCount { n } => matched as i64 >= (expected.len() as i64 + n).max(0),
        })
    }

    fn decode(&self, downstream_key: &str) -> Result<Decoded, String> {
        match self {
            Self::StartOf { output_format, .. } => {
                parse_fields(downstream_key, output_format).map(|(t, _)| Decoded::Time(t))
            }
            _ => Ok(Decoded::Text(downstream_key.to_owned())),
        }
    }

    /// A member of a window as a key that the source writes.
    fn encode(&self, member: Decoded) -> Result<String, String> {
        match (self, member) {
            (Self::StartOf { timezone, input_format, .. }, Decoded::Time(at)) => {
                let at = localized(at, timezone)?;
                strtime::format(input_format, &at).map_err(|e| e.to_string())
            }
            (_, Decoded::Text(key)) => Ok(key),
            (_, Decoded::Time(at)) => Err(format!("the time {at} can't be written by a mapper of names")),
        }
    }

    /// A member of a window as a key of the run that follows.
    fn write(&self, member: Decoded) -> Result<String, String> {
        match (self, member) {
            (Self::StartOf { output_format, timezone, .. }, Decoded::Time(at)) => format(at, output_format, timezone),
            (_, Decoded::Time(at)) => Ok(at.to_string()),
            (_, Decoded::Text(key)) => Ok(key),
        }
    }
}

impl LimitedMapper {
    /// The keys of runs that follow, at most so many as one event may make.
    ///
    /// # Errors
    /// What is wrong with the key, or that there are too many.
    pub fn downstream_keys(&self, key: &str, limit: usize) -> Result<Vec<String>, String> {
        let keys = self.mapper.to_downstream(key)?;
        let limit = self.max_downstream_keys.unwrap_or(limit);
        if keys.len() > limit {
            return Err(format!("partition key {key:?} becomes {} keys, more than the allowed {limit}", keys.len()));
        }
        Ok(keys)
    }
}

impl Period {
    fn start(self, at: &DateTime) -> DateTime {
        let day = at.date();
        let first = match self {
            Self::Hour => return day.at(at.hour(), 0, 0, 0),
            Self::Day => day,
            Self::Week => day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days()),
            Self::Month => day.first_of_month(),
            Self::Quarter => date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
            Self::Year => day.first_of_year(),
        };
        first.at(0, 0, 0, 0)
    }
}

impl Window {
    /// What a period (or a name) consists of.
    fn members(&self, of: Decoded) -> Result<Vec<Decoded>, String> {
        let (period, backward) = match self {
            Self::Segments { segments } => return Ok(segments.iter().cloned().map(Decoded::Text).collect()),
            Self::Period { period, backward } => (*period, *backward),
        };
        let Decoded::Time(start) = of else {
            return Err("a window of times needs a mapper that gives times".into());
        };
        let by_month = matches!(period, Period::Month | Period::Quarter | Period::Year);
        if by_month && start.day() != 1 {
            return Err(format!("a window of months expects day 1 of a month, got {start}"));
        }
        let step = |from: DateTime, n: i64| match period {
            Period::Hour => from.saturating_add(n.minutes()),
            Period::Day => from.saturating_add(n.hours()),
            Period::Week | Period::Month => from.saturating_add(n.days()),
            Period::Quarter | Period::Year => from.saturating_add(n.months()),
        };
        let (first, count) = match period {
            Period::Month if backward => {
                let previous = start.saturating_sub(1.month());
                (step(previous, 1), i64::from(previous.date().days_in_month()))
            }
            Period::Month => (start, i64::from(start.date().days_in_month())),
            other => {
                let count = match other {
                    Period::Hour => 60,
                    Period::Day => 24,
                    Period::Week => 7,
                    Period::Quarter => 3,
                    _ => 12,
                };
                (if backward { step(start, 1 - count) } else { start }, count)
            }
        };
        Ok((0..count).map(|n| Decoded::Time(step(first, n))).collect())
    }
}

/// Stands for the quarter's digit while a text is read: a directive that partition keys have no other use for.
const QUARTER: &str = "{quarter}";

/// The wall clock time that a text names, and its offset if it names one. What it leaves out is the first (Python's rule).
fn parse_fields(text: &str, format: &str) -> Result<(DateTime, Option<jiff::tz::Offset>), String> {
    let wrong = |why: String| format!("key {text:?} does not match the format {format:?}: {why}");
    let read = strtime::parse(format.replace(QUARTER, "%u"), text).map_err(|e| wrong(e.to_string()))?;
    let quarter = read.weekday().filter(|_| format.contains(QUARTER)).map(|day| day.to_monday_one_offset());
    let month = match quarter {
        Some(quarter @ 1..=4) => (quarter - 1) * 3 + 1,
        Some(_) => return Err(wrong("a quarter is 1 to 4".into())),
        None => read.month().unwrap_or(1),
    };
    let at = DateTime::new(
        read.year().unwrap_or(1900),
        month,
        read.day().unwrap_or(1),
        read.hour().unwrap_or(0),
        read.minute().unwrap_or(0),
        read.second().unwrap_or(0),
        0,
    );
    Ok((at.map_err(|e| wrong(e.to_string()))?, read.offset()))
}

fn parse(text: &str, format: &str, timezone: &str) -> Result<Zoned, String> {
    let (at, offset) = parse_fields(text, format)?;
    match offset {
        Some(offset) => {
            let at = offset.to_timestamp(at).map_err(|e| e.to_string())?;
            Ok(at.to_zoned(zone(timezone)?))
        }
        None => localized(at, timezone),
    }
}

fn localized(at: DateTime, timezone: &str) -> Result<Zoned, String> {
    at.to_zoned(zone(timezone)?).map_err(|e| e.to_string())
}

fn format(at: DateTime, format: &str, timezone: &str) -> Result<String, String> {
    let quarter = (at.month() - 1) / 3 + 1;
    let text = strtime::format(format, &localized(at, timezone)?).map_err(|e| e.to_string())?;
    Ok(text.replace(QUARTER, &quarter.to_string()))
}

/// Key of the partition that begins at `at`.
pub(super) fn key_of(at: Timestamp, zone: &TimeZone, key_format: &str) -> Option<String> {
    strtime::format(key_format, &at.to_zoned(zone.clone())).ok()
}

/// Where the partition with this key begins.
pub(super) fn date_of(key: &str, zone: &TimeZone, key_format: &str) -> Result<Timestamp, String> {
    let (at, _) = parse_fields(key, key_format)?;
    at.to_zoned(zone.clone()).map(|at| at.timestamp()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn mapper(json: Value) -> Mapper {
        serde_json::from_value::<LimitedMapper>(json).unwrap().mapper
    }

    fn start_of(period: &str, output: &str) -> Value {
        json!({"kind": "start_of", "period": period, "timezone": "UTC", "input_format": "%Y-%m-%dT%H:%M:%S",
            "output_format": output})
    }

    fn week() -> Value {
        start_of("week", "%Y-%m-%d (W%V)")
    }

    #[test]
    fn keys_are_mapped_as_in_airflow() {
        let product = json!({"kind": "product", "delimiter": "|",
            "mappers": [{"kind": "identity"}, start_of("day", "%Y-%m-%d")]});
        let chain =
            json!({"kind": "chain", "mappers": [start_of("day", "%Y-%m-%dT%H:%M:%S"), start_of("month", "%Y-%m")]});
        let fan_out = json!({"kind": "fan_out", "upstream_mapper": week(), "window": {"kind": "period", "period": "week"},
            "downstream_mapper": start_of("day", "%Y-%m-%d")});
        let trailing = json!({"kind": "fan_out", "upstream_mapper": week(),
            "window": {"kind": "period", "period": "week", "backward": true},
            "downstream_mapper": start_of("day", "%Y-%m-%d")});
        let scatter = json!({"kind": "fan_out", "upstream_mapper": {"kind": "identity"},
            "window": {"kind": "segments", "segments": ["apac", "eu"]}, "downstream_mapper": {"kind": "identity"}});
        let days = |from: i8, to: i8| (from..=to).map(|d| format!("2024-03-{d:02}")).collect::<Vec<_>>();
        let one = |key: &str| vec![key.to_owned()];
        let rows: Vec<(Value, &str, Vec<String>)> = vec![
            (json!({"kind": "identity"}), "x", one("x")),
            (json!({"kind": "fixed_key", "downstream_key": "all"}), "x", one("all")),
            (json!({"kind": "allowed_key", "allowed_keys": ["us"]}), "us", one("us")),
            (start_of("hour", "%Y-%m-%dT%H"), "2024-03-13T10:42:15", one("2024-03-13T10")),
            (start_of("day", "%Y-%m-%d"), "2024-03-13T10:42:15", one("2024-03-13")),
            (week(), "2024-03-13T10:42:15", one("2024-03-11 (W11)")),
            (start_of("month", "%Y-%m"), "2024-03-13T10:42:15", one("2024-03")),
            (start_of("quarter", "%Y-Q{quarter}"), "2024-03-13T10:42:15", one("2024-Q1")),
            (start_of("year", "%Y"), "2024-03-13T10:42:15", one("2024")),
            (product, "us|2026-06-14T03:00:00", one("us|2026-06-14")),
            (chain, "2024-03-13T10:42:15", one("2024-03")),
            (fan_out, "2024-03-13T10:42:15", days(11, 17)),
            (trailing, "2024-03-13T10:42:15", days(5, 11)),
            (scatter, "us", vec!["apac".into(), "eu".into()]),
        ];
        for (json, key, wanted) in rows {
            assert_eq!(mapper(json.clone()).to_downstream(key).as_ref(), Ok(&wanted), "{json}");
        }
        let zoned = json!({"kind": "start_of", "period": "day", "timezone": "Asia/Taipei",
            "input_format": "%Y-%m-%dT%H:%M:%S%z", "output_format": "%Y-%m-%d"});
        assert_eq!(mapper(zoned).to_downstream("2024-03-13T20:00:00+0000"), Ok(one("2024-03-14")));
    }

    #[test]
    fn wrong_keys_are_refused_with_the_reason() {
        let refused = |json: Value, key: &str| mapper(json).to_downstream(key).unwrap_err();
        assert!(refused(json!({"kind": "allowed_key", "allowed_keys": ["us", "eu"]}), "xx").contains("us, eu"));
        assert!(refused(start_of("day", "%Y-%m-%d"), "yesterday").contains("yesterday"));
        let product =
            json!({"kind": "product", "delimiter": "|", "mappers": [{"kind": "identity"}, {"kind": "identity"}]});
        assert!(refused(product, "a|b|c").contains("expected 2 segments"));
        let limited: LimitedMapper = serde_json::from_value(json!({"kind": "fan_out", "max_downstream_keys": 1,
            "upstream_mapper": {"kind": "identity"}, "window": {"kind": "segments", "segments": ["a", "b"]},
            "downstream_mapper": {"kind": "identity"}}))
        .unwrap();
        assert!(limited.downstream_keys("x", 1000).unwrap_err().contains("more than the allowed 1"));
    }

    #[test]
    fn keys_stand_for_dates() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let rows = [
            (json!({"kind": "identity"}), "2024-03-13", None),
            (start_of("hour", "%Y-%m-%dT%H"), "2024-03-13T10", at("2024-03-13T10:00:00Z")),
            (week(), "2024-03-11 (W11)", at("2024-03-11T00:00:00Z")),
            (start_of("quarter", "%Y-Q{quarter}"), "2024-Q3", at("2024-07-01T00:00:00Z")),
            (start_of("month", "%Y-%m"), "2024-02", at("2024-02-01T00:00:00Z")),
            (
                json!({"kind": "product", "delimiter": "|", "mappers": [{"kind": "identity"}, start_of("day", "%Y-%m-%d")]}),
                "us|2026-06-14",
                at("2026-06-14T00:00:00Z"),
            ),
            (
                json!({"kind": "start_of", "period": "day", "timezone": "Asia/Taipei", "input_format": "%Y-%m-%d",
                    "output_format": "%Y-%m-%d"}),
                "2024-03-14",
                at("2024-03-13T16:00:00Z"),
            ),
        ];
        for (json, key, wanted) in rows {
            assert_eq!(mapper(json.clone()).partition_date(key), Ok(wanted), "{json}");
        }
    }

    #[test]
    fn rollups_wait_for_their_window() {
        let rollup = |upstream: Value, window: Value, policy: Value| {
            mapper(json!({"kind": "rollup", "upstream_mapper": upstream, "window": window, "wait_policy": policy}))
        };
        let all = json!({"kind": "wait_for_all"});
        let day = rollup(start_of("day", "%Y-%m-%d"), json!({"kind": "period", "period": "day"}), all.clone());
        let hours = |n: u32| (0..n).map(|h| format!("2024-03-13T{h:02}:00:00")).collect::<Vec<_>>();
        assert_eq!(day.is_satisfied("2024-03-13", &hours(23)), Ok(false));
        assert_eq!(day.is_satisfied("2024-03-13", &hours(24)), Ok(true));
        let month = json!({"kind": "start_of", "period": "month", "timezone": "UTC", "input_format": "%Y-%m-%d",
            "output_format": "%Y-%m"});
        let month = rollup(month, json!({"kind": "period", "period": "month"}), all.clone());
        let days = |n: u32| (1..=n).map(|d| format!("2024-02-{d:02}")).collect::<Vec<_>>();
        assert_eq!(month.is_satisfied("2024-02", &days(28)), Ok(false));
        assert_eq!(month.is_satisfied("2024-02", &days(29)), Ok(true));
        let fixed = json!({"kind": "fixed_key", "downstream_key": "all"});
        let window = json!({"kind": "segments", "segments": ["apac", "eu", "us"]});
        let keys = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
        let two = rollup(fixed.clone(), window.clone(), json!({"kind": "minimum_count", "n": 2}));
        assert_eq!(two.is_satisfied("all", &keys(&["us", "xx"])), Ok(false));
        assert_eq!(two.is_satisfied("all", &keys(&["us", "eu"])), Ok(true));
        let but_one = rollup(fixed.clone(), window.clone(), json!({"kind": "minimum_count", "n": -1}));
        assert_eq!(but_one.is_satisfied("all", &keys(&["us"])), Ok(false));
        assert_eq!(but_one.is_satisfied("all", &keys(&["us", "eu"])), Ok(true));
        let never = rollup(fixed, window, json!({"kind": "minimum_count", "n": 4}));
        assert_eq!(never.is_satisfied("all", &keys(&["us", "eu", "apac"])), Ok(false));
    }
}
