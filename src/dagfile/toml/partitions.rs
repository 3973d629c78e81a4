//! `partitions` of a schedule in TOML: runs that are about partitions.

use serde_json::{Value as Json, json};

use super::reader::{Item, Reader};
use crate::model::{
    AssetCondition, Schedule,
    partition::{LimitedMapper, Partitions},
};

const HINT: &str = "{cron = \"0 6 * * *\", partitions = {key_format = \"%Y-%m-%d\", run_offset = -1}}, {assets = [..], partitions = \
                    {kind = \"identity\"}} or {partitions = \"at_runtime\"}";

/// Airflow's format of a key that stands for a time.
const KEY_FORMAT: &str = "%Y-%m-%dT%H:%M:%S";

/// What was written.
pub(super) enum Written {
    /// The partition is named by who triggers, or by a task.
    AtRuntime,
    /// Partition of a cron time.
    OfTime { key_format: String, run_offset: i32 },
    /// Partitions of assets.
    OfAssets(Box<Partitions>),
}

/// What stands beside it in the schedule.
pub(super) struct Beside {
    pub cron: Option<String>,
    pub timezone: String,
    pub assets: Option<AssetCondition>,
    /// Something else that says when runs come.
    pub others: bool,
}

/// The value of `partitions`; `None` with a finding.
pub(super) fn read(reader: &mut Reader<'_>, item: &Item<'_>) -> Option<Written> {
    let value = reader.any(item);
    let wrong = |reader: &mut Reader<'_>, why: String| {
        reader.error(&item.span(), why, Some(HINT.into()));
        None
    };
    if value == "at_runtime" {
        return Some(Written::AtRuntime);
    }
    if value == true {
        return Some(of_assets(&json!({"kind": "identity"})).map_or(Written::AtRuntime, Written::OfAssets));
    }
    let Some(table) = value.as_object() else {
        return wrong(reader, "`partitions` must be a table, true or \"at_runtime\"".into());
    };
    if table.contains_key("kind") || table.contains_key("default") {
        return match of_assets(&value) {
            Ok(found) => Some(Written::OfAssets(found)),
            Err(why) => wrong(reader, format!("`partitions`: {why}")),
        };
    }
    if let Some(unknown) = table.keys().find(|key| !["key_format", "run_offset"].contains(&key.as_str())) {
        return wrong(reader, format!("unknown key of partitions `{unknown}`"));
    }
    let offset = table.get("run_offset").map_or(Some(0), |n| n.as_i64().and_then(|n| i32::try_from(n).ok()));
    let format = table.get("key_format").map_or(Some(KEY_FORMAT), Json::as_str);
    match (format, offset) {
        (Some(format), Some(run_offset)) => Some(Written::OfTime { key_format: format.to_owned(), run_offset }),
        (None, _) => wrong(reader, "`key_format` must be text".into()),
        (_, None) => wrong(reader, "`run_offset` must be a whole number".into()),
    }
}

/// One mapper for all assets, or `{default = .., by_name = {..}, by_uri = {..}}`.
fn of_assets(value: &Json) -> Result<Box<Partitions>, String> {
    let read = |value: &Json| serde_json::from_value::<LimitedMapper>(value.clone()).map_err(|e| e.to_string());
    if value.get("kind").is_some() {
        let default = read(value)?;
        return Ok(Box::new(Partitions { default, by_name: Default::default(), by_uri: Default::default() }));
    }
    serde_json::from_value(value.clone()).map(Box::new).map_err(|e| e.to_string())
}

/// The schedule; findings for what doesn't go together.
pub(super) fn schedule(reader: &mut Reader<'_>, at: &Item<'_>, written: Written, beside: Beside) -> Schedule {
    let Beside { cron, timezone, assets, others } = beside;
    match (written, cron, assets, others) {
        (Written::AtRuntime, None, None, false) => Schedule::PartitionedAtRuntime,
        (Written::OfTime { key_format, run_offset }, Some(expression), None, false) => {
            Schedule::CronPartition { expression, timezone, run_offset, key_format }
        }
        (Written::OfAssets(partitions), None, Some(expression), false) => {
            Schedule::Asset { expression, time: None, partitions: Some(partitions) }
        }
        _ => {
            let why = "`partitions` goes with `cron` (then it has key_format and run_offset), with `assets` (then it is a mapper), or \
                       stands alone as \"at_runtime\"";
            reader.error(&at.span(), why, Some(HINT.into()));
            Schedule::None
        }
    }
}
