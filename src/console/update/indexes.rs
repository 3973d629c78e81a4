//! From one index of a mapped task to the one before or after it: in a grid its line, elsewhere the same screen about another index.

use crate::console::{
    items::Kind,
    message::Effect,
    place::{Place, Tab},
    pods::PodOf,
    query::{Asker, Data, Query},
    state::{Errand, State},
    tree,
};
use crate::store::screens::TiRef;

use super::{look, navigate};

/// Goes there.
pub fn turn(state: &mut State, after: bool) -> Vec<Effect> {
    match state.screen().place.clone() {
        Place::Instance(ti, tab) => other_index(state, &ti, tab, after),
        Place::Grid(_) => in_grid(state, after),
        Place::Compare(ti, ..) => ask(state, &ti, after),
        Place::Pod(_) => match state.screen().object().ti() {
            Some(ti) => ask(state, &ti, after),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Of an instance all indexes of its task are known.
fn other_index(state: &mut State, ti: &TiRef, tab: Tab, after: bool) -> Vec<Effect> {
    let Data::Instance(d) = &state.screen().data else { return Vec::new() };
    let at = d.indexes.iter().position(|(i, _)| *i == ti.map_index).unwrap_or(0);
    let new = if after { at + 1 } else { at.wrapping_sub(1) };
    match d.indexes.get(new).map(|(index, _)| *index) {
        Some(map_index) => look::at_index(state, TiRef { map_index, ..ti.clone() }, tab),
        None => none(state),
    }
}

fn none(state: &mut State) -> Vec<Effect> {
    state.flash("no other map index there", false);
    Vec::new()
}

/// Asks whether there is one. What isn't mapped has none.
fn ask(state: &mut State, ti: &TiRef, after: bool) -> Vec<Effect> {
    let index = if after { ti.map_index + 1 } else { ti.map_index - 1 };
    if ti.map_index < 0 || index < 0 {
        return none(state);
    }
    let ticket = state.next_ticket();
    state.errand = Some((ticket, Errand::OtherIndex));
    let task = Some((ti.task_id.clone(), index));
    let query = Query::Located { dag_id: ti.run.dag_id.clone(), run_id: ti.run.run_id.clone(), task };
    vec![Effect::Load(ticket, Asker::Errand, query)]
}

/// The same screen about the index that was found.
pub fn found(state: &mut State, ti: Option<TiRef>) -> Vec<Effect> {
    let Some(ti) = ti else { return none(state) };
    let screen = state.screen_mut();
    screen.place = match &screen.place {
        Place::Compare(_, _, base) => Place::Compare(ti, 0, base.clone()),
        _ => Place::Pod(PodOf::Try(ti, None)),
    };
    (screen.data, screen.loaded_at, screen.skipped) = (Data::None, None, 0);
    screen.log_pairs.clear();
    state.load()
}

/// The line of the index above or below; a mapped task that is folded unfolds.
fn in_grid(state: &mut State, after: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    let Some(item) = screen.item() else { return Vec::new() };
    let id = tree::node_id(item).to_owned();
    let is_folded = item.kind == Kind::TreeTask(Some(true));
    let next = if after { Some(screen.cursor + 1) } else { screen.cursor.checked_sub(1) };
    let neighbour = next.and_then(|at| screen.items.get(at).map(|item| (at, item)));
    match neighbour {
        _ if is_folded && after => {
            screen.wanted = Some(format!("node:{id}:0"));
            navigate::fold(state)
        }
        Some((at, item)) if matches!(item.kind, Kind::TreeIndex(_)) && tree::node_id(item) == id => {
            screen.cursor = at;
            Vec::new()
        }
        _ => none(state),
    }
}
