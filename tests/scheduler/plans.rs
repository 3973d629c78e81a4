//! Clear and mark, against what was recorded (`cc_ops_clear`: b fails the first time, d is all_done).

use std::sync::Arc;

use dagdeck::{
    model::{Dag, RunId, RunState, TiState},
    scheduler::{
        Applied, ClearRequest, Loaded, MarkRequest, Plan, Report, WasRun, WasTi, plan_clear, plan_mark, plan_revert,
        plan_set_run_state,
    },
};
use serde_json::json;

use super::rows::{Home, at, dag, task};

const DAY: i64 = 86_400;

fn ops() -> Arc<Dag> {
    let empty = json!({"operator": "EmptyOperator"});
    let tasks = vec![
        task("a", &[], json!({})),
        task("b", &["a"], json!({})),
        task("c", &["b"], empty.clone()),
        task("d", &["c"], json!({"operator": "EmptyOperator", "trigger_rule": "all_done"})),
        task("side", &["a"], empty),
    ];
    dag(tasks, json!({}))
}

struct Ops {
    home: Home,
    runs: Vec<RunId>,
}

impl Ops {
    fn new() -> Self {
        let (mut home, dag) = (Home::new(), ops());
        home.add_dag(&dag);
        let runs: Vec<RunId> = (0..3).map(|i| home.trigger(&dag, Some(i * DAY))).collect();
        let mut ops = Self { home, runs };
        ops.settle();
        ops
    }
    /// Runs everything; b fails in its first try.
    fn settle(&mut self) {
        loop {
            self.home.advance();
            let active = self.home.active();
            if active.is_empty() {
                break;
            }
            for key in active {
                let is_first = self.home.rows.instances[&key].try_number == 1;
                if &*key.task_id == "b" && is_first {
                    self.home.fail(key.run, "b");
                } else {
                    self.home.succeed(key.run, &key.task_id);
                }
            }
        }
    }
    fn loaded(&self) -> Loaded {
        Loaded { latest: None, runs: self.runs.iter().map(|id| self.home.loaded(*id)).collect() }
    }
    fn apply(&mut self, plan: &Plan) {
        self.home.rows.apply(&plan.changes);
        self.home.reload();
    }
    fn clear(&mut self, request: &ClearRequest) -> Vec<String> {
        let plan = plan_clear(&self.loaded(), request, at(self.home.now));
        self.apply(&plan);
        let name = |id: RunId| format!("r{}", self.runs.iter().position(|r| *r == id).unwrap());
        let mut ids: Vec<String> =
            plan.task_instances.iter().map(|t| format!("{}/{}", name(t.key.run), t.key.task_id)).collect();
        ids.sort();
        ids
    }
    /// `queued 1 | a:success,1,0 ...`
    fn show(&self, run: usize) -> String {
        let id = self.runs[run];
        let row = &self.home.rows.runs[&id];
        let tis = self.home.rows.of(id);
        let tis: Vec<String> =
            tis.iter().map(|t| format!("{}:{},{},{}", t.key.task_id, t.state, t.try_number, t.max_tries)).collect();
        format!("{} {} | {}", row.state, row.clear_number, tis.join(" "))
    }
    fn one(&self, run: usize, tasks: &[&str]) -> ClearRequest {
        let tasks = tasks.iter().map(|id| (Arc::from(*id), None)).collect();
        ClearRequest { run: Some(self.runs[run]), tasks, ..ClearRequest::default() }
    }
}

