//! How long a retry waits, against the recorded table.

use dagdeck::scheduler::retry_delay;
use serde_json::{Value, json};

use super::rows::task;

/// Compares the table of delays; a line for each row that differs.
pub fn differences(table: &Value) -> (usize, Vec<String>) {
    let rows = table["rows"].as_array().unwrap();
    (rows.len(), rows.iter().filter_map(difference).collect())
}

fn difference(row: &Value) -> Option<String> {
    let mut t = task("t", &[], json!({"retry_delay": row["retry_delay_s"].as_f64()}));
    t.retry_exponential_backoff = row["retry_exponential_backoff"].as_f64().unwrap();
    t.max_retry_delay = row["max_retry_delay_s"].as_f64();
    let date = row["logical_date"].as_str().map(|s| s.parse().unwrap());
    let wanted = row["delay_s_after_try_1_to_7"].as_array().unwrap();
    let got: Vec<f64> = (1..=wanted.len() as u32).map(|n| retry_delay("d", &t, date, n, 86_400.0)).collect();
    let is_same = wanted.iter().zip(&got).all(|(wanted, got)| wanted.as_f64() == Some(*got));
    (!is_same).then(|| format!("{got:?} instead of {row}"))
}
