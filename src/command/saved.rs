//! Saved plans: kept with what they were computed from, applied only while that holds, or thrown away. A held plan is one
//! that is applied by itself when its time has come.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    Actor, about,
    perform::{Touched, describe, perform, write_audit},
    prepared::{Prepared, prepare},
    revert, siblings,
};
use crate::{
    clock,
    config::Place,
    error::{Error, Kind, Result},
    model::time::{plus_seconds, rfc3339},
    protocol::{self, Command},
    store::{Store, plan},
};

/// Saves the plan of a command; with `hold` seconds it is applied by itself after them.
pub fn save(
    tx: &Transaction<'_>,
    place: &Place,
    actor: &Actor,
    command: &Command,
    hold: Option<f64>,
    act: Option<String>,
    now: Timestamp,
) -> Result<(Value, Touched)> {
    if hold.is_some_and(|seconds| !(0.0..=86_400.0).contains(&seconds)) {
        return Err(Error::refused("a plan is held for at most a day").hint("--hold takes seconds, 0 to 86400"));
    }
    let Prepared { mut document, basis, .. } = prepare(tx, place, command, now)?;
    if basis.is_empty() && is_idle(&document) {
        return Err(Error::refused("nothing matches: there is no plan to save"));
    }
    let due_at = hold.map(|seconds| plus_seconds(now, seconds));
    let plan_id = free_id(tx, document["plan_id"].as_str().unwrap_or_default(), hold.is_some())?;
    document["plan_id"] = plan_id.as_str().into();
    let serialised = serde_json::to_string(command).map_err(|e| Error::system("cannot keep the command", e))?;
    let state = if hold.is_some() { "held" } else { "saved" };
    plan::save(
        tx,
        &plan::Saved {
            plan_id,
            state: state.into(),
            created_at: now,
            who: actor.who.clone(),
            command_line: actor.command_line.clone(),
            command: serialised,
            document: document.to_string(),
            basis,
            due_at,
            act,
            decided_at: Timestamp::UNIX_EPOCH,
            runs_before: None,
        },
    )?;
    document["state"] = state.into();
    document["due_at"] = due_at.map(rfc3339).into();
    Ok((document, Touched { plans: true, ..Touched::default() }))
}

/// The id of a plan's content, or, if a plan of that content is kept already, the first of `ID-2`, `ID-3`, … that is free:
/// what became of the earlier one stays readable. To save what is saved already changes nothing.
fn free_id(tx: &Transaction<'_>, content: &str, is_held: bool) -> Result<String> {
    let mut plan_id = content.to_owned();
    for n in 2.. {
        match plan::get(tx, &plan_id)? {
            Some(kept) if is_held || kept.state != "saved" => plan_id = format!("{content}-{n}"),
            _ => break,
        }
    }
    Ok(plan_id)
}

/// What a plan's id says of its content.
fn content_of(plan_id: &str) -> &str {
    plan_id.split('-').next().unwrap_or(plan_id)
}

fn is_idle(document: &Value) -> bool {
    ["task_instances", "dag_runs", "effects"].iter().all(|name| document[*name].as_array().is_none_or(Vec::is_empty))
}

/// Applies a saved plan, if what it was computed from still holds.
pub fn apply(
    tx: &Transaction<'_>,
    place: &Place,
    actor: &Actor,
    plan_id: &str,
    now: Timestamp,
) -> Result<(Value, Touched)> {
    let saved = open(tx, plan_id)?;
    let command: Command = serde_json::from_str(&saved.command)
        .map_err(|e| Error::system(format!("plan {plan_id} is of another version of dagdeck"), e))?;
    let mut prepared = prepare(tx, place, &command, now)
        .map_err(|e| Error { message: format!("plan {plan_id} can't be applied any more: {}", e.message), ..e })?;
    if prepared.document["plan_id"] != content_of(&saved.plan_id) {
        let done = siblings::done(tx, &saved)?;
        if !done.explains(&saved.basis, &prepared.basis) {
            let why = differences(&saved.basis, &prepared.basis);
            return Err(Error::refused(format!("what plan {plan_id} was computed from has changed"))
                .because(why)
                .hint(format!("`dagdeck plans discard {plan_id}`, and plan again: {}", saved.command_line)));
        }
        done.leave_out(&mut prepared);
        prepared.document["plan_id"] = saved.plan_id.as_str().into();
        // It is taken back by what it did, not by what it was to do.
        plan::rewrite(tx, plan_id, &prepared.document)?;
    }
    let before = revert::states_before(tx, &prepared.document)?;
    let (mut document, mut touched) = prepared.apply(tx, &saved.who, now)?;
    plan::note_runs(tx, plan_id, &before)?;
    // Of a backfill its number is noted: it tells what to cancel if the plan is taken back.
    let noted = document["backfill"]["id"].as_i64().map(|id| id.to_string());
    plan::decide(tx, plan_id, "applied", noted.as_deref(), now)?;
    document["state"] = "applied".into();
    touched.plans = true;
    let (action, target, _) = describe(&command);
    let about = about::done(tx, about::about(&command), None, &document)?;
    write_audit(tx, &Actor { command_line: saved.command_line, ..actor.clone() }, action, &target, about, "ok", None)?;
    Ok((document, touched))
}

