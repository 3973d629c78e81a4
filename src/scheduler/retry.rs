//! When the next try of a failed task instance is due.

use jiff::Timestamp;

use crate::model::{Task, hash, time::python_str};

/// Seconds from the end of try `try_number` (from 1) to the next one (Airflow 3.3: `next_retry_datetime`). `longest`:
/// seconds that exponential backoff never exceeds.
pub fn retry_delay(dag_id: &str, task: &Task, logical_date: Option<Timestamp>, try_number: u32, longest: f64) -> f64 {
    let multiplier = task.retry_exponential_backoff;
    if multiplier == 0.0 || multiplier == 1.0 {
        return plain(task);
    }
    let steps = i32::try_from(try_number.saturating_sub(1)).unwrap_or(i32::MAX);
    let base = (task.retry_delay * multiplier.powi(steps)).ceil().max(1.0);
    if !base.is_finite() || base > 1e15 {
        return capped(longest, task);
    }
    let date = logical_date.map_or_else(|| "None".to_owned(), python_str);
    let jitter = hash::remainder(&format!("{dag_id}#{}#{date}#{try_number}", task.task_id), base as u64);
    capped((base + jitter as f64).min(longest), task)
}

/// Without backoff the author's delay counts as it is.
fn plain(task: &Task) -> f64 {
    task.retry_delay.max(0.0)
}

fn capped(delay: f64, task: &Task) -> f64 {
    task.max_retry_delay.map_or(delay, |most| delay.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(delay: f64, multiplier: f64, cap: Option<f64>, date: Option<&str>) -> Vec<f64> {
        let mut task: Task = serde_json::from_str(r#"{"task_id": "t", "operator": "BashOperator"}"#).unwrap();
        task.retry_delay = delay;
        task.retry_exponential_backoff = multiplier;
        task.max_retry_delay = cap;
        let date = date.map(|text| text.parse().unwrap());
        (1..=7).map(|k| retry_delay("d", &task, date, k, 86_400.0)).collect()
    }

    /// Rows recorded from Airflow 3.3.2.
    #[test]
    fn as_recorded() {
        assert_eq!(delays(1.0, 0.0, None, Some("2026-03-02T06:00:00Z")), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(delays(1.0, 0.0, Some(60.0), None), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(delays(1.0, 1.0, None, Some("2026-03-02T06:00:00Z")), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(delays(1.0, 1.0, Some(60.0), None), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(delays(1.0, 2.0, None, Some("2026-03-02T06:00:00Z")), [1.0, 3.0, 7.0, 14.0, 27.0, 60.0, 116.0]);
        assert_eq!(delays(1.0, 2.0, Some(60.0), None), [1.0, 2.0, 6.0, 12.0, 22.0, 52.0, 60.0]);
        assert_eq!(delays(1.0, 1.5, None, Some("2026-03-02T06:00:00Z")), [1.0, 3.0, 3.0, 6.0, 7.0, 12.0, 16.0]);
        assert_eq!(delays(1.0, 1.5, Some(60.0), None), [1.0, 2.0, 3.0, 4.0, 8.0, 12.0, 16.0]);
        assert_eq!(
            delays(1.0, 5.0, None, Some("2026-03-02T06:00:00Z")),
            [1.0, 9.0, 35.0, 148.0, 772.0, 3908.0, 17751.0]
        );
        assert_eq!(delays(1.0, 5.0, Some(60.0), None), [1.0, 5.0, 48.0, 60.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn a_huge_number_of_tries_is_a_day_or_the_cap() {
        let mut task: Task = serde_json::from_str(r#"{"task_id": "t", "operator": "BashOperator"}"#).unwrap();
        task.retry_exponential_backoff = 2.0;
        assert_eq!(retry_delay("d", &task, None, 5000, 86_400.0), 86_400.0);
        task.max_retry_delay = Some(60.0);
        assert_eq!(retry_delay("d", &task, None, u32::MAX, 86_400.0), 60.0);
    }
}
