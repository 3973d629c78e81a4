//! `tasks explain` and `tasks failed-deps`: why a task instance is not running.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    shell::Shell,
    target::{Instance, Run},
    task,
};
use crate::{
    clock, command,
    config::Settings,
    error::{Error, Result},
    model::{MapIndex, RunId, TiKey, TiState, UNMAPPED, time::rfc3339},
    protocol::Request,
    scheduler::{DagFacts, Limits, World},
    store::{
        self, pages,
        screens::{RunRef, TiRef, changes},
    },
};

/// One reason.
struct Blocker {
    kind: String,
    reason: String,
    until: Option<Value>,
}

/// `tasks explain`; its exit code.
///
/// # Errors
/// `NotFound` if there is no such instance.
pub fn explain(of: &Instance, conn: &Connection, shell: &mut Shell) -> Result<i32> {
    let row = one(of, conn)?;
    let blockers = blockers(of, &row, conn, shell)?;
    let summary = summary(&row, &blockers);
    if shell.format().is_document() {
        let mut document = document(of, &row, &blockers);
        document["summary"] = summary.into();
        document["cause"] = row["cause"].clone();
        document["since_it_worked"] = since_it_worked(of, &row, conn)?;
        shell.mask(conn)?.hide(&mut document);
        shell.document(&document)?;
        return Ok(0);
    }
    shell.line(&summary)?;
    for change in since_it_worked(of, &row, conn)?["changes"].as_array().into_iter().flatten() {
        shell.line(&format!("  changed since it worked: {}", change["what"].as_str().unwrap_or("")))?;
    }
    for blocker in &blockers {
        let until = blocker.until.as_ref().and_then(Value::as_str).map(|t| format!(" (until {t})")).unwrap_or_default();
        shell.line(&format!("  {}: {}{until}", blocker.kind, blocker.reason))?;
    }
    Ok(0)
}

/// `tasks failed-deps`; its exit code.
///
/// # Errors
/// `NotFound` if there is no such instance.
pub fn failed_deps(of: &Instance, conn: &Connection, shell: &mut Shell) -> Result<i32> {
    let row = one(of, conn)?;
    let blockers = blockers(of, &row, conn, shell)?;
    if shell.format().is_document() {
        return shell.document(&document(of, &row, &blockers)).map(|()| 0);
    }
    if blockers.is_empty() {
        shell.line("Task instance dependencies are all met.")?;
        return Ok(0);
    }
    shell.line("Task instance dependencies not met:")?;
    for blocker in &blockers {
        shell.line(&format!("{}: {}", blocker.kind, blocker.reason))?;
    }
    Ok(0)
}

fn one(of: &Instance, conn: &Connection) -> Result<Value> {
    let mut rows = task::instances(of, conn)?;
    if rows.len() > 1 {
        return Err(Error::usage(format!("task {} has {} mapped instances", of.task_id, rows.len()))
            .hint("name one: TASK:INDEX or --map-index N"));
    }
    Ok(rows.remove(0))
}

fn document(of: &Instance, row: &Value, blockers: &[Blocker]) -> Value {
    let list: Vec<Value> =
        blockers.iter().map(|b| json!({"kind": b.kind, "reason": b.reason, "until": b.until})).collect();
    json!({
        "dag_id": of.run.dag_id, "dag_run_id": of.run.run_id, "task_id": of.task_id, "map_index": row["map_index"],
        "state": row["state"], "try_number": row["try_number"], "blockers": list,
    })
}

/// When the task last worked in a run before this one, and what is different since, most likely first; null unless it failed.
fn since_it_worked(of: &Instance, row: &Value, conn: &Connection) -> Result<Value> {
    if !matches!(row["state"].as_str(), Some("failed" | "up_for_retry")) {
        return Ok(Value::Null);
    }
    let run = RunRef { id: of.run.row, dag_id: of.run.dag_id.clone(), run_id: of.run.run_id.clone() };
    let ti = TiRef { run, task_id: of.task_id.clone(), map_index: index_of(row) };
    let found = changes::since_it_worked(conn, &ti)?;
    let time = |at| jiff::Timestamp::from_microsecond(at).map(rfc3339).ok();
    let list: Vec<Value> = found
        .changes
        .iter()
        .map(|c| json!({"what": c.what, "when": c.at.and_then(time), "likely": c.likely}))
        .collect();
    let worked =
        found.worked.map(|w| json!({"dag_run_id": w.run_id, "end_date": time(w.at), "dag_version": w.version}));
    Ok(json!({"worked": worked, "changes": list}))
}

fn index_of(row: &Value) -> MapIndex {
    row["map_index"].as_i64().and_then(|i| MapIndex::try_from(i).ok()).unwrap_or(UNMAPPED)
}

