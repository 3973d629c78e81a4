//! Runs that updates of assets ask for.

use std::sync::Arc;

use dagdeck::{
    model::{
        AssetQueue, AssetQueues, Consumes, Dag, NewRun, RunState, RunType,
        asset::{PendingPartition, QueuedAsset},
    },
    scheduler::Limits,
};
use serde_json::{Value, json};

use super::rows::{Home, at, dag, task};

fn asset(name: &str) -> Value {
    json!({"asset": {"name": name, "uri": format!("file:///{name}"), "group": "asset"}})
}

fn updated(name: &str, second: i64) -> QueuedAsset {
    QueuedAsset { name: name.into(), uri: format!("file:///{name}"), aliases: Vec::new(), at: at(second) }
}

fn follower(schedule: Value) -> Arc<Dag> {
    let more = json!({"schedule": schedule, "catchup": false, "start_date": "1970-01-02T00:00:00Z"});
    dag(vec![task("t", &[], json!({}))], more)
}

fn both() -> Arc<Dag> {
    follower(json!({"kind": "asset", "expression": {"all": [asset("a"), asset("b")]}}))
}

/// A world with a DAG that has been told of assets.
fn told(dag: &Arc<Dag>, assets: Vec<QueuedAsset>) -> Home {
    let mut home = Home::new();
    home.add_dag(dag);
    tell(&mut home, AssetQueue { assets, partitions: Vec::new() });
    home
}

fn tell(home: &mut Home, queue: AssetQueue) {
    home.world.set_asset_queues(AssetQueues::from([("d".to_owned(), queue)]), None);
}

/// A follower of `a` or `b`, and a run in which `first` and `beside` update these, and `after` updates `a` again.
fn producers() -> (Home, dagdeck::model::RunId) {
    let outlet = |name: &str| json!({"outlets": [asset(name)]});
    let tasks =
        vec![task("first", &[], outlet("a")), task("beside", &[], outlet("b")), task("after", &["first"], outlet("a"))];
    let mut home = Home::new();
    home.add_dag(&follower(json!({"kind": "asset", "expression": {"any": [asset("a"), asset("b")]}})));
    let maker = dag(tasks, json!({"dag_id": "maker"}));
    home.add_dag(&maker);
    let run = home.trigger(&maker, None);
    home.advance();
    home.start(run, "first");
    home.start(run, "beside");
    home.now += 5;
    home.succeed(run, "first");
    home.advance();
    let ended = Some(at(home.now));
    let queue = AssetQueue { assets: vec![updated("a", home.now)], partitions: Vec::new() };
    home.world.set_asset_queues(AssetQueues::from([("d".to_owned(), queue)]), ended);
    (home, run)
}

#[test]
fn what_tasks_beside_each_other_update_becomes_one_run() {
    let (mut home, run) = producers();
    assert!(due(&mut home).is_empty(), "`beside` ran when `first` ended");
    assert!(home.world.next_wake().is_some_and(|wake| wake > at(home.now)), "nothing is to be done at once");
    home.now += 1;
    home.succeed(run, "beside");
    home.advance();
    // `after` began later: it isn't waited for.
    assert_eq!(home.state(run, "after"), dagdeck::model::TiState::Queued);
    tell(&mut home, AssetQueue { assets: vec![updated("a", 5), updated("b", 6)], partitions: Vec::new() });
    let made = due(&mut home);
    assert_eq!(made.iter().map(|new| new.run.run_after).collect::<Vec<_>>(), vec![at(6)]);
}

#[test]
fn a_task_beside_that_fails_or_takes_long_is_waited_for_no_longer() {
    let (mut home, run) = producers();
    assert!(due(&mut home).is_empty());
    home.fail(run, "beside");
    home.advance();
    assert_eq!(due(&mut home).len(), 1);
    let (mut home, _) = producers();
    assert!(due(&mut home).is_empty());
    home.now += 2;
    home.advance();
    assert_eq!(due(&mut home).len(), 1);
}

fn due(home: &mut Home) -> Vec<NewRun> {
    home.world.due_runs(at(home.now))
}

#[test]
fn one_run_is_made_when_the_condition_is_met() {
    let dag = both();
    let mut home = told(&dag, vec![updated("a", 10)]);
    assert!(due(&mut home).is_empty());
    tell(&mut home, AssetQueue { assets: vec![updated("a", 10), updated("b", 20)], partitions: Vec::new() });
    assert!(home.world.next_wake().is_some_and(|wake| wake <= at(home.now)), "it must be looked at at once");
    let made = due(&mut home);
    assert_eq!(made.len(), 1);
    let run = &made[0].run;
    assert_eq!((run.run_type, run.state), (RunType::AssetTriggered, RunState::Queued));
    assert_eq!((run.logical_date, run.data_interval_start, run.run_after), (None, None, at(20)));
    assert!(run.run_id.starts_with("asset_triggered__1970-01-01T00:00:20+00:00_"), "{}", run.run_id);
    assert_eq!(made[0].consumes, Some(Consumes::Queue));
    assert!(due(&mut home).is_empty(), "what it was made for waits no longer");
    assert_eq!(home.world.next_wake(), None);
}

