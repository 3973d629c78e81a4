//! Does one act in one transaction, with its audit row.

use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::Value;

use super::{
    Actor,
    about::{self, about},
    acts, asset, backfill, hitl,
    prepared::prepare,
    saved,
};
use crate::{
    clock,
    config::Place,
    error::{Error, Kind, Result},
    model::{Cause, PodId, RunId, RunType, TiKey, TriggeredBy},
    protocol::{Command, IncidentChange},
    store::{
        Store,
        audit::{self, About},
    },
};

/// What a running scheduler must look at again after an act.
#[derive(Debug, Default)]
pub struct Touched {
    /// Runs to be loaded again (or for the first time).
    pub runs: Vec<RunId>,
    /// DAGs to be loaded again.
    pub dags: Vec<Arc<str>>,
    /// Pools changed.
    pub pools: bool,
    /// Saved plans changed.
    pub plans: bool,
    /// Backfills changed.
    pub backfills: bool,
    /// Tries to be ended: instance, epoch, reason.
    pub kill: Vec<(TiKey, u32, Cause)>,
    /// Pods that were kept and are to be deleted now.
    pub pods: Vec<PodId>,
    /// Pods that a person gave up.
    pub given_up: Vec<PodId>,
    /// Task instances that waited for a person and have their answer now.
    pub answered: Vec<TiKey>,
}

/// Does an act. The answer is the document that the client prints. A refused act leaves only its audit row.
pub fn perform(store: &mut Store, place: &Place, actor: &Actor, command: Command) -> Result<(Value, Touched)> {
    perform_with(store, place, actor, command, |_, _| Ok(()))
}

