//! One line that is asked for: what to look for, a command, a file's name.

use crate::console::{
    export,
    jobs::{Far, Saving, Unit},
    log::{Level, file::Only},
    message::{Effect, Source},
    overlay::{Overlay, Prompt},
    place::{Place, Tab},
    state::State,
    widgets::{input::Input, text},
};

use super::{copy, hits, logs};

/// Asks.
pub fn open(state: &mut State, prompt: Prompt) {
    let text = match prompt {
        Prompt::Grep => state.screen().log.only.text.clone().unwrap_or_default(),
        Prompt::Pipe => state.piped.clone(),
        Prompt::Search => searched(state),
        Prompt::Export => match export::of(state) {
            Some((_, name)) => name,
            None => {
                state.flash("nothing here to export", true);
                return;
            }
        },
    };
    state.overlay = Overlay::Prompt(prompt, Input::new(text));
}

/// Takes a key.
pub fn key(state: &mut State, key: &str) -> Vec<Effect> {
    let Overlay::Prompt(prompt, input) = &mut state.overlay else { return Vec::new() };
    match key {
        "Esc" => state.overlay = Overlay::None,
        "Enter" => {
            let (prompt, text) = (*prompt, input.text.clone());
            state.overlay = Overlay::None;
            return answer(state, prompt, text);
        }
        _ => drop(input.key(key)),
    }
    Vec::new()
}

fn answer(state: &mut State, prompt: Prompt, text: String) -> Vec<Effect> {
    let in_log = matches!(state.screen().place, Place::Instance(_, Tab::Log));
    let held = &state.screen().log;
    let path = state.screen().log.path.clone();
    match prompt {
        Prompt::Grep => {
            let problems = state.screen().log.only.problems;
            logs::only(state, Only { text: Some(text).filter(|t| !t.is_empty()), problems })
        }
        _ if text.trim().is_empty() => Vec::new(),
        Prompt::Search => hits::start(state, text.trim().to_owned()),
        Prompt::Pipe => {
            let source = match (&held.window, in_log) {
                (_, true) => Source::Log(path),
                (Some(window), _) if !held.sources.is_empty() => {
                    Source::Text(window.lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>().join("\n"))
                }
                _ => Source::Text(copy::document(state)),
            };
            if source == Source::Text(String::new()) {
                state.flash("nothing here to pipe", true);
                return Vec::new();
            }
            state.piped.clone_from(&text);
            vec![Effect::Pipe(text, source)]
        }
        Prompt::Export => {
            let Some((source, _)) = export::of(state) else { return Vec::new() };
            let number = state.next_ticket();
            let far = Far::new(state.now, Unit::Bytes);
            state.savings.push(Saving { number, name: text::clean(text.trim()), far });
            vec![Effect::Export(number, source, text.trim().into())]
        }
    }
}

/// What is offered to look for: what was looked for last here, else the line of the log that was found or that is its last error.
fn searched(state: &State) -> String {
    let screen = state.screen();
    match &screen.place {
        Place::Search(text) => text.clone(),
        place if place.is_log() && !screen.log.search.is_empty() => screen.log.search.clone(),
        place if place.is_log() => {
            let lines = screen.log.window.iter().flat_map(|w| &w.lines);
            let mut errors = lines.filter(|l| l.first && l.level >= Level::Error);
            let text = errors.next_back().map(|l| l.text.trim().to_owned()).unwrap_or_default();
            // Numbers in it are another time's.
            text.split(|c: char| c.is_ascii_digit())
                .map(str::trim)
                .max_by_key(|p| p.len())
                .unwrap_or_default()
                .to_owned()
        }
        _ => String::new(),
    }
}
