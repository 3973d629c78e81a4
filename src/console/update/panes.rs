//! Tab: from part to part of a screen. A preview that has the keys is scrolled by them.

use crate::console::{
    keymap::Action,
    layout::layout,
    message::Effect,
    place::{Place, Tab},
    state::State,
};

use super::look;

/// The next part, or the one before.
pub fn turn(state: &mut State, forward: bool) -> Vec<Effect> {
    match state.screen().place {
        Place::Instance(_, now) => {
            let at = Tab::ALL.iter().position(|t| *t == now).unwrap_or(0);
            let step = if forward { 1 } else { Tab::ALL.len() - 1 };
            return look::tab(state, Tab::ALL[(at + step) % Tab::ALL.len()]);
        }
        Place::Settings => section(state, forward),
        _ if layout(state).preview.is_some() => {
            let screen = state.screen_mut();
            screen.in_preview = !screen.in_preview;
            if screen.in_preview {
                let back = state.keymap.short(Action::Back);
                state.flash(format!("the preview scrolls; {back} goes back to the list"), false);
            }
        }
        _ => state.flash("this screen has one part", false),
    }
    Vec::new()
}

/// To the first line below the next heading that has one.
fn section(state: &mut State, forward: bool) {
    let screen = state.screen_mut();
    let n = screen.items.len();
    let begins = |i: usize| i > 0 && screen.items[i - 1].is_heading() && !screen.items[i].is_heading();
    let order = (1..=n).map(|i| if forward { (screen.cursor + i) % n } else { (screen.cursor + n - i) % n });
    if let Some(at) = order.into_iter().find(|i| begins(*i)) {
        screen.cursor = at;
    }
}

/// Scrolls the preview, if it has the keys; true if it did.
pub fn scroll(state: &mut State, by: isize) -> bool {
    let has_one = layout(state).preview.is_some();
    let screen = state.screen_mut();
    if !screen.in_preview || !has_one {
        screen.preview_top = 0;
        return false;
    }
    let most = screen.preview_hidden.get();
    screen.preview_top = screen.preview_top.min(most).saturating_add_signed(by).min(most);
    true
}
