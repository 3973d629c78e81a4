//! The only place that asks the machine what time it is.

use jiff::Timestamp;

/// The current instant, cut to microseconds (what the store and JSON hold).
pub fn now() -> Timestamp {
    let t = Timestamp::now();
    Timestamp::from_microsecond(t.as_microsecond()).unwrap_or(t)
}
