//! Watchers of assets (semantics 16): triggers that run for ever, each event an update of the asset.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{core::Engine, triggerer::Owner};
use crate::{
    command::Actor,
    error::{Kind, say},
    model::{AssetCondition, Schedule},
    protocol::Command,
};

impl Engine {
    /// Runs the watchers of all assets that a DAG which isn't paused waits for, and ends those of all others.
    pub(super) fn run_watchers(&mut self) {
        let mut wanted: BTreeMap<(String, String), (String, Value)> = BTreeMap::new();
        let waiting = self.world.all_dags().filter(|facts| !facts.is_paused && !facts.has_import_errors);
        for facts in waiting {
            let Schedule::Asset { expression, .. } = &facts.dag.schedule else { continue };
            for leaf in expression.leaves() {
                let AssetCondition::Asset(asset) = leaf else { continue };
                for watcher in &asset.watchers {
                    let message = json!({
                        "type": "RunTrigger", "classpath": watcher.classpath, "kwargs": watcher.kwargs,
                        "fileloc": facts.dag.fileloc, "forever": true,
                    });
                    wanted.insert((asset.name.clone(), watcher.name.clone()), (facts.dag.fileloc.clone(), message));
                }
            }
        }
        for owner in self.triggerers.watchers() {
            let Owner::Watcher(asset, watcher) = &owner else { continue };
            let same = wanted.get(&(asset.clone(), watcher.clone())).is_some_and(|(_, message)| {
                ["classpath", "kwargs", "fileloc"]
                    .iter()
                    .all(|field| self.triggerers.says(&owner, field) == message.get(field))
            });
            if !same {
                self.cancel_trigger(&owner, false);
            }
        }
        for ((asset, watcher), (fileloc, message)) in wanted {
            let interpreter = self.interpreter(&fileloc);
            self.start_trigger(Owner::Watcher(asset, watcher), interpreter, message);
        }
    }

    /// An event of a watcher. What can't be written now is written later.
    pub(super) fn watcher_fired(&mut self, asset: &str, watcher: &str, payload: Value) {
        let actor = Actor { who: format!("watcher {watcher}"), via: "triggerer".into(), command_line: String::new() };
        let command = Command::UpdateAsset {
            name: Some(asset.to_string()),
            uri: None,
            extra: json!({"from_trigger": true, "payload": payload}),
            partition_key: None,
        };
        match self.act(&actor, command) {
            Ok(_) => {}
            Err(e) if e.kind == Kind::System => {
                self.triggerers.unwritten.push((asset.to_string(), watcher.to_string(), payload));
            }
            Err(e) => say(format_args!("scheduler: watcher {watcher} of asset {asset}: {e}")),
        }
    }

    /// Events that the store could not take.
    pub(super) fn write_watched(&mut self) {
        if self.stuck.is_none() {
            for (asset, watcher, payload) in std::mem::take(&mut self.triggerers.unwritten) {
                self.watcher_fired(&asset, &watcher, payload);
            }
        }
    }
}
