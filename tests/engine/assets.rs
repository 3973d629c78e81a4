//! Assets with real processes: what tasks say about them, whom it tells, and that kills lose none of it.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Home, Run};

/// All runs of a DAG that were made for updates of assets, oldest first.
fn asset_runs(home: &Home, dag_id: &str) -> Vec<String> {
    let runs = home.run(&["runs", "list", dag_id, "-o", "json"]).ok().json();
    let rows = runs.as_array().unwrap().iter().rev().filter(|run| run["run_type"] == "asset_triggered");
    rows.map(|run| run["dag_run_id"].as_str().unwrap().to_owned()).collect()
}

/// The only asset-triggered run of a DAG, at its end. It was committed with what triggered it, or right after.
fn only_run(home: &Home, dag_id: &str) -> Run {
    for _ in 0..1000 {
        if let [only] = asset_runs(home, dag_id).as_slice() {
            return home.wait(dag_id, only);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{dag_id} has {:?}", asset_runs(home, dag_id));
}

fn value(run: &Run, task_id: &str) -> Value {
    let xcoms = run.0["xcoms"].as_array().unwrap();
    xcoms.iter().find(|x| x["task_id"] == task_id && x["key"] == "return_value").unwrap_or(&Value::Null)["value"]
        .clone()
}

fn state(run: &Run, task_id: &str) -> String {
    let rows = run.0["task_instances"].as_array().unwrap();
    rows.iter().find(|t| t["task_id"] == task_id).unwrap()["state"].as_str().unwrap_or("none").to_owned()
}

const FILE: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetAlias, asset, task

def dag(name, schedule=None):
    return DAG(name, schedule=schedule, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)

orders, lines = Asset(uri="s3://lake/orders/", name="orders"), Asset(name="lines", uri="s3://lake/lines")

with dag("maker"):
    @task(outlets=[orders, AssetAlias("found")])
    def make(outlet_events=None):
        outlet_events[orders].extra = {"rows": 5}
        outlet_events[AssetAlias("found")].add(Asset("s3://lake/found"), extra={"k": 1})
        return "made"

    @task(outlets=[lines])
    def fails():
        raise ValueError("no event")

    make()
    fails()

with dag("follower", schedule=[orders]):
    @task(inlets=[orders])
    def look(triggering_asset_events=None, inlet_events=None, outlet_events=None, ti=None):
        event, = triggering_asset_events[orders]
        past = inlet_events[Asset.ref(name="orders")]
        source = event.source_task_instance
        return {"extra": event.extra, "from": [event.source_dag_id, event.source_task_id, event.source_dag_run.run_id],
                "value": source.xcom_pull(), "past": [len(past), past[-1].extra],
                "newest": past.ascending(False).limit(1)[0].extra}

    BashOperator(task_id="native", inlets=[orders], bash_command=(
        "echo '{{ inlet_events.for_asset(name=\"orders\")[-1].extra.rows }} "
        "{% for asset, events in triggering_asset_events.items() %}{{ asset.uri }}={{ events[0].extra.rows }}{% endfor %} "
        "{{ (triggering_asset_events.values() | first | first).source_dag_run.run_id }}'"))
    look()

with dag("both", schedule=[orders, lines]):
    BashOperator(task_id="t", bash_command="true")

with dag("by_alias", schedule=AssetAlias("found")):
    @task
    def names(triggering_asset_events=None):
        return sorted(str(getattr(one, "uri", one)) for one in triggering_asset_events)

    names()

@asset(schedule=None, is_paused_upon_creation=False)
def made(self, context, outlet_events):
    outlet_events[self].extra = {"run": context["run_id"]}
    return 1

@asset(schedule=made, is_paused_upon_creation=False)
def taken(self, made):
    return [self.name, made.name]

@asset.multi(outlets=[Asset("one"), Asset("two")], schedule=None, is_paused_upon_creation=False)
def several():
    return None

with dag("keeps"):
    @task(inlets=[orders], outlets=[lines])
    def keep(asset_state_store=None):
        kept = asset_state_store[orders]
        before = kept.get("n", default=0)
        kept.set("n", before + 1)
        asset_state_store[lines].set("x", {"a": [1]})
        asset_state_store[lines].delete("nothing")
        return [before, kept.get("n"), asset_state_store[lines].get("x")]

    keep()
"#;

#[test]
fn updates_make_runs_that_know_what_was_updated() {
    let home = Home::with_files(&[("dags.py", FILE)]);
    home.start();
    let run = home.trigger("maker", "r1", &json!({}));
    assert_eq!((state(&run, "make"), state(&run, "fails")), ("success".into(), "failed".into()));
    let look = only_run(&home, "follower");
    assert_eq!(look.state(), "success", "{look:#?}");
    let wanted = json!({"extra": {"rows": 5}, "from": ["maker", "make", "r1"], "value": "made", "past": [1, {"rows": 5}],
        "newest": {"rows": 5}});
    assert_eq!(value(&look, "look"), wanted);
    assert_eq!(value(&look, "native"), "5 s3://lake/orders=5 r1");
    assert_eq!(look.0["dag_run"]["triggered_by"], "asset");
    assert_eq!(look.0["dag_run"]["logical_date"], Value::Null);
    let names = only_run(&home, "by_alias");
    assert_eq!(value(&names, "names"), json!(["AssetAlias(name='found', group='asset')", "s3://lake/found"]));
    assert!(asset_runs(&home, "both").is_empty(), "a failed task updates nothing");

    // A person says that the other one was updated: now both have been.
    home.run(&["assets", "update", "lines", "--extra", r#"{"by": "hand"}"#]).ok();
    assert_eq!(only_run(&home, "both").state(), "success");
    let events = home.run(&["assets", "events", "s3://lake/orders", "-o", "json"]).ok().json();
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!(events[0]["source_task_id"], "make");
    assert_eq!(events[0]["created_dagruns"].as_array().unwrap().len(), 2, "{events:#}");
    let details = home.run(&["assets", "details", "orders", "-o", "json"]).ok().json();
    assert_eq!(details["uri"], "s3://lake/orders");
    assert_eq!(details["producing_tasks"][0]["task_id"], "make");
    assert_eq!(details["scheduled_dags"].as_array().unwrap().len(), 2);
}

#[test]
fn decorated_assets_and_kept_state() {
    let home = Home::with_files(&[("dags.py", FILE)]);
    home.start();
    home.run(&["assets", "materialize", "made", "-r", "by_hand"]).ok();
    let run = home.wait("made", "by_hand");
    assert_eq!((run.state(), &run.0["dag_run"]["run_type"]), ("success", &json!("asset_materialization")));
    assert_eq!(value(&only_run(&home, "taken"), "taken"), json!(["taken", "made"]));
    home.trigger("several", "r1", &json!({}));
    let events = home.run(&["assets", "events", "-o", "json"]).ok().json();
    let mut names: Vec<&str> = events.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["made", "one", "taken", "two"]);
    let of_made = events.as_array().unwrap().iter().find(|e| e["name"] == "made").unwrap();
    assert_eq!(of_made["extra"], json!({"run": "by_hand"}));
    assert_eq!(value(&home.trigger("keeps", "r1", &json!({})), "keep"), json!([0, 1, {"a": [1]}]));
    assert_eq!(value(&home.trigger("keeps", "r2", &json!({})), "keep"), json!([1, 2, {"a": [1]}]));
    let refused = home.run(&["assets", "materialize", "nothing"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("there is no asset"), "{}", refused.err);
}

const CONFLICT: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, task

def dag(name):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False)

with dag("a_first"):
    EmptyOperator(task_id="t", outlets=[Asset(name="same", uri="s3://one")])

with dag("b_second"):
    EmptyOperator(task_id="native", outlets=[Asset(name="same", uri="s3://two")], retries=2)

    @task(outlets=[Asset(name="same", uri="s3://two")], retries=2)
    def in_python():
        pass

    in_python()
"#;

#[test]
fn tasks_with_assets_that_do_not_count_fail_at_once() {
    let home = Home::with_files(&[("dags.py", CONFLICT)]);
    home.start();
    assert_eq!(home.trigger("a_first", "r1", &json!({})).state(), "success");
    let run = home.trigger("b_second", "r1", &json!({}));
    let tries = run.0["tries"].as_array().unwrap();
    assert_eq!(tries.len(), 2, "none is retried: {tries:#?}");
    for one in tries {
        assert_eq!(one["cause"]["exception"], "AirflowInactiveAssetInInletOrOutletException");
        let wanted =
            "Task has the following inactive assets in its inlets or outlets: Asset(name='same', uri='s3://two/')";
        assert_eq!(one["cause"]["summary"], wanted);
    }
    // The first one goes: now the second counts.
    let text = CONFLICT.replace("s3://one", "s3://three").replace("name=\"same\", uri=\"s3://three\"", "\"other\"");
    fs::write(home.dags().join("dags.py"), text).unwrap();
    assert_eq!(home.trigger("b_second", "r2", &json!({})).state(), "success");
}

/// A chain of DAGs in TOML, each triggered by the one before; the scheduler is killed all the time.
#[test]
fn kills_lose_no_update_and_double_none() {
    const LENGTH: usize = 12;
    let file = |n: usize| {
        let schedule = if n == 0 { "\"none\"".into() } else { format!("{{assets = [\"x-chain://{}\"]}}", n - 1) };
        format!(
            "[dag]\ndag_id = \"chain{n:02}\"\nschedule = {schedule}\nis_paused_upon_creation = false\n\n[tasks.t]\noperator = \
             \"bash\"\nbash_command = \"sleep 0.05; echo {n} >> $OUT\"\nappend_env = true\noutlets = [\"x-chain://{n}\"]\n"
        )
    };
    let texts: Vec<(String, String)> = (0..LENGTH).map(|n| (format!("chain{n:02}.toml"), file(n))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let home = Home::with_files(&files);
    let out = home.path().join("effects");
    let start = || {
        let done = home.command(&["scheduler", "start"]).env("OUT", &out).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    start();
    let last = format!("chain{:02}", LENGTH - 1);
    // All files are known when the last one is.
    home.run(&["dags", "details", &last]).ok();
    home.run(&["dags", "trigger", "chain00", "-r", "r1"]).ok();
    let mut kills = 0;
    while asset_runs(&home, &last).is_empty() {
        let pid: i32 = fs::read_to_string(home.path().join("scheduler.lock")).unwrap().trim().parse().unwrap();
        // SAFETY: the pid is that of our own scheduler, which holds the lock file.
        unsafe { libc::kill(pid, libc::SIGKILL) };
        kills += 1;
        assert!(kills < 500, "the chain doesn't come to its end");
        start();
        std::thread::sleep(std::time::Duration::from_millis(60 + 37 * (kills % 7)));
    }
    assert_eq!(only_run(&home, &last).state(), "success");
    let effects = fs::read_to_string(&out).unwrap();
    let wanted: String = (0..LENGTH).map(|n| format!("{n}\n")).collect();
    assert_eq!(effects, wanted, "after {kills} kills");
}

const PARTITIONS: &str = r#"
from airflow.sdk import (DAG, Asset, FanOutMapper, FixedKeyMapper, IdentityMapper, PartitionedAssetTimetable,
                         PartitionedAtRuntime, RollupMapper, SegmentWindow, StartOfDayMapper, task)

source = Asset("source")

with DAG("parts", schedule=PartitionedAtRuntime(), is_paused_upon_creation=False):
    @task(outlets=[source])
    def emit(outlet_events=None, dag_run=None):
        if dag_run.conf.get("keys"):
            outlet_events[source].add_partitions(dag_run.conf["keys"])
        return dag_run.partition_key

    emit()

def follower(name, mapper=None):
    schedule = PartitionedAssetTimetable(assets=source, default_partition_mapper=mapper) if mapper else source
    with DAG(name, schedule=schedule, is_paused_upon_creation=False):
        @task
        def key(dag_run=None, partition_key=None, partition_date=None, triggering_asset_events=None):
            return [partition_key, dag_run.partition_key, str(partition_date),
                    sorted(e.partition_key for events in triggering_asset_events.values() for e in events)]

        key()

follower("same", IdentityMapper())
follower("whole", RollupMapper(upstream_mapper=FixedKeyMapper("all"), window=SegmentWindow(["a", "b"])))
follower("days", StartOfDayMapper())
follower("unpartitioned")
"#;

#[test]
fn partitions_get_runs_of_their_own() {
    let home = Home::with_files(&[("dags.py", PARTITIONS)]);
    home.start();
    let run = home.trigger("parts", "r1", &json!({"keys": ["a", "2026-03-01T05:00:00"]}));
    assert_eq!(run.state(), "success", "{run:#?}");
    let day = only_run(&home, "days");
    assert_eq!(
        value(&day, "key"),
        json!(["2026-03-01", "2026-03-01", "2026-03-01 00:00:00+00:00", ["2026-03-01T05:00:00"]])
    );
    assert!(asset_runs(&home, "whole").is_empty(), "b is missing");
    home.trigger("parts", "r2", &json!({"keys": ["b"]}));
    assert_eq!(
        value(&only_run(&home, "whole"), "key"),
        json!(["all", "all", "None", ["2026-03-01T05:00:00", "a", "b"]])
    );
    let runs = home.run(&["runs", "list", "same", "-o", "json"]).ok().json();
    let mut keys: Vec<&str> =
        runs.as_array().unwrap().iter().map(|run| run["partition_key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["2026-03-01T05:00:00", "a", "b"]);
    assert!(asset_runs(&home, "unpartitioned").is_empty(), "parts of an asset tell nobody who follows all of it");

    // A person names the partition.
    home.run(&["dags", "trigger", "parts", "-r", "r3", "--partition-key", "c"]).ok();
    assert_eq!(value(&home.wait("parts", "r3"), "emit"), "c");
    let refused = home.run(&["dags", "trigger", "unpartitioned", "--partition-key", "c"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("not about partitions"), "{}", refused.err);
}
