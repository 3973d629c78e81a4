//! Plans of changes to rows: clear, mark, set a run's state.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use rusqlite::Transaction;

use super::{acts::find_run, prepared::Prepared};
use crate::{
    config::Place,
    error::{Error, Result},
    model::{Dag, DagRun, DagVersionId, MapIndex, RunId, RunState, TiState},
    protocol::Selection,
    scheduler::{ClearRequest, Loaded, LoadedRun, MarkRequest, TaskRef, plan_clear, plan_mark, plan_set_run_state},
    store::{self, load},
};

/// Clears task instances.
pub fn clear(tx: &Transaction<'_>, place: &Place, selection: &Selection, now: Timestamp) -> Result<Prepared> {
    let loaded = load_selection(tx, selection)?;
    let own = loaded.latest.as_ref().and_then(|(_, dag)| dag.rerun_with_latest_version);
    let latest_version = prefers_latest(place, selection.latest_version, own, false);
    let request = ClearRequest {
        run: run_named(&loaded, selection),
        start_date: selection.start_date,
        end_date: selection.end_date,
        text: selection.task_text.clone(),
        tasks: task_refs(&selection.task_ids),
        exclude: task_refs(&selection.exclude),
        upstream: selection.upstream,
        downstream: selection.downstream,
        only_failed: selection.only_failed,
        only_running: selection.only_running,
        past: selection.past,
        future: selection.future,
        reset_dag_runs: !selection.keep_dag_runs,
        keep_retries: selection.keep_retries,
        skip_running: selection.skip_running,
        latest_version,
    };
    let plan = plan_clear(&loaded, &request, now);
    Ok(Prepared::of_changes(&loaded, &selection.dag_id, plan, "cleared"))
}

/// Whether runs go on with the newest version of their DAG: as the command says, else the DAG, else
/// `[core] rerun_with_latest_version`, else `otherwise` (Airflow 3.3: false for clears, true for backfills).
pub fn prefers_latest(place: &Place, said: Option<bool>, dag: Option<bool>, otherwise: bool) -> bool {
    let setting = || {
        let is_set = !place.settings.text("core", "rerun_with_latest_version").is_empty();
        is_set.then(|| place.settings.flag("core", "rerun_with_latest_version"))
    };
    said.or(dag).or_else(setting).unwrap_or(otherwise)
}

/// Marks task instances.
pub fn mark(tx: &Transaction<'_>, selection: &Selection, state: TiState, now: Timestamp) -> Result<Prepared> {
    if !matches!(state, TiState::Success | TiState::Failed | TiState::Skipped) {
        return Err(
            Error::refused(format!("a task instance cannot be marked {state}")).hint("success, failed or skipped")
        );
    }
    let loaded = load_selection(tx, selection)?;
    let run = run_named(&loaded, selection)
        .ok_or_else(|| Error::refused("marking needs a run").hint("name it with its run id"))?;
    let request = MarkRequest {
        run,
        tasks: task_refs(&selection.task_ids),
        state,
        upstream: selection.upstream,
        downstream: selection.downstream,
        past: selection.past,
        future: selection.future,
    };
    let plan = plan_mark(&loaded, &request, now);
    Ok(Prepared::of_changes(&loaded, &selection.dag_id, plan, &format!("marked {state}")))
}

/// Sets the state of a run.
pub fn set_run_state(
    tx: &Transaction<'_>,
    dag_id: &str,
    run_id: &str,
    state: RunState,
    now: Timestamp,
) -> Result<Prepared> {
    let run = find_run(tx, dag_id, run_id)?;
    let loaded = with_rows(tx, dag_id, vec![run])?;
    let plan = plan_set_run_state(&loaded, state, now);
    Ok(Prepared::of_changes(&loaded, dag_id, plan, &format!("run marked {state}")))
}

fn task_refs(named: &[(String, Option<MapIndex>)]) -> Vec<TaskRef> {
    named.iter().map(|(task_id, index)| (task_id.as_str().into(), *index)).collect()
}

fn run_named(loaded: &Loaded, selection: &Selection) -> Option<RunId> {
    let run_id = selection.run_id.as_deref()?;
    loaded.runs.iter().find(|one| &*one.run.run_id == run_id).map(|one| one.run.id)
}

fn load_selection(tx: &Transaction<'_>, selection: &Selection) -> Result<Loaded> {
    let dag_id = &selection.dag_id;
    let runs = match &selection.run_id {
        // Past and future are other runs of the DAG, relative to this one: the plan chooses among all.
        Some(run_id) if selection.past || selection.future => {
            find_run(tx, dag_id, run_id)?;
            store::run::between(tx, dag_id, None, None)?
        }
        Some(run_id) => vec![find_run(tx, dag_id, run_id)?],
        None => store::run::between(
            tx,
            dag_id,
            selection.start_date.filter(|_| !selection.past),
            selection.end_date.filter(|_| !selection.future),
        )?,
    };
    with_rows(tx, dag_id, runs)
}

/// Runs with their rows, each with the DAG as it has it.
pub fn with_rows(tx: &Transaction<'_>, dag_id: &str, runs: Vec<DagRun>) -> Result<Loaded> {
    let latest = store::dag::get(tx, dag_id)?.map(|stored| (stored.version, stored.dag));
    if latest.is_none() && runs.is_empty() {
        return Err(Error::not_found(format!("there is no DAG {dag_id:?}")));
    }
    let mut versions: HashMap<DagVersionId, Arc<Dag>> = latest.clone().into_iter().collect();
    let mut loaded = Vec::with_capacity(runs.len());
    for run in runs {
        let dag = match versions.get(&run.dag_version) {
            Some(dag) => dag.clone(),
            None => store::dag::version(tx, run.dag_version)?,
        };
        versions.insert(run.dag_version, dag.clone());
        let dag = run.part_of(dag);
        let rows = load::instances(tx, run.id)?;
        loaded.push(LoadedRun { run, dag, rows });
    }
    Ok(Loaded { latest, runs: loaded })
}
