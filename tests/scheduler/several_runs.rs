//! Several runs at once: shared limits, groups, pauses, clears in the middle, and crashes at any point.

use std::{collections::HashMap, sync::Arc};

use dagdeck::{
    model::{Change, Dag, Pool, RunId, TaskGroup, TiKey, TiState},
    scheduler::{ClearRequest, Loaded, Report, RunFacts, plan_clear},
};
use proptest::prelude::*;
use serde_json::json;

use super::rows::{Home, at, dag, failed, past, task};

#[derive(Debug, Clone)]
struct Case {
    runs: usize,
    length: usize,
    fails: Vec<bool>,
    parallelism: u32,
    max_runs: u32,
    past: bool,
    fail_fast: bool,
    steps: Vec<(u16, u8)>,
}

prop_compose! {
    fn cases()(
        runs in 1usize..4, length in 0usize..4,
        fails in prop::collection::vec(prop::bool::weighted(0.2), 8),
        parallelism in 1u32..6, max_runs in 1u32..3, past in any::<bool>(), fail_fast in prop::bool::weighted(0.2),
        steps in prop::collection::vec((any::<u16>(), any::<u8>()), 50),
    ) -> Case {
        Case { runs, length, fails, parallelism, max_runs, past, fail_fast, steps }
    }
}

/// list -> group over the list (a -> b) -> end; and a task that looks back.
fn grouped(case: &Case) -> Arc<Dag> {
    let one = json!({"pool": "one"});
    let inside = json!({"task_group": "g", "max_active_tis_per_dag": 2});
    let tasks = vec![
        task("list", &[], one),
        task("g.a", &["list"], inside.clone()),
        task("g.b", &["g.a"], inside),
        task("end", &["g.b"], json!({"trigger_rule": if case.fail_fast { "all_success" } else { "none_failed" }})),
        task("back", &["list"], json!({"depends_on_past": case.past, "retries": 1, "retry_delay": 5})),
    ];
    let extra = json!({"max_active_runs": case.max_runs, "fail_fast": case.fail_fast});
    let mut d = Arc::unwrap_or_clone(dag(tasks, extra));
    let expand =
        json!({"kind": "expand", "args": {"x": {"__dagdeck__": "xcom", "task_id": "list", "key": "return_value"}}});
    let group = json!({"group_id": "g", "expand": expand});
    d.task_groups.insert("g".into(), serde_json::from_value::<TaskGroup>(group).unwrap());
    Arc::new(d)
}

fn fails(case: &Case, key: &TiKey) -> bool {
    let at = key.task_id.len() + key.map_index.unsigned_abs() as usize + key.run.0 as usize * 3;
    &*key.task_id != "list" && case.fails[at % case.fails.len()]
}

fn play(case: &Case, crash: bool) -> Vec<(TiKey, TiState, u32)> {
    let d = grouped(case);
    let mut home = Home::new();
    home.limits.parallelism = case.parallelism;
    home.pools.push(Pool { name: "one".into(), slots: 1, description: String::new(), include_deferred: true });
    home.known.push(d.clone());
    home.reload();
    let mut ids: Vec<RunId> = Vec::new();
    for i in 0..case.runs {
        let previous = ids.last().map(|run| past(*run));
        ids.push(home.trigger_after(&d, Some(i as i64), RunFacts { previous, ..RunFacts::default() }));
    }
    let mut cleared = 0;
    for step in 0..600 {
        let (pick, act) = case.steps[step % 50];
        let changes = home.advance();
        check(&home, case, &changes);
        assert!(home.advance().is_empty());
        if crash && act % 3 == 0 {
            restart(&mut home);
            assert!(home.advance().is_empty(), "a restart changes something");
        }
        if act == 7 && cleared < 3 {
            cleared += 1;
            clear(&mut home, ids[usize::from(pick) % ids.len()]);
            continue;
        }
        let active = home.active();
        let Some(key) = active.get(usize::from(pick) % active.len().max(1)).cloned() else {
            match home.world.next_wake() {
                Some(wake) => home.now = wake.as_second().max(home.now + 1),
                None => break,
            }
            continue;
        };
        let end = at(home.now);
        if home.rows.instances[&key].state == TiState::Queued && act % 2 == 0 {
            home.report(&key, Report::Started { pid: Some(1), hostname: "h".into(), at: end });
            continue;
        }
        if fails(case, &key) {
            home.report(&key, failed(end));
        } else {
            home.report(&key, Report::Pushed { length: Some(case.length) });
            home.report(&key, Report::Success { start: None, end });
        }
        if crash && act % 5 == 0 {
            restart(&mut home);
        }
    }
    for id in &ids {
        let run = &home.rows.runs[id];
        // Only a run that waits for a failed one before it may stay.
        assert!(run.state.is_finished() || case.past, "{} {}", run.state, home.states(*id));
    }
    home.rows.instances.values().map(|row| (row.key.clone(), row.state, row.try_number)).collect()
}

/// As the engine does: what the store knows of the run before is read again.
fn restart(home: &mut Home) {
    let rows = &home.rows;
    let past: HashMap<RunId, HashMap<Arc<str>, Vec<TiState>>> = rows
        .runs
        .keys()
        .map(|id| {
            let mut states: HashMap<Arc<str>, Vec<TiState>> = HashMap::new();
            for row in rows.of(*id) {
                states.entry(row.key.task_id.clone()).or_default().push(row.state);
            }
            (*id, states)
        })
        .collect();
    for facts in home.rows.facts.values_mut() {
        if let Some(previous) = &mut facts.previous {
            previous.states = past[&previous.run].clone();
        }
    }
    home.reload();
}

fn clear(home: &mut Home, run: RunId) {
    let loaded = Loaded { latest: None, runs: vec![home.loaded(run)] };
    let request =
        ClearRequest { run: Some(run), tasks: vec![("g.a".into(), None)], downstream: true, ..ClearRequest::default() };
    let plan = plan_clear(&loaded, &request, at(home.now));
    home.rows.apply(&plan.changes);
    restart(home);
}

fn check(home: &Home, case: &Case, changes: &[Change]) {
    let active: Vec<_> = home.rows.instances.values().filter(|row| row.state.is_active()).collect();
    assert!(active.len() <= case.parallelism as usize);
    let count = |id: &str| active.iter().filter(|row| &*row.key.task_id == id).count();
    assert!(count("list") <= 1 && count("g.a") <= 2 && count("g.b") <= 2);
    let running = home.rows.runs.values().filter(|run| run.state == dagdeck::model::RunState::Running).count();
    assert!(running <= case.max_runs as usize);
    for change in changes {
        let Change::Ti(change) = change else { continue };
        let row = &change.row;
        if &*row.key.task_id == "g.b" && row.state == TiState::Queued {
            let partner = TiKey { task_id: "g.a".into(), ..row.key.clone() };
            assert_eq!(home.rows.instances[&partner].state, TiState::Success);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runs_share_limits_and_survive(case in cases()) {
        let first = play(&case, false);
        prop_assert_eq!(&first, &play(&case, false), "not deterministic");
        prop_assert_eq!(&first, &play(&case, true), "a crash changed the end");
    }
}