fn summary(row: &Value, blockers: &[Blocker]) -> String {
    let name = match row["map_index"].as_i64().filter(|i| *i >= 0) {
        Some(index) => format!("{}[{index}]", row["task_id"].as_str().unwrap_or("")),
        None => row["task_id"].as_str().unwrap_or("").to_owned(),
    };
    let cause = row["cause"]["summary"].as_str().map(|c| format!(": {c}")).unwrap_or_default();
    match row["state"].as_str().unwrap_or("none") {
        "running" if blockers.is_empty() => format!("{name} is running (try {})", row["try_number"]),
        "running" => format!("{name} is running (try {}), but", row["try_number"]),
        "queued" | "restarting" if blockers.is_empty() => format!("{name} is about to run"),
        state @ ("success" | "failed" | "skipped" | "upstream_failed" | "removed") => {
            format!("{name} has ended: {state}{cause}")
        }
        state if blockers.is_empty() => format!("{name} waits for nothing (state {state})"),
        state => format!("{name} is not running (state {state}), because"),
    }
}

/// What keeps it from running; empty if it runs, has ended, or waits for nothing.
fn blockers(of: &Instance, row: &Value, conn: &Connection, shell: &Shell) -> Result<Vec<Blocker>> {
    let place = shell.place()?;
    let key = TiKey::new(RunId(of.run.row), of.task_id.as_str(), index_of(row));
    let state = row["state"].as_str().unwrap_or("none").parse().unwrap_or(TiState::None);
    if state.is_finished() {
        return Ok(Vec::new());
    }
    // A task that has a pod runs while its pod may not.
    let of_pod = store::pod::waits_for(conn, &key)?.map(|reason| Blocker { kind: "pod".into(), reason, until: None });
    if state == TiState::Running {
        return Ok(of_pod.into_iter().collect());
    }
    // The scheduler's own memory knows best; without one the same predicates are asked about what is stored.
    if let Some(answer) = command::scheduler_request(place, Request::Explain { key: key.clone() })? {
        let text = |b: &Value, name: &str| b[name].as_str().unwrap_or("").to_owned();
        let known = answer.as_array().into_iter().flatten();
        return Ok(known
            .map(|b| Blocker {
                kind: text(b, "kind"),
                reason: text(b, "reason"),
                until: b.get("until").filter(|u| !u.is_null()).cloned(),
            })
            .collect());
    }
    let reason = "no scheduler runs for this home: `dagdeck scheduler start`".to_owned();
    let mut found = vec![Blocker { kind: "no_scheduler".into(), reason, until: None }];
    let world = pages::at_one_moment(conn, |conn| world(&of.run, conn, &place.settings))?;
    found.extend(world.explain(&key, clock::now()).into_iter().map(|b| Blocker {
        kind: b.kind.to_owned(),
        reason: b.reason,
        until: b.until.map(|t| rfc3339(t).into()),
    }));
    found.extend(of_pod);
    Ok(found)
}

/// The scheduler's memory as it would be now: the same predicates answer that decide.
fn world(run: &Run, conn: &Connection, settings: &Settings) -> Result<World> {
    let mut world = World::new(limits(settings)?);
    for pool in store::pool::all(conn)? {
        world.set_pool(pool);
    }
    if let Some(stored) = store::dag::get(conn, &run.dag_id)?.filter(|d| !d.is_stale) {
        world.set_dag(DagFacts {
            dag: stored.dag,
            version: stored.version,
            is_paused: stored.is_paused,
            has_import_errors: stored.has_import_errors,
            last_automated: None,
            recent: BTreeMap::new(),
        });
    }
    // Slots are shared by all active runs; a finished run is loaded when it is the one asked about.
    let mut runs = store::load::active_runs(conn)?;
    if runs.iter().all(|r| r.id.0 != run.row) {
        runs.extend(store::run::get(conn, RunId(run.row))?);
    }
    for backfill in store::backfill::all_facts(conn)? {
        world.set_backfill(backfill);
    }
    for run in runs {
        let dag = run.part_of(store::dag::version(conn, run.dag_version)?);
        let catchup = dag.catchup.unwrap_or_else(|| settings.flag("scheduler", "catchup_by_default"));
        let facts = store::load::facts(conn, &run, &dag, catchup)?;
        let instances = store::load::instances(conn, run.id)?;
        world.load_run(run, dag, instances, facts);
    }
    Ok(world)
}

fn limits(settings: &Settings) -> Result<Limits> {
    let number = |key: &str| settings.number("core", key).map(|n| n as u32);
    Ok(Limits {
        parallelism: number("parallelism")?,
        max_active_tasks_per_dag: number("max_active_tasks_per_dag")?,
        max_active_runs_per_dag: number("max_active_runs_per_dag")?,
        max_consecutive_failed_dag_runs_per_dag: number("max_consecutive_failed_dag_runs_per_dag")?,
        max_map_length: number("max_map_length")? as usize,
        catchup_by_default: settings.flag("scheduler", "catchup_by_default"),
        create_cron_data_intervals: settings.flag("scheduler", "create_cron_data_intervals"),
        use_job_schedule: settings.flag("scheduler", "use_job_schedule"),
        ..Limits::default()
    })
}
