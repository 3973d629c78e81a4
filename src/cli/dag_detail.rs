//! `dags details` and `dags next-execution`: what a DAG says about itself, and what follows from its schedule.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{
    dag_check,
    shell::Shell,
    target::{fresh_dag, unknown_dag},
    when,
};
use crate::{
    clock,
    config::{Place, Settings},
    error::{Error, Result},
    model::{Dag, RunType, Schedule, time::rfc3339},
    store::pages,
    timetable::{self, Bounds, DataInterval, DueRun, Timetable},
};

/// `dags details`; its exit code.
///
/// # Errors
/// `NotFound` for an unknown DAG.
pub fn details(dag_id: &str, shell: &mut Shell) -> Result<i32> {
    let conn = fresh_dag(shell, dag_id)?;
    let mut document = document(&conn, shell.place()?, dag_id)?;
    if !shell.format().is_document()
        && let Some(fields) = document.as_object_mut()
    {
        // People read tasks and groups elsewhere, and a warning as a sentence.
        for key in ["edge_info", "task_groups", "latest_dag_version"] {
            fields.shift_remove(key);
        }
        let warnings = fields.shift_remove("warnings").unwrap_or_default();
        shell.show(&document)?;
        for warning in warnings.as_array().into_iter().flatten() {
            shell.text(&dag_check::sentence(warning))?;
        }
        return Ok(0);
    }
    shell.show(&document)?;
    Ok(0)
}

fn latest(conn: &Connection, dag_id: &str) -> Result<pages::dag::Version> {
    match pages::dag::version(conn, dag_id, None)? {
        Some(version) => Ok(version),
        None => Err(unknown_dag(dag_id, &pages::dag::ids(conn)?)),
    }
}

fn document(conn: &Connection, place: &Place, dag_id: &str) -> Result<Value> {
    let row = pages::dag::one(conn, dag_id)?.unwrap_or_default();
    let version = latest(conn, dag_id)?;
    let created = pages::dag::versions(conn, dag_id)?.into_iter().next().unwrap_or_default();
    let dag = version.dag;
    let settings = &place.settings;
    let time = |t: Option<Timestamp>| t.map(rfc3339);
    let mut fields: Map<String, Value> = row.as_object().cloned().unwrap_or_default();
    let fileloc = fields.get("fileloc").and_then(Value::as_str).unwrap_or(&dag.fileloc).to_owned();
    let relative = Path::new(&fileloc).strip_prefix(&place.dags_folder).ok();
    let params: Map<String, Value> = dag
        .params
        .iter()
        .map(|(name, p)| (name.clone(), json!({"value": p.value, "schema": p.schema, "description": p.description})))
        .collect();
    let limit = |own: Option<u32>, key: &str| -> Result<Value> {
        Ok(match own {
            Some(n) => n.into(),
            None => (settings.number("core", key)? as i64).into(),
        })
    };
    let timetable = compile(&dag, settings).ok();
    let description = timetable.as_ref().map(Timetable::description).unwrap_or_default();
    let is_periodic = timetable.as_ref().is_some_and(Timetable::is_periodic);
    let more = json!({
        "dag_display_name": dag.dag_display_name.as_deref().unwrap_or(dag_id),
        "relative_fileloc": relative.map(|p| p.to_string_lossy()),
        "timetable_description": description,
        "doc_md": dag.doc_md,
        "timezone": dag.timezone,
        "start_date": time(dag.start_date),
        "end_date": time(dag.end_date),
        "catchup": dag.catchup.unwrap_or_else(|| settings.flag("scheduler", "catchup_by_default")),
        "max_active_runs": limit(dag.max_active_runs, "max_active_runs_per_dag")?,
        "max_active_tasks": limit(dag.max_active_tasks, "max_active_tasks_per_dag")?,
        "max_consecutive_failed_dag_runs": match dag.max_consecutive_failed_dag_runs {
            0 => limit(None, "max_consecutive_failed_dag_runs_per_dag")?,
            own => own.into(),
        },
        "has_task_concurrency_limits": dag.tasks.values()
            .any(|t| t.max_active_tis_per_dag.is_some() || t.max_active_tis_per_dagrun.is_some()),
        "dag_run_timeout": dag.dagrun_timeout,
        "fail_fast": dag.fail_fast,
        "allowed_run_types": dag.allowed_run_types,
        "is_backfillable": is_periodic && dag.allows(RunType::Backfill),
        "rerun_with_latest_version": dag.rerun_with_latest_version,
        "params": params,
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "render_template_as_native_obj": dag.render_template_as_native_obj,
        "template_search_path": dag.template_searchpath,
        "asset_expression": asset_expression(&dag),
        "latest_dag_version": created,
        "edge_info": dag.edge_labels,
        "task_groups": groups(&dag),
        "task_count": dag.tasks.len(),
        "warnings": dag.warnings.iter().map(dag_check::document).collect::<Vec<_>>(),
    });
    fields.extend(more.as_object().cloned().unwrap_or_default());
    Ok(Value::Object(fields))
}

