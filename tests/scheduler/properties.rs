//! Properties that hold for every DAG and every course of events.

use std::{collections::HashMap, sync::Arc};

use dagdeck::{
    model::{Change, Dag, Pool, RunId, TiKey, TiState, TriggerRule},
    scheduler::Report,
};
use proptest::prelude::*;
use serde_json::json;

use super::rows::{Home, at, dag, failed, task};

/// How a try of a task ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Success,
    Failure,
    Skip,
    /// Fails once, then succeeds.
    Flaky,
    /// Goes away twice, then succeeds.
    Reschedule,
    /// Waits for a trigger, then succeeds.
    Defer,
}

#[derive(Debug, Clone)]
struct Case {
    rules: Vec<TriggerRule>,
    edges: Vec<Vec<usize>>,
    outcomes: Vec<Outcome>,
    /// Number of elements if the task is mapped over task i; 0: not mapped.
    mapped: Vec<usize>,
    empty: Vec<bool>,
    pools: Vec<bool>,
    parallelism: u32,
    active: u32,
    slots: i64,
    order: Vec<u16>,
    crashes: Vec<bool>,
}

fn rules() -> impl Strategy<Value = TriggerRule> {
    prop_oneof![3 => Just(TriggerRule::AllSuccess), 5 => proptest::sample::select(TriggerRule::ALL)]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    use Outcome::*;
    proptest::sample::select(vec![Success, Success, Success, Failure, Skip, Flaky, Reschedule, Defer])
}

prop_compose! {
    fn cases()(n in 1usize..9)(
        rules in prop::collection::vec(rules(), n),
        edges in prop::collection::vec(prop::collection::vec(0usize..9, 0..3), n),
        outcomes in prop::collection::vec(outcomes(), n),
        mapped in prop::collection::vec(prop_oneof![4 => Just(0usize), 1 => 1usize..4], n),
        empty in prop::collection::vec(prop::bool::weighted(0.2), n),
        pools in prop::collection::vec(any::<bool>(), n),
        parallelism in 1u32..4, active in 1u32..4, slots in 1i64..3,
        order in prop::collection::vec(any::<u16>(), 64),
        crashes in prop::collection::vec(prop::bool::weighted(0.3), 64),
    ) -> Case {
        Case { rules, edges, outcomes, mapped, empty, pools, parallelism, active, slots, order, crashes }
    }
}

impl Case {
    fn dag(&self) -> Arc<Dag> {
        let n = self.rules.len();
        let tasks = (0..n).map(|i| {
            let mut up: Vec<String> = self.edges[i].iter().filter(|_| i > 0).map(|e| format!("t{}", e % i)).collect();
            let mut extra = json!({
                "trigger_rule": self.rules[i],
                "retries": 1,
                "retry_delay": 7,
                "pool": if self.pools[i] { "small" } else { "default_pool" },
                "operator": if self.empty[i] { "EmptyOperator" } else { "BashOperator" },
            });
            if self.is_mapped(i) {
                let source = self.source(i);
                up.push(source.clone());
                extra["expand"] = json!({"kind": "expand", "args": {"x": {
                    "__dagdeck__": "xcom", "task_id": source, "key": "return_value"}}});
                extra["trigger_rule"] = json!("all_success");
            }
            let up: Vec<&str> = up.iter().map(String::as_str).collect();
            task(&format!("t{i}"), &up, extra)
        });
        dag(tasks.collect(), json!({"max_active_tasks": self.active}))
    }
    fn is_mapped(&self, i: usize) -> bool {
        self.mapped[i] > 0 && i > 0
    }
    fn source(&self, i: usize) -> String {
        format!("t{}", i - 1)
    }
    fn home(&self) -> (Home, Arc<Dag>, RunId) {
        let mut home = Home::new();
        home.limits.parallelism = self.parallelism;
        let small =
            Pool { name: "small".into(), slots: self.slots, description: String::new(), include_deferred: false };
        home.pools.push(small);
        let dag = self.dag();
        home.known.push(dag.clone());
        home.reload();
        let run = home.trigger(&dag, Some(0));
        (home, dag, run)
    }
}

/// Number of a task from its id.
fn number(key: &TiKey) -> usize {
    key.task_id[1..].parse().unwrap()
}

