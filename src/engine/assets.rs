//! Assets: events of tasks that succeeded, answers about assets, and what waits for a run.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};
use serde_json::{Value, json};

use super::core::{Engine, Write};
use crate::{
    error::{Error, Result},
    model::{AssetCondition, Cause, CauseKind, Change, RunId, Task, TiKey, TiState},
    protocol::task,
    store::{
        self,
        asset::{self, AssetId, EventQuery, Named},
    },
};

impl Engine {
    /// Tells the scheduler's memory what DAGs have been told about assets and haven't run for yet.
    /// `ended`: when the task ended whose update is new.
    pub(super) fn load_asset_queues(&mut self, ended: Option<Timestamp>) -> Result<()> {
        self.world.set_asset_queues(asset::queues(self.store.reader())?, ended);
        Ok(())
    }

    /// `[scheduler] partition_mapper_max_downstream_keys`.
    pub(super) fn max_downstream_keys(&self) -> usize {
        self.place.settings.number("scheduler", "partition_mapper_max_downstream_keys").unwrap_or(1000.0) as usize
    }

    /// A success updates the task's outlets, in the same transaction. However else a try ends, what it said about them is void.
    pub(super) fn note_outlets(&mut self, change: &Change) {
        let Change::Ti(c) = change else { return };
        if !c.from.is_active() || c.row.state.is_active() {
            return;
        }
        let key = &c.row.key;
        let (named, said) = self.outlet_events.remove(key).unwrap_or_default();
        if c.row.state != TiState::Success {
            return;
        }
        let declared = || self.world.dag_of(key.run)?.tasks.get(&key.task_id).map(Task::outlet_assets);
        let outlets = named.or_else(declared).unwrap_or_default();
        if !outlets.is_empty() {
            let ended = c.row.end_date;
            self.writes.push(Write::AssetsUpdated { key: key.clone(), outlets, said, ended });
        }
    }

    pub(super) fn take_outlet_events(&mut self, key: &TiKey, body: &Value) {
        let list = |name: &str| body.get(name).and_then(Value::as_array);
        let outlets = list("outlets").map(|list| list.iter().filter_map(AssetCondition::read).collect());
        self.outlet_events.insert(key.clone(), (outlets, list("events").cloned().unwrap_or_default()));
    }

    /// `SetAssetStateStoreByName` and the like.
    pub(super) fn take_asset_state(&mut self, kind: &str, body: &Value) {
        let key = body.get("key").and_then(Value::as_str).map(str::to_owned);
        let value = body.get("value").cloned().filter(|_| kind.starts_with("Set"));
        self.writes.push(Write::AssetState { asset: named(body), key, value });
    }

    /// Events that a run was made for.
    pub(super) fn consumed_events(&self, run: RunId) -> Value {
        asset::consumed(self.store.reader(), run).unwrap_or_default().into()
    }

    /// Assets of a task that don't count: `{name, uri}` of each.
    pub(super) fn inactive_assets(&self, task: &Task) -> Value {
        let found = self.find_inactive(task).unwrap_or_default();
        found.into_iter().map(|(name, uri)| json!({"name": name, "uri": uri})).collect()
    }

    fn find_inactive(&self, task: &Task) -> Result<Vec<(String, String)>> {
        if task.inlets.is_empty() && task.outlets.is_empty() {
            return Ok(Vec::new());
        }
        let named: Vec<AssetCondition> = [task.inlet_assets(), task.outlet_assets()].concat();
        asset::inactive(self.store.reader(), &named)
    }

    /// A task may only run with assets that count.
    pub(super) fn check_assets(&self, task: &Task) -> std::result::Result<(), Cause> {
        let inactive = self.find_inactive(task).map_err(|e| Cause::new(CauseKind::Value, e.to_string()))?;
        if inactive.is_empty() {
            return Ok(());
        }
        let names: Vec<String> =
            inactive.iter().map(|(name, uri)| format!("Asset(name='{name}', uri='{uri}')")).collect();
        let text = format!("Task has the following inactive assets in its inlets or outlets: {}", names.join(", "));
        Err(Cause::new(CauseKind::Value, text).exception("AirflowInactiveAssetInInletOrOutletException"))
    }
}

/// Answers to questions about assets, in the form of Airflow's Task SDK.
pub(super) fn asset_answer(db: &Connection, kind: &str, body: &Value) -> Result<Value> {
    let missing = || task::error("ASSET_NOT_FOUND", &format!("there is no active asset {}", shown(body)));
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    Ok(match kind {
        "GetAssetByName" | "GetAssetByUri" => match asset::find(db, &named(body))? {
            Some((_, mut document)) => {
                document["type"] = json!("AssetResult");
                document
            }
            None => missing(),
        },
        "GetAssetsByAlias" => {
            let assets = asset::by_alias(db, text("alias_name").unwrap_or_default())?;
            json!({"type": "AssetsByAliasResult", "assets": assets})
        }
        "GetAssetEventByAsset" | "GetAssetEventByAssetAlias" => {
            let time = |name: &str| text(name).and_then(crate::operators::parse_instant);
            let both = text("name").is_some() && text("uri").is_some();
            let query = EventQuery {
                asset: Named { active: !both, ..named(body) },
                alias: text("alias_name").map(str::to_owned),
                after: time("after"),
                before: time("before"),
                descending: body.get("ascending") == Some(&json!(false)),
                limit: body.get("limit").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
            };
            json!({"type": "AssetEventsResult", "asset_events": asset::events(db, &query)?})
        }
        "GetAssetStateStoreByName" | "GetAssetStateStoreByUri" => {
            let Some((asset, _)) = asset::find(db, &named(body))? else { return Ok(missing()) };
            match asset::state(db, asset, text("key").unwrap_or_default())? {
                Some(value) => json!({"type": "AssetStateStoreResult", "value": value}),
                None => task::error("ASSET_STORE_NOT_FOUND", "nothing is kept under this key"),
            }
        }
        other => task::error("UNKNOWN_MESSAGE", &format!("dagdeck does not know the question {other:?}")),
    })
}

/// How a message names an asset; one that counts is meant.
fn named(body: &Value) -> Named {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Named { name: text("name"), uri: text("uri"), active: true }
}

fn shown(body: &Value) -> String {
    let named = named(body);
    named.name.or(named.uri).unwrap_or_default()
}

/// Writes what a task keeps with an asset.
pub(super) fn state(tx: &Transaction<'_>, named: &Named, key: Option<&str>, value: Option<&Value>) -> Result<()> {
    let Some((asset, _)) = asset::find(tx, named)? else {
        // It was there when the task asked for it; its DAG went away meanwhile.
        return Ok(());
    };
    write_state(tx, asset, key, value)
}

fn write_state(tx: &Transaction<'_>, asset: AssetId, key: Option<&str>, value: Option<&Value>) -> Result<()> {
    match (key, value) {
        (Some(key), Some(value)) => store::asset::set_state(tx, asset, key, value),
        (Some(key), None) => store::asset::delete_state(tx, asset, key),
        (None, None) => store::asset::clear_state(tx, asset),
        (None, Some(_)) => Err(Error::refused("a value needs a key")),
    }
}