/// Does an act, and in the same transaction what else must be true exactly if it was done (`also`, given the answer).
pub fn perform_with(
    store: &mut Store,
    place: &Place,
    actor: &Actor,
    command: Command,
    also: impl FnOnce(&Transaction<'_>, &Value) -> Result<()>,
) -> Result<(Value, Touched)> {
    let (action, target, quiet) = describe(&command);
    let named = about(&command);
    let plan_id = about::plan_id(&command).map(str::to_owned);
    let done = store.transaction(|tx| {
        let (reply, touched) = dispatch(tx, place, actor, command)?;
        also(tx, &reply)?;
        if !quiet {
            let about = about::done(tx, named.clone(), plan_id.as_deref(), &reply)?;
            write_audit(tx, actor, action, &target, about, "ok", Some(&reply))?;
        }
        Ok((reply, touched))
    });
    if let Err(e) = &done
        && !quiet
        && e.kind != Kind::System
    {
        let result = format!("refused: {}", e.message);
        store.transaction(|tx| {
            let about = about::done(tx, named, plan_id.as_deref(), &Value::Null)?;
            write_audit(tx, actor, action, &target, about, &result, None)
        })?;
    }
    done
}

/// Writes an act into the audit log.
pub fn write_audit(
    tx: &Transaction<'_>,
    actor: &Actor,
    action: &str,
    target: &str,
    about: About,
    result: &str,
    reply: Option<&Value>,
) -> Result<()> {
    let before = reply.and_then(|r| r.get("before")).map(Value::to_string);
    let after = reply.and_then(|r| r.get("after")).map(Value::to_string);
    audit::insert(
        tx,
        &audit::Entry {
            who: &actor.who,
            via: &actor.via,
            action,
            target,
            about,
            before,
            after,
            command: &actor.command_line,
            result,
        },
    )
}

/// Action, target, and whether it only looks (no audit row).
pub fn describe(command: &Command) -> (&'static str, String, bool) {
    match command {
        Command::Trigger { dag_id, run_id, .. } => ("trigger", join(dag_id, run_id.as_deref()), false),
        Command::Materialize { name, uri, .. } => {
            ("materialize", name.as_ref().or(uri.as_ref()).cloned().unwrap_or_default(), false)
        }
        Command::UpdateAsset { name, uri, .. } => {
            ("update_asset", name.as_ref().or(uri.as_ref()).cloned().unwrap_or_default(), false)
        }
        Command::SetPaused { dag_ids, paused } => (if *paused { "pause" } else { "unpause" }, dag_ids.join(" "), false),
        Command::DeleteDag { dag_id, dry_run } => ("delete_dag", dag_id.clone(), *dry_run),
        Command::CleanRuns { before, dry_run } => ("clean", format!("runs that ended before {before}"), *dry_run),
        Command::CleanPods { names, force, dry_run } => {
            (if *force { "give_up_pod" } else { "clean_pods" }, names.join(" "), *dry_run)
        }
        Command::SavePlan { planned, hold, .. } => {
            let (_, target, _) = describe(planned);
            (if hold.is_some() { "plan_hold" } else { "plan_save" }, target, false)
        }
        Command::ApplyPlan { plan_id } => ("plan_apply", plan_id.clone(), false),
        Command::RevertPlan { plan_id, dry_run } => ("plan_revert", plan_id.clone(), *dry_run),
        Command::DiscardPlan { plan_id } => ("plan_discard", plan_id.clone(), false),
        Command::CreateBackfill { request, dry_run } => ("backfill_create", request.dag_id.clone(), *dry_run),
        Command::PauseBackfill { id, paused } => {
            (if *paused { "backfill_pause" } else { "backfill_unpause" }, id.to_string(), false)
        }
        Command::CancelBackfill { id, dry_run } => ("backfill_cancel", id.to_string(), *dry_run),
        Command::Clear { selection, dry_run } => {
            ("clear", join(&selection.dag_id, selection.run_id.as_deref()), *dry_run)
        }
        Command::Mark { selection, state, dry_run } => (
            match state {
                crate::model::TiState::Success => "mark_success",
                crate::model::TiState::Failed => "mark_failed",
                _ => "mark_skipped",
            },
            join(&selection.dag_id, selection.run_id.as_deref()),
            *dry_run,
        ),
        Command::SetRunState { dag_id, run_id, dry_run, .. } => ("set_run_state", join(dag_id, Some(run_id)), *dry_run),
        Command::DeleteRuns { dag_id, run_ids, dry_run } => {
            ("delete_run", join(dag_id, Some(&run_ids.join(" "))), *dry_run)
        }
        Command::Note { dag_id, run_id, task, .. } => (
            "note",
            join(dag_id, Some(run_id)) + &task.as_ref().map(|(t, _)| format!(" {t}")).unwrap_or_default(),
            false,
        ),
        Command::StopTask { dag_id, run_id, task_id, .. } => {
            ("stop", join(dag_id, Some(run_id)) + " " + task_id, false)
        }
        Command::SetXcom { dag_id, run_id, task_id, key, delete, .. } => {
            (if *delete { "xcom_delete" } else { "xcom_set" }, format!("{dag_id} {run_id} {task_id} {key}"), false)
        }
        Command::AnswerHitl { dag_id, run_id, task_id, .. } => {
            ("answer", format!("{dag_id} {run_id} {task_id}"), false)
        }
        Command::SetPool { name, .. } => ("pool_set", name.clone(), false),
        Command::DeletePool { name } => ("pool_delete", name.clone(), false),
        Command::SetVariable { key, .. } => ("variable_set", key.clone(), false),
        Command::DeleteVariable { key } => ("variable_delete", key.clone(), false),
        Command::SetConnection { conn_id, .. } => ("connection_set", conn_id.clone(), false),
        Command::DeleteConnection { conn_id } => ("connection_delete", conn_id.clone(), false),
        Command::Incident { fingerprint, change } => (
            match change {
                IncidentChange::Acknowledge { .. } => "acknowledge",
                IncidentChange::Silence { until: Some(_) } => "silence",
                IncidentChange::Silence { until: None } => "unsilence",
                IncidentChange::Claim { by: Some(_) } => "claim",
                IncidentChange::Claim { by: None } => "release",
                IncidentChange::Note { .. } => "incident_note",
            },
            fingerprint.clone(),
            false,
        ),
        Command::Parse { files } => ("parse", files.join(" "), true),
        Command::Audit { action, target } => ("look", format!("{action} {target}"), false),
    }
}

fn join(dag_id: &str, run_id: Option<&str>) -> String {
    run_id.map_or_else(|| dag_id.to_string(), |run| format!("{dag_id} {run}"))
}

fn dispatch(tx: &Transaction<'_>, place: &Place, actor: &Actor, command: Command) -> Result<(Value, Touched)> {
    let now = clock::now();
    if let Some(dry_run) = command.dry_run() {
        let plan = prepare(tx, place, &command, now)?;
        return if dry_run { Ok((plan.document, Touched::default())) } else { plan.apply(tx, &actor.who, now) };
    }
    match command {
        Command::Trigger { dag_id, run_id, conf, logical_date, run_after, note, partition_key, triggered_by } => {
            let run_type =
                if triggered_by == TriggeredBy::Operator { RunType::OperatorTriggered } else { RunType::Manual };
            let wanted =
                acts::Wanted { run_id, conf, logical_date, run_after, note, partition_key, triggered_by, run_type };
            acts::trigger(tx, place, &dag_id, wanted, now)
        }
        Command::Materialize { name, uri, run_id, conf, logical_date, note, partition_key, triggered_by } => {
            let dag_id = asset::materializer(tx, name, uri)?;
            let (run_type, run_after) = (RunType::AssetMaterialization, None);
            let wanted =
                acts::Wanted { run_id, conf, logical_date, run_after, note, partition_key, triggered_by, run_type };
            acts::trigger(tx, place, &dag_id, wanted, now)
        }
        Command::UpdateAsset { name, uri, extra, partition_key } => {
            asset::update(tx, asset::most_keys(place)?, asset::Update { name, uri, extra, partition_key }, now)
        }
        Command::SetPaused { dag_ids, paused } => acts::set_paused(tx, &dag_ids, paused),
        Command::SavePlan { planned, hold, act } => saved::save(tx, place, actor, &planned, hold, act, now),
        Command::ApplyPlan { plan_id } => saved::apply(tx, place, actor, &plan_id, now),
        Command::DiscardPlan { plan_id } => saved::discard(tx, &plan_id, now),
        Command::PauseBackfill { id, paused } => backfill::set_paused(tx, id, paused, now),
        Command::Note { dag_id, run_id, task, text } => acts::note(tx, &dag_id, &run_id, task, &text),
        Command::StopTask { dag_id, run_id, task_id, map_index } => {
            acts::stop_task(tx, &actor.who, &dag_id, &run_id, &task_id, map_index)
        }
        Command::SetXcom { dag_id, run_id, task_id, map_index, key, value, delete } => {
            let run = acts::find_run(tx, &dag_id, &run_id)?;
            acts::set_xcom(tx, TiKey::new(run.id, task_id, map_index), &key, &value, delete, now)
        }
        Command::AnswerHitl { dag_id, run_id, task_id, map_index, options, params } => {
            let (dag_id, run_id, task_id) = (&dag_id, &run_id, &task_id);
            hitl::answer(tx, &actor.who, hitl::Answer { dag_id, run_id, task_id, map_index, options, params }, now)
        }
        Command::SetPool { name, slots, description, include_deferred } => {
            acts::set_pool(tx, crate::model::Pool { name, slots, description, include_deferred })
        }
        Command::DeletePool { name } => acts::delete_pool(tx, &name),
        Command::SetVariable { key, value, description } => {
            acts::set_variable(tx, &key, &value, description.as_deref())
        }
        Command::DeleteVariable { key } => acts::delete_variable(tx, &key),
        Command::SetConnection { conn_id, fields, create_only } => {
            acts::set_connection(tx, &conn_id, &fields, create_only)
        }
        Command::DeleteConnection { conn_id } => acts::delete_connection(tx, &conn_id),
        Command::Incident { fingerprint, change } => acts::incident(tx, &fingerprint, &actor.who, &change),
        Command::Parse { .. } => Err(Error::refused("files are parsed before this point")),
        Command::Audit { .. } => Ok((Value::Null, Touched::default())),
        planned => Err(Error::usage(format!("this needs a plan: {planned:?}"))),
    }
}