/// Throws a saved plan away.
pub fn discard(tx: &Transaction<'_>, plan_id: &str, now: Timestamp) -> Result<(Value, Touched)> {
    open(tx, plan_id)?;
    plan::decide(tx, plan_id, "discarded", None, now)?;
    Ok((json!({"plan_id": plan_id, "state": "discarded"}), Touched { plans: true, ..Touched::default() }))
}

/// A plan that is not decided yet.
fn open(tx: &Transaction<'_>, plan_id: &str) -> Result<plan::Saved> {
    let saved = plan::get(tx, plan_id)?.ok_or_else(|| {
        Error::not_found(format!("there is no plan {plan_id:?}")).hint("`dagdeck plans list` names them")
    })?;
    if !matches!(&*saved.state, "saved" | "held") {
        return Err(Error::refused(format!("plan {plan_id} is {} already", saved.state)));
    }
    Ok(saved)
}

/// What differs between what a plan was computed from and what it would be computed from now.
fn differences(before: &[String], now: &[String]) -> String {
    let only = |some: &[String], others: &[String]| -> Vec<String> {
        some.iter().filter(|line| !others.contains(line)).cloned().collect()
    };
    let (gone, new) = (only(before, now), only(now, before));
    let shown = |lines: &[String]| {
        let more = if lines.len() > 5 { format!(", and {} more", lines.len() - 5) } else { String::new() };
        lines.iter().take(5).cloned().collect::<Vec<_>>().join("; ") + &more
    };
    match (gone.is_empty(), new.is_empty()) {
        (true, true) => "the DAG changed, so that the plan would be another".into(),
        (false, true) => format!("no longer so: {}", shown(&gone)),
        (true, false) => format!("new: {}", shown(&new)),
        (false, false) => format!("then: {}. Now: {}", shown(&gone), shown(&new)),
    }
}

/// Why a held plan of several isn't applied: a scheduler or a console that was killed got only some of what one form does.
fn incomplete(store: &Store, saved: &plan::Saved) -> Result<Option<String>> {
    let Some(act) = &saved.act else { return Ok(None) };
    let (Some(wanted), there) = (protocol::act::plans(act), plan::of_act(store.reader(), act)?.len()) else {
        return Ok(None);
    };
    let why = format!("only {there} of the {wanted} plans of this act arrived, so none of them is applied");
    Ok((there < wanted).then_some(why))
}

/// Applies held plans whose time has come; one that doesn't hold any more is refused, which its row says. `took` is given
/// what each touched, also of those before one that could not be written.
pub fn apply_due(store: &mut Store, place: &Place, now: Timestamp, mut took: impl FnMut(Touched)) -> Result<()> {
    for saved in plan::due(store.reader(), now)? {
        if let Some(why) = incomplete(store, &saved)? {
            store.transaction(|tx| plan::decide(tx, &saved.plan_id, "refused", Some(&why), clock::now()))?;
            took(Touched { plans: true, ..Touched::default() });
            continue;
        }
        let actor = Actor { who: saved.who, via: "held".into(), command_line: saved.command_line };
        let plan_id = saved.plan_id;
        match perform(store, place, &actor, Command::ApplyPlan { plan_id: plan_id.clone() }) {
            Ok((_, touched)) => took(touched),
            Err(e) if e.kind == Kind::System => return Err(e),
            Err(e) => {
                let result = e.to_string();
                store.transaction(|tx| plan::decide(tx, &plan_id, "refused", Some(&result), clock::now()))?;
            }
        }
    }
    Ok(())
}