/// Plays a case to its end. `sorted`: reports come in the order of keys; else as the case says.
fn play(case: &Case, crash: bool, sorted: bool) -> (HashMap<TiKey, (TiState, u32)>, String) {
    let (mut home, dag, run) = case.home();
    let mut visits: HashMap<TiKey, u32> = HashMap::new();
    for step in 0..400 {
        let changes = home.advance();
        check(&home, case, &dag, &changes);
        assert!(home.advance().is_empty(), "a second look changes something");
        if crash && case.crashes[step % 64] {
            home.reload();
            assert!(home.advance().is_empty(), "a restart changes something: {:?}", home.states(run));
        }
        if home.run_state(run).is_finished() {
            let unfinished = home.rows.of(run).into_iter().filter(|row| !row.state.is_finished()).count();
            let is_stuck = unfinished > 0;
            let states = home.rows.of(run).into_iter().map(|row| (row.key.clone(), (row.state, row.try_number)));
            return (states.collect(), format!("{} {is_stuck}", home.run_state(run)));
        }
        let waiting: Vec<TiKey> = home
            .rows
            .of(run)
            .into_iter()
            .filter(|row| row.state.is_active() || row.state == TiState::Deferred)
            .map(|row| row.key)
            .collect();
        if waiting.is_empty() {
            let wake = home.world.next_wake().expect("nothing is active and nothing will wake");
            home.now = wake.as_second().max(home.now + 1);
            continue;
        }
        let pick = if sorted { 0 } else { usize::from(case.order[step % 64]) % waiting.len() };
        let key = waiting[pick].clone();
        let row = home.rows.instances[&key].clone();
        let end = at(home.now);
        if row.state == TiState::Deferred {
            home.report(&key, Report::Resume);
            continue;
        }
        if row.state == TiState::Queued && case.order[(step + 1) % 64].is_multiple_of(2) {
            home.report(&key, Report::Started { pid: Some(1), hostname: "h".into(), at: end });
        }
        let visit = visits.entry(key.clone()).or_default();
        *visit += 1;
        let outcome = case.outcomes[number(&key)];
        let report = match (outcome, *visit) {
            (Outcome::Failure, _) | (Outcome::Flaky, 1) => failed(end),
            (Outcome::Skip, _) => {
                let cause = dagdeck::model::Cause::new(dagdeck::model::CauseKind::Skip, "x");
                Report::Skipped { cause, end }
            }
            (Outcome::Reschedule, 1 | 2) => Report::Reschedule { until: at(home.now + 3), end },
            (Outcome::Defer, 1) => Report::Deferred { state: TiState::Deferred, until: None, end },
            _ => {
                let length = number(&key) + 1;
                let wanted = case.mapped.get(length).copied().filter(|n| *n > 0);
                home.report(&key, Report::Pushed { length: wanted });
                Report::Success { start: None, end }
            }
        };
        let stale = home.world.report(&key, row.epoch + 1, report.clone(), end);
        assert!(stale.is_empty(), "a stale report counts");
        assert!(!home.report(&key, report).is_empty());
        if crash && case.crashes[(step + 7) % 64] {
            home.reload();
        }
    }
    panic!("it doesn't end: {}", home.states(run));
}

fn check(home: &Home, case: &Case, dag: &Dag, changes: &[Change]) {
    let active: Vec<_> = home.rows.instances.values().filter(|row| row.state.is_active()).collect();
    assert!(active.len() <= case.parallelism as usize);
    assert!(active.len() <= case.active as usize);
    let small = active.iter().filter(|row| row.pool == "small").count();
    assert!(small as i64 <= case.slots);
    for change in changes {
        let Change::Ti(change) = change else { continue };
        if change.row.state != TiState::Queued || change.from != TiState::None {
            continue;
        }
        let task = &dag.tasks[&change.row.key.task_id];
        let above = |id: &Arc<str>| {
            home.rows.instances.values().filter(|r| r.key.task_id == *id).map(|r| r.state).collect::<Vec<_>>()
        };
        let above: Vec<TiState> = task.upstream_task_ids.iter().flat_map(above).collect();
        if above.is_empty() {
            continue;
        }
        let done = above.iter().all(|s| s.is_finished());
        let all = |wanted: &[TiState]| above.iter().all(|s| wanted.contains(s));
        use TiState::{Failed, Skipped, Success, UpstreamFailed};
        let fine = match task.trigger_rule {
            TriggerRule::AllSuccess => all(&[Success]),
            TriggerRule::AllFailed => all(&[Failed, UpstreamFailed]),
            TriggerRule::OneSuccess => above.contains(&Success),
            TriggerRule::OneFailed => above.contains(&Failed) || above.contains(&UpstreamFailed),
            TriggerRule::OneDone => above.contains(&Success) || above.contains(&Failed),
            TriggerRule::NoneFailed | TriggerRule::NoneFailedMinOneSuccess => all(&[Success, Skipped]),
            TriggerRule::AllSkipped => all(&[Skipped]),
            TriggerRule::Always => true,
            _ => done,
        };
        assert!(fine, "{} is queued above {above:?} ({})", change.row.key, task.trigger_rule);
    }
}

/// The same case without the one rule whose result depends on which state is known first.
fn without_order(case: &Case) -> Case {
    let mut case = case.clone();
    case.mapped.fill(0);
    for (i, rule) in case.rules.iter_mut().enumerate() {
        if *rule == TriggerRule::AllSuccess {
            *rule = TriggerRule::ALL[1 + usize::from(case.order[i]) % (TriggerRule::ALL.len() - 1)];
        }
    }
    case
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_ends_within_its_limits_and_crashes_change_nothing(case in cases()) {
        let first = play(&case, false, false);
        prop_assert_eq!(&first, &play(&case, false, false), "not deterministic");
        prop_assert_eq!(&first, &play(&case, true, false), "a crash changed the end");
    }

    #[test]
    fn the_order_of_reports_does_not_matter_where_rules_do_not(case in cases()) {
        let case = without_order(&case);
        prop_assert_eq!(play(&case, false, false), play(&case, false, true));
    }
}
