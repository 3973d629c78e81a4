//! Keys in help, palette, texts and questions.

use crate::console::{
    keymap::Action,
    message::Effect,
    overlay::{Choice, Overlay},
    palette,
    place::Place,
    query::{Asker, Query},
    state::State,
    theme::Theme,
    widgets::input::Input,
};

use super::{keys, navigate};

/// Opens an overlay.
pub fn open(state: &mut State, action: Action) -> Vec<Effect> {
    state.overlay = match action {
        Action::Help => Overlay::Help(Default::default(), 0),
        Action::Palette => Overlay::Palette(Default::default(), 0),
        _ => Overlay::Session(0),
    };
    if action == Action::Palette {
        // The answer belongs to no screen.
        let ticket = state.next_ticket();
        state.naming = Some(ticket);
        return vec![Effect::Load(ticket, Asker::Names, Query::Names)];
    }
    Vec::new()
}

/// Takes a key.
pub fn key(state: &mut State, key: &str) -> Vec<Effect> {
    // Lines of the help that are seen at once.
    let page = state.size.1.saturating_sub(6).max(1) as usize;
    let last = match &state.overlay {
        Overlay::Help(input, _) => palette::help_rows(state, &input.text).len().saturating_sub(1),
        _ => 0,
    };
    match &mut state.overlay {
        Overlay::Quit => match key {
            "y" => return vec![Effect::Quit],
            _ => state.overlay = Overlay::None,
        },
        Overlay::Session(scroll) | Overlay::Text(_, _, scroll) => match key {
            "j" | "Down" => *scroll += 1,
            "k" | "Up" => *scroll = scroll.saturating_sub(1),
            "Ctrl-d" | "PgDn" => *scroll += 10,
            "Ctrl-u" | "PgUp" => *scroll = scroll.saturating_sub(10),
            "g" => *scroll = 0,
            _ => state.overlay = Overlay::None,
        },
        Overlay::Help(input, at) => match key {
            "Esc" | "F1" => state.overlay = Overlay::None,
            "?" | "q" if input.text.is_empty() => state.overlay = Overlay::None,
            "Down" => *at = (*at + 1).min(last),
            "Up" => *at = at.saturating_sub(1),
            "PgDn" | "Ctrl-d" => *at = (*at + page).min(last),
            "PgUp" | "Ctrl-u" => *at = at.saturating_sub(page),
            "Enter" => {
                let (text, at) = (input.text.clone(), *at);
                let rows = palette::help_rows(state, &text);
                let action = rows.get(at.min(rows.len().saturating_sub(1))).map(|r| r.action);
                state.overlay = Overlay::None;
                return action.map_or_else(Vec::new, |a| keys::run(state, a));
            }
            _ => {
                if input.key(key) {
                    *at = 0;
                }
            }
        },
        Overlay::Palette(input, at) => match key {
            "Esc" => state.overlay = Overlay::None,
            "Backspace" if input.text.is_empty() => state.overlay = Overlay::None,
            "Down" | "Ctrl-n" => *at += 1,
            "Up" | "Ctrl-p" => *at = at.saturating_sub(1),
            "Enter" => {
                let (text, at) = (input.text.clone(), *at);
                let found = palette::choices(state, &text);
                let choice = found.get(at.min(found.len().saturating_sub(1))).map(|(_, c)| c.clone());
                state.overlay = Overlay::None;
                return choice.map_or_else(Vec::new, |c| choose(state, c));
            }
            _ => {
                if input.key(key) {
                    *at = 0;
                }
            }
        },
        Overlay::Prompt(..) => return super::prompt::key(state, key),
        Overlay::Protect(..) => return super::protect::key(state, key),
        Overlay::None | Overlay::Form(_) => {}
    }
    Vec::new()
}

fn choose(state: &mut State, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Do(action) => keys::run(state, action),
        Choice::Dag(dag) => navigate::push(state, Place::Grid(dag), |_| {}),
        Choice::Task(dag, task) => {
            let line = Some(format!("node:{task}"));
            if matches!(&state.screen().place, Place::Grid(here) if *here == dag) {
                let screen = state.screen_mut();
                screen.wanted = line;
                screen.rebuild();
                return Vec::new();
            }
            navigate::push(state, Place::Grid(dag), |s| s.wanted = line)
        }
        Choice::Setting(kind, name) => {
            let effects = navigate::navigate(state, Action::Settings);
            let screen = state.screen_mut();
            screen.wanted = Some(format!("{}:{name}", kind.noun()));
            screen.rebuild();
            effects
        }
        Choice::List(action, filter) => {
            let mut effects = navigate::navigate(state, action);
            state.screen_mut().filter = Input::new(filter);
            effects.extend(super::filter_changed(state));
            effects
        }
        Choice::Nothing => Vec::new(),
        Choice::Theme(name) => {
            if let Ok(theme) = Theme::named(&name) {
                state.theme = theme;
            }
            vec![Effect::Redraw]
        }
    }
}
