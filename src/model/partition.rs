//! How partition keys of one asset become those of a run that follows it, as data. What they do is in `timetable`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Airflow's partition mappers. JSON form: `{"kind": "identity"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mapper {
    /// The same key.
    Identity,
    /// One key for all.
    FixedKey {
        /// It.
        downstream_key: String,
    },
    /// The same key, if it is one of these.
    AllowedKey {
        /// Keys.
        allowed_keys: Vec<String>,
    },
    /// The start of the period that holds the key's time.
    StartOf {
        /// Period.
        period: Period,
        /// IANA name.
        timezone: String,
        /// How the key is written, for `strptime`.
        input_format: String,
        /// How the new key is written, for `strftime`; `{quarter}` is the quarter's number.
        output_format: String,
    },
    /// One mapper after the other.
    Chain {
        /// Mappers.
        mappers: Vec<LimitedMapper>,
    },
    /// A key of several parts, each with its mapper.
    Product {
        /// Mappers.
        mappers: Vec<LimitedMapper>,
        /// Between the parts.
        delimiter: String,
    },
    /// Many keys become one, when enough of them have come.
    Rollup {
        /// From a key to the one that it counts for.
        upstream_mapper: Box<LimitedMapper>,
        /// Which keys belong to one.
        window: Window,
        /// How many of them are enough.
        wait_policy: WaitPolicy,
    },
    /// One key becomes many.
    FanOut {
        /// From the key to the start of its period.
        upstream_mapper: Box<LimitedMapper>,
        /// What the period consists of.
        window: Window,
        /// How each new key is written.
        downstream_mapper: Box<LimitedMapper>,
    },
}

/// A mapper with the number of keys that one event may become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitedMapper {
    /// The mapper.
    #[serde(flatten)]
    pub mapper: Mapper,
    /// `None`: `[scheduler] partition_mapper_max_downstream_keys`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_downstream_keys: Option<usize>,
}

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Hour.
    Hour,
    /// Day.
    Day,
    /// Week, from Monday.
    Week,
    /// Month.
    Month,
    /// Quarter.
    Quarter,
    /// Year.
    Year,
}

/// What a period consists of: an hour of minutes, a day of hours, a week or month of days, a quarter or year of months.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Window {
    /// Parts of a period.
    Period {
        /// Period.
        period: Period,
        /// The parts that end at the key's time, instead of those that begin there.
        #[serde(default)]
        backward: bool,
    },
    /// Fixed names.
    Segments {
        /// Names, sorted.
        segments: Vec<String>,
    },
}

/// When a rollup has enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WaitPolicy {
    /// Every key.
    WaitForAll,
    /// So many keys; below 0: all but so many.
    MinimumCount {
        /// Number.
        n: i64,
    },
}

/// The mappers of a DAG that follows partitioned assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partitions {
    /// For assets without one of their own.
    pub default: LimitedMapper,
    /// By the asset's name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub by_name: IndexMap<String, LimitedMapper>,
    /// By the asset's URI.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub by_uri: IndexMap<String, LimitedMapper>,
}

impl Partitions {
    /// The mapper of an asset.
    pub fn mapper(&self, name: &str, uri: &str) -> &LimitedMapper {
        self.by_name.get(name).or_else(|| self.by_uri.get(uri)).unwrap_or(&self.default)
    }
}
