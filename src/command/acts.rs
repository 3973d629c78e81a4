//! Acts without a plan: trigger, pause, notes, XComs, pools, variables, connections.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{asset, perform::Touched};
use crate::{
    config::Place,
    error::{Error, Result},
    model::{Cause, CauseKind, DEFAULT_POOL, DagRun, MapIndex, Pool, RunType, TiKey, TriggeredBy, hash},
    processor::{self, timetable_settings},
    protocol::IncidentChange,
    scheduler::{RunSpec, new_run},
    store::{self, load, pages},
    template,
    timetable::{DataInterval, Timetable, run_id as make_run_id},
};

type Done = Result<(Value, Touched)>;

/// What a trigger asks for.
pub struct Wanted {
    /// Run id, if the person chose one.
    pub run_id: Option<String>,
    /// Conf.
    pub conf: Value,
    /// Logical date.
    pub logical_date: Option<Timestamp>,
    /// When it may start.
    pub run_after: Option<Timestamp>,
    /// Note.
    pub note: Option<String>,
    /// Partition.
    pub partition_key: Option<String>,
    /// Who.
    pub triggered_by: TriggeredBy,
    /// Why.
    pub run_type: RunType,
}

/// Creates a run: conf checked against the params' schemas, data interval by the timetable.
pub fn trigger(tx: &Transaction<'_>, place: &Place, dag_id: &str, wanted: Wanted, now: Timestamp) -> Done {
    let stored = store::dag::get(tx, dag_id)?.filter(|d| !d.is_stale).ok_or_else(|| {
        Error::not_found(format!("there is no DAG {dag_id:?}")).hint("`dagdeck dags list` names them all")
    })?;
    if stored.has_import_errors {
        return Err(Error::refused(format!("DAG {dag_id} has import errors"))
            .hint("`dagdeck dags list-import-errors` tells which"));
    }
    let conf = if wanted.conf.is_null() { json!({}) } else { wanted.conf };
    if !conf.is_object() {
        return Err(Error::refused("conf must be a JSON object").hint("for example -c '{\"key\": 1}'"));
    }
    if let Err(errors) = template::validate_params(&stored.dag, &conf) {
        let text: Vec<_> = errors.iter().map(|e| format!("{}: {}", e.path, e.message)).collect();
        return Err(Error::refused(format!("the conf does not fit the params of {dag_id}: {}", text.join("; "))));
    }
    let run_id = match wanted.run_id {
        Some(run_id) => {
            check_run_id(place, &run_id, wanted.triggered_by)?;
            run_id
        }
        None => {
            make_run_id(id_type(wanted.run_type), wanted.logical_date.unwrap_or(now)) + &suffix(wanted.logical_date)
        }
    };
    let settings = timetable_settings(&place.settings);
    let timetable = Timetable::of(&stored.dag, &settings).map_err(Error::refused)?;
    let interval = match wanted.logical_date {
        Some(at) if stored.dag.schedule.has_own_timetable() => {
            Some(processor::manual_interval(place, &stored.dag, at)?)
        }
        at => at.map(|at| timetable.manual_interval(at).unwrap_or(DataInterval { start: at, end: at })),
    };
    if !stored.dag.allows(wanted.run_type) {
        return Err(Error::refused(format!("DAG {dag_id} does not allow {} runs", wanted.run_type))
            .hint("its allowed_run_types say so"));
    }
    let partition_date = match &wanted.partition_key {
        Some(key) => asset::partition_date(&stored.dag, &timetable, key)?,
        None => None,
    };
    let spec = RunSpec {
        run_id: run_id.into(),
        run_type: wanted.run_type,
        triggered_by: wanted.triggered_by,
        logical_date: wanted.logical_date,
        data_interval: interval,
        partition_key: wanted.partition_key,
        partition_date,
        run_after: wanted.run_after.or(wanted.logical_date.filter(|at| *at > now)).unwrap_or(now),
        conf,
        note: wanted.note,
    };
    let new = store::run::create(tx, new_run(&stored.dag, stored.version, spec, now))?;
    let mut document = pages::run::one(tx, new.run.id.0)?.unwrap_or(Value::Null);
    if stored.is_paused {
        document["warning"] = json!(format!("DAG {dag_id} is paused: the run stays queued until it is unpaused"));
    }
    Ok((document, Touched { runs: vec![new.run.id], ..Touched::default() }))
}

