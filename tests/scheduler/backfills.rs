//! Backfills: what is planned for each date, and how their runs start among others.

use std::sync::Arc;

use dagdeck::{
    model::{
        BackfillId, BackfillPlace, Change, Dag, DagVersionId, LeftAlone, ReprocessBehavior, RunId, RunState, RunType,
        TiState,
    },
    scheduler::{BackfillDeed, BackfillEntry, BackfillFacts, BackfillSpec, LoadedRun, plan_backfill, some_tasks},
    timetable::{DataInterval, DueRun},
};
use serde_json::json;

use super::rows::{Home, at, dag, facts, past, task};

const DAY: i64 = 86_400;

fn due(day: i64) -> DueRun {
    let date = at(day * DAY);
    DueRun { logical_date: Some(date), data_interval: Some(DataInterval { start: date, end: date }), run_after: date }
}

fn chain() -> Arc<Dag> {
    let tasks = vec![task("a", &[], json!({})), task("b", &["a"], json!({})), task("c", &["b"], json!({}))];
    dag(tasks, json!({"max_active_runs": 1}))
}

fn spec(reprocess: ReprocessBehavior) -> BackfillSpec {
    BackfillSpec { reprocess, conf: None, tasks: None, pool: None, latest_version: true }
}

fn planned(d: &Arc<Dag>, dates: Vec<(DueRun, Option<LoadedRun>)>, spec: &BackfillSpec) -> Vec<BackfillEntry> {
    plan_backfill((DagVersionId(1), d), dates.into_iter().map(Into::into).collect(), spec, at(0)).0
}

/// Stores and loads what was planned, as the store does, as backfill 7.
fn begin(home: &mut Home, d: &Arc<Dag>, entries: Vec<BackfillEntry>) -> Vec<RunId> {
    let mut runs = Vec::new();
    for entry in entries {
        match entry.deed {
            BackfillDeed::Create(mut new) => {
                new.run.backfill.as_mut().unwrap().id = BackfillId(7);
                let id = home.rows.insert(*new);
                home.dags.insert(id, home.rows.runs[&id].part_of(d.clone()));
                runs.push(id);
            }
            BackfillDeed::Clear(run, mut changes) => {
                for change in &mut changes {
                    if let Change::Run(change) = change {
                        change.row.backfill.as_mut().unwrap().id = BackfillId(7);
                    }
                }
                home.rows.apply(&changes);
                runs.push(run.id);
            }
            BackfillDeed::Leave(_) => {}
        }
    }
    for id in &runs {
        home.load(*id);
    }
    runs
}

fn backfill(max_active_runs: u32, is_paused: bool, while_paused: bool) -> BackfillFacts {
    BackfillFacts { id: BackfillId(7), dag_id: "d".into(), max_active_runs, is_paused, while_paused }
}

fn running(home: &Home, runs: &[RunId]) -> Vec<bool> {
    runs.iter().map(|run| home.run_state(*run) == RunState::Running).collect()
}

#[test]
fn dates_get_runs_and_what_is_there_is_left_alone_or_cleared() {
    let d = chain();
    let mut home = Home::new();
    home.add_dag(&d);
    let runs: Vec<RunId> = (1..4).map(|day| home.trigger(&d, Some(day * DAY))).collect();
    for (run, state) in runs.iter().zip([RunState::Success, RunState::Failed, RunState::Running]) {
        home.rows.runs.get_mut(run).unwrap().state = state;
    }
    for row in home.rows.instances.values_mut() {
        (row.state, row.try_number) = (TiState::Failed, 1);
    }
    let dates = || {
        let there = |day: i64| runs.get(day as usize - 1).map(|run| home.loaded(*run));
        (1..5).map(|day| (due(day), there(day))).collect::<Vec<_>>()
    };
    let short = |behavior| -> Vec<String> {
        let name = |entry: BackfillEntry| match entry.deed {
            BackfillDeed::Create(new) => format!("create {} {}", new.run.run_id, new.instances.len()),
            BackfillDeed::Clear(run, changes) => {
                format!("clear {} {} {}", run.run_type, run.clear_number, changes.len())
            }
            BackfillDeed::Leave(why) => why.to_string(),
        };
        planned(&d, dates(), &spec(behavior)).into_iter().map(name).collect()
    };
    let (there, flies, new) = (
        LeftAlone::AlreadyExists.as_str(),
        LeftAlone::InFlight.as_str(),
        "create backfill__1970-01-05T00:00:00+00:00 3",
    );
    assert_eq!(short(ReprocessBehavior::None), [there, there, flies, new]);
    assert_eq!(short(ReprocessBehavior::Failed), [there, "clear backfill 1 4", flies, new]);
    assert_eq!(short(ReprocessBehavior::Completed), ["clear backfill 1 4", "clear backfill 1 4", flies, new]);
}

