//! Texts that are read on the screen: how far they scroll, and where in them something is found.

use crate::console::{
    keymap::Action,
    layout::layout,
    message::Effect,
    place::{Place, Tab},
    query::Data,
    state::State,
    views::{about, instance, pod_spec},
};

/// The lines of the text on the screen, as it is drawn; `None` if it is a log or no text.
pub fn lines(state: &State) -> Option<Vec<String>> {
    let screen = state.screen();
    let parts = layout(state);
    Some(match (&screen.place, &screen.data) {
        (Place::Source(_, number), Data::Versions(v)) => {
            let row = v.rows.iter().find(|r| number.is_none_or(|n| r.number == n))?;
            row.source.lines().map(str::to_owned).collect()
        }
        (Place::Spec(_, differs), Data::Pod(Some(pod))) => {
            pod_spec::lines(pod, *differs).into_iter().map(|(line, _)| line).collect()
        }
        (Place::About(_), Data::About(dag)) => {
            let join = |line: Vec<(String, _)>| line.into_iter().map(|(part, _)| part).collect();
            about::lines(dag, about::columns(&parts)).into_iter().map(join).collect()
        }
        (Place::Instance(_, tab), Data::Instance(d)) if *tab != Tab::Log => {
            instance::lines(state, d, *tab, parts.list.width).into_iter().map(|(line, _)| line).collect()
        }
        _ => return None,
    })
}

/// Scrolls by lines, to the text's end at most.
pub fn scroll(state: &mut State, by: isize) {
    let height = layout(state).list.height as usize;
    let wraps = state.screen().log.wrap;
    let n = lines(state).map_or(0, |all| all.len());
    // Of broken lines nobody knows how many fit: then the last one may be the first.
    let most = n.saturating_sub(if wraps { 1 } else { height });
    let screen = state.screen_mut();
    screen.scroll = screen.scroll.min(most).saturating_add_signed(by).min(most);
}

/// Goes to the next line with what is looked for, or the one before; at the end it starts over.
pub fn find(state: &mut State, forward: bool, from_here: bool) -> Vec<Effect> {
    let needle = state.screen().filter.text.to_lowercase();
    if needle.is_empty() {
        let find = state.keymap.short(Action::Filter);
        state.flash(format!("nothing is looked for; {find} finds"), false);
        return Vec::new();
    }
    let all = lines(state).unwrap_or_default();
    let at = state.screen().found_line.filter(|_| !from_here);
    let hits: Vec<usize> = (0..all.len()).filter(|i| all[*i].to_lowercase().contains(&needle)).collect();
    let next = match at {
        None => hits.iter().find(|i| **i >= state.screen().scroll).or(hits.first()),
        Some(at) if forward => hits.iter().find(|i| **i > at).or(hits.first()),
        Some(at) => hits.iter().rev().find(|i| **i < at).or(hits.last()),
    };
    let Some(next) = next.copied() else {
        state.flash(format!("{needle}: not found"), false);
        return Vec::new();
    };
    state.screen_mut().found_line = Some(next);
    state.flash(format!("line {} of {}, {} with it", next + 1, all.len(), hits.len()), false);
    let height = layout(state).list.height as usize;
    let screen = state.screen_mut();
    if next < screen.scroll || next >= screen.scroll + height {
        screen.scroll = next.saturating_sub(height / 3);
        scroll(state, 0);
    }
    Vec::new()
}
