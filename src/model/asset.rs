//! Assets: what tasks write and read, and the conditions over them that make runs.
//!
//! The JSON form of a condition is Airflow's asset expression: `{"all": [..]}`, `{"any": [..]}`,
//! `{"asset": {"name", "uri", "group"}}`, `{"alias": {"name", "group"}}`, `{"asset_ref": {"name"}}` or `{"asset_ref": {"uri"}}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::mapping::MARK;

/// A named piece of data. Name and URI together identify it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// Name.
    pub name: String,
    /// Where it is; the name if the author gave none.
    pub uri: String,
    /// Kind of asset, for people.
    #[serde(default = "asset")]
    pub group: String,
    /// What the author noted about it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// Triggers whose events update it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watchers: Vec<Watcher>,
}

/// A trigger that updates an asset whenever it fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watcher {
    /// Unique within the asset.
    pub name: String,
    /// The trigger's class, as `package.module.Class`.
    pub classpath: String,
    /// What it is made with.
    #[serde(default)]
    pub kwargs: Value,
}

/// A name under which tasks update assets that are only known while they run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetAlias {
    /// Name.
    pub name: String,
    /// Kind, for people.
    #[serde(default = "asset")]
    pub group: String,
}

/// An asset that another file defines, by name or by URI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetRef {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// An asset, or what is combined from assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetCondition {
    /// Each of them.
    All(Vec<AssetCondition>),
    /// One of them.
    Any(Vec<AssetCondition>),
    /// One asset.
    Asset(Asset),
    /// Any asset that was updated under this name.
    Alias(AssetAlias),
    /// One asset of another file.
    AssetRef(AssetRef),
}

impl AssetCondition {
    /// What stands in a task's `outlets` or `inlets`; `None` for a value that is no asset.
    pub fn read(value: &Value) -> Option<Self> {
        let mut fields = value.as_object()?.clone();
        fields.shift_remove(MARK);
        serde_json::from_value(Value::Object(fields)).ok()
    }

    /// Airflow's asset expression: only what identifies each asset.
    pub fn expression(&self) -> Value {
        let list = |parts: &[Self]| Value::Array(parts.iter().map(Self::expression).collect());
        match self {
            Self::All(parts) => json!({"all": list(parts)}),
            Self::Any(parts) => json!({"any": list(parts)}),
            Self::Asset(a) => json!({"asset": {"name": a.name, "uri": a.uri, "group": a.group}}),
            Self::Alias(_) | Self::AssetRef(_) => json!(self),
        }
    }

    /// The assets, aliases and references in it, from left to right.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
            leaf => vec![leaf],
        }
    }

    /// True if enough of it has been updated. `has(leaf)` tells whether one asset, alias or reference has.
    pub fn is_met(&self, has: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.is_met(has)),
            Self::Any(parts) => parts.iter().any(|part| part.is_met(has)),
            leaf => has(leaf),
        }
    }
}

/// An asset that was updated since a DAG's last asset-triggered run.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedAsset {
    /// Name.
    pub name: String,
    /// URI.
    pub uri: String,
    /// Aliases under which it has ever been updated.
    pub aliases: Vec<String>,
    /// When it was updated last.
    pub at: Timestamp,
}

impl QueuedAsset {
    /// True if a part of a condition stands for this asset.
    pub fn is(&self, leaf: &AssetCondition) -> bool {
        match leaf {
            AssetCondition::Asset(a) => a.name == self.name && a.uri == self.uri,
            AssetCondition::Alias(alias) => self.aliases.contains(&alias.name),
            AssetCondition::AssetRef(AssetRef { name: Some(name), .. }) => *name == self.name,
            AssetCondition::AssetRef(AssetRef { uri: Some(uri), .. }) => *uri == self.uri,
            _ => false,
        }
    }
}

/// Events that wait for a run of one partition of a DAG.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingPartition {
    /// Row id.
    pub id: i64,
    /// The run's partition key.
    pub partition_key: String,
    /// The date that the source's key stands for, where the key is taken over as it is.
    pub partition_date: Option<Timestamp>,
    /// What has arrived: asset, and the source's partition keys.
    pub received: Vec<(QueuedAsset, Vec<String>)>,
}

/// What a DAG that follows assets has been told and hasn't run for yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssetQueue {
    /// Updated assets.
    pub assets: Vec<QueuedAsset>,
    /// Partitions, oldest first.
    pub partitions: Vec<PendingPartition>,
}

/// What a new asset-triggered run takes from its DAG's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumes {
    /// All events since the last such run.
    Queue,
    /// The events of one pending partition.
    Partition(i64),
}

/// Queues by DAG id.
pub type AssetQueues = BTreeMap<String, AssetQueue>;

fn asset() -> String {
    "asset".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(name: &str, aliases: &[&str]) -> QueuedAsset {
        QueuedAsset {
            name: name.into(),
            uri: format!("file:///{name}"),
            aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn condition(json: Value) -> AssetCondition {
        serde_json::from_value(json).unwrap()
    }

    fn asset(name: &str) -> Value {
        json!({"asset": {"name": name, "uri": format!("file:///{name}"), "group": "asset"}})
    }

    #[test]
    fn conditions_are_met_by_what_was_updated() {
        let both = json!({"all": [asset("a"), asset("b")]});
        let either = json!({"any": [asset("a"), {"all": [asset("b"), asset("c")]}]});
        let rows = [
            (both.clone(), vec![queued("a", &[])], false),
            (both, vec![queued("a", &[]), queued("b", &[])], true),
            (either.clone(), vec![queued("b", &[])], false),
            (either.clone(), vec![queued("c", &[]), queued("b", &[])], true),
            (either, vec![queued("a", &[])], true),
            (json!({"alias": {"name": "x"}}), vec![queued("a", &["y"])], false),
            (json!({"alias": {"name": "x"}}), vec![queued("a", &["y", "x"])], true),
            (json!({"asset_ref": {"name": "a"}}), vec![queued("a", &[])], true),
            (json!({"asset_ref": {"uri": "file:///a"}}), vec![queued("a", &[])], true),
            (json!({"asset_ref": {"uri": "a"}}), vec![queued("a", &[])], false),
        ];
        for (json, queue, wanted) in rows {
            let met = condition(json.clone()).is_met(&|leaf| queue.iter().any(|q| q.is(leaf)));
            assert_eq!(met, wanted, "{json} with {queue:?}");
        }
    }

    #[test]
    fn the_expression_leaves_out_what_does_not_identify() {
        let written = json!({"any": [
            {"asset": {"name": "a", "uri": "file:///a", "group": "asset", "extra": {"k": 1}}},
            {"alias": {"name": "x", "group": "asset"}}, {"asset_ref": {"name": "n"}}]});
        let wanted =
            json!({"any": [asset("a"), {"alias": {"name": "x", "group": "asset"}}, {"asset_ref": {"name": "n"}}]});
        let read = condition(written);
        assert_eq!(read.expression(), wanted);
        assert_eq!(read.leaves().len(), 3);
    }

    #[test]
    fn outlets_that_are_no_assets_are_left_out() {
        let mut marked = asset("a");
        marked[MARK] = json!("asset");
        assert_eq!(AssetCondition::read(&marked), Some(condition(asset("a"))));
        assert_eq!(AssetCondition::read(&json!({MARK: "object", "class": "File"})), None);
        assert_eq!(AssetCondition::read(&json!("file:///a")), None);
    }
}
