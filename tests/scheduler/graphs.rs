//! Simple graphs: order, retries, skips, run ends.

use dagdeck::model::{RunState, TiState};
use serde_json::json;

use super::rows::{Home, dag, task};

#[test]
fn a_chain_runs_in_order() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({})), task("b", &["a"], json!({}))], json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, Some(0));
    let changes = home.advance();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(home.run_state(run), RunState::Running);
    assert_eq!(home.states(run), "a=queued b=none");
    assert!(home.advance().is_empty());
    home.start(run, "a");
    assert!(home.advance().is_empty());
    home.succeed(run, "a");
    home.advance();
    assert_eq!(home.states(run), "a=success b=queued");
    let row = &home.rows.instances[&home.key(run, "b")];
    assert_eq!((row.try_number, row.epoch), (1, 1));
    // The message that it started got lost.
    home.succeed(run, "b");
    home.advance();
    assert_eq!(home.run_state(run), RunState::Success);
    assert!(home.world.run(run).is_none());
}

#[test]
fn a_failure_is_retried_then_passed_on() {
    let mut home = Home::new();
    let d =
        dag(vec![task("a", &[], json!({"retries": 1, "retry_delay": 10})), task("b", &["a"], json!({}))], json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, Some(0));
    home.advance();
    home.start(run, "a");
    home.fail(run, "a");
    assert!(home.advance().is_empty());
    assert_eq!(home.states(run), "a=up_for_retry b=none");
    assert_eq!(home.world.next_wake(), Some(super::rows::at(home.now + 10)));
    home.now += 10;
    home.advance();
    assert_eq!(home.states(run), "a=queued b=none");
    home.fail(run, "a");
    home.advance();
    assert_eq!(home.states(run), "a=failed b=upstream_failed");
    assert_eq!(home.run_state(run), RunState::Failed);
    assert_eq!(home.world.next_wake(), None);
}

#[test]
fn a_join_waits_and_empty_tasks_cost_nothing() {
    let mut home = Home::new();
    let tasks = vec![
        task("start", &[], json!({"operator": "EmptyOperator"})),
        task("a", &["start"], json!({})),
        task("b", &["start"], json!({})),
        task("join", &["a", "b"], json!({"operator": "EmptyOperator"})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    assert_eq!(home.states(run), "a=queued b=queued join=none start=success");
    home.succeed(run, "b");
    home.advance();
    assert_eq!(home.state(run, "join"), TiState::None);
    home.succeed(run, "a");
    home.advance();
    assert_eq!(home.run_state(run), RunState::Success);
}