/// The type that a run id begins with: a task's run is named like a person's.
fn id_type(run_type: RunType) -> RunType {
    if run_type == RunType::OperatorTriggered { RunType::Manual } else { run_type }
}

/// A random ending keeps run ids apart when no logical date does.
fn suffix(logical_date: Option<Timestamp>) -> String {
    match logical_date {
        Some(_) => String::new(),
        None => format!("_{}", &hash::bytes(uuid::Uuid::new_v4().as_bytes())[..8]),
    }
}

fn check_run_id(place: &Place, run_id: &str, by: TriggeredBy) -> Result<()> {
    let pattern = place.settings.text("scheduler", "allowed_run_id_pattern");
    let allowed = regex::Regex::new(pattern).map_err(|e| {
        Error::usage(format!("[scheduler] allowed_run_id_pattern = {pattern:?} is no regular expression")).because(e)
    })?;
    if run_id.is_empty() || run_id.len() > 250 || !(allowed.is_match(run_id) || run_id.starts_with("manual__")) {
        return Err(
            Error::refused(format!("run id {run_id:?} is not allowed")).hint(format!("it must match {pattern}"))
        );
    }
    let prefix = RunType::ALL.iter().find(|t| **t != RunType::Manual && run_id.starts_with(&format!("{t}__")));
    if let Some(kind) = prefix.filter(|_| by != TriggeredBy::Operator) {
        return Err(
            Error::refused(format!("run id {run_id:?} starts like one of a {kind} run")).hint("choose another prefix")
        );
    }
    Ok(())
}

/// Pauses or resumes DAGs.
pub fn set_paused(tx: &Transaction<'_>, dag_ids: &[String], paused: bool) -> Done {
    let mut touched = Touched::default();
    let mut rows = Vec::new();
    for dag_id in dag_ids {
        if !store::dag::set_paused(tx, dag_id, paused)? {
            return Err(
                Error::not_found(format!("there is no DAG {dag_id:?}")).hint("`dagdeck dags list` names them all")
            );
        }
        touched.dags.push(dag_id.as_str().into());
        rows.push(json!({"dag_id": dag_id, "is_paused": paused}));
    }
    Ok((Value::Array(rows), touched))
}

/// A run by its names, or an error that says what there is.
pub fn find_run(tx: &Transaction<'_>, dag_id: &str, run_id: &str) -> Result<DagRun> {
    store::run::find(tx, dag_id, run_id)?.ok_or_else(|| {
        Error::not_found(format!("DAG {dag_id:?} has no run {run_id:?}"))
            .hint(format!("`dagdeck runs list {dag_id}` names them"))
    })
}

/// Sets or removes a note.
pub fn note(tx: &Transaction<'_>, dag_id: &str, run_id: &str, task: Option<(String, MapIndex)>, text: &str) -> Done {
    let run = find_run(tx, dag_id, run_id)?;
    let task = task.as_ref().map(|(task_id, index)| (task_id.as_str(), *index));
    if store::run::set_note(tx, run.id, task, Some(text).filter(|t| !t.is_empty()))? == 0 {
        return Err(Error::not_found(format!("run {run_id} has no such task instance")));
    }
    Ok((json!({"dag_id": dag_id, "dag_run_id": run_id, "note": text}), Touched::default()))
}

/// Ends a running try. Only its supervisor knows when it is over, so a scheduler has to run.
pub fn stop_task(
    tx: &Transaction<'_>,
    who: &str,
    dag_id: &str,
    run_id: &str,
    task_id: &str,
    map_index: MapIndex,
) -> Done {
    let run = find_run(tx, dag_id, run_id)?;
    let key = TiKey::new(run.id, task_id, map_index);
    let row = load::instance(tx, &key)?
        .ok_or_else(|| Error::not_found(format!("run {run_id} has no task instance {key}")))?;
    if !row.state.is_active() {
        return Err(Error::refused(format!("{key} is {}, there is nothing to stop", row.state)));
    }
    let cause = Cause::new(CauseKind::Killed, format!("stopped by {who}"));
    Ok((
        json!({"task_id": task_id, "map_index": map_index, "stopping": true}),
        Touched { kill: vec![(key, row.epoch, cause)], ..Touched::default() },
    ))
}

