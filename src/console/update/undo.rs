//! `U`: what is held is thrown away, what was applied is taken back by plans of its own, what was done at once is reversed.

use crate::{
    console::{
        forms::{ActForm, Purpose},
        message::Effect,
        state::{Done, State, Undo},
    },
    protocol::Command,
    store::screens::{Micros, backfills::Held},
};

use super::act;

/// Takes back what this session did last: all of a form. Without an act of its own: throws away what anybody holds, the newest
/// act first.
pub fn undo(state: &mut State) -> Vec<Effect> {
    match state.undo.pop() {
        Some(Undo::Command(command)) => act::send(state, command),
        Some(Undo::Plans { act, ids, what, reverts }) if ids.iter().any(|id| is_held(&state.held, id)) => {
            let held = state.held.iter().filter(|h| ids.contains(&h.plan_id)).map(|h| h.plan_id.clone()).collect();
            // The scheduler may have been faster: kept until it says.
            state.undo.push(Undo::Plans { act, ids, what, reverts });
            discard(state, held)
        }
        Some(Undo::Plans { act, ids, what, reverts }) if state.held.is_empty() => {
            // What was taken back once is done with.
            if !reverts.is_empty() {
                state
                    .undo
                    .retain(|u| !matches!(u, Undo::Plans { ids, .. } if ids.iter().any(|id| reverts.contains(id))));
                return undo(state);
            }
            let title = format!("Take back: {what}");
            // The scheduler takes back the others of the act with it.
            let purpose = Purpose::Revert(ids.first().cloned().unwrap_or_default());
            // Whoever cancels may still want it later.
            state.undo.push(Undo::Plans { act, ids, what, reverts });
            act::open(state, ActForm::new(title, purpose, Vec::new(), "Take back:", state.now))
        }
        other => {
            state.undo.extend(other);
            let Some(newest) = state.held.last().cloned() else { return Vec::new() };
            let same = |h: &&Held| h.plan_id == newest.plan_id || h.act.is_some() && h.act == newest.act;
            let plans = state.held.iter().filter(same).map(|h| h.plan_id.clone()).collect();
            discard(state, plans)
        }
    }
}

/// What a plan does, as a command: one that is held, or that this session made.
pub fn command_of(state: &State, plan_id: &str) -> Option<String> {
    let held = state.held.iter().find(|h| h.plan_id == plan_id).map(|h| &h.command);
    let made = state.done.iter().find(|d| d.plan.as_deref() == Some(plan_id)).map(|d| &d.command);
    held.or(made).cloned()
}

fn is_held(held: &[Held], plan_id: &str) -> bool {
    held.iter().any(|h| h.plan_id == plan_id)
}

fn discard(state: &mut State, plans: Vec<String>) -> Vec<Effect> {
    plans.into_iter().flat_map(|plan_id| act::send(state, Command::DiscardPlan { plan_id })).collect()
}

/// The scheduler threw a held plan away, or refused to: it was applied by then, and what it did is taken back instead.
pub fn discarded(state: &mut State, plan_id: &str, is_done: bool) -> Vec<Effect> {
    state.held.retain(|h| h.plan_id != plan_id);
    if is_done {
        forget(state, plan_id);
        return Vec::new();
    }
    let is_mine = |u: &Undo| matches!(u, Undo::Plans { ids, .. } if ids.iter().any(|id| id == plan_id));
    let is_last = !state.done.iter().any(|d| d.discards.is_some() && d.result.is_none());
    let is_free = state.held.is_empty() && state.undo.last().is_some_and(is_mine);
    if is_last && is_free { undo(state) } else { Vec::new() }
}

/// Plans of this session that were held when it was last looked.
pub fn awaited(state: &State) -> Vec<String> {
    let is_mine = |h: &&Held| state.done.iter().any(|d| d.plan.as_ref() == Some(&h.plan_id));
    state.held.iter().filter(is_mine).map(|h| h.plan_id.clone()).collect()
}

/// Plans of this session that could not be applied when their time had come: said until a key is pressed, and in the session's log.
pub fn refused(state: &mut State, plans: Vec<(String, String)>) {
    for (plan_id, why) in plans {
        forget(state, &plan_id);
        let is_its = |d: &&mut Done| d.discards.is_none() && d.plan.as_ref() == Some(&plan_id);
        let Some(done) = state.done.iter_mut().find(is_its) else { continue };
        done.result = Some(Err(why.clone()));
        let command = done.command.clone();
        state.flash(format!("NOT DONE: {why}: {command}"), true);
        if let Some(flash) = &mut state.flash {
            flash.until = Micros::MAX;
        }
    }
}

/// There is nothing to take back of a plan.
fn forget(state: &mut State, plan_id: &str) {
    for u in &mut state.undo {
        if let Undo::Plans { ids, .. } = u {
            ids.retain(|id| id != plan_id);
        }
    }
    state.undo.retain(|u| !matches!(u, Undo::Plans { ids, .. } if ids.is_empty()));
}

/// Keeps a plan that is held now with the others of the same form; `at` is the command's place in `done`.
pub fn remember(state: &mut State, at: usize, plan_id: &str) {
    let done = &state.done[at];
    let (act, reverts) = (done.act.clone().unwrap_or_default(), done.reverts.clone());
    if let Some(Undo::Plans { ids, reverts: all, .. }) =
        state.undo.iter_mut().find(|u| matches!(u, Undo::Plans { act: known, .. } if *known == act && !act.is_empty()))
    {
        ids.push(plan_id.to_owned());
        all.extend(reverts);
        return;
    }
    let others = state.done.iter().filter(|d| d.act.is_some() && d.act == done.act).count().saturating_sub(1);
    let more = if others > 0 { format!("  and {others} more") } else { String::new() };
    let what = format!("{}{more}", done.command);
    let ids = vec![plan_id.to_owned()];
    state.undo.push(Undo::Plans { act, ids, what, reverts: reverts.into_iter().collect() });
}
