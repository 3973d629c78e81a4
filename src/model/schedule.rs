//! What a DAG's author wrote as its schedule, normalised. When runs happen is decided in `timetable`.

use serde::{Deserialize, Serialize};

/// A schedule as data. JSON form: `{"kind": "cron", "expression": "0 6 * * *", "timezone": "UTC"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// Only triggered runs.
    #[default]
    None,
    /// Once, at `start_date`.
    Once,
    /// A new run as soon as the last ended.
    Continuous,
    /// Cron expression or preset, as written; which timetable it becomes is a setting.
    Cron {
        /// Five fields, or a preset such as `@daily`.
        expression: String,
        /// IANA name; the DAG's zone unless a timetable object said otherwise.
        timezone: String,
        /// `Some(true)`: CronDataIntervalTimetable was named; `Some(false)`: CronTriggerTimetable was; `None`: the setting decides.
        #[serde(default)]
        data_interval: Option<bool>,
        /// `interval=` of a trigger timetable, in seconds.
        #[serde(default)]
        interval: f64,
    },
    /// `timedelta` or `relativedelta`.
    Delta {
        /// Fixed part in seconds (days and shorter).
        #[serde(default)]
        seconds: f64,
        /// Calendar part in months (a `relativedelta`); usually 0.
        #[serde(default)]
        months: i32,
        /// As for cron.
        #[serde(default)]
        data_interval: Option<bool>,
    },
    /// Triggered by assets; kept as written, runs in a later version.
    Asset {
        /// The condition, as written.
        expression: serde_json::Value,
    },
    /// A timetable that this version doesn't run; only triggered runs exist.
    Other {
        /// Class name, for people.
        name: String,
    },
}
