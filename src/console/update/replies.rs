//! Answers of the scheduler.

use serde_json::Value;

use crate::{
    console::{forms::Preview, keymap::Action, message::Effect, overlay::Overlay, state::State},
    protocol::command::ReplyError,
};

use super::{act::count, undo};

/// Takes an answer.
pub fn reply(state: &mut State, number: u64, answer: Result<Value, ReplyError>) -> Vec<Effect> {
    if preview(state, number, &answer) {
        return Vec::new();
    }
    if let Some(screen) = state.stack.iter_mut().find(|s| s.explained.as_ref().is_some_and(|(n, _)| *n == number)) {
        screen.explained = answer.ok().map(|document| (number, Some(document)));
        return Vec::new();
    }
    let Some(at) = state.done.iter().position(|d| d.request == number) else {
        // Not an act: facts about the scheduler.
        if let Ok(status) = answer {
            state.status = Some(status);
        }
        return Vec::new();
    };
    if let Ok(document) = &answer {
        state.done[at].changes = changes(document);
        state.done[at].plan = document["plan_id"].as_str().map(str::to_owned);
    }
    let said = match &answer {
        Ok(document) => Ok(summary(document, sum(state, at))),
        Err(e) => Err(sentence(e)),
    };
    state.done[at].result = Some(said.clone());
    let mut waits = false;
    if let Some(form) = state.form()
        && form.sent.contains(&number)
    {
        match &answer {
            Ok(_) => {
                form.sent.retain(|n| *n != number);
                waits = !form.sent.is_empty();
                if !waits {
                    state.overlay = Overlay::None;
                    state.screen_mut().marks.clear();
                }
            }
            Err(e) => {
                // The form stays, so that nothing typed is lost.
                form.sent.clear();
                form.mistake = Some(sentence(e));
            }
        }
    }
    if let Ok(document) = &answer
        && document["state"] == "held"
        && let Some(id) = document["plan_id"].as_str()
    {
        undo::remember(state, at, id);
    }
    if !waits {
        let command = state.done[at].command.clone();
        match said {
            Ok(text) => {
                // What was thrown away counts, not the id of its plan.
                let discarded =
                    document_of(&answer, "plan_id").filter(|_| document_of(&answer, "state") == Some("discarded"));
                let thrown = discarded.and_then(|id| undo::command_of(state, id));
                let what = thrown.unwrap_or(if text.is_empty() { command } else { text });
                let held = format!("held for 10 s, then done ({} undoes)", state.keymap.short(Action::Undo));
                let word = match answer.as_ref().ok().and_then(|d| d["state"].as_str()) {
                    Some("held") => held.as_str(),
                    Some("saved") => "saved as a plan, see `dagdeck plans list`",
                    Some("discarded") => "undone, nothing of it was done",
                    _ => "done",
                };
                state.flash(format!("{word}: {what}"), false)
            }
            Err(text) => state.flash(text, true),
        }
    }
    let mut effects = super::ask_everywhere(state);
    let is_settled = answer.as_ref().err().is_none_or(|e| e.kind == "refused");
    if let Some(plan_id) = state.done[at].discards.clone().filter(|_| is_settled) {
        effects.extend(undo::discarded(state, &plan_id, answer.is_ok()));
    }
    if state.screen().waiting.is_none() {
        effects.extend(state.load());
    }
    effects
}

fn document_of<'a>(answer: &'a Result<Value, ReplyError>, key: &str) -> Option<&'a str> {
    answer.as_ref().ok().and_then(|document| document[key].as_str())
}

/// An answer to a preview; true if it was one.
fn preview(state: &mut State, number: u64, answer: &Result<Value, ReplyError>) -> bool {
    let Some(form) = state.form().filter(|f| f.asked.contains(&number)) else { return false };
    match answer {
        Ok(plan) => {
            form.asked.retain(|n| *n != number);
            form.answers.push(plan.clone());
            if form.asked.is_empty() {
                form.preview = Preview::Plans(std::mem::take(&mut form.answers));
            }
        }
        Err(e) => {
            form.asked.clear();
            form.preview = Preview::Failed(e.clone());
        }
    }
    true
}

/// The scheduler is gone: what was asked isn't answered any more.
pub fn lost(state: &mut State) {
    state.status = None;
    for done in state.done.iter_mut().filter(|d| d.result.is_none()) {
        done.result = Some(Err("the scheduler went away before it answered".into()));
    }
    let gone = || ReplyError {
        kind: "no_scheduler".into(),
        message: "the scheduler is gone".into(),
        cause: None,
        hint: Some("the console connects again by itself; nothing was changed by this form".into()),
    };
    if let Some(form) = state.form() {
        if !form.sent.is_empty() {
            form.sent.clear();
            form.mistake = Some("the scheduler went away before it answered; look whether it was done".into());
        } else if !form.asked.is_empty() {
            form.asked.clear();
            form.preview = Preview::Failed(gone());
        }
    }
}

fn sentence(e: &ReplyError) -> String {
    let mut text = e.message.clone();
    for more in [&e.cause, &e.hint].into_iter().flatten() {
        text.push_str(": ");
        text.push_str(more);
    }
    text
}

/// How many task instances and runs an answer is about.
fn changes(document: &Value) -> (usize, usize) {
    let n = |key: &str| document[key].as_array().map_or(0, Vec::len);
    (n("task_instances"), n("dag_runs"))
}

/// The same of all that one form did.
fn sum(state: &State, at: usize) -> (usize, usize) {
    let done = &state.done[at];
    let same = state.done.iter().filter(|d| d.act.is_some() && d.act == done.act && d.request != done.request);
    same.fold(done.changes, |(tis, runs), d| (tis + d.changes.0, runs + d.changes.1))
}

/// A result in a few words.
fn summary(document: &Value, changes: (usize, usize)) -> String {
    if let Some(run) = document["dag_run_id"].as_str() {
        let warning = document["warning"].as_str().map(|w| format!("; {w}")).unwrap_or_default();
        return format!("run {run}{warning}");
    }
    match changes {
        (0, 0) => String::new(),
        (tis, 0) => count(tis, "task instance"),
        (0, runs) => count(runs, "run"),
        (tis, runs) => format!("{}, {}", count(tis, "task instance"), count(runs, "run")),
    }
}
