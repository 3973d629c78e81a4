//! Pools, priorities, limits of runs and instances, and why something waits.

use dagdeck::{
    model::{Pool, RunState, TiState},
    scheduler::{Report, effective_weights},
};
use serde_json::json;

use super::rows::{Home, at, dag, task};

fn pool(name: &str, slots: i64) -> Pool {
    Pool { name: name.into(), slots, description: String::new(), include_deferred: false }
}

fn kinds(home: &Home, run: dagdeck::model::RunId, text: &str) -> Vec<&'static str> {
    home.world.explain(&home.key(run, text), at(home.now)).iter().map(|b| b.kind).collect()
}

#[test]
fn a_pool_of_one_runs_by_weight() {
    let mut home = Home::new();
    home.world.set_pool(pool("one", 1));
    let weights = [("low", 1), ("mid", 5), ("high", 10), ("top", 100)];
    let of =
        |(id, w): &(&str, i32)| task(id, &[], json!({"pool": "one", "priority_weight": w, "weight_rule": "absolute"}));
    let d = dag(weights.iter().map(of).collect(), json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    let mut order = Vec::new();
    loop {
        home.advance();
        let [key] = home.active().try_into().unwrap_or_else(|_| [home.key(run, "none")]);
        if &*key.task_id == "none" {
            break;
        }
        if order.is_empty() {
            assert_eq!(kinds(&home, run, "low"), ["pool"]);
        }
        order.push(key.task_id.to_string());
        home.succeed(run, &key.task_id);
    }
    assert_eq!(order, ["top", "high", "mid", "low"]);
    assert_eq!(home.run_state(run), RunState::Success);
}

#[test]
fn small_ones_overtake_what_does_not_fit() {
    let mut home = Home::new();
    home.world.set_pool(pool("three", 3));
    let mut tasks: Vec<_> = (0..3)
        .map(|i| task(&format!("two{i}"), &[], json!({"pool": "three", "pool_slots": 2, "priority_weight": 9})))
        .collect();
    tasks.push(task("z", &[], json!({"pool": "three"})));
    tasks.push(task("big", &[], json!({"pool": "three", "pool_slots": 5, "priority_weight": 99})));
    tasks.push(task("lost", &[], json!({"pool": "no such"})));
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    assert_eq!(home.states(run), "big=scheduled lost=scheduled two0=queued two1=scheduled two2=scheduled z=queued");
    assert_eq!(kinds(&home, run, "big"), ["pool"]);
    home.succeed(run, "z");
    assert!(home.advance().is_empty());
    home.succeed(run, "two0");
    home.advance();
    assert_eq!(home.state(run, "two1"), TiState::Queued);
    home.world.set_pool(pool("no such", 1));
    home.advance();
    assert_eq!(home.state(run, "lost"), TiState::Queued);
}

#[test]
fn weights_add_up_over_distinct_relatives() {
    for (rule, wanted) in [("downstream", [15, 10, 12, 8]), ("upstream", [1, 3, 5, 15]), ("absolute", [1, 2, 4, 8])] {
        let of = |id, up: &[&str], w: i32| task(id, up, json!({"weight_rule": rule, "priority_weight": w}));
        let tasks = vec![of("a", &[], 1), of("b", &["a"], 2), of("c", &["a"], 4), of("d", &["b", "c"], 8)];
        let weights = effective_weights(&dag(tasks, json!({})));
        assert_eq!(["a", "b", "c", "d"].map(|id| weights[id]), wanted, "{rule}");
    }
}

#[test]
fn limits_of_instances() {
    let mut home = Home::new();
    let map = |n: usize| json!({"kind": "expand", "args": {"x": vec![0; n]}});
    let tasks = vec![
        task("dag", &[], json!({"max_active_tis_per_dag": 1, "expand": map(3)})),
        task("run", &[], json!({"max_active_tis_per_dagrun": 2, "expand": map(4)})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let (one, two) = (home.trigger(&d, Some(0)), home.trigger(&d, Some(1)));
    home.advance();
    let count = |home: &Home, run, id: &str| {
        home.rows.of(run).iter().filter(|r| &*r.key.task_id == id && r.state == TiState::Queued).count()
    };
    assert_eq!([count(&home, one, "dag"), count(&home, two, "dag")], [1, 0]);
    assert_eq!([count(&home, one, "run"), count(&home, two, "run")], [2, 2]);
    assert_eq!(kinds(&home, two, "dag[0]"), ["max_active_tis"]);
    home.succeed(one, "run[0]");
    home.advance();
    assert_eq!(home.state(one, "run[2]"), TiState::Queued);
}

#[test]
fn runs_wait_for_room_and_for_an_unpaused_dag() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({}))], json!({"max_active_runs": 1}));
    home.add_dag(&d);
    home.world.set_paused("d", true);
    let (one, two) = (home.trigger(&d, Some(0)), home.trigger(&d, Some(1)));
    assert!(home.advance().is_empty());
    assert!(kinds(&home, one, "a").contains(&"paused"));
    home.world.set_paused("d", false);
    home.advance();
    assert_eq!((home.run_state(one), home.run_state(two)), (RunState::Running, RunState::Queued));
    assert!(kinds(&home, two, "a").contains(&"max_active_runs"));
    home.world.set_paused("d", true);
    home.succeed(one, "a");
    home.advance();
    assert_eq!((home.run_state(one), home.run_state(two)), (RunState::Success, RunState::Queued));
    home.world.set_paused("d", false);
    home.advance();
    assert_eq!(home.state(two, "a"), TiState::Queued);
}

#[test]
fn a_run_for_later_waits() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({}))], json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    let later = at(home.now + 60);
    home.rows.runs.get_mut(&run).unwrap().run_after = later;
    home.load(run);
    assert!(home.advance().is_empty());
    assert_eq!(home.world.next_wake(), Some(later));
    assert_eq!(kinds(&home, run, "a"), ["run_after"]);
    home.now += 60;
    home.advance();
    assert_eq!(home.run_state(run), RunState::Running);
}

#[test]
fn deferred_instances_hold_slots_where_the_pool_says_so() {
    for (include_deferred, wanted) in [(true, TiState::Scheduled), (false, TiState::Queued)] {
        let mut home = Home::new();
        home.world.set_pool(Pool { include_deferred, ..pool("one", 1) });
        let d = dag(["a", "b"].map(|id| task(id, &[], json!({"pool": "one"}))).into(), json!({}));
        home.add_dag(&d);
        let run = home.trigger(&d, None);
        home.advance();
        let key = home.key(run, "a");
        home.report(&key, Report::Deferred { state: TiState::Deferred, until: None, end: at(home.now) });
        home.advance();
        assert_eq!((home.state(run, "a"), home.state(run, "b")), (TiState::Deferred, wanted));
        home.report(&key, Report::Resume);
        home.advance();
        let row = &home.rows.instances[&key];
        assert_eq!(row.try_number, 1);
        assert_eq!(row.state == TiState::Queued, include_deferred);
    }
}
