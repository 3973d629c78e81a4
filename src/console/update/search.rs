//! Searches through logs: one at a time. It ends when something else is asked of logs, or when its log is left; on the screen of
//! the system it is shown as a job. A search in all logs ends when its own screen is left.

use crate::console::{
    log::{
        Ask,
        file::{Only, Part},
    },
    message::Effect,
    place::Place,
    search::Search,
    state::State,
};

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
        }
        out.push(effect);
    }
    if let Some(number) = state.hunt.filter(|number| state.screen().waiting != Some(*number)) {
        state.hunt = None;
        // Whoever comes back to it searches again.
        state.screens_mut().filter(|s| s.waiting == Some(number)).for_each(|s| s.waiting = None);
        // Before all others: it must not end what is asked of logs by the screen that one goes to.
        out.insert(0, Effect::EndSearch);
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

/// How far it is.
pub fn searching(state: &mut State, done: u64, all: u64) {
    if let Some(search) = &mut state.search {
        search.bytes = (done, all);
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
