//! `pods render`: the pod that a task would send, without a scheduler and without a cluster.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use indexmap::IndexMap;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{cluster_work::is_work, pod_draft, pod_manifest, render};
use crate::{
    clock,
    config::Place,
    error::{Error, Kind, Result},
    model::{Dag, DagRun, DagVersionId, MapIndex, RunId, RunState, RunType, Task, TaskInstance, TiKey, TriggeredBy},
    processor::{self, Parser},
    python::PodHook,
    store::{self, Store, load},
    timetable::{self, DueRun, Timetable},
};

/// The manifest of a task's pod, and what was done differently from what its file says. For the run with the logical date
/// `at` (now if `None`), or, where there is none, for the run that there would be.
///
/// # Errors
/// `NotFound` for an unknown DAG or task, `Refused` for a task that has no pod or can't be rendered.
pub fn run(
    place: &Place,
    dag_id: &str,
    task_id: &str,
    at: Option<Timestamp>,
    map_index: MapIndex,
) -> Result<(Value, Vec<String>)> {
    let db = Store::open_reader(&place.db())?.ok_or_else(|| Error::not_found("there is no store yet"))?;
    let (run, dag) = run_of(place, &db, dag_id, at.unwrap_or_else(clock::now))?;
    let task = with_pod(find_task(&dag, task_id)?)?;
    let row = instance_of(&db, &run, task, map_index)?;
    let db = Arc::new(Mutex::new(db));
    let at = render::Place { dag: &dag, run: &run, row: &row, settings: &place.settings, db: &db, is_draft: true };
    let parser = Parser::new(place)?;
    let refused = |why: &dyn std::fmt::Display| {
        Error::refused(format!("the pod of task {task_id} cannot be put together")).because(why)
    };
    if !pod_draft::is_for_python(&dag, task) {
        match made(&at, place, &parser.side, task, None) {
            Ok(made) => return Ok(made),
            Err(render::Problem::Wrong(cause)) => return Err(refused(&cause.summary)),
            Err(render::Problem::Unsupported(cause)) if dag.fileloc.ends_with(".toml") => {
                return Err(refused(&cause.summary));
            }
            Err(render::Problem::Unsupported(_)) => {}
        }
    }
    pod_draft::run(&at, place, &parser.side, task).map_err(|e| match e.kind {
        Kind::Refused => refused(&e.message),
        _ => e,
    })
}

/// The run of a date, as it is or as it would be, and its DAG.
pub(super) fn run_of(place: &Place, db: &Connection, dag_id: &str, date: Timestamp) -> Result<(DagRun, Arc<Dag>)> {
    let stored = store::dag::get(db, dag_id)?.ok_or_else(|| Error::not_found(format!("there is no DAG {dag_id:?}")))?;
    Ok(match store::run::of_date(db, dag_id, Some(date), "")? {
        Some(run) => {
            let dag = store::dag::version(db, run.dag_version)?;
            (run, dag)
        }
        None => (imagined(place, &stored.dag, stored.version, date)?, stored.dag.clone()),
    })
}

/// The instance of a task, as it is or as it would be, in the try that runs, or else the next one.
pub(super) fn instance_of(db: &Connection, run: &DagRun, task: &Task, map_index: MapIndex) -> Result<TaskInstance> {
    if task.is_mapped() && map_index < 0 {
        return Err(Error::usage(format!("task {} is mapped", task.task_id)).hint("name one instance: --map-index N"));
    }
    let key = TiKey { run: run.id, task_id: task.task_id.clone(), map_index };
    let mut row =
        load::instance(db, &key)?.unwrap_or_else(|| TaskInstance::new(key, task.operator.clone(), task.retries));
    if row.try_number == 0 || row.state.is_finished() {
        row.try_number += 1;
    }
    Ok(row)
}

/// The manifest of a task's arguments; of those in its file, rendered here, if none are given.
pub(super) fn made(
    at: &render::Place<'_>,
    place: &Place,
    side: &Path,
    task: &Task,
    given: Option<IndexMap<String, Value>>,
) -> std::result::Result<(Value, Vec<String>), render::Problem> {
    let interpreter = place.interpreter(Path::new(&at.dag.fileloc));
    let mut kept = None;
    let mut hook = |pod| PodHook::apply(&mut kept, place, &interpreter, side, pod);
    let rendered = match given {
        Some(rendered) => rendered,
        None => render::arguments(at, task)?,
    };
    if is_work(task) {
        let made = pod_manifest::work(at, &place.dags_folder, task, rendered, &mut hook)?;
        return Ok((made.manifest, made.warnings));
    }
    let made = pod_manifest::from_arguments(at, &place.dags_folder, task, rendered, &mut hook)?;
    Ok((made.pod.manifest, made.pod.warnings))
}

pub(super) fn find_task<'a>(dag: &'a Dag, task_id: &str) -> Result<&'a Task> {
    let Some(task) = dag.tasks.get(task_id) else {
        let known: Vec<&str> = dag.tasks.keys().map(|id| &**id).collect();
        return Err(Error::not_found(format!("DAG {} has no task {task_id:?}", dag.dag_id))
            .hint(format!("its tasks are {}", known.join(", "))));
    };
    Ok(task)
}

fn with_pod(task: &Task) -> Result<&Task> {
    if task.is_a("KubernetesPodOperator") || is_work(task) {
        return Ok(task);
    }
    Err(Error::refused(format!("task {} is a {}, which has no pod", task.task_id, task.operator)))
}

/// The run of a date that has none: the one that the timetable would make, else the one that a person would.
fn imagined(place: &Place, dag: &Dag, dag_version: DagVersionId, date: Timestamp) -> Result<DagRun> {
    let timetable = Timetable::of(dag, &processor::timetable_settings(&place.settings))
        .map_err(|e| Error::refused(format!("DAG {}: {e}", dag.dag_id)))?;
    let of_timetable = || -> Option<DueRun> {
        let year = jiff::Span::new().hours(400 * 24);
        let due = timetable.between(date, date.checked_add(year).ok()?, 1).into_iter().next()?;
        (due.logical_date == Some(date)).then_some(due)
    };
    let (run_type, due) = match of_timetable() {
        Some(due) => (RunType::Scheduled, due),
        None => {
            let data_interval = timetable.manual_interval(date);
            (RunType::Manual, DueRun { logical_date: Some(date), data_interval, run_after: date })
        }
    };
    Ok(DagRun {
        id: RunId(0),
        dag_id: dag.dag_id.clone(),
        run_id: timetable::run_id(run_type, date).into(),
        state: RunState::Running,
        run_type,
        triggered_by: TriggeredBy::Test,
        logical_date: due.logical_date,
        data_interval_start: due.data_interval.map(|interval| interval.start),
        data_interval_end: due.data_interval.map(|interval| interval.end),
        partition_key: None,
        partition_date: None,
        run_after: due.run_after,
        queued_at: None,
        start_date: Some(clock::now()),
        end_date: None,
        conf: json!({}),
        note: None,
        clear_number: 0,
        dag_version,
        backfill: None,
        tasks: None,
    })
}
