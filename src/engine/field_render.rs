//! `tasks render` of a task that no try has rendered: its fields as they would be, without a scheduler.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use super::{
    pod_render::{find_task, instance_of, run_of},
    render,
};
use crate::{
    command::RunOrDate,
    config::Place,
    error::{Error, Result},
    model::{MapIndex, RunId},
    store::{self, Store},
};

/// Template fields of a task, rendered for a run that there is, or for a date: for its run, or for the one that there would be.
///
/// # Errors
/// `NotFound` for an unknown DAG, run or task, `Refused` for a task that can't be rendered, or only by its Python process.
pub fn run(
    place: &Place,
    dag_id: &str,
    task_id: &str,
    of: RunOrDate,
    map_index: MapIndex,
) -> Result<Map<String, Value>> {
    let db = Store::open_reader(&place.db())?.ok_or_else(|| Error::not_found("there is no store yet"))?;
    let (run, dag) = match of {
        RunOrDate::Date(date) => run_of(place, &db, dag_id, date)?,
        RunOrDate::Run(row) => {
            let run = store::run::get(&db, RunId(row))?.ok_or_else(|| Error::not_found("the run is gone"))?;
            let dag = store::dag::version(&db, run.dag_version)?;
            (run, dag)
        }
    };
    let task = find_task(&dag, task_id)?;
    let row = instance_of(&db, &run, task, map_index)?;
    let db = Arc::new(Mutex::new(db));
    let at = render::Place { dag: &dag, run: &run, row: &row, settings: &place.settings, db: &db, is_draft: false };
    let rendered = render::arguments(&at, task).map_err(|problem| {
        let is_for_python = matches!(problem, render::Problem::Unsupported(_));
        let cause = problem.cause();
        let error = Error::refused(format!("task {task_id} cannot be rendered")).because(cause.summary);
        if is_for_python {
            error.hint("only the task's own Python process can render this: it does when it starts")
        } else {
            error
        }
    })?;
    let field = |name: &String| {
        let value = rendered.get(name).cloned().unwrap_or(Value::Null);
        (name.clone(), render::shortened(render::for_people(value), &place.settings))
    };
    Ok(task.template_fields.iter().map(field).collect())
}