/// Writes or deletes an XCom by hand.
pub fn set_xcom(tx: &Transaction<'_>, key: TiKey, name: &str, value: &Value, delete: bool, now: Timestamp) -> Done {
    if load::instance(tx, &key)?.is_none() {
        return Err(Error::not_found(format!("there is no task instance {key} in this run")));
    }
    let before = store::xcom::get(tx, key.run, &key.task_id, key.map_index, name)?;
    if delete {
        if store::xcom::delete(tx, &key, Some(name))? == 0 {
            return Err(Error::not_found(format!("{key} has no XCom {name:?}")));
        }
    } else {
        let length = value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
        store::xcom::set(tx, &key, name, value, "person", length, now)?;
    }
    let after = if delete { Value::Null } else { value.clone() };
    let touched = Touched { runs: vec![key.run], ..Touched::default() };
    Ok((
        json!({"task_id": &*key.task_id, "map_index": key.map_index, "key": name, "before": before, "after": after}),
        touched,
    ))
}

/// Creates or changes a pool.
pub fn set_pool(tx: &Transaction<'_>, pool: Pool) -> Done {
    if pool.name.is_empty() || pool.slots < -1 {
        return Err(Error::refused("a pool needs a name, and slots of at least -1 (-1 is without limit)"));
    }
    store::pool::set(tx, &pool)?;
    let document = json!({"name": pool.name, "slots": pool.slots, "description": pool.description, "include_deferred": pool.include_deferred});
    Ok((document, Touched { pools: true, ..Touched::default() }))
}

/// Deletes a pool; not the default one.
pub fn delete_pool(tx: &Transaction<'_>, name: &str) -> Done {
    if name == DEFAULT_POOL {
        return Err(Error::refused("default_pool cannot be deleted").hint("set its slots instead"));
    }
    if !store::pool::delete(tx, name)? {
        return Err(Error::not_found(format!("there is no pool {name:?}")));
    }
    Ok((json!({"name": name}), Touched { pools: true, ..Touched::default() }))
}

/// Creates or changes a variable.
pub fn set_variable(tx: &Transaction<'_>, key: &str, value: &str, description: Option<&str>) -> Done {
    if key.is_empty() || key.len() > 250 {
        return Err(Error::refused("a variable's key has 1 to 250 characters"));
    }
    store::variable::set(tx, key, value, description)?;
    Ok((json!({"key": key}), Touched::default()))
}

/// Deletes a variable.
pub fn delete_variable(tx: &Transaction<'_>, key: &str) -> Done {
    if !store::variable::delete(tx, key)? {
        return Err(Error::not_found(format!("there is no variable {key:?}")));
    }
    Ok((json!({"key": key}), Touched::default()))
}

/// Creates or replaces a connection.
pub fn set_connection(tx: &Transaction<'_>, conn_id: &str, fields: &Value, create_only: bool) -> Done {
    if create_only && store::connection::get(tx, conn_id)?.is_some() {
        return Err(Error::refused(format!("there is a connection {conn_id:?} already"))
            .hint("delete it first: `dagdeck connections delete ID`"));
    }
    if fields.get("conn_type").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Error::refused(format!("connection {conn_id:?} needs a conn_type")));
    }
    store::connection::set(tx, conn_id, fields)?;
    Ok((json!({"conn_id": conn_id}), Touched::default()))
}

/// Deletes a connection.
pub fn delete_connection(tx: &Transaction<'_>, conn_id: &str) -> Done {
    if !store::connection::delete(tx, conn_id)? {
        return Err(Error::not_found(format!("there is no connection {conn_id:?}")));
    }
    Ok((json!({"conn_id": conn_id}), Touched::default()))
}

/// Acknowledges, silences, claims or notes a group of equal failures.
pub fn incident(tx: &Transaction<'_>, fingerprint: &str, who: &str, change: &IncidentChange) -> Done {
    store::incident::change(tx, fingerprint, who, change)?;
    Ok((json!({"fingerprint": fingerprint}), Touched::default()))
}
