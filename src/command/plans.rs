//! Acts with a plan: clear, mark, set a run's state, delete runs. The plan that is shown is the plan that is applied.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{acts::find_run, perform::Touched};
use crate::{
    error::{Error, Result},
    model::{Cause, CauseKind, Dag, DagRun, RunId, RunState, TaskInstance, TiState, hash},
    protocol::Selection,
    scheduler::{ClearRequest, Loaded, MarkRequest, Plan, TaskRef, plan_clear, plan_mark, plan_set_run_state},
    store::{self, gate, load},
};

type Done = Result<(Value, Touched)>;

/// Clears task instances.
pub fn clear(tx: &Transaction<'_>, selection: &Selection, dry_run: bool, now: Timestamp) -> Done {
    let loaded = load_selection(tx, selection)?;
    finish(tx, &loaded, plan_clear(&loaded, &clear_request(&loaded, selection), now), dry_run, "cleared by a person")
}

/// Marks task instances.
pub fn mark(tx: &Transaction<'_>, selection: &Selection, state: TiState, dry_run: bool, now: Timestamp) -> Done {
    if !matches!(state, TiState::Success | TiState::Failed | TiState::Skipped) {
        return Err(
            Error::refused(format!("a task instance cannot be marked {state}")).hint("success, failed or skipped")
        );
    }
    let loaded = load_selection(tx, selection)?;
    let request = mark_request(&loaded, selection, state)?;
    finish(tx, &loaded, plan_mark(&loaded, &request, now), dry_run, &format!("marked {state} by a person"))
}

/// Sets the state of a run.
pub fn set_run_state(
    tx: &Transaction<'_>,
    dag_id: &str,
    run_id: &str,
    state: RunState,
    dry_run: bool,
    now: Timestamp,
) -> Done {
    let run = find_run(tx, dag_id, run_id)?;
    let loaded = with_instances(tx, dag_id, vec![run])?;
    finish(tx, &loaded, plan_set_run_state(&loaded, state, now), dry_run, &format!("run marked {state} by a person"))
}

/// Deletes runs; refused while one of them is active.
pub fn delete_runs(tx: &Transaction<'_>, dag_id: &str, run_ids: &[String], dry_run: bool) -> Done {
    let mut rows = Vec::new();
    let mut instances = 0;
    for run_id in run_ids {
        let run = find_run(tx, dag_id, run_id)?;
        if !run.state.is_finished() {
            return Err(Error::refused(format!("run {run_id} is {}", run.state))
                .hint("end it first: `dagdeck runs set-state DAG RUN failed`"));
        }
        instances += load::instances(tx, run.id)?.len();
        rows.push(json!({"dag_id": dag_id, "dag_run_id": run_id, "from": run.state.as_str(), "to": null}));
        if !dry_run {
            store::run::delete(tx, run.id)?;
        }
    }
    let effects = vec![format!(
        "{} runs with {instances} task instances and their XComs are deleted; log files stay",
        rows.len()
    )];
    let plan_id = plan_id(&json!([dag_id, run_ids, "delete"]));
    let document =
        json!({"plan_id": plan_id, "applied": !dry_run, "task_instances": [], "dag_runs": rows, "effects": effects});
    Ok((document, Touched::default()))
}

fn task_refs(selection: &Selection) -> Vec<TaskRef> {
    selection.task_ids.iter().map(|(task_id, index)| (task_id.as_str().into(), *index)).collect()
}

fn run_named(loaded: &Loaded, selection: &Selection) -> Option<RunId> {
    let run_id = selection.run_id.as_deref()?;
    loaded.runs.iter().find(|(run, _)| &*run.run_id == run_id).map(|(run, _)| run.id)
}

fn clear_request(loaded: &Loaded, selection: &Selection) -> ClearRequest {
    ClearRequest {
        run: run_named(loaded, selection),
        start_date: selection.start_date,
        end_date: selection.end_date,
        text: selection.task_text.clone(),
        tasks: task_refs(selection),
        upstream: selection.upstream,
        downstream: selection.downstream,
        only_failed: selection.only_failed,
        only_running: selection.only_running,
        past: selection.past,
        future: selection.future,
        reset_dag_runs: !selection.keep_dag_runs,
    }
}