#[test]
fn clearing_as_recorded() {
    let mut ops = Ops::new();
    for run in 0..3 {
        let first = "success 0 | a:success,1,0 b:failed,1,0 c:upstream_failed,0,0 d:success,1,0 side:success,1,0";
        assert_eq!(ops.show(run), first);
    }
    let failed = ClearRequest { only_failed: true, ..ops.one(0, &[]) };
    assert_eq!(ops.clear(&failed), ["r0/b", "r0/c"]);
    assert_eq!(ops.show(0), "queued 1 | a:success,1,0 b:none,1,1 c:none,0,0 d:success,1,0 side:success,1,0");
    ops.settle();
    assert_eq!(ops.show(0), "success 1 | a:success,1,0 b:success,2,1 c:success,1,0 d:success,1,0 side:success,1,0");

    assert_eq!(ops.clear(&ClearRequest { downstream: true, ..ops.one(1, &["b"]) }), ["r1/b", "r1/c", "r1/d"]);
    assert_eq!(ops.show(1), "queued 1 | a:success,1,0 b:none,1,1 c:none,0,0 d:none,1,1 side:success,1,0");
    ops.settle();
    assert_eq!(ops.show(1), "success 1 | a:success,1,0 b:success,2,1 c:success,1,0 d:success,2,1 side:success,1,0");

    assert_eq!(ops.clear(&ClearRequest { upstream: true, ..ops.one(2, &["c"]) }), ["r2/a", "r2/b", "r2/c"]);
    assert_eq!(ops.show(2), "queued 1 | a:none,1,1 b:none,1,1 c:none,0,0 d:success,1,0 side:success,1,0");
    ops.settle();
    assert_eq!(ops.show(2), "success 1 | a:success,2,1 b:success,2,1 c:success,1,0 d:success,1,0 side:success,1,0");

    assert_eq!(ops.clear(&ops.one(0, &["a"])), ["r0/a"]);
    ops.settle();
    assert_eq!(ops.show(0), "success 2 | a:success,2,1 b:success,2,1 c:success,1,0 d:success,1,0 side:success,1,0");

    assert_eq!(ops.clear(&ClearRequest { future: true, ..ops.one(1, &["side"]) }), ["r1/side", "r2/side"]);
    ops.settle();
    assert_eq!(ops.clear(&ClearRequest { past: true, ..ops.one(1, &["side"]) }), ["r0/side", "r1/side"]);
    assert_eq!(ops.show(1), "queued 3 | a:success,1,0 b:success,2,1 c:success,1,0 d:success,2,1 side:none,2,2");
    ops.settle();

    let kept = ClearRequest { reset_dag_runs: false, ..ops.one(0, &[]) };
    assert_eq!(ops.clear(&kept).len(), 5);
    ops.settle();
    assert_eq!(ops.show(0), "success 3 | a:none,2,2 b:none,2,2 c:none,1,1 d:none,1,1 side:none,2,2");
    let mut only = ops.loaded();
    only.runs.truncate(1);
    let plan = plan_set_run_state(&only, RunState::Success, at(ops.home.now));
    assert!(plan.dag_runs.is_empty());
    ops.apply(&plan);
    assert_eq!(ops.show(0), "success 3 | a:skipped,2,2 b:skipped,2,2 c:skipped,1,1 d:skipped,1,1 side:skipped,2,2");

    let text = |t: &str, downstream| ClearRequest {
        start_date: Some(at(0)),
        end_date: Some(at(0)),
        text: Some(t.into()),
        downstream,
        ..ClearRequest::default()
    };
    assert!(ops.clear(&text("^b$", true)).is_empty());
    assert_eq!(ops.clear(&text("b", true)), ["r0/b", "r0/c", "r0/d"]);
    ops.settle();
    assert_eq!(ops.show(0), "success 4 | a:skipped,2,2 b:skipped,2,2 c:skipped,1,1 d:success,2,1 side:skipped,2,2");
    assert_eq!(ops.clear(&text("b", false)), ["r0/b"]);
    ops.settle();
    assert_eq!(ops.show(0), "success 5 | a:skipped,2,2 b:skipped,2,2 c:skipped,1,1 d:success,2,1 side:skipped,2,2");
}

#[test]
fn clearing_a_running_instance_restarts_it() {
    let (mut home, dag) = (Home::new(), ops());
    home.add_dag(&dag);
    let run = home.trigger(&dag, None);
    home.advance();
    home.start(run, "a");
    let mut ops = Ops { home, runs: vec![run] };
    let plan = plan_clear(&ops.loaded(), &ops.one(0, &["a"]), at(ops.home.now));
    assert_eq!(plan.kill, [ops.home.key(run, "a")]);
    ops.apply(&plan);
    assert_eq!(ops.home.state(run, "a"), TiState::Restarting);
    assert!(ops.home.advance().is_empty());
    ops.home.fail(run, "a");
    ops.home.advance();
    assert_eq!(ops.show(0), "running 1 | a:queued,2,1 b:none,0,0 c:none,0,0 d:none,0,0 side:none,0,0");
    assert_eq!(ops.home.rows.instances[&ops.home.key(run, "a")].epoch, 2);
}

