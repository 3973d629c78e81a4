//! How times are written: RFC 3339 UTC in JSON and the store, Python's `isoformat` in run ids.

use jiff::Timestamp;
use serde_json::{Value, json};

/// `2026-01-02T00:00:00Z`, with six fraction digits unless the fraction is zero (`cli.md`).
pub fn rfc3339(t: Timestamp) -> String {
    let whole = t.subsec_nanosecond() == 0;
    if whole { t.strftime("%Y-%m-%dT%H:%M:%SZ") } else { t.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") }.to_string()
}

/// Python's `datetime.isoformat()` of a UTC time: `2026-01-02T00:00:00+00:00`.
pub fn isoformat(t: Timestamp) -> String {
    let whole = t.subsec_nanosecond() == 0;
    if whole { t.strftime("%Y-%m-%dT%H:%M:%S+00:00") } else { t.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00") }.to_string()
}

/// Python's `str()` of a UTC datetime: `2026-01-02 00:00:00+00:00`.
pub fn python_str(t: Timestamp) -> String {
    isoformat(t).replacen('T', " ", 1)
}

/// A datetime in UTC as Airflow stores it in an XCom.
pub fn stored(t: Timestamp) -> Value {
    json!({
        "__classname__": "datetime.datetime", "__version__": 2,
        "__data__": {
            "timestamp": t.as_microsecond() as f64 / 1e6,
            "tz": {"__classname__": "builtins.tuple", "__version__": 1,
                   "__data__": ["UTC", "pendulum.tz.timezone.Timezone", 1, true]},
        },
    })
}

/// Seconds between two instants; negative if `end` is before `start`.
pub fn seconds_between(start: Timestamp, end: Timestamp) -> f64 {
    (end.as_microsecond() - start.as_microsecond()) as f64 / 1e6
}

/// `t` moved by a number of seconds; the nearest representable instant if that overflows.
pub fn plus_seconds(t: Timestamp, seconds: f64) -> Timestamp {
    let micros = t.as_microsecond().saturating_add((seconds * 1e6).round() as i64);
    Timestamp::from_microsecond(micros).unwrap_or(if seconds > 0.0 { Timestamp::MAX } else { Timestamp::MIN })
}