#[test]
fn its_own_limit_and_order_count_and_other_runs_come_first() {
    let d = chain();
    let mut home = Home::new();
    home.add_dag(&d);
    home.world.set_backfill(backfill(2, false, false));
    let dates = (1..5).rev().map(|day| (due(day), None)).collect();
    let runs = begin(&mut home, &d, planned(&d, dates, &spec(ReprocessBehavior::None)));
    assert_eq!(&*home.rows.runs[&runs[0]].run_id, "backfill__1970-01-05T00:00:00+00:00");
    let other = home.trigger(&d, Some(99 * DAY));
    let started: Vec<RunId> = home
        .advance()
        .iter()
        .filter_map(|change| match change {
            Change::Run(change) if change.row.state == RunState::Running => Some(change.row.id),
            _ => None,
        })
        .collect();
    assert_eq!(started, [other, runs[0], runs[1]], "the DAG's max_active_runs 1 is for its other runs");
    assert_eq!(home.rows.runs[&runs[0]].run_type, RunType::Backfill);
    for task in ["a", "b", "c"] {
        home.succeed(runs[1], task);
        home.advance();
    }
    assert_eq!(home.run_state(runs[1]), RunState::Success);
    assert_eq!(running(&home, &runs), [true, false, true, false]);
}

#[test]
fn a_paused_backfill_starts_nothing_and_its_running_runs_go_on() {
    let d = chain();
    let mut home = Home::new();
    home.add_dag(&d);
    home.world.set_backfill(backfill(1, false, false));
    let dates = (1..3).map(|day| (due(day), None)).collect();
    let runs = begin(&mut home, &d, planned(&d, dates, &spec(ReprocessBehavior::None)));
    home.advance();
    home.world.set_backfill(backfill(1, true, false));
    for task in ["a", "b", "c"] {
        home.succeed(runs[0], task);
        home.advance();
    }
    assert_eq!(home.run_state(runs[0]), RunState::Success);
    assert_eq!(home.run_state(runs[1]), RunState::Queued);
    let why = home.world.explain(&home.key(runs[1], "a"), at(home.now));
    assert!(why[0].reason.contains("backfill is paused"), "{why:?}");
    home.world.set_backfill(backfill(1, false, false));
    home.advance();
    assert_eq!(home.state(runs[1], "a"), TiState::Queued);
}

#[test]
fn a_paused_dag_holds_it_unless_it_goes_on_meanwhile() {
    for (while_paused, expected) in [(false, RunState::Queued), (true, RunState::Success)] {
        let d = chain();
        let mut home = Home::new();
        home.known.push(d.clone());
        home.world.set_dag(facts(&d, true));
        home.world.set_backfill(backfill(1, false, while_paused));
        let runs = begin(&mut home, &d, planned(&d, vec![(due(1), None)], &spec(ReprocessBehavior::None)));
        let other = home.trigger(&d, Some(99 * DAY));
        home.advance();
        for task in ["a", "b", "c"].iter().filter(|_| while_paused) {
            home.succeed(runs[0], task);
            home.advance();
        }
        assert_eq!(home.run_state(runs[0]), expected);
        assert_eq!(home.run_state(other), RunState::Queued);
    }
}

#[test]
fn only_the_first_run_does_not_look_back() {
    let d = dag(vec![task("a", &[], json!({"depends_on_past": true}))], json!({}));
    let mut home = Home::new();
    home.add_dag(&d);
    home.world.set_backfill(backfill(5, false, false));
    let dates = (1..3).map(|day| (due(day), None)).collect();
    let entries = planned(&d, dates, &spec(ReprocessBehavior::Failed));
    let runs = begin(&mut home, &d, entries);
    // The run before the first has failed.
    let mut failed = past(RunId(99));
    failed.states.insert("a".into(), vec![TiState::Failed]);
    home.world.set_previous(runs[0], Some(failed));
    home.world.set_previous(runs[1], Some(past(runs[0])));
    home.advance();
    assert_eq!((home.state(runs[0], "a"), home.state(runs[1], "a")), (TiState::Queued, TiState::None));
    home.succeed(runs[0], "a");
    home.advance();
    assert_eq!(home.state(runs[1], "a"), TiState::Queued);
}

#[test]
fn some_tasks_run_in_their_order_in_the_pool_that_was_named() {
    let d = chain();
    let mut home = Home::new();
    home.add_dag(&d);
    home.world.set_backfill(backfill(1, false, false));
    let tasks = some_tasks(&d, &["a".into(), "c".into()]).unwrap();
    let some = BackfillSpec { tasks: Some(tasks), pool: Some("default_pool".into()), ..spec(ReprocessBehavior::None) };
    let runs = begin(&mut home, &d, planned(&d, vec![(due(1), None)], &some));
    assert_eq!(home.rows.runs[&runs[0]].backfill, Some(BackfillPlace { id: BackfillId(7), ordinal: 1 }));
    home.advance();
    assert_eq!(home.states(runs[0]), "a=queued c=none");
    home.succeed(runs[0], "a");
    home.advance();
    assert_eq!(home.states(runs[0]), "a=success c=queued", "b is left out, and c still comes after a");
    home.succeed(runs[0], "c");
    home.advance();
    assert_eq!(home.run_state(runs[0]), RunState::Success);
}

#[test]
fn some_tasks_must_be_there_and_able_to_run_alone() {
    let expand =
        json!({"kind": "expand", "args": {"x": {"__dagdeck__": "xcom", "task_id": "a", "key": "return_value"}}});
    let d = dag(vec![task("a", &[], json!({})), task("b", &["a"], json!({"expand": expand}))], json!({}));
    let refused = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        some_tasks(&d, &ids).unwrap_err()
    };
    assert!(refused(&["nothing"]).contains("\"nothing\""));
    assert!(refused(&["b"]).contains("mapped over a"));
    assert_eq!(some_tasks(&d, &["b".into(), "a".into()]).unwrap().len(), 2);
}
