//! The mouse: a click goes to a line, a double click opens it, the wheel scrolls. Nothing is done by it that has no form.

use crate::console::{
    keymap::Action,
    layout::layout,
    message::Effect,
    place::{Place, Tab},
    state::State,
};

use super::{keys, look, modal};

/// Longest time between the two clicks of a double click.
const DOUBLE: i64 = 500_000;
/// Lines of one step of the wheel.
const STEP: isize = 3;

/// Turns the mouse on or off. Off, the terminal itself can select text with it.
pub fn toggle(state: &mut State) -> Vec<Effect> {
    state.mouse = !state.mouse;
    let word = if state.mouse { "on: click, double click, wheel" } else { "off: the terminal selects text with it" };
    state.flash(format!("mouse {word}"), false);
    vec![Effect::Mouse(state.mouse)]
}

/// A button was pressed.
pub fn click(state: &mut State, x: u16, y: u16) -> Vec<Effect> {
    if modal(state) {
        return Vec::new();
    }
    let area = layout(state).list;
    let inside = area.contains(ratatui::layout::Position { x, y });
    let screen = state.screen_mut();
    let at = match screen.place {
        _ if !inside => None,
        Place::Graph(..) => {
            let (x, y) = ((x - area.x) as usize + screen.pan.0, (y - area.y) as usize + screen.pan.1);
            let mut boxes = screen.graph.drawing.boxes.iter();
            boxes.position(|b| b.y == y && (b.x + 1..=b.x + b.width).contains(&x))
        }
        Place::Instance(..) | Place::Source(..) | Place::About(_) | Place::Logs(_) | Place::Spec(..) => None,
        _ => Some(screen.top + (y - area.y) as usize).filter(|at| *at < screen.items.len()),
    };
    let Some(at) = at.filter(|at| screen.items.get(*at).is_some_and(|i| !i.is_heading())) else {
        state.clicked = None;
        return Vec::new();
    };
    screen.cursor = at;
    let double = state.clicked.is_some_and(|(y_before, when)| y_before == y && state.now - when < DOUBLE);
    state.clicked = (!double).then_some((y, state.now));
    if double { keys::run(state, Action::Open) } else { Vec::new() }
}

/// The wheel turned.
pub fn wheel(state: &mut State, by: isize) -> Vec<Effect> {
    if modal(state) {
        return Vec::new();
    }
    if matches!(state.screen().place, Place::Instance(_, Tab::Log) | Place::Logs(_)) {
        return super::logs::scroll_log(state, by * STEP);
    }
    let action = if by < 0 { Action::Up } else { Action::Down };
    (0..STEP).flat_map(|_| look::step(state, action)).collect()
}
