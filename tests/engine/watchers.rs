//! Watchers of assets: an author's trigger that goes on and on, and one that ends with its event.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Home, files::until_in};

const FILE: &str = r#"
import asyncio, os
from datetime import datetime
from airflow.providers.standard.triggers.file import FileDeleteTrigger
from airflow.sdk import DAG, Asset, AssetWatcher, task
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

OUT = os.environ.get("OUT", "/tmp")

class Lines(BaseEventTrigger):
    """An event for each line that a file gets."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "watchers.Lines", {"path": self.path}

    async def run(self):
        seen = 0
        while True:
            lines = open(self.path).read().split() if os.path.exists(self.path) else []
            for line in lines[seen:]:
                yield TriggerEvent({"line": line})
            seen = max(seen, len(lines))  # a file that is being written looks empty for a moment
            await asyncio.sleep(0.02)

lines = Asset("lines", watchers=[AssetWatcher(name="reader", trigger=Lines(OUT + "/lines"))])
flag = Asset("flag", watchers=[AssetWatcher(name="flag", trigger=FileDeleteTrigger(OUT + "/flag", poke_interval=0.02))])

def dag(name, **kwargs):
    return DAG(name, start_date=datetime(2026, 1, 1), **kwargs)

with dag("reads", schedule=[lines], is_paused_upon_creation=False):
    @task
    def read(triggering_asset_events=None):
        return [e.extra["payload"]["line"] for events in triggering_asset_events.values() for e in events]

    read()

with dag("flagged", schedule=[flag], is_paused_upon_creation=True):
    task(task_id="seen")(lambda: None)()
"#;

fn runs(home: &Home, dag_id: &str) -> Vec<String> {
    let rows = home.run(&["runs", "list", dag_id, "-o", "json"]).ok().json();
    rows.as_array().unwrap().iter().map(|row| row["dag_run_id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until a DAG has so many runs: nothing tells a test that a watcher's event has come.
fn await_runs(home: &Home, dag_id: &str, count: usize) -> Vec<String> {
    for _ in 0..2000 {
        let found = runs(home, dag_id);
        if found.len() >= count {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{dag_id} never has {count} runs: {:?}", runs(home, dag_id));
}

#[test]
fn events_update_the_asset_for_as_long_as_someone_waits_for_it() {
    let home = Home::with_files(&[("watchers.py", FILE)]);
    let done = home.command(&["scheduler", "start"]).env("OUT", home.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    fs::write(home.path().join("lines"), "one\n").unwrap();
    let first = await_runs(&home, "reads", 1);
    assert_eq!(home.wait("reads", &first[0]).returned("read", -1), &json!(["one"]));
    fs::write(home.path().join("lines"), "one\ntwo\n").unwrap();
    let both = await_runs(&home, "reads", 2);
    let second = both.iter().find(|id| **id != first[0]).unwrap();
    assert_eq!(home.wait("reads", second).returned("read", -1), &json!(["two"]));

    // A DAG that is paused waits for nothing, so its asset is not watched.
    fs::write(home.path().join("flag"), "").unwrap();
    home.run(&["dags", "unpause", "flagged"]).ok();
    await_runs(&home, "flagged", 1);
    fs::write(home.path().join("flag"), "").unwrap();
    let twice = await_runs(&home, "flagged", 2);
    assert_eq!(home.wait("flagged", &twice[0]).state(), "success");
    assert_eq!(home.show("reads", &first[0]).0["dag_run"]["run_type"], Value::from("asset_triggered"));
}

const SHARED: &str = r#"
import asyncio, os
from datetime import datetime
from airflow.sdk import DAG, Asset, AssetWatcher, task
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

OUT = os.environ.get("OUT", "/tmp")

def note(name, text):
    with open(f"{OUT}/{name}", "a") as file:
        file.write(text + "\n")

class Words(BaseEventTrigger):
    """The words of a file that begin with a letter; all read it together."""

    def __init__(self, path, letter):
        super().__init__()
        self.path, self.letter = path, letter

    def serialize(self):
        return "shared.Words", {"path": self.path, "letter": self.letter}

    def shared_stream_key(self):
        return ("words", self.path)

    @classmethod
    async def open_shared_stream(cls, kwargs):
        note("opened", kwargs["path"])
        seen = 0
        while True:
            words = open(kwargs["path"]).read().split() if os.path.exists(kwargs["path"]) else []
            for word in words[seen:]:
                yield word
            seen = max(seen, len(words))
            await asyncio.sleep(0.02)

    async def filter_shared_stream(self, shared_stream):
        note("readers", self.letter)
        async for word in shared_stream:
            if word.startswith(self.letter):
                yield TriggerEvent(word)

for letter in "ab":
    words = Asset(letter, watchers=[AssetWatcher(name=letter, trigger=Words(OUT + "/words", letter))])
    with DAG("of_" + letter, start_date=datetime(2026, 1, 1), schedule=[words], is_paused_upon_creation=False):
        @task
        def read(triggering_asset_events=None):
            return [e.extra["payload"] for events in triggering_asset_events.values() for e in events]

        read()
"#;

#[test]
fn watchers_with_one_key_share_a_stream() {
    let home = Home::with_files(&[("shared.py", SHARED)]);
    home.start_with(&[("OUT", home.path().to_str().unwrap())]);
    let text = |name: &str| fs::read_to_string(home.path().join(name)).unwrap_or_default();
    until_in(&home.path(), || (text("readers").lines().count() == 2).then_some(()));
    fs::write(home.path().join("words"), "apple\nberry\n").unwrap();
    for (dag, word) in [("of_a", "apple"), ("of_b", "berry")] {
        let run = await_runs(&home, dag, 1);
        assert_eq!(home.wait(dag, &run[0]).returned("read", -1), &json!([word]));
    }
    assert_eq!(text("opened").lines().count(), 1, "one stream for both");
}
