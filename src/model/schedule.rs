//! What a DAG's author wrote as its schedule, normalised. When runs happen is decided in `timetable`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{asset::AssetCondition, partition::Partitions};

/// A `timedelta`, or a `relativedelta` with its calendar part. As JSON a number of seconds where there is no such part.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "SpanForm", into = "SpanForm")]
pub struct Span {
    /// Days and shorter.
    pub seconds: f64,
    /// Months and longer.
    pub months: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SpanForm {
    Seconds(f64),
    Calendar { seconds: f64, months: i32 },
}

impl From<f64> for Span {
    fn from(seconds: f64) -> Self {
        Self { seconds, months: 0 }
    }
}

impl From<SpanForm> for Span {
    fn from(form: SpanForm) -> Self {
        match form {
            SpanForm::Seconds(seconds) => seconds.into(),
            SpanForm::Calendar { seconds, months } => Self { seconds, months },
        }
    }
}

impl From<Span> for SpanForm {
    fn from(Span { seconds, months }: Span) -> Self {
        if months == 0 { Self::Seconds(seconds) } else { Self::Calendar { seconds, months } }
    }
}

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
        /// `interval=` of a trigger timetable.
        #[serde(default)]
        interval: Span,
        /// `run_immediately=`: without a start date the first run is the point just passed, if that is at most so many
        /// seconds ago; else the next point. `None`: a tenth of a period, at least five minutes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run_immediately: Option<f64>,
    },
    /// Several cron expressions in one (`MultipleCronTriggerTimetable`).
    Crons {
        /// Five fields each, or presets.
        expressions: Vec<String>,
        /// IANA name.
        timezone: String,
        /// As for cron.
        #[serde(default)]
        interval: Span,
        /// As for cron.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run_immediately: Option<f64>,
    },
    /// At listed times (`EventsTimetable`).
    Events {
        /// In order.
        dates: Vec<Timestamp>,
        /// A triggered run is about the event before it.
        #[serde(default)]
        restrict_to_events: bool,
        /// `12 events`, or the author's text.
        summary: String,
        /// For people.
        #[serde(default)]
        description: String,
    },
    /// A timetable class of the author's own: the Python side is asked, its answers are kept beside the DAG.
    Custom {
        /// Name of the class.
        class: String,
        /// What it calls itself.
        summary: String,
        /// For people.
        #[serde(default)]
        description: String,
        /// Runs come regularly.
        #[serde(default)]
        periodic: bool,
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
        /// As for cron.
        #[serde(default)]
        interval: Span,
    },
    /// Triggered by assets.
    Asset {
        /// When enough of them have been updated.
        expression: AssetCondition,
        /// Runs also come at the times of this schedule (`AssetOrTimeSchedule`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<Box<Schedule>>,
        /// One run per partition (`PartitionedAssetTimetable`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partitions: Option<Box<Partitions>>,
    },
    /// Cron; each run is about a partition that follows from its time (`CronPartitionTimetable`).
    CronPartition {
        /// Five fields, or a preset.
        expression: String,
        /// IANA name.
        timezone: String,
        /// The partition is so many cron times after (below 0: before) the run's.
        #[serde(default)]
        run_offset: i32,
        /// How the key is written, for `strftime`.
        key_format: String,
    },
    /// Only triggered runs; the partition is named by who triggers, or by a task (`PartitionedAtRuntime`).
    PartitionedAtRuntime,
    /// A timetable that this version doesn't run; only triggered runs exist.
    Other {
        /// Class name, for people.
        name: String,
    },
}

impl Schedule {
    /// A timetable class of the author's own says when runs come, alone or beside assets.
    pub fn has_own_timetable(&self) -> bool {
        match self {
            Self::Custom { .. } => true,
            Self::Asset { time: Some(time), .. } => time.has_own_timetable(),
            _ => false,
        }
    }

    /// Runs may name a partition.
    pub fn is_partitioned(&self) -> bool {
        matches!(
            self,
            Self::Asset { partitions: Some(_), .. } | Self::CronPartition { .. } | Self::PartitionedAtRuntime
        )
    }
}

/// Start and end of a data interval.
pub type Interval = (Timestamp, Timestamp);

/// What a timetable written in Python said about the runs to come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answers {
    /// When it was asked.
    pub asked_at: Option<Timestamp>,
    /// Each answer is about the run after that of the answer before it.
    pub next: Vec<Answer>,
}

/// One answer of a timetable written in Python.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Data interval of the last automated run; `None`: there was none.
    pub after: Option<Interval>,
    /// The run that follows; `None`: none.
    pub run: Option<AnsweredRun>,
}

/// A run that a timetable written in Python asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnsweredRun {
    /// Not before.
    pub run_after: Timestamp,
    /// The data it is about.
    pub data_interval: Option<Interval>,
}
