//! A protected environment: whoever starts, stops or repeats work there types what it is about first.

use crate::console::{
    forms::{ActForm, Purpose},
    message::Effect,
    overlay::Overlay,
    state::State,
    widgets::input::Input,
};

use super::form;

/// The button that acts, or the one that saves a plan: in a protected environment a name is asked for before.
pub fn ask(state: &mut State, save: bool) -> Vec<Effect> {
    let asks = state.facts.is_protected();
    let Overlay::Form(form) = &state.overlay else { return Vec::new() };
    match name(form).filter(|_| asks && !save) {
        Some(name) => {
            let name = if name.is_empty() { state.facts.context.clone() } else { name };
            let Overlay::Form(form) = std::mem::take(&mut state.overlay) else { return Vec::new() };
            state.overlay = Overlay::Protect(form, name, Input::default());
            Vec::new()
        }
        None => form::submit(state, save),
    }
}

/// Takes a key of the question.
pub fn key(state: &mut State, key: &str) -> Vec<Effect> {
    let Overlay::Protect(_, name, input) = &mut state.overlay else { return Vec::new() };
    let typed = match key {
        "Esc" => false,
        "Enter" if input.text.trim() == name => true,
        "Enter" => {
            let why = format!("that isn't {name}; Esc goes back to the form");
            state.flash(why, true);
            return Vec::new();
        }
        _ => {
            input.key(key);
            return Vec::new();
        }
    };
    if let Overlay::Protect(form, ..) = std::mem::take(&mut state.overlay) {
        state.overlay = Overlay::Form(form);
    }
    if typed { form::submit(state, false) } else { Vec::new() }
}

/// What a form is about: its DAG, if it is about one; empty: several. `None`: nothing is started, stopped or repeated by it, or
/// it asks itself.
fn name(form: &ActForm) -> Option<String> {
    let one = |mut dags: Vec<&str>| {
        dags.dedup();
        if let [dag] = dags.as_slice() { (*dag).to_owned() } else { String::new() }
    };
    Some(match &form.purpose {
        Purpose::Clear(all) | Purpose::Retry(all) | Purpose::Mark(all, _) => {
            one(all.iter().map(|s| s.dag_id.as_str()).collect())
        }
        Purpose::RunState(runs, _) => one(runs.iter().map(|r| r.dag_id.as_str()).collect()),
        Purpose::Stop(tis) => one(tis.iter().map(|t| t.run.dag_id.as_str()).collect()),
        Purpose::Trigger(dag) => dag.dag_id.to_string(),
        Purpose::Backfill(dag) => dag.clone(),
        Purpose::Revert(_) | Purpose::CancelBackfill(_) | Purpose::Set(..) => String::new(),
        _ => return None,
    })
}
