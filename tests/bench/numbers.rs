//! Times out of documents, and what is said of many of them.

use std::time::Duration;

use serde_json::Value;

pub fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

pub fn time_ms(value: &Value) -> f64 {
    let t: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
    t.as_microsecond() as f64 / 1000.0
}

/// When the tries of a run started, in order.
pub fn starts(document: &Value) -> Vec<f64> {
    let tries = document["tries"].as_array().unwrap();
    let mut starts: Vec<f64> = tries.iter().map(|t| time_ms(&t["start_date"])).collect();
    starts.sort_by(f64::total_cmp);
    starts
}

pub fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * p / 100.0).round() as usize]
}

pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 50.0)
}
