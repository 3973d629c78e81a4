//! Mapped tasks and mapped groups.

use std::sync::Arc;

use dagdeck::model::{Dag, RunState, TaskGroup, TiState};
use serde_json::{Value, json};

use super::rows::{Home, dag, task};

fn over(id: &str) -> Value {
    json!({"kind": "expand", "args": {"x": {"__dagdeck__": "xcom", "task_id": id, "key": "return_value"}}})
}
fn literal(n: usize) -> Value {
    json!({"kind": "expand", "args": {"x": vec![0; n]}})
}

#[test]
fn an_upstream_result_expands_and_a_reducer_waits() {
    let mut home = Home::new();
    let tasks = vec![
        task("list", &[], json!({})),
        task("each", &["list"], json!({"expand": over("list")})),
        task("join", &["each"], json!({})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    assert_eq!(home.states(run), "each=none join=none list=queued");
    home.push(run, "list", 2);
    home.succeed(run, "list");
    home.advance();
    assert_eq!(home.states(run), "each[0]=queued each[1]=queued join=none list=success");
    home.succeed(run, "each[1]");
    assert!(home.advance().is_empty());
    home.succeed(run, "each[0]");
    home.advance();
    home.succeed(run, "join");
    home.advance();
    assert_eq!(home.run_state(run), RunState::Success);
}

#[test]
fn an_empty_list_skips() {
    let mut home = Home::new();
    let tasks = vec![
        task("list", &[], json!({})),
        task("each", &["list"], json!({"expand": over("list")})),
        task("again", &["each"], json!({"expand": over("each")})),
        task("nothing", &[], json!({"expand": literal(0)})),
        task("after", &["each"], json!({"trigger_rule": "none_failed"})),
        task("plain", &["each"], json!({})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.push(run, "list", 0);
    home.succeed(run, "list");
    home.advance();
    let wanted = "after=queued again=skipped each=skipped list=success nothing=skipped plain=skipped";
    assert_eq!(home.states(run), wanted);
}

#[test]
fn failed_and_missing_sources_fail_the_mapped_task() {
    let mut home = Home::new();
    let tasks = vec![
        task("bad", &[], json!({})),
        task("silent", &[], json!({})),
        task("skips", &[], json!({})),
        task("a", &["bad"], json!({"expand": over("bad"), "trigger_rule": "all_done"})),
        task("b", &["silent"], json!({"expand": over("silent")})),
        task("c", &["skips"], json!({"expand": over("skips"), "trigger_rule": "all_done"})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.fail(run, "bad");
    home.succeed(run, "silent");
    home.skip(run, "skips");
    home.advance();
    assert_eq!(
        home.states(run),
        "a=upstream_failed b=upstream_failed bad=failed c=skipped silent=success skips=skipped"
    );
}

#[test]
fn only_what_was_pushed_counts_below_a_mapped_task() {
    let mut home = Home::new();
    let tasks = vec![
        task("one", &[], json!({"expand": literal(3)})),
        task("two", &["one"], json!({"expand": over("one"), "trigger_rule": "all_done"})),
        task(
            "cross",
            &["one"],
            json!({"trigger_rule": "all_done", "expand": {"kind": "expand", "args": {
            "x": {"__dagdeck__": "xcom", "task_id": "one", "key": "return_value"}, "y": [1, 2]}}}),
        ),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    for index in [0, 2] {
        home.push(run, &format!("one[{index}]"), 1);
        home.succeed(run, &format!("one[{index}]"));
    }
    home.fail(run, "one[1]");
    home.advance();
    let count = |id: &str| home.rows.of(run).iter().filter(|r| &*r.key.task_id == id).count();
    assert_eq!((count("two"), count("cross")), (2, 4));
}

#[test]
fn after_a_clear_the_length_may_differ() {
    let mut home = Home::new();
    let tasks = vec![task("list", &[], json!({})), task("each", &["list"], json!({"expand": over("list")}))];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.push(run, "list", 2);
    home.succeed(run, "list");
    home.advance();
    for (length, wanted) in [
        (3, "each[0]=queued each[1]=queued each[2]=queued list=success"),
        (1, "each[0]=queued each[1]=removed each[2]=removed list=success"),
    ] {
        for row in home.rows.instances.values_mut() {
            row.state = TiState::None;
        }
        home.load(run);
        home.advance();
        home.push(run, "list", length);
        home.succeed(run, "list");
        home.advance();
        assert_eq!(home.states(run), wanted);
    }
    home.succeed(run, "each[0]");
    home.advance();
    assert_eq!(home.run_state(run), RunState::Success);
}

fn grouped(tasks: Vec<dagdeck::model::Task>, expand: Value) -> Arc<Dag> {
    let group = json!({"group_id": "g", "expand": expand});
    let mut d = Arc::unwrap_or_clone(dag(tasks, json!({})));
    d.task_groups.insert("g".into(), serde_json::from_value::<TaskGroup>(group).unwrap());
    Arc::new(d)
}

#[test]
fn inside_a_mapped_group_indexes_are_independent() {
    let mut home = Home::new();
    let inside = json!({"task_group": "g"});
    let tasks = vec![
        task("list", &[], json!({})),
        task("g.a", &["list"], inside.clone()),
        task("g.b", &["g.a"], inside),
        task("end", &["g.b"], json!({"trigger_rule": "all_done"})),
    ];
    let d = grouped(tasks, over("list"));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.push(run, "list", 2);
    home.succeed(run, "list");
    home.advance();
    assert_eq!(home.states(run), "end=none g.a[0]=queued g.a[1]=queued g.b[0]=none g.b[1]=none list=success");
    home.fail(run, "g.a[1]");
    home.advance();
    assert_eq!(home.state(run, "g.b[1]"), TiState::UpstreamFailed);
    assert_eq!(home.state(run, "g.b[0]"), TiState::None);
    home.succeed(run, "g.a[0]");
    home.advance();
    home.succeed(run, "g.b[0]");
    home.advance();
    assert_eq!(home.state(run, "end"), TiState::Queued);
}

#[test]
fn a_branch_in_a_mapped_group_decides_for_its_own_index() {
    let mut home = Home::new();
    let inside = json!({"task_group": "g"});
    let branch = json!({"task_group": "g", "operator": "BranchPythonOperator"});
    let tasks =
        vec![task("g.pick", &[], branch), task("g.a", &["g.pick"], inside.clone()), task("g.b", &["g.pick"], inside)];
    let d = grouped(tasks, literal(2));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    for (index, followed, other) in [(0, "g.a", "g.b"), (1, "g.b", "g.a")] {
        let key = home.key(run, &format!("g.pick[{index}]"));
        let decision = json!({"followed": [followed]});
        home.report(&key, dagdeck::scheduler::Report::Skips { tasks: vec![other.into()], decision });
        home.succeed(run, &format!("g.pick[{index}]"));
    }
    home.advance();
    assert_eq!(
        home.states(run),
        "g.a[0]=queued g.a[1]=skipped g.b[0]=skipped g.b[1]=queued g.pick[0]=success g.pick[1]=success"
    );
}

#[test]
fn an_empty_group_is_skipped() {
    let mut home = Home::new();
    let inside = json!({"task_group": "g"});
    let tasks =
        vec![task("list", &[], json!({})), task("g.a", &["list"], inside.clone()), task("g.b", &["g.a"], inside)];
    let d = grouped(tasks, over("list"));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.push(run, "list", 0);
    home.succeed(run, "list");
    home.advance();
    assert_eq!(home.states(run), "g.a=skipped g.b=skipped list=success");
}

#[test]
fn a_nested_group_belongs_to_its_outer_index() {
    let mut home = Home::new();
    let tasks = vec![
        task("g.a", &[], json!({"task_group": "g"})),
        task("g.h.b", &["g.a"], json!({"task_group": "g.h"})),
        task("g.c", &["g.h.b"], json!({"task_group": "g"})),
    ];
    let mut d = Arc::unwrap_or_clone(grouped(tasks, literal(2)));
    let group = json!({"group_id": "g.h", "parent": "g", "expand": literal(3)});
    d.task_groups.insert("g.h".into(), serde_json::from_value::<TaskGroup>(group).unwrap());
    let d = Arc::new(d);
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.succeed(run, "g.a[1]");
    home.advance();
    let queued = |home: &Home| {
        let rows = home.rows.of(run).into_iter().filter(|r| r.state == TiState::Queued);
        rows.map(|r| r.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(queued(&home), ["g.a[0]", "g.h.b[3]", "g.h.b[4]", "g.h.b[5]"]);
    for index in 3..6 {
        home.succeed(run, &format!("g.h.b[{index}]"));
    }
    home.advance();
    assert_eq!(queued(&home), ["g.a[0]", "g.c[1]"]);
}
