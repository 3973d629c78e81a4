//! Backfills: begin, pause, cancel.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    perform::Touched,
    plans::prefers_latest,
    prepared::{Deed, Prepared, apply_changes},
};
use crate::{
    config::Place,
    error::{Error, Result},
    model::{BackfillId, Change, Dag, LeftAlone, ReprocessBehavior, RunChange, RunState, RunType, time::rfc3339},
    processor::timetable_settings,
    protocol::BackfillRequest,
    scheduler::{
        BackfillDate, BackfillDeed, BackfillEntry, BackfillSpec, LoadedRun, left_alone, plan_backfill, some_tasks,
    },
    store::{self, load, pages},
    template,
    timetable::{DueRun, Timetable, run_id},
};

/// More dates than anyone wants, so that a slip of the pen doesn't fill the disk.
const MOST_DATES: usize = 100_000;

/// A backfill that is to begin.
pub struct New {
    request: BackfillRequest,
    entries: Vec<BackfillEntry>,
}

/// What a backfill would do. The refusals are those of Airflow 3.3 (`models/backfill.py`).
pub fn create(tx: &Transaction<'_>, place: &Place, request: &BackfillRequest, now: Timestamp) -> Result<Prepared> {
    let dag_id = &request.dag_id;
    let stored = store::dag::get(tx, dag_id)?.filter(|d| !d.is_stale).ok_or_else(|| {
        Error::not_found(format!("there is no DAG {dag_id:?}")).hint("`dagdeck dags list` names them all")
    })?;
    let dag = &stored.dag;
    let settings = timetable_settings(&place.settings);
    let timetable = Timetable::of(dag, &settings).map_err(Error::refused)?;
    if !timetable.is_periodic() {
        let summary = timetable.summary();
        return Err(Error::refused(format!("DAG {dag_id} can't be backfilled: its schedule {summary} has no dates"))
            .hint(format!(
                "trigger the runs instead, each by its date: `dagdeck dags trigger {} -l {}`",
                request.dag_id,
                request.from_date.strftime("%Y-%m-%d")
            )));
    }
    if !dag.allows(RunType::Backfill) {
        return Err(
            Error::refused(format!("DAG {dag_id} does not allow backfill runs")).hint("its allowed_run_types say so")
        );
    }
    if let Some(id) = store::backfill::unfinished(tx, dag_id)? {
        return Err(Error::refused(format!(
            "backfill {} of DAG {dag_id} isn't over yet, and there can be only one",
            id.0
        ))
        .hint(format!(
            "`dagdeck backfill show {0}` tells how far it is, `dagdeck backfill cancel {0}` ends it",
            id.0
        )));
    }
    validate(tx, dag, request, now)?;
    let dates = dates(&timetable, request, now)?;
    let tasks = match &request.task_ids[..] {
        [] => None,
        named => Some(some_tasks(dag, named).map_err(Error::refused)?),
    };
    let spec = BackfillSpec {
        reprocess: request.reprocess_behavior,
        conf: request.dag_run_conf.clone(),
        tasks,
        pool: request.pool.clone(),
        latest_version: prefers_latest(place, request.latest_version, dag.rerun_with_latest_version, true),
    };
    let mut there = Vec::with_capacity(dates.len());
    for (due, partition) in dates {
        let run = match &partition {
            Some((_, date)) => store::run::of_partition(tx, dag_id, *date)?,
            None => store::run::of_date(tx, dag_id, due.logical_date, &run_id(RunType::Backfill, due.run_after))?,
        };
        let loaded = match run {
            None => None,
            Some(run) => {
                let repeats = left_alone(run.state, spec.reprocess).is_none();
                let rows = if repeats { load::instances(tx, run.id)? } else { Vec::new() };
                let own = store::dag::version(tx, run.dag_version).unwrap_or_else(|_| dag.clone());
                Some(LoadedRun { dag: run.part_of(own), run, rows })
            }
        };
        there.push(BackfillDate { due, partition, there: loaded });
    }
    let (entries, mut plan) = plan_backfill((stored.version, dag), there, &spec, now);
    plan.basis.push(format!("the newest version of the DAG is row {}", stored.version.0));
    plan.basis.push(format!("asked for: {}", json!(request)));
    let effects = effects(request, &entries, stored.is_paused);
    let instances: Vec<Value> = plan
        .task_instances
        .iter()
        .map(|p| {
            json!({"dag_id": dag_id, "dag_run_id": &*p.run_id, "task_id": &*p.key.task_id, "map_index": p.key.map_index,
                   "from": p.from.json(), "to": p.to.json(), "reason": p.reason})
        })
        .collect();
    let runs: Vec<Value> = entries.iter().map(|entry| document(dag_id, entry)).collect();
    Ok(Prepared {
        document: json!({"task_instances": instances, "dag_runs": runs, "effects": effects}),
        basis: plan.basis,
        deed: Deed::CreateBackfill(Box::new(New { request: request.clone(), entries })),
    })
}