#[test]
fn marking() {
    let mut ops = Ops::new();
    let run = ops.runs[0];
    let request = MarkRequest {
        run,
        tasks: vec![("b".into(), None)],
        state: TiState::Success,
        upstream: false,
        downstream: false,
        past: false,
        future: false,
    };
    let plan = plan_mark(&ops.loaded(), &request, at(ops.home.now));
    ops.apply(&plan);
    // What failed below gets another chance, and the run with it.
    assert_eq!(ops.show(0), "queued 1 | a:success,1,0 b:success,1,0 c:none,0,0 d:success,1,0 side:success,1,0");
    assert!(plan_mark(&ops.loaded(), &request, at(ops.home.now)).changes.is_empty());
    ops.settle();
    assert_eq!(ops.show(0), "success 1 | a:success,1,0 b:success,1,0 c:success,1,0 d:success,1,0 side:success,1,0");

    // Nothing below has failed: the state of a finished run is not computed again.
    let request = MarkRequest { run: ops.runs[1], downstream: true, ..request };
    let plan = plan_mark(&ops.loaded(), &request, at(ops.home.now));
    ops.apply(&plan);
    assert_eq!(ops.show(1), "success 0 | a:success,1,0 b:success,1,0 c:success,0,0 d:success,1,0 side:success,1,0");

    // What is marked failed below is thereby cleared.
    let request = MarkRequest { tasks: vec![("a".into(), None)], state: TiState::Failed, ..request };
    let plan = plan_mark(&ops.loaded(), &request, at(ops.home.now));
    ops.apply(&plan);
    assert_eq!(ops.show(1), "queued 1 | a:failed,1,0 b:none,1,1 c:none,0,0 d:none,1,1 side:none,1,1");
    ops.settle();
    let end =
        "failed 1 | a:failed,1,0 b:upstream_failed,1,1 c:upstream_failed,0,0 d:success,2,1 side:upstream_failed,1,1";
    assert_eq!(ops.show(1), end);
}

#[test]
fn marking_a_run_failed_ends_what_it_does() {
    let (mut home, dag) = (Home::new(), ops());
    home.add_dag(&dag);
    let run = home.trigger(&dag, None);
    home.advance();
    home.start(run, "a");
    let mut ops = Ops { home, runs: vec![run] };
    let plan = plan_set_run_state(&ops.loaded(), RunState::Failed, at(ops.home.now));
    assert_eq!(plan.kill, [ops.home.key(run, "a")]);
    let key = ops.home.key(run, "a");
    ops.apply(&plan);
    assert_eq!(ops.show(0), "failed 0 | a:failed,1,0 b:skipped,0,0 c:skipped,0,0 d:skipped,0,0 side:skipped,0,0");
    assert!(ops.home.world.report(&key, 1, Report::Resume, at(0)).is_empty());
}

impl Ops {
    /// Applies a plan that marks a task of the first run, and what takes it back.
    fn mark(&mut self, task: &str, state: TiState) -> Applied {
        let loaded = self.loaded();
        let tasks = vec![(Arc::from(task), None)];
        let run = self.runs[0];
        let request = MarkRequest { run, tasks, state, upstream: false, downstream: false, past: false, future: false };
        let now = at(self.home.now);
        let plan = plan_mark(&loaded, &request, now);
        let was = |p: &dagdeck::scheduler::PlannedTi| WasTi {
            run_id: p.run_id.clone(),
            task_id: p.key.task_id.clone(),
            map_index: p.key.map_index,
            from: p.from,
            to: p.to,
        };
        let before = &loaded.runs[0].run;
        let to = plan.dag_runs.first().map_or(before.state, |p| p.to);
        let runs = vec![WasRun { run_id: before.run_id.clone(), from: before.state, to }];
        let applied = Applied { instances: plan.task_instances.iter().map(was).collect(), runs, at: now };
        self.apply(&plan);
        self.home.now += 1;
        applied
    }
    fn revert(&self, was: &Applied) -> Plan {
        plan_revert(&self.loaded(), was, at(self.home.now))
    }
}