fn mark_request(loaded: &Loaded, selection: &Selection, state: TiState) -> Result<MarkRequest> {
    let run = run_named(loaded, selection)
        .ok_or_else(|| Error::refused("marking needs a run").hint("name it with its run id"))?;
    Ok(MarkRequest {
        run,
        tasks: task_refs(selection),
        state,
        upstream: selection.upstream,
        downstream: selection.downstream,
        past: selection.past,
        future: selection.future,
    })
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
        None => store::run::between(tx, dag_id, selection.start_date, selection.end_date)?,
    };
    with_instances(tx, dag_id, runs)
}

fn with_instances(tx: &Transaction<'_>, dag_id: &str, runs: Vec<DagRun>) -> Result<Loaded> {
    let dag: Arc<Dag> = match runs.last() {
        Some(run) if runs.len() == 1 => store::dag::version(tx, run.dag_version)?,
        _ => store::dag::get(tx, dag_id)?
            .map(|d| d.dag)
            .ok_or_else(|| Error::not_found(format!("there is no DAG {dag_id:?}")))?,
    };
    let runs = runs
        .into_iter()
        .map(|run| load::instances(tx, run.id).map(|rows| (run, rows)))
        .collect::<Result<Vec<(DagRun, Vec<TaskInstance>)>>>()?;
    Ok(Loaded { dag, runs })
}

/// Applies a plan unless it is only shown, and says what it is.
fn finish(tx: &Transaction<'_>, loaded: &Loaded, plan: Plan, dry_run: bool, why: &str) -> Done {
    let dag_id = &*loaded.dag.dag_id;
    let instances: Vec<Value> = plan
        .task_instances
        .iter()
        .map(|p| {
            json!({"dag_id": dag_id, "dag_run_id": &*p.run_id, "task_id": &*p.key.task_id, "map_index": p.key.map_index,
                   "from": p.from.json(), "to": p.to.json(), "reason": p.reason})
        })
        .collect();
    let runs: Vec<Value> = plan
        .dag_runs
        .iter()
        .map(|p| json!({"dag_id": dag_id, "dag_run_id": &*p.run_id, "from": p.from.as_str(), "to": p.to.as_str()}))
        .collect();
    let mut touched = Touched::default();
    if !dry_run {
        let refused = gate::apply(tx, &plan.changes)?;
        if refused != gate::Refused::default() {
            return Err(Error::refused("the task instances changed while the plan was made").hint("try again"));
        }
        let cause = Cause::new(CauseKind::Killed, why);
        let rows: Vec<&TaskInstance> = loaded.runs.iter().flat_map(|(_, rows)| rows).collect();
        let epoch = |key: &crate::model::TiKey| rows.iter().find(|row| row.key == *key).map_or(0, |row| row.epoch);
        touched.kill = plan.kill.iter().map(|key| (key.clone(), epoch(key), cause.clone())).collect();
        touched.runs = plan.changes.iter().filter_map(run_of).collect();
        touched.runs.sort();
        touched.runs.dedup();
    }
    let plan_id = plan_id(&json!([dag_id, instances, runs]));
    let document = json!({"plan_id": plan_id, "applied": !dry_run, "task_instances": instances, "dag_runs": runs, "effects": plan.effects});
    Ok((document, touched))
}

fn run_of(change: &crate::model::Change) -> Option<crate::model::RunId> {
    use crate::model::Change;
    match change {
        Change::Ti(c) => Some(c.row.key.run),
        Change::Run(c) => Some(c.row.id),
        Change::Expand { run, .. } => Some(*run),
        Change::PauseDag { .. } => None,
    }
}

/// Equal plans have equal ids.
fn plan_id(of: &Value) -> String {
    hash::text(&of.to_string())[..12].to_string()
}
