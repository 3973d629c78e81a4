//! When the next try of a failed task instance is due.

use jiff::Timestamp;
use sha1::{Digest, Sha1};

use crate::model::{Task, time::python_str};

/// Longest delay that exponential backoff gives: a day.
const LONGEST: f64 = 86_400.0;

/// Seconds from the end of try `try_number` (from 1) to the next one (Airflow 3.3: `next_retry_datetime`).
pub fn retry_delay(dag_id: &str, task: &Task, logical_date: Option<Timestamp>, try_number: u32) -> f64 {
    let multiplier = task.retry_exponential_backoff;
    if multiplier == 0.0 || multiplier == 1.0 {
        return plain(task);
    }
    let steps = i32::try_from(try_number.saturating_sub(1)).unwrap_or(i32::MAX);
    let base = (task.retry_delay * multiplier.powi(steps)).ceil().max(1.0);
    if !base.is_finite() || base > 1e15 {
        return capped(LONGEST, task);
    }
    let date = logical_date.map_or_else(|| "None".to_owned(), python_str);
    let digest = Sha1::digest(format!("{dag_id}#{}#{date}#{try_number}", task.task_id).as_bytes());
    let modulus = base as u128;
    // 160 bits modulo `base`, byte by byte.
    let jitter = digest.iter().fold(0u128, |rest, byte| ((rest << 8) | u128::from(*byte)) % modulus);
    capped((base + jitter as f64).min(LONGEST), task)
}

/// Without backoff the author's delay counts as it is.
fn plain(task: &Task) -> f64 {
    task.retry_delay.max(0.0)
}

fn capped(delay: f64, task: &Task) -> f64 {
    task.max_retry_delay.map_or(delay, |most| delay.min(most))
}
