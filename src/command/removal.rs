//! Plans that remove: runs, a DAG with all it has, old runs of all DAGs.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    acts::find_run,
    perform::Touched,
    prepared::{Deed, Prepared},
};
use crate::{
    error::{Error, Result},
    model::{DagRun, RunId, RunState},
    store::{self, load},
};

/// Deletes runs; refused while one of them is running.
pub fn runs(tx: &Transaction<'_>, dag_id: &str, run_ids: &[String]) -> Result<Prepared> {
    let found = run_ids.iter().map(|run_id| find_run(tx, dag_id, run_id)).collect::<Result<Vec<DagRun>>>()?;
    let instances = refuse_active(tx, &found)?;
    let count = found.len();
    let (runs, what) = (if count == 1 { "run" } else { "runs" }, "and their XComs are deleted; log files stay");
    Ok(going(&found, vec![format!("{count} {runs} with {instances} task instances {what}")]))
}

/// Deletes a DAG with its runs. Refused while one of them is running.
pub fn dag(tx: &Transaction<'_>, dag_id: &str) -> Result<Prepared> {
    let Some(stored) = store::dag::get(tx, dag_id)? else {
        return Err(Error::not_found(format!("there is no DAG {dag_id:?}")));
    };
    let found = store::run::between(tx, dag_id, None, None)?;
    refuse_active(tx, &found)?;
    let mut effects = vec![format!("DAG {dag_id} is deleted with its versions, runs, XComs and history")];
    effects.push(match stored.is_stale {
        true => "its file is gone, so it does not come back".to_owned(),
        false => "its file stays: while it is in the DAG folder the DAG comes back, without history".to_owned(),
    });
    let plan = going(&found, effects);
    Ok(Prepared { deed: Deed::DeleteDag(dag_id.to_owned()), ..plan })
}

/// Deletes finished runs that ended before a time; the newest run of each DAG stays, as Airflow keeps it.
pub fn clean(tx: &Transaction<'_>, before: Timestamp) -> Result<Prepared> {
    let found = store::run::ended_before(tx, before)?;
    Ok(going(&found, vec!["their task instances, tries, XComs and events are deleted; log files stay".to_owned()]))
}

/// A running run, or one whose tries are still being ended, can't be deleted. Else the number of task instances.
fn refuse_active(tx: &Transaction<'_>, runs: &[DagRun]) -> Result<usize> {
    let mut instances = 0;
    for run in runs {
        let rows = load::instances(tx, run.id)?;
        if run.state == RunState::Running || rows.iter().any(|row| row.state.is_active()) {
            return Err(Error::refused(format!("run {} of {} is {}", run.run_id, run.dag_id, run.state))
                .hint("end it first: `dagdeck runs set-state DAG RUN failed`"));
        }
        instances += rows.len();
    }
    Ok(instances)
}

fn going(runs: &[DagRun], effects: Vec<String>) -> Prepared {
    let rows: Vec<Value> = runs
        .iter()
        .map(|run| json!({"dag_id": &*run.dag_id, "dag_run_id": &*run.run_id, "from": run.state.as_str(), "to": null}))
        .collect();
    let line = |run: &DagRun| {
        format!("run {} of {} is {}, cleared {} times", run.run_id, run.dag_id, run.state, run.clear_number)
    };
    Prepared {
        document: json!({"task_instances": [], "dag_runs": rows, "effects": effects}),
        basis: runs.iter().map(line).collect(),
        deed: Deed::DeleteRuns(runs.iter().map(|run| run.id).collect()),
    }
}

/// Deletes the runs of a plan.
pub fn delete_runs(tx: &Transaction<'_>, runs: &[RunId], now: Timestamp) -> Result<Touched> {
    let mut dags: BTreeSet<Arc<str>> = BTreeSet::new();
    for id in runs {
        if let Some(run) = store::run::get(tx, *id)? {
            store::run::delete(tx, *id)?;
            if let Some(place) = run.backfill {
                store::backfill::complete(tx, place.id, now)?;
            }
            dags.insert(run.dag_id);
        }
    }
    // What looked back on them looks further back now.
    Ok(Touched { runs: runs.to_vec(), dags: dags.into_iter().collect(), ..Touched::default() })
}