fn validate(tx: &Transaction<'_>, dag: &Dag, request: &BackfillRequest, now: Timestamp) -> Result<()> {
    let (from, to) = (rfc3339(request.from_date), rfc3339(request.to_date));
    if request.from_date > request.to_date {
        return Err(Error::refused(format!("--from-date {from} is after --to-date {to}")));
    }
    if request.from_date >= now {
        return Err(Error::refused(format!("a backfill is about the past, and {from} to {to} is the future")));
    }
    if request.max_active_runs == 0 {
        return Err(Error::refused("--max-active-runs 0 would never start anything").hint("at least 1"));
    }
    if dag.tasks.values().any(|task| task.depends_on_past) {
        if request.run_backwards {
            return Err(Error::refused(format!("DAG {} can't run backwards: tasks depend on the past", dag.dag_id))
                .hint("leave --run-backwards out"));
        }
        if request.reprocess_behavior == ReprocessBehavior::None {
            return Err(Error::refused(format!("tasks of DAG {} depend on the past", dag.dag_id))
                .hint("say what to do with runs that are there: --reprocess-behavior failed or completed"));
        }
    }
    if let Some(conf) = &request.dag_run_conf {
        if !conf.is_object() {
            return Err(Error::refused("--dag-run-conf isn't a JSON object").hint("such as '{\"epochs\": 3}'"));
        }
        if let Err(errors) = template::validate_params(dag, conf) {
            let text: Vec<_> = errors.iter().map(|e| format!("{}: {}", e.path, e.message)).collect();
            return Err(Error::refused(format!(
                "the conf does not fit the params of {}: {}",
                dag.dag_id,
                text.join("; ")
            )));
        }
    }
    if let Some(pool) = &request.pool
        && !store::pool::all(tx)?.iter().any(|known| known.name == *pool)
    {
        return Err(Error::not_found(format!("there is no pool {pool:?}"))
            .hint(format!("`dagdeck pools set {pool} SLOTS DESCRIPTION` makes it")));
    }
    Ok(())
}

/// The dates in the order of execution: those of the schedule whose data is complete.
/// A run that is due, and key and start of its partition.
type Due = (DueRun, Option<(String, Timestamp)>);

fn dates(timetable: &Timetable, request: &BackfillRequest, now: Timestamp) -> Result<Vec<Due>> {
    let of_partition = |(key, at): (String, Timestamp)| {
        (DueRun { logical_date: None, data_interval: None, run_after: at }, Some((key, at)))
    };
    let (from, to) = (request.from_date, request.to_date);
    let mut dates: Vec<Due> = match timetable.partitions_between(from, to, MOST_DATES + 1) {
        Some(all) => all.into_iter().map(of_partition).collect(),
        None => timetable.between(from, to, MOST_DATES + 1).into_iter().map(|due| (due, None)).collect(),
    };
    dates.retain(|(due, _)| due.data_interval.is_none_or(|interval| interval.end < now));
    let (from, to) = (rfc3339(request.from_date), rfc3339(request.to_date));
    if dates.is_empty() {
        return Err(Error::refused(format!("the schedule of DAG {} has no date from {from} to {to}", request.dag_id))
            .hint(format!("`dagdeck dags next-execution {} --at {from} -n 5` shows its dates", request.dag_id)));
    }
    if dates.len() > MOST_DATES {
        return Err(Error::refused(format!("from {from} to {to} there are more than {MOST_DATES} dates"))
            .hint("backfill one part after the other"));
    }
    if request.run_backwards {
        dates.reverse();
    }
    Ok(dates)
}

fn document(dag_id: &str, entry: &BackfillEntry) -> Value {
    let from = entry.from.map(RunState::as_str);
    let (to, reason) = match &entry.deed {
        BackfillDeed::Create(_) => (Some("queued"), "created"),
        BackfillDeed::Clear(..) => (Some("queued"), "cleared"),
        BackfillDeed::Leave(why) => (from, why.as_str()),
    };
    let partition = match &entry.deed {
        BackfillDeed::Create(new) => new.run.partition_key.clone(),
        _ => None,
    };
    json!({"dag_id": dag_id, "dag_run_id": &*entry.run_id, "partition_key": partition, "logical_date": entry.due.logical_date.map(rfc3339),
           "sort_ordinal": entry.ordinal, "from": from, "to": to, "reason": reason})
}

