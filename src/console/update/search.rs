//! Searches through logs: one at a time. It ends when something else is asked of logs, or when its log is left. A search in all
//! logs ends when its own screen is left. On the screen of the system both are jobs that go on.

use crate::console::{
    jobs::{self, Of},
    keymap::Action,
    log::{
        Ask,
        file::{Only, Part},
    },
    message::Effect,
    place::Place,
    search::Search,
    state::State,
};

use super::act;

/// Looks at what is about to be asked of logs: notes a search that begins, and ends one that nobody waits for.
pub fn watch(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    let mut out = Vec::with_capacity(effects.len());
    for effect in effects {
        if let Effect::Log(ask) = &effect {
            // Whether a log has grown is looked at again when the search is over.
            if state.search.is_some() && only_if_new(&ask.part) {
                continue;
            }
            state.search = Search::of(ask, state.now);
        }
        if let Effect::Search(number, _) = &effect {
            state.hunt = Some(*number);
            state.hunt_since = state.now;
        }
        out.push(effect);
    }
    // On the screen of the system it is shown as a job, as long as somebody may go back to it.
    let shown = state.screen().place == Place::System;
    if let Some(number) = state.hunt
        && state.screen().waiting != Some(number)
        && !(shown && state.screens_mut().any(|s| s.waiting == Some(number)))
    {
        // Before all others: it must not end what is asked of logs by the screen that one goes to.
        out.insert(0, end_hunt(state, number));
    }
    let screen = state.screen();
    if let Some(search) = &state.search
        && screen.log.path != search.path
        && screen.place != Place::System
    {
        state.search = None;
        out.push(Effect::EndSearch);
    }
    out
}

fn only_if_new(part: &Part) -> bool {
    match part {
        Part::Grown(_) => true,
        Part::Grep { known, .. } | Part::Merged { known, .. } => *known != u64::MAX,
        _ => false,
    }
}

/// Nobody waits for the search in all logs any more; whoever comes back to it searches again.
fn end_hunt(state: &mut State, number: u64) -> Effect {
    state.hunt = None;
    state.screens_mut().filter(|s| s.waiting == Some(number)).for_each(|s| s.waiting = None);
    Effect::EndSearch
}

/// Ends the job under the cursor of the system's screen. Of a backfill that is a form.
pub fn end_job(state: &mut State) -> Vec<Effect> {
    let Some(job) = jobs::chosen(state).cloned() else { return Vec::new() };
    match job.of {
        Of::Search => end(state),
        Of::Hunt => {
            let Some(number) = state.hunt else { return Vec::new() };
            state.flash(format!("ended: {}", job.words(state.now)), false);
            vec![end_hunt(state, number)]
        }
        Of::Saving(number) => vec![Effect::EndExport(number)],
        Of::Backfill(_) => act::act(state, Action::Stop),
        Of::Acts(_) => Vec::new(),
    }
}

/// How far it is.
pub fn searching(state: &mut State, done: u64, all: u64) {
    if let Some(search) = &mut state.search {
        search.far.parts = (done, all);
    }
}

/// Ends it. What was shown before stays, or is shown again.
pub fn end(state: &mut State) -> Vec<Effect> {
    let Some(search) = state.search.take() else { return Vec::new() };
    state.flash(format!("ended: {}", search.words(state.now)), false);
    let mut effects = vec![Effect::EndSearch];
    if let Some(screen) = state.screens_mut().find(|s| s.log.path == search.path) {
        let log = &mut screen.log;
        let is_whole = log.window.as_ref().is_some_and(|w| w.matches.is_none());
        log.only = Only::default();
        if !is_whole {
            log.deeper = 0;
            log.top = None;
            effects.push(Effect::Log(Ask { path: log.path.clone(), part: log.end() }));
        }
    }
    effects
}
