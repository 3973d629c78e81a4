//! Clears that leave something out, keep something, or go on with another version of the DAG.

use std::sync::Arc;

use dagdeck::{
    model::{Change, Dag, DagVersionId, RunId, TaskGroup, TiState},
    scheduler::{ClearRequest, Loaded, Plan, plan_clear},
};
use serde_json::json;

use super::rows::{Home, at, dag, task};

/// a -> g.b (mapped over two) -> g.c -> d
fn grouped() -> Arc<Dag> {
    let expand = json!({"kind": "expand", "args": {"x": [1, 2]}});
    let tasks = vec![
        task("a", &[], json!({"retries": 2})),
        task("g.b", &["a"], json!({"task_group": "g", "expand": expand})),
        task("g.c", &["g.b"], json!({"task_group": "g"})),
        task("d", &["g.c"], json!({})),
    ];
    let mut d = Arc::unwrap_or_clone(dag(tasks, json!({})));
    let group = serde_json::from_value::<TaskGroup>(json!({"group_id": "g", "children": ["g.b", "g.c"]})).unwrap();
    d.task_groups.insert("g".into(), group);
    Arc::new(d)
}

/// A run in which everything succeeded.
fn finished(d: &Arc<Dag>) -> (Home, RunId) {
    let mut home = Home::new();
    home.add_dag(d);
    let run = home.trigger(d, Some(0));
    loop {
        home.advance();
        let active = home.active();
        if active.is_empty() {
            return (home, run);
        }
        for key in active {
            let end = at(home.now);
            home.report(&key, dagdeck::scheduler::Report::Success { start: None, end });
        }
    }
}

fn cleared(home: &Home, run: RunId, request: ClearRequest) -> Vec<String> {
    let loaded = Loaded { latest: None, runs: vec![home.loaded(run)] };
    let plan = plan_clear(&loaded, &ClearRequest { run: Some(run), ..request }, at(home.now));
    plan.task_instances.iter().map(|ti| ti.key.to_string()).collect()
}

fn refs(words: &[(&str, Option<i32>)]) -> Vec<(Arc<str>, Option<i32>)> {
    words.iter().map(|(id, index)| (Arc::from(*id), *index)).collect()
}

#[test]
fn groups_and_exclusions() {
    let (home, run) = finished(&grouped());
    let of = |tasks: &[(&str, Option<i32>)], exclude: &[(&str, Option<i32>)], downstream| {
        let request =
            ClearRequest { tasks: refs(tasks), exclude: refs(exclude), downstream, ..ClearRequest::default() };
        cleared(&home, run, request)
    };
    assert_eq!(of(&[("g", None)], &[], false), ["g.b[0]", "g.b[1]", "g.c"]);
    assert_eq!(of(&[("g", None)], &[], true), ["d", "g.b[0]", "g.b[1]", "g.c"]);
    assert_eq!(of(&[("g", Some(1))], &[], false), ["g.b[1]"]);
    assert_eq!(of(&[("a", None)], &[("g", None)], true), ["a", "d"]);
    assert_eq!(of(&[("a", None)], &[("g.b", Some(0)), ("d", None)], true), ["a", "g.b[1]", "g.c"]);
    assert_eq!(of(&[], &[("a", None)], false), ["d", "g.b[0]", "g.b[1]", "g.c"]);
}

fn apply(home: &mut Home, plan: &Plan) {
    home.rows.apply(&plan.changes);
    home.reload();
}

#[test]
fn retries_are_given_again_or_kept() {
    for (keep_retries, expected) in [(false, 3), (true, 2)] {
        let (mut home, run) = finished(&grouped());
        let loaded = Loaded { latest: None, runs: vec![home.loaded(run)] };
        let request =
            ClearRequest { run: Some(run), tasks: refs(&[("a", None)]), keep_retries, ..ClearRequest::default() };
        let plan = plan_clear(&loaded, &request, at(home.now));
        apply(&mut home, &plan);
        let row = &home.rows.instances[&home.key(run, "a")];
        assert_eq!((row.try_number, row.max_tries), (1, expected), "keep: {keep_retries}");
    }
}

#[test]
fn what_runs_can_be_left_alone() {
    let d = grouped();
    let mut home = Home::new();
    home.add_dag(&d);
    let run = home.trigger(&d, Some(0));
    home.advance();
    home.start(run, "a");
    let skip = ClearRequest { skip_running: true, ..ClearRequest::default() };
    assert_eq!(cleared(&home, run, skip), ["d", "g.b[0]", "g.b[1]", "g.c"]);
    assert_eq!(cleared(&home, run, ClearRequest::default()).len(), 5);
}