/// A run that has done nothing yet.
fn new_run() -> Ops {
    let (mut home, dag) = (Home::new(), ops());
    home.add_dag(&dag);
    let run = home.trigger(&dag, None);
    home.advance();
    Ops { home, runs: vec![run] }
}

#[test]
fn a_mark_that_ended_its_run_is_taken_back_with_what_followed() {
    let mut ops = new_run();
    let was = ops.mark("a", TiState::Failed);
    ops.settle();
    // The run failed of it, and with it everything below.
    let end =
        "failed 0 | a:failed,1,0 b:upstream_failed,0,0 c:upstream_failed,0,0 d:success,1,0 side:upstream_failed,0,0";
    assert_eq!(ops.show(0), end);
    // d ran in spite of it, so it isn't as it was.
    let plan = ops.revert(&was);
    assert!(plan.changes.is_empty(), "{plan:?}");
    assert!(plan.effects[0].contains("a of run") && plan.effects[0].contains("d has run since"), "{:?}", plan.effects);
    assert!(plan.effects[1].contains("stays failed; it was running"), "{:?}", plan.effects);

    let mut ops = new_run();
    ops.home.start(ops.runs[0], "a");
    ops.home.succeed(ops.runs[0], "a");
    ops.home.advance();
    let was = ops.mark("side", TiState::Failed);
    let plan = ops.revert(&was);
    // Whatever side was is left as it is if it was busy; else it gets its chance again, and its run goes on.
    ops.apply(&plan);
    ops.settle();
    assert!(ops.show(0).starts_with("success") || plan.changes.is_empty(), "{} {plan:?}", ops.show(0));
}

#[test]
fn a_run_that_ended_since_goes_on_when_the_mark_is_taken_back() {
    let (mut home, dag) = (Home::new(), {
        let tasks = vec![task("a", &[], json!({})), task("b", &["a"], json!({})), task("c", &["b"], json!({}))];
        dag(tasks, json!({}))
    });
    home.add_dag(&dag);
    let run = home.trigger(&dag, None);
    home.advance();
    let mut ops = Ops { home, runs: vec![run] };
    ops.home.start(run, "a");
    ops.home.succeed(run, "a");
    // b isn't handed out yet.
    let was = ops.mark("b", TiState::Failed);
    ops.home.advance();
    assert!(ops.show(0).starts_with("failed 0 | a:success,1,0 b:failed"), "{}", ops.show(0));
    assert!(ops.show(0).contains("c:upstream_failed"), "{}", ops.show(0));
    let plan = ops.revert(&was);
    assert_eq!(plan.dag_runs.len(), 1, "{plan:?}");
    assert!(plan.effects.iter().any(|e| e.contains("1 that ended without running")), "{:?}", plan.effects);
    ops.apply(&plan);
    assert!(ops.show(0).starts_with("queued 1 | a:success,1,0 b:none"), "{}", ops.show(0));
    loop {
        ops.home.advance();
        let active = ops.home.active();
        if active.is_empty() {
            break;
        }
        active.iter().for_each(|key| ops.home.succeed(key.run, &key.task_id));
    }
    assert!(ops.show(0).starts_with("success 1"), "{}", ops.show(0));
    // Now something has happened: nothing is taken back any more.
    assert!(ops.revert(&was).changes.is_empty());
}

#[test]
fn a_mark_in_a_run_that_had_ended_is_taken_back_with_the_state_of_the_run() {
    let mut ops = Ops::new();
    let first = ops.show(0);
    assert!(first.starts_with("success 0 | a:success,1,0 b:failed,1,0"), "{first}");
    let was = ops.mark("b", TiState::Success);
    assert!(ops.show(0).starts_with("queued 1"), "{}", ops.show(0));
    let plan = ops.revert(&was);
    ops.apply(&plan);
    assert!(ops.show(0).starts_with("success 1 | a:success,1,0 b:failed,1,0 c:upstream_failed,0,0"), "{}", ops.show(0));
    // Once what was below has run, all of it stays.
    let was = ops.mark("b", TiState::Success);
    ops.settle();
    let plan = ops.revert(&was);
    assert!(plan.changes.is_empty(), "{plan:?}");
    assert!(plan.effects.iter().any(|e| e.contains("b of run")), "{:?}", plan.effects);
}
