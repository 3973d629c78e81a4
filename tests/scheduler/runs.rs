//! How runs end, what looks back on the run before, setups and teardowns, skips, due runs.

use std::collections::HashMap;

use dagdeck::{
    model::{Change, RunState, TiState},
    scheduler::{DagFacts, PastRun, Report, RunFacts},
};
use serde_json::{Value, json};

use super::rows::{Home, at, dag, facts, past, task};

fn empty() -> Value {
    json!({"operator": "EmptyOperator"})
}
fn setup() -> Value {
    json!({"operator": "EmptyOperator", "is_setup": true})
}
fn teardown() -> Value {
    json!({"operator": "EmptyOperator", "is_teardown": true, "trigger_rule": "all_done_setup_success"})
}

/// Runs everything; the named tasks fail (`!`) or skip themselves (`-`).
fn settle(tasks: Vec<dagdeck::model::Task>, extra: Value, bad: &[&str]) -> String {
    let mut home = Home::new();
    let d = dag(tasks, extra);
    home.add_dag(&d);
    let run = home.trigger(&d, Some(0));
    loop {
        home.advance();
        let active = home.active();
        if active.is_empty() {
            return format!("{} {}", home.run_state(run), home.states(run));
        }
        for key in active {
            let id = key.task_id.to_string();
            if bad.contains(&format!("!{id}").as_str()) {
                home.fail(run, &id);
            } else if bad.contains(&format!("-{id}").as_str()) {
                home.skip(run, &id);
            } else {
                home.succeed(run, &id);
            }
        }
    }
}

#[test]
fn setups_and_teardowns_as_recorded() {
    let tasks = || {
        vec![
            task("s", &[], setup()),
            task("w", &["s"], json!({})),
            task("w2", &["w"], empty()),
            task("t", &["s", "w2"], teardown()),
        ]
    };
    assert_eq!(settle(tasks(), json!({}), &["!w"]), "failed s=success t=success w=failed w2=upstream_failed");

    let mut bad = teardown();
    bad["operator"] = json!("BashOperator");
    let tasks = |t: Value| vec![task("s", &[], setup()), task("w", &["s"], empty()), task("t", &["s", "w"], t)];
    assert_eq!(settle(tasks(bad.clone()), json!({}), &["!t"]), "success s=success t=failed w=success");
    bad["on_failure_fail_dagrun"] = json!(true);
    assert_eq!(settle(tasks(bad), json!({}), &["!t"]), "failed s=success t=failed w=success");

    let failing = json!({"is_setup": true});
    let far = json!({"operator": "EmptyOperator", "trigger_rule": "all_done"});
    let tasks = vec![
        task("s", &[], failing.clone()),
        task("w", &["s"], empty()),
        task("far", &["w"], far),
        task("t", &["s", "far"], teardown()),
    ];
    let all = "failed far=upstream_failed s=failed t=upstream_failed w=upstream_failed";
    assert_eq!(settle(tasks, json!({}), &["!s"]), all);

    let tasks = vec![task("s", &[], failing.clone()), task("w", &["s"], empty()), task("t", &["s", "w"], teardown())];
    assert_eq!(settle(tasks, json!({}), &["-s"]), "success s=skipped t=skipped w=skipped");

    let tasks = vec![
        task("s1", &[], setup()),
        task("s2", &[], failing),
        task("w", &["s1", "s2"], empty()),
        task("t", &["s1", "s2", "w"], teardown()),
        task("after", &["t"], empty()),
    ];
    assert_eq!(
        settle(tasks, json!({}), &["!s2"]),
        "failed after=success s1=success s2=failed t=success w=upstream_failed"
    );

    let tasks = vec![
        task("make", &[], json!({"is_setup": true})),
        task("a", &["make"], json!({})),
        task("b", &["a"], json!({})),
        task("c", &["b"], empty()),
        task("destroy", &["make", "c"], teardown()),
        task("outside", &["c"], empty()),
    ];
    let all = "failed a=success b=failed c=upstream_failed destroy=success make=success outside=upstream_failed";
    assert_eq!(settle(tasks, json!({}), &["!b"]), all);
}

