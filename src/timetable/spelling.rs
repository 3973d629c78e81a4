//! Presets, and Python's spelling of distances.

use super::step::Delta;

const DAY: i64 = 86_400_000_000;

/// Airflow's presets as expressions; anything else as it is.
pub fn preset(expression: &str) -> &str {
    match expression {
        "@hourly" => "0 * * * *",
        "@daily" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@quarterly" => "0 0 1 */3 *",
        "@yearly" => "0 0 1 1 *",
        other => other,
    }
}

/// Seconds as whole microseconds, the unit in which Python keeps them.
pub fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

/// Python's `str(delta)`: `1 day, 0:00:00`, `relativedelta(months=+1)`.
pub fn delta_str(delta: Delta) -> String {
    if delta.months != 0 {
        return relative(delta);
    }
    let (days, rest) = (delta.micros.div_euclid(DAY), delta.micros.rem_euclid(DAY));
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let days = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    let clock = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 { days + &clock } else { format!("{days}{clock}.{fraction:06}") }
}

/// Python's `repr(delta)`: `datetime.timedelta(days=-1)`.
pub fn delta_repr(delta: Delta) -> String {
    if delta.months != 0 {
        return relative(delta);
    }
    let (days, rest) = (delta.micros.div_euclid(DAY), delta.micros.rem_euclid(DAY));
    let parts = [("days", days), ("seconds", rest / 1_000_000), ("microseconds", rest % 1_000_000)];
    let parts: Vec<String> = parts.iter().filter(|(_, n)| *n != 0).map(|(name, n)| format!("{name}={n}")).collect();
    format!("datetime.timedelta({})", if parts.is_empty() { "0".to_owned() } else { parts.join(", ") })
}

fn relative(delta: Delta) -> String {
    let (months, micros) = (i64::from(delta.months), delta.micros);
    let parts = [
        ("years", months / 12),
        ("months", months % 12),
        ("days", micros / DAY),
        ("hours", micros / 3_600_000_000 % 24),
        ("minutes", micros / 60_000_000 % 60),
        ("seconds", micros / 1_000_000 % 60),
        ("microseconds", micros % 1_000_000),
    ];
    let parts: Vec<String> = parts.iter().filter(|(_, n)| *n != 0).map(|(name, n)| format!("{name}={n:+}")).collect();
    format!("relativedelta({})", parts.join(", "))
}