#[test]
fn paused_and_broken_dags_and_full_ones_wait() {
    let assets = || vec![updated("a", 10), updated("b", 20)];
    let dag = both();
    let mut home = told(&dag, assets());
    home.world.set_paused("d", true);
    assert!(due(&mut home).is_empty());
    assert_eq!(home.world.next_wake(), None, "nothing to do until it is unpaused");
    home.world.set_paused("d", false);
    assert_eq!(due(&mut home).len(), 1);

    let mut home = told(&dag, assets());
    home.world.set_limits(Limits { use_job_schedule: false, ..Limits::default() });
    assert!(due(&mut home).is_empty(), "nothing asset-triggered without use_job_schedule");

    let mut home = told(&dag, assets());
    home.world.set_limits(Limits { max_active_runs_per_dag: 1, ..Limits::default() });
    let other = home.trigger(&dag, None);
    assert!(due(&mut home).is_empty());
    home.world.drop_run(other);
    assert_eq!(due(&mut home).len(), 1);
}

#[test]
fn assets_or_time_gives_both_kinds_of_runs() {
    let time = json!({"kind": "cron", "expression": "0 * * * *", "timezone": "UTC"});
    let dag = follower(json!({"kind": "asset", "expression": asset("a"), "time": time}));
    let mut home = told(&dag, vec![updated("a", 10)]);
    let made = due(&mut home);
    let kinds: Vec<RunType> = made.iter().map(|new| new.run.run_type).collect();
    assert_eq!(kinds, [RunType::AssetTriggered, RunType::Scheduled]);
    assert!(made[1].consumes.is_none() && made[1].run.logical_date.is_some());
}

fn pending(id: i64, key: &str, received: &[(&str, &[&str])]) -> PendingPartition {
    let keys = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect();
    PendingPartition {
        id,
        partition_key: key.into(),
        partition_date: Some(at(5)),
        received: received.iter().map(|(name, of)| (updated(name, 10), keys(of))).collect(),
    }
}

#[test]
fn each_complete_partition_gets_a_run() {
    let start_of = |period: &str, output: &str| {
        json!({"kind": "start_of", "period": period, "timezone": "UTC", "input_format": "%Y-%m-%dT%H:%M:%S",
            "output_format": output})
    };
    let rollup = json!({"kind": "rollup", "upstream_mapper": start_of("day", "%Y-%m-%d"),
        "window": {"kind": "period", "period": "day"}, "wait_policy": {"kind": "minimum_count", "n": 2}});
    let dag = follower(json!({"kind": "asset", "expression": {"all": [asset("a"), asset("b")]},
        "partitions": {"default": {"kind": "identity"}, "by_name": {"a": rollup}}}));
    let mut home = Home::new();
    home.add_dag(&dag);
    let hours: &[&str] = &["2024-03-13T01:00:00", "2024-03-13T02:00:00"];
    let partitions = vec![
        pending(1, "2024-03-12", &[("a", hours), ("b", &["2024-03-12"])]),
        pending(2, "2024-03-13", &[("a", hours), ("b", &["2024-03-13"])]),
        pending(3, "2024-03-14", &[("b", &["2024-03-14"])]),
    ];
    tell(&mut home, AssetQueue { assets: Vec::new(), partitions });
    let made = due(&mut home);
    let keys: Vec<_> = made.iter().map(|new| (new.run.partition_key.as_deref(), new.consumes)).collect();
    assert_eq!(keys, [(Some("2024-03-13"), Some(Consumes::Partition(2)))]);
    assert_eq!(made[0].run.partition_date, Some("2024-03-13T00:00:00Z".parse().unwrap()));
    assert!(due(&mut home).is_empty());
}

#[test]
fn a_key_that_is_only_a_name_carries_its_sources_date() {
    let dag =
        follower(json!({"kind": "asset", "expression": asset("a"), "partitions": {"default": {"kind": "identity"}}}));
    let mut home = Home::new();
    home.add_dag(&dag);
    tell(&mut home, AssetQueue { assets: Vec::new(), partitions: vec![pending(1, "us", &[("a", &["us"])])] });
    assert_eq!(due(&mut home)[0].run.partition_date, Some(at(5)));
}

#[test]
fn cron_runs_are_about_partitions() {
    let dag = dag(
        vec![task("t", &[], json!({}))],
        json!({"start_date": "1970-01-12T00:00:00Z", "catchup": true, "schedule": {"kind": "cron_partition",
            "expression": "0 * * * *", "timezone": "Asia/Taipei", "run_offset": -1, "key_format": "%Y-%m-%dT%H"}}),
    );
    let mut home = Home::new();
    home.add_dag(&dag);
    let made = due(&mut home);
    let run = &made[0].run;
    assert_eq!((run.run_type, run.logical_date, run.data_interval_start), (RunType::Scheduled, None, None));
    assert_eq!(run.run_after.to_string(), "1970-01-12T00:00:00Z");
    assert_eq!(run.partition_key.as_deref(), Some("1970-01-12T07"));
    assert_eq!(run.partition_date.unwrap().to_string(), "1970-01-11T23:00:00Z");
    assert!(run.run_id.starts_with("scheduled__1970-01-12T00:00:00+00:00__1970-01-12T07__"), "{}", run.run_id);
    assert!(made.len() > 1 && made[1].run.partition_key.as_deref() == Some("1970-01-12T08"));
}