#[test]
fn a_failed_inner_task_under_an_all_done_leaf_is_a_success() {
    let leaf = json!({"operator": "EmptyOperator", "trigger_rule": "all_done"});
    let tasks = vec![task("a", &[], json!({})), task("leaf", &["a"], leaf)];
    assert_eq!(settle(tasks, json!({}), &["!a"]), "success a=failed leaf=success");
    assert_eq!(settle(vec![], json!({}), &[]), "success ");
}

#[test]
fn fail_fast_ends_the_rest() {
    let mut home = Home::new();
    let tasks = vec![
        task("bad", &[], json!({})),
        task("runs", &[], json!({})),
        task("queued", &[], json!({})),
        task("below", &["runs"], json!({})),
        task("after", &["bad"], json!({})),
        task("slow", &[], json!({"retries": 3})),
    ];
    let d = dag(tasks, json!({"fail_fast": true}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.start(run, "runs");
    home.fail(run, "slow");
    home.fail(run, "bad");
    home.advance();
    let wanted = "after=skipped bad=failed below=skipped queued=skipped runs=failed slow=skipped";
    assert_eq!(home.states(run), wanted);
    assert_eq!(home.run_state(run), RunState::Success);
}

#[test]
fn a_run_times_out() {
    let mut home = Home::new();
    let d = dag(
        vec![task("a", &[], json!({})), task("b", &["a"], json!({}))],
        json!({"dagrun_timeout": 30, "max_consecutive_failed_dag_runs": 1}),
    );
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.start(run, "a");
    assert_eq!(home.world.next_wake(), Some(at(home.now + 30)));
    home.now += 30;
    home.advance();
    assert_eq!(home.states(run), "a=skipped b=skipped");
    assert_eq!(home.run_state(run), RunState::Failed);
    // As in Airflow only the failure of a task makes the scheduler look at the runs before.
    assert!(!home.world.dag("d").unwrap().is_paused);
    assert!(home.world.run(run).is_none());
}

#[test]
fn failures_in_a_row_pause() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({}))], json!({"max_consecutive_failed_dag_runs": 2}));
    home.add_dag(&d);
    let run = |home: &mut Home, fails: bool| {
        home.now += 60;
        let run = home.trigger(&d, Some(home.now));
        home.advance();
        if fails {
            home.fail(run, "a")
        } else {
            home.succeed(run, "a")
        }
        home.advance()
    };
    run(&mut home, true);
    run(&mut home, false);
    run(&mut home, true);
    assert!(!home.world.dag("d").unwrap().is_paused);
    let changes = run(&mut home, true);
    assert!(matches!(changes.last(), Some(Change::PauseDag { .. })), "{changes:?}");
    assert!(home.world.dag("d").unwrap().is_paused);
}

#[test]
fn the_setting_pauses_dags_that_do_not_say() {
    let mut home = Home::new();
    home.limits.max_consecutive_failed_dag_runs_per_dag = 1;
    home.reload();
    let d = dag(vec![task("a", &[], json!({}))], json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.fail(run, "a");
    home.advance();
    assert!(home.world.dag("d").unwrap().is_paused);
}

#[test]
fn a_newer_run_that_goes_on_is_not_a_failure_in_a_row() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({}))], json!({"max_consecutive_failed_dag_runs": 2}));
    home.add_dag(&d);
    let runs: Vec<_> = (0..3)
        .map(|day| {
            home.now += 60;
            home.trigger(&d, Some(day))
        })
        .collect();
    home.advance();
    home.fail(runs[0], "a");
    home.advance();
    home.fail(runs[1], "a");
    home.advance();
    assert!(!home.world.dag("d").unwrap().is_paused, "the newest two are one failed and one running");
    home.fail(runs[2], "a");
    home.advance();
    assert!(home.world.dag("d").unwrap().is_paused);
}

#[test]
fn a_task_has_no_instance_outside_the_dates_of_its_dag() {
    let tasks = || vec![task("a", &[], empty()), task("early", &[], json!({"end_date": at(50).to_string()}))];
    let dates = json!({"start_date": at(10).to_string(), "end_date": at(100).to_string()});
    let states = |logical: Option<i64>| {
        let mut home = Home::new();
        let d = dag(tasks(), dates.clone());
        home.add_dag(&d);
        let run = home.trigger(&d, logical);
        home.states(run)
    };
    assert_eq!(states(None), "a=none early=none");
    assert_eq!(states(Some(9)), "");
    assert_eq!(states(Some(10)), "a=none early=none");
    assert_eq!(states(Some(51)), "a=none");
    assert_eq!(states(Some(101)), "");
}

