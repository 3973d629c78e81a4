//! Moves in the diagram, and what of it is shown.

use crate::console::{items::Kind, keymap::Action, message::Effect, query::Data, state::State, tree};

/// Rows of boxes that half a page goes.
const HALF: usize = 5;

/// Moves the cursor from box to box.
pub fn step(state: &mut State, action: Action) -> Vec<Effect> {
    use Action as A;
    let screen = state.screen_mut();
    let drawing = &screen.graph.drawing;
    let last = screen.items.len().saturating_sub(1);
    let at = screen.cursor;
    let times = match action {
        A::Up | A::Down => 1,
        A::HalfUp | A::HalfDown => HALF,
        _ => 2 * HALF,
    };
    let vertical =
        |down: bool| (0..times).try_fold(at, |at, _| drawing.vertical(at, down).ok_or(at)).unwrap_or_else(|at| at);
    let edge = |right: bool| {
        let next = |at: &usize| drawing.sideways(*at, right);
        std::iter::successors(Some(at), next).last().unwrap_or(at)
    };
    screen.cursor = match action {
        A::Top => 0,
        A::Bottom => last,
        A::Up | A::HalfUp | A::PageUp => vertical(false),
        A::Down | A::HalfDown | A::PageDown => vertical(true),
        A::Left | A::Right => drawing.sideways(at, action == A::Right).unwrap_or(at),
        _ => edge(action == A::Last),
    };
    Vec::new()
}

/// Only what is above or below the box under the cursor; again: everything.
pub fn only_way(state: &mut State, up: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    let Some(id) = screen.item().map(|i| i.id.clone()) else { return Vec::new() };
    let wanted = Some((id, up));
    screen.only_way = if screen.only_way == wanted { None } else { wanted };
    screen.rebuild();
    Vec::new()
}

/// Folds the group of the box under the cursor, or unfolds it; without one all groups. True if that was done.
pub fn fold(state: &mut State, shut: bool) -> bool {
    let screen = state.screen_mut();
    let (Data::Graph(graph), Some(item)) = (&screen.data, screen.item()) else { return false };
    let id = tree::node_id(item);
    if !shut && matches!(item.kind, Kind::TreeGroup(_)) {
        let id = id.to_owned();
        screen.folded.remove(&id);
    } else if shut {
        let group = match graph.dag.tasks.get(id) {
            Some(task) => task.task_group.clone(),
            None => graph.dag.task_groups.get(id).and_then(|g| g.parent.clone()),
        };
        let Some(group) = group else { return false };
        screen.folded.insert(group.clone());
        screen.rebuild();
        let id = format!("node:{group}");
        screen.cursor = screen.items.iter().position(|i| i.id == id).unwrap_or(screen.cursor);
        return true;
    } else {
        return false;
    }
    screen.rebuild();
    true
}