/// The next version: `g.c` is gone, `new` is there, `a` has another pool.
fn newer() -> Arc<Dag> {
    let mut d = Arc::unwrap_or_clone(grouped());
    d.tasks.shift_remove("g.c");
    d.tasks["d"].upstream_task_ids = vec!["g.b".into()];
    d.tasks["a"].pool = "gpu".into();
    d.tasks.insert("new".into(), task("new", &["d"], json!({})));
    d.link();
    Arc::new(d)
}

#[test]
fn a_cleared_run_goes_on_with_the_newest_version_if_told_to() {
    let (mut home, run) = finished(&grouped());
    let d = newer();
    let loaded = Loaded { latest: Some((DagVersionId(2), d.clone())), runs: vec![home.loaded(run)] };
    let request = ClearRequest { run: Some(run), tasks: refs(&[("a", None)]), ..ClearRequest::default() };

    // Without being told the run keeps its own.
    let own = plan_clear(&loaded, &request, at(home.now));
    assert_eq!(own.task_instances.len(), 1);
    assert!(own.changes.iter().all(|c| !matches!(c, Change::Run(c) if c.row.dag_version != DagVersionId(1))));

    let plan = plan_clear(&loaded, &ClearRequest { latest_version: true, ..request }, at(home.now));
    let mut what: Vec<String> = plan.task_instances.iter().map(|ti| format!("{} {}", ti.key, ti.reason)).collect();
    what.sort();
    assert_eq!(what, ["a selected", "g.c gone", "new added"]);
    home.dags.insert(run, d.clone());
    home.known = vec![d];
    apply(&mut home, &plan);
    assert_eq!(home.rows.runs[&run].dag_version, DagVersionId(2));
    assert_eq!(home.rows.instances[&home.key(run, "a")].pool, "gpu");
    assert_eq!(home.state(run, "g.c"), TiState::Removed);
    assert_eq!(home.state(run, "new"), TiState::None);

    // The task that is back in a later version is run again.
    let loaded = Loaded { latest: Some((DagVersionId(3), grouped())), runs: vec![home.loaded(run)] };
    let request =
        ClearRequest { run: Some(run), tasks: refs(&[("d", None)]), latest_version: true, ..ClearRequest::default() };
    let plan = plan_clear(&loaded, &request, at(home.now));
    let mut what: Vec<String> = plan.task_instances.iter().map(|ti| format!("{} {}", ti.key, ti.reason)).collect();
    what.sort();
    assert_eq!(what, ["d selected", "g.c restored", "new gone"]);
}

#[test]
fn a_run_of_some_tasks_gets_no_others_by_another_version() {
    let (mut home, run) = finished(&grouped());
    home.rows.instances.retain(|key, _| &*key.task_id == "a");
    home.rows.runs.get_mut(&run).unwrap().tasks = Some(vec!["a".into()]);
    let loaded = Loaded { latest: Some((DagVersionId(2), newer())), runs: vec![home.loaded(run)] };
    let request = ClearRequest { run: Some(run), latest_version: true, ..ClearRequest::default() };
    let plan = plan_clear(&loaded, &request, at(home.now));
    let keys: Vec<String> = plan.task_instances.iter().map(|ti| ti.key.to_string()).collect();
    assert_eq!(keys, ["a"]);
}

#[test]
fn the_basis_tells_whether_a_plan_still_holds() {
    let (mut home, run) = finished(&grouped());
    let plan = |home: &Home| {
        let loaded = Loaded { latest: None, runs: vec![home.loaded(run)] };
        plan_clear(&loaded, &ClearRequest { run: Some(run), ..ClearRequest::default() }, at(home.now))
    };
    let before = plan(&home);
    assert_eq!(plan(&home).basis, before.basis);
    // Cleared and run again meanwhile: the same states, another try.
    apply(&mut home, &before);
    loop {
        home.advance();
        let active = home.active();
        let Some(key) = active.first() else { break };
        let end = at(home.now);
        home.report(key, dagdeck::scheduler::Report::Success { start: None, end });
    }
    let after = plan(&home);
    let states = |plan: &Plan| plan.task_instances.iter().map(|ti| (ti.from, ti.to)).collect::<Vec<_>>();
    assert_eq!(states(&after), states(&before));
    assert_ne!(after.basis, before.basis);
}