#[test]
fn a_deadlock_fails_the_run() {
    // The task above gets no instance in this run, so it is waited for in vain.
    let tasks = vec![task("late", &[], json!({"start_date": "2026-01-01T00:00:00Z"})), task("b", &["late"], json!({}))];
    assert_eq!(settle(tasks, json!({}), &[]), "failed b=none");
}

#[test]
fn the_run_before_is_waited_for() {
    let mut home = Home::new();
    let tasks = vec![task("a", &[], json!({"depends_on_past": true})), task("free", &[], empty())];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let one = home.trigger(&d, Some(0));
    let two = home.trigger_after(&d, Some(1), RunFacts { previous: Some(past(one)), ..RunFacts::default() });
    home.advance();
    assert_eq!(home.states(two), "a=none free=success");
    let why = home.world.explain(&home.key(two, "a"), at(0));
    assert_eq!(why[0].kind, "past");
    home.succeed(one, "a");
    home.advance();
    assert_eq!(home.run_state(one), RunState::Success);
    assert_eq!(home.states(two), "a=queued free=success");
    home.fail(two, "a");
    home.advance();

    let states = HashMap::from([("a".into(), vec![TiState::Failed])]);
    let previous = Some(PastRun { states, ..past(two) });
    let three = home.trigger_after(&d, Some(2), RunFacts { previous, ..RunFacts::default() });
    home.advance();
    assert!(home.advance().is_empty());
    assert_eq!(format!("{} {}", home.run_state(three), home.states(three)), "running a=none free=success");
}

#[test]
fn without_an_instance_in_the_run_before_only_the_first_passes() {
    for (ran_before, not_begun, expected) in
        [(false, false, TiState::Queued), (true, false, TiState::None), (true, true, TiState::Queued)]
    {
        let mut home = Home::new();
        let d = dag(vec![task("a", &[], json!({"depends_on_past": true}))], json!({}));
        home.add_dag(&d);
        let mut previous = past(dagdeck::model::RunId(99));
        if ran_before {
            previous.ran_before.insert("a".into());
        }
        if not_begun {
            previous.not_begun.insert("a".into());
        }
        let run = home.trigger_after(&d, Some(1), RunFacts { previous: Some(previous), ..RunFacts::default() });
        home.advance();
        assert_eq!(home.state(run, "a"), expected, "ran before: {ran_before}, not begun: {not_begun}");
    }
}

#[test]
fn a_run_that_comes_in_between_is_the_one_that_is_waited_for() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({"depends_on_past": true}))], json!({}));
    home.add_dag(&d);
    let between = home.trigger(&d, Some(1));
    let states = HashMap::from([("a".into(), vec![TiState::Failed])]);
    let previous = Some(PastRun { states, ..past(dagdeck::model::RunId(99)) });
    let last = home.trigger_after(&d, Some(2), RunFacts { previous, ..RunFacts::default() });
    home.advance();
    home.world.set_previous(last, Some(past(between)));
    home.advance();
    assert_eq!(home.state(last, "a"), TiState::None);
    home.succeed(between, "a");
    home.advance();
    assert_eq!(home.state(last, "a"), TiState::Queued);
}

#[test]
fn all_instances_of_a_mapped_task_in_the_run_before_count() {
    let mut home = Home::new();
    let expand = json!({"kind": "expand", "args": {"x": [1, 2]}});
    let d = dag(vec![task("a", &[], json!({"depends_on_past": true, "expand": expand}))], json!({}));
    home.add_dag(&d);
    let one = home.trigger(&d, Some(0));
    let two = home.trigger_after(&d, Some(1), RunFacts { previous: Some(past(one)), ..RunFacts::default() });
    home.advance();
    home.succeed(one, "a[0]");
    home.advance();
    assert_eq!(home.state(two, "a[0]"), TiState::None);
    home.skip(one, "a[1]");
    home.advance();
    assert_eq!(home.states(two), "a[0]=queued a[1]=queued");
}