fn asset_expression(dag: &Dag) -> Value {
    match &dag.schedule {
        Schedule::Asset { expression, .. } => expression.expression(),
        _ => Value::Null,
    }
}

/// Groups, the root first with a null id, as Airflow's serialised DAG has them.
fn groups(dag: &Dag) -> Vec<Value> {
    let root = json!({
        "group_id": null, "parent": null, "tooltip": "", "prefix_group_id": true, "is_mapped": false,
        "children": dag.children, "upstream_group_ids": [], "downstream_group_ids": [], "upstream_task_ids": [],
        "downstream_task_ids": [],
    });
    let others = dag.task_groups.values().map(|g| {
        json!({
            "group_id": g.group_id, "parent": g.parent, "tooltip": g.tooltip, "prefix_group_id": g.prefix_group_id,
            "is_mapped": g.expand.is_some(), "children": g.children, "upstream_group_ids": g.upstream_group_ids,
            "downstream_group_ids": g.downstream_group_ids, "upstream_task_ids": g.upstream_task_ids,
            "downstream_task_ids": g.downstream_task_ids,
        })
    });
    std::iter::once(root).chain(others).collect()
}

fn compile(dag: &Dag, settings: &Settings) -> Result<Timetable> {
    let settings = timetable::Settings {
        create_cron_data_intervals: settings.flag("scheduler", "create_cron_data_intervals"),
        catchup_by_default: settings.flag("scheduler", "catchup_by_default"),
    };
    Timetable::of(dag, &settings)
        .map_err(|e| Error::refused(format!("the schedule of DAG {} can't be used", dag.dag_id)).because(e))
}

/// `dags next-execution`; its exit code.
///
/// # Errors
/// `NotFound` for an unknown DAG, `Usage` for a time that can't be read.
pub fn next(dag_id: &str, n: u32, at: Option<&str>, shell: &mut Shell) -> Result<i32> {
    let conn = fresh_dag(shell, dag_id)?;
    let dag = latest(&conn, dag_id)?.dag;
    let settings = &shell.place()?.settings;
    let zone = when::default_zone(settings)?;
    let now = clock::now();
    let at = at.map(|text| when::parse(text, &zone, now)).transpose()?;
    let timetable = compile(&dag, settings)?;
    let bounds = Bounds {
        start_date: dag.start_date,
        end_date: dag.end_date,
        catchup: dag.catchup.unwrap_or_else(|| settings.flag("scheduler", "catchup_by_default")),
    };
    // Asked "as if it were then", what has run since must not count.
    let mut last = match at {
        Some(_) => None,
        None => pages::run::last_automated(&conn, dag_id)?.map(due),
    };
    let mut moment = at.unwrap_or(now);
    let mut rows = Vec::new();
    while rows.len() < n as usize {
        let Some(next) = timetable.next(last.as_ref(), &bounds, moment) else { break };
        if last.as_ref().is_some_and(|last| next.run_after <= last.run_after) {
            break;
        }
        rows.push(json!({
            "dag_id": dag_id,
            "logical_date": next.logical_date.map(rfc3339),
            "data_interval_start": next.data_interval.map(|i| rfc3339(i.start)),
            "data_interval_end": next.data_interval.map(|i| rfc3339(i.end)),
            "run_after": rfc3339(next.run_after),
        }));
        moment = moment.max(next.run_after);
        last = Some(next);
    }
    if rows.is_empty() {
        shell.say(&format!("the schedule of DAG {dag_id} ({}) creates no further runs", timetable.summary()))?;
        if !shell.format().is_document() {
            return Ok(0);
        }
    }
    let is_paused = pages::dag::one(&conn, dag_id)?.is_some_and(|row| row["is_paused"] == true);
    shell.show_rows(rows, &["logical_date", "data_interval_start", "data_interval_end", "run_after"])?;
    if is_paused {
        shell.say(&format!("DAG {dag_id} is paused: nothing is created until `dagdeck dags unpause {dag_id}`"))?;
    }
    Ok(0)
}

fn due(run: crate::model::DagRun) -> DueRun {
    let interval = run.data_interval_start.zip(run.data_interval_end).map(|(start, end)| DataInterval { start, end });
    DueRun { logical_date: run.logical_date, data_interval: interval, run_after: run.run_after }
}
