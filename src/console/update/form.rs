//! Keys inside of a form, and its preview.

use crate::console::{
    forms::{Control, Field, Preview, outlook, shell, trigger},
    message::Effect,
    overlay::Overlay,
    state::State,
    widgets::input::Input,
};

use super::act;
use crate::protocol::{self, Command};

/// Keys typed this long before a form opened were not meant for it, in microseconds.
const DEAF: i64 = 250_000;

/// Seconds for which an act is held, so that it can be undone.
const HOLD: f64 = 10.0;

/// Takes a key.
pub fn key(state: &mut State, key: &str) -> Vec<Effect> {
    let now = state.now;
    let Some(form) = state.form() else { return Vec::new() };
    if now - form.opened_at < DEAF && key != "Esc" {
        // So is the rest of what was typed in one go: it would meet a form that isn't as the first keys would have left it.
        form.opened_at = now;
        form.dropped.push(key.to_owned());
        let keys = form.dropped.join(" ");
        state.flash(format!("dropped, typed before the form was there: {keys}"), true);
        return Vec::new();
    }
    match key {
        "Esc" => {
            state.overlay = Overlay::None;
            return Vec::new();
        }
        "Up" | "k" | "Down" | "j" | "PgUp" | "PgDn" if form.on_rows() => {
            let last = outlook::rows(form).len().saturating_sub(1);
            form.row = match key {
                "Up" | "k" => form.row.saturating_sub(1),
                "PgUp" => form.row.saturating_sub(5),
                "PgDn" => (form.row + 5).min(last),
                _ => (form.row + 1).min(last),
            };
        }
        "Space" if form.on_rows() => {
            outlook::toggle(form);
            form.check();
            return changed(state);
        }
        "Tab" | "Down" => form.turn(true),
        "Shift-Tab" | "Up" => form.turn(false),
        "PgDn" => form.scroll += 5,
        "PgUp" => form.scroll = form.scroll.saturating_sub(5),
        "Ctrl-y" => return copy(state),
        "Ctrl-e" => return edit(state),
        "Left" if form.on_act() || form.on_save() => form.focus -= 1,
        "Right" if form.on_cancel() || (form.on_act() && form.has_plan()) => form.focus += 1,
        "Enter" if form.on_cancel() => {
            state.overlay = Overlay::None;
            return Vec::new();
        }
        "Enter" if form.on_act() => return super::protect::ask(state, false),
        "Enter" if form.on_save() => return super::protect::ask(state, true),
        "Enter" => form.turn(true),
        "q" if !form.on_text() => {
            state.overlay = Overlay::None;
            return Vec::new();
        }
        _ => {
            let focus = form.focus;
            if form.fields.get_mut(focus).is_some_and(|f| f.key(key)) {
                trigger::follow(form, focus);
                form.check();
                if !form.plan_follows(focus) {
                    return Vec::new();
                }
                return changed(state);
            }
        }
    }
    Vec::new()
}

/// Gives the text of the field with the focus to the user's editor.
fn edit(state: &mut State) -> Vec<Effect> {
    if state.facts.read_only {
        state.flash("the console is read-only", true);
        return Vec::new();
    }
    let text =
        state.form().filter(|form| form.on_text()).and_then(|form| form.fields.get(form.focus)).map(Field::value);
    match text {
        Some(text) => vec![Effect::Edit(text)],
        None => {
            state.flash("Ctrl-e edits a field of text: go to one with Tab", true);
            Vec::new()
        }
    }
}

/// What the editor made of it.
pub fn edited(state: &mut State, came: Result<String, String>) -> Vec<Effect> {
    match came {
        Err(why) => {
            state.flash(why, true);
            Vec::new()
        }
        Ok(text) => {
            let Some(form) = state.form() else { return Vec::new() };
            if let Some(Control::Text(input)) = form.fields.get_mut(form.focus).map(|f| &mut f.control) {
                *input = Input::default();
                input.insert(&text);
                form.check();
            }
            changed(state)
        }
    }
}

/// A field changed: the plan is asked for again. Answers to older questions don't count any more.
pub fn changed(state: &mut State) -> Vec<Effect> {
    let mut next = state.ticket;
    let Some(form) = state.form() else { return Vec::new() };
    if !form.has_plan() {
        return Vec::new();
    }
    let Ok(commands) = form.commands(true) else { return Vec::new() };
    form.preview = Preview::Asking;
    form.answers.clear();
    form.asked.clear();
    let mut effects = Vec::new();
    for command in commands {
        next += 1;
        form.asked.push(next);
        let line = shell(&command);
        effects.push(Effect::Act(next, command, line));
    }
    state.ticket = next;
    effects
}

fn copy(state: &mut State) -> Vec<Effect> {
    let Some(form) = state.form() else { return Vec::new() };
    if let Preview::Failed(e) = &form.preview {
        let why = format!("not copied, it is refused: {}", e.message);
        state.flash(why, true);
        return Vec::new();
    }
    match form.commands(false) {
        Ok(commands) => {
            let lines: Vec<String> = commands.iter().map(shell).collect();
            let text = lines.iter().map(|line| state.facts.here(line)).collect::<Vec<_>>().join("\n");
            state.flash("the command is in the clipboard", false);
            vec![Effect::Copy(text)]
        }
        Err(why) => {
            state.flash(why, true);
            Vec::new()
        }
    }
}

/// The button that acts.
pub fn submit(state: &mut State, save: bool) -> Vec<Effect> {
    if let Some(why) = state.no_verbs() {
        state.flash(why, true);
        return Vec::new();
    }
    let Some(form) = state.form() else { return Vec::new() };
    if !form.sent.is_empty() {
        return Vec::new();
    }
    let refused = match &form.preview {
        Preview::Asking => Some("the plan isn't known yet".to_owned()),
        Preview::Failed(e) => Some(e.message.clone()),
        Preview::Plans(plans) if plans.iter().all(is_empty) => Some("the plan is empty".into()),
        _ => None,
    };
    let held = form.is_held();
    match (refused, form.commands(false)) {
        (Some(why), _) | (None, Err(why)) => {
            form.mistake = Some(why.clone());
            state.flash(why, true);
            Vec::new()
        }
        (None, Ok(commands)) => {
            let mut effects = Vec::new();
            let mut sent = Vec::new();
            let act = act_id(state.now, state.ticket, commands.len());
            for command in commands {
                let hold = held.then_some(HOLD);
                let command = if held || save {
                    Command::SavePlan {
                        planned: Box::new(command),
                        hold: hold.filter(|_| !save),
                        act: Some(act.clone()),
                    }
                } else {
                    command
                };
                effects.extend(act::send(state, command));
                sent.push(state.ticket);
            }
            if let Some(form) = state.form() {
                form.sent = sent;
            }
            effects
        }
    }
}

/// Names what one form does, among all consoles, and says how many plans it is.
fn act_id(now: i64, ticket: u64, plans: usize) -> String {
    protocol::act::named(&format!("{}-{now}-{ticket}", std::process::id()), plans)
}

/// A plan that changes nothing.
fn is_empty(plan: &serde_json::Value) -> bool {
    ["task_instances", "dag_runs", "effects"].iter().all(|key| plan[*key].as_array().is_none_or(|list| list.is_empty()))
}