#[test]
fn a_skip_can_wait_for_the_run_before() {
    let mut home = Home::new();
    let looks_back = json!({"depends_on_past": true, "wait_for_past_depends_before_skipping": true});
    let d = dag(vec![task("a", &[], json!({})), task("b", &["a"], looks_back)], json!({}));
    home.add_dag(&d);
    let one = home.trigger(&d, Some(0));
    let two = home.trigger_after(&d, Some(1), RunFacts { previous: Some(past(one)), ..RunFacts::default() });
    home.advance();
    home.skip(two, "a");
    home.advance();
    assert_eq!(home.state(two, "b"), TiState::None);
    home.succeed(one, "a");
    home.advance();
    home.succeed(one, "b");
    home.advance();
    assert_eq!(home.state(two, "b"), TiState::Skipped);
}

#[test]
fn wait_for_downstream_looks_one_further() {
    let mut home = Home::new();
    let d = dag(vec![task("a", &[], json!({"wait_for_downstream": true})), task("b", &["a"], json!({}))], json!({}));
    home.add_dag(&d);
    let one = home.trigger(&d, Some(0));
    let two = home.trigger_after(&d, Some(1), RunFacts { previous: Some(past(one)), ..RunFacts::default() });
    home.advance();
    home.succeed(one, "a");
    home.advance();
    assert_eq!(home.state(two, "a"), TiState::None);
    home.succeed(one, "b");
    home.advance();
    assert_eq!(home.state(two, "a"), TiState::Queued);
}

#[test]
fn a_branch_skips_and_is_remembered() {
    let mut home = Home::new();
    let tasks = vec![
        task("pick", &[], json!({"operator": "BranchPythonOperator"})),
        task("a", &["pick"], json!({})),
        task("b", &["pick"], json!({})),
        task("join", &["a", "b"], json!({"trigger_rule": "none_failed_min_one_success"})),
    ];
    let d = dag(tasks, json!({}));
    home.add_dag(&d);
    let run = home.trigger(&d, None);
    home.advance();
    home.start(run, "pick");
    let key = home.key(run, "pick");
    let decision = json!({"followed": ["a"]});
    let changes = home.report(&key, Report::Skips { tasks: vec!["b".into()], decision });
    let Change::Ti(change) = &changes[0] else { panic!("{changes:?}") };
    assert_eq!(change.cause.as_ref().unwrap().summary, "not chosen by `pick`");
    home.succeed(run, "pick");
    home.advance();
    assert_eq!(home.states(run), "a=queued b=skipped join=none pick=success");
    // Cleared, it is skipped again without the branch running again.
    let key = home.key(run, "b");
    home.rows.instances.get_mut(&key).unwrap().state = TiState::None;
    home.load(run);
    home.advance();
    assert_eq!(home.states(run), "a=queued b=skipped join=none pick=success");
    home.succeed(run, "a");
    home.advance();
    assert_eq!(home.state(run, "join"), TiState::Queued);
}

#[test]
fn due_runs_are_made_within_the_limit() {
    let mut home = Home::new();
    let extra = json!({"schedule": {"kind": "delta", "seconds": 60.0}, "catchup": true,
        "start_date": at(home.now - 600).to_string(), "max_active_runs": 3});
    let d = dag(vec![task("a", &[], empty())], extra);
    home.add_dag(&d);
    let mut made = 0;
    loop {
        let new = home.world.due_runs(at(home.now));
        if new.is_empty() {
            break;
        }
        assert!(new.len() <= 3);
        for run in new {
            made += 1;
            let id = home.rows.insert(run);
            home.dags.insert(id, d.clone());
            home.load(id);
        }
        home.advance();
    }
    assert!(made >= 10, "{made}");
    assert!(home.world.next_wake().is_some_and(|t| t > at(home.now)));
    let last = home.world.dag("d").unwrap().last_automated.clone().unwrap();
    assert!(last.run_after <= at(home.now));
    // A paused DAG asks for nothing, nor does one whose file is broken.
    home.now += 3600;
    home.world.set_dag(DagFacts { is_paused: true, last_automated: Some(last.clone()), ..facts(&d, true) });
    assert!(home.world.due_runs(at(home.now)).is_empty());
    home.world.set_dag(DagFacts { has_import_errors: true, last_automated: Some(last), ..facts(&d, false) });
    assert!(home.world.due_runs(at(home.now)).is_empty());
}