fn effects(request: &BackfillRequest, entries: &[BackfillEntry], is_paused: bool) -> Vec<String> {
    let count = |wanted: &dyn Fn(&BackfillDeed) -> bool| entries.iter().filter(|e| wanted(&e.deed)).count();
    let created = count(&|deed| matches!(deed, BackfillDeed::Create(_)));
    let again = count(&|deed| matches!(deed, BackfillDeed::Clear(..)));
    let left = |why| count(&|deed| matches!(deed, BackfillDeed::Leave(w) if *w == why));
    let runs = |n: usize| if n == 1 { "run" } else { "runs" };
    let mut effects = Vec::new();
    let mut say = |n: usize, what: &str| {
        if n > 0 {
            effects.push(format!("{n} {} {what}", runs(n)));
        }
    };
    say(created, "to be created");
    say(again, "to be cleared and run again");
    say(left(LeftAlone::InFlight), "left alone: in flight");
    say(left(LeftAlone::AlreadyExists), "left alone: already there");
    let order = if request.run_backwards { "newest" } else { "oldest" };
    effects.push(format!("at most {} at one time, {order} first", request.max_active_runs));
    if let Some(pool) = &request.pool {
        effects.push(format!("their task instances use pool {pool}"));
    }
    if !request.task_ids.is_empty() {
        effects.push(format!("only {}, and the setups and teardowns that they need", request.task_ids.join(", ")));
    }
    match (is_paused, request.while_paused) {
        (true, false) => effects.push("the DAG is paused: nothing runs until it is unpaused".into()),
        (true, true) => effects.push("they run although the DAG is paused".into()),
        _ => {}
    }
    effects
}

/// Begins a backfill: its rows, its runs, cleared runs. It is over at once if it has nothing to do.
pub fn begin(tx: &Transaction<'_>, new: New, who: &str, now: Timestamp) -> Result<(Value, Touched)> {
    let id = store::backfill::insert(tx, &new.request, who, now)?;
    let mut touched = Touched { backfills: true, dags: vec![new.request.dag_id.as_str().into()], ..Touched::default() };
    for entry in new.entries {
        let run = match entry.deed {
            BackfillDeed::Create(mut new) => {
                if let Some(place) = &mut new.run.backfill {
                    place.id = id;
                }
                Ok(store::run::create(tx, *new)?.run.id)
            }
            BackfillDeed::Clear(run, mut changes) => {
                for change in &mut changes {
                    if let Change::Run(change) = change
                        && let Some(place) = &mut change.row.backfill
                    {
                        place.id = id;
                    }
                }
                apply_changes(tx, &changes)?;
                Ok(run.id)
            }
            BackfillDeed::Leave(why) => Err(why),
        };
        store::backfill::insert_date(tx, id, entry.ordinal, entry.due.logical_date, run)?;
        touched.runs.extend(run.ok());
    }
    store::backfill::complete(tx, id, now)?;
    Ok((pages::backfill::one(tx, id.0)?.unwrap_or(Value::Null), touched))
}

/// A backfill that isn't over.
fn open(tx: &Transaction<'_>, id: i64) -> Result<BackfillId> {
    match store::backfill::is_over(tx, BackfillId(id))? {
        Some(false) => Ok(BackfillId(id)),
        Some(true) => Err(Error::refused(format!("backfill {id} is over already"))),
        None => Err(Error::not_found(format!("there is no backfill {id}")).hint("`dagdeck backfill list` shows them")),
    }
}

/// Pauses or resumes a backfill; running runs go on.
pub fn set_paused(tx: &Transaction<'_>, id: i64, paused: bool, now: Timestamp) -> Result<(Value, Touched)> {
    let id = open(tx, id)?;
    store::backfill::set_paused(tx, id, paused, now)?;
    let document = pages::backfill::one(tx, id.0)?.unwrap_or(Value::Null);
    Ok((document, Touched { backfills: true, ..Touched::default() }))
}

/// What cancelling would do: its queued runs fail (their task instances stay as they are, as in Airflow), running ones go
/// on to their end.
pub fn cancel(tx: &Transaction<'_>, id: i64, now: Timestamp) -> Result<Prepared> {
    let id = open(tx, id)?;
    let queued = store::backfill::queued(tx, id)?;
    let running = store::backfill::running(tx, id)?;
    let mut effects = vec![format!("backfill {} ends; it can't be resumed", id.0)];
    if running > 0 {
        effects.push(format!(
            "{running} of its runs {} running and go on to the end",
            if running == 1 { "is" } else { "are" }
        ));
    }
    let failed = |run: &crate::model::DagRun| {
        let mut row = run.clone();
        row.state = RunState::Failed;
        row.end_date = Some(now);
        Change::Run(Box::new(RunChange { from: run.state, row, reason: "backfill cancelled".into(), at: now }))
    };
    let row = |run: &crate::model::DagRun| {
        json!({"dag_id": &*run.dag_id, "dag_run_id": &*run.run_id, "logical_date": run.logical_date.map(rfc3339),
               "from": "queued", "to": "failed", "reason": "cancelled"})
    };
    let mut basis = vec![format!("backfill {} isn't over", id.0)];
    basis.extend(queued.iter().map(|run| format!("run {} is queued", run.run_id)));
    Ok(Prepared {
        document: json!({"task_instances": [], "effects": effects,
            "dag_runs": queued.iter().map(row).collect::<Vec<_>>()}),
        basis,
        deed: Deed::CancelBackfill { id: id.0, changes: queued.iter().map(failed).collect() },
    })
}

/// Ends a cancelled backfill.
pub fn end(tx: &Transaction<'_>, id: i64, now: Timestamp) -> Result<Value> {
    store::backfill::cancel(tx, BackfillId(id), now)?;
    Ok(pages::backfill::one(tx, id)?.unwrap_or(Value::Null))
}
