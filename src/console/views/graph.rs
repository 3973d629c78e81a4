//! The diagram: tasks as boxes with their states, arrows between them, the way to the cursor.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
        diagram::route,
        graph::{self, Shown},
        items::Kind,
        keymap::Action,
        layout::Layout,
        state::State,
        theme::Role,
        tree,
        update::count,
        widgets::{paint, text},
    },
    store::screens::run::Graph,
};

use super::{gantt, parts};

/// Title line.
pub fn title(state: &State, g: &Graph) -> String {
    let screen = state.screen();
    let run =
        g.run.as_ref().map_or_else(|| "no run yet".into(), |r| format!("{} {}", parts::run_name(&r.run), r.run.state));
    let folded = screen.graph.items.iter().filter(|i| matches!(i.kind, Kind::TreeGroup(true))).count();
    let mut all = format!("graph  {run}  {}", count(g.dag.tasks.len(), "task"));
    if !g.dag.task_groups.is_empty() {
        all.push_str(&format!("  {} ({folded} folded)", count(g.dag.task_groups.len(), "group")));
    }
    if let Some((id, up)) = &screen.only_way {
        let name = id.strip_prefix("node:").unwrap_or(id);
        all.push_str(&format!(
            "  only {} {name} ({}: all)",
            if *up { "above" } else { "below" },
            state.keymap.short(Action::Back)
        ));
    }
    if screen.graph.drawing.left_out > 0 {
        all.push_str(&format!("  {} arrows not drawn", screen.graph.drawing.left_out));
    }
    all
}

/// Draws it.
pub fn draw(state: &State, g: &Graph, layout: &Layout, buf: &mut Buffer) {
    let screen = state.screen();
    let legend = "  [S name x4] state, name, instances   [F group 3 +] folded, Enter unfolds   * the way to the cursor";
    paint::row(buf, layout.columns, 0, legend, state.theme.role(Role::Dim));
    if screen.graph.items.is_empty() {
        let clears = format!("nothing fits the filter; {} clears it", state.keymap.short(Action::Back));
        let why = if screen.graph.total > 0 { clears.as_str() } else { "no tasks" };
        paint::put(buf, 2, layout.list.y + 1, why, 60, state.theme.role(Role::Dim));
    }
    boxes(state, &screen.graph, &g.dag, Some(screen.cursor), screen.pan, layout.list, buf);
    let (Some(area), Some(item)) = (layout.preview, screen.item()) else { return };
    let inside = parts::preview_inside(state, buf, area, tree::node_id(item));
    let mut lines = match &g.run {
        Some(run) => gantt::about(state, run, &g.dag),
        None => Vec::new(),
    };
    if let Some(task) = g.dag.tasks.get(tree::node_id(item)) {
        lines.push((format!("rule {}  retries {}  pool {}", task.trigger_rule, task.retries, task.pool), Role::Dim));
    }
    parts::lines(state, buf, inside, &lines);
}

/// The run of a timeline as a drawing, with the line under the cursor in the middle.
pub fn beside(state: &State, area: Rect, buf: &mut Buffer) {
    let screen = state.screen();
    let Some((dag, _)) = graph::source(&screen.data) else { return };
    parts::rule(state, buf, area, "graph (v d)");
    let inside = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let here = screen.item().map(tree::node_id).unwrap_or_default();
    let holds = |id: &str| id == here || dag.tasks.get(here).is_some_and(|task| dag.is_in_group(task, id));
    let at = screen.graph.items.iter().position(|i| holds(tree::node_id(i)));
    let pan = graph::centred(&screen.graph.drawing, at.unwrap_or(0), inside);
    boxes(state, &screen.graph, dag, at, pan, inside, buf);
}

fn boxes(
    state: &State,
    shown: &Shown,
    dag: &crate::model::Dag,
    cursor: Option<usize>,
    pan: (usize, usize),
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = &state.theme;
    // Column 0 is the margin that marks a box at the very left.
    let place = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(pan.0)? + 1, y.checked_sub(pan.1)?);
        (x < area.width as usize && y < area.height as usize).then(|| (area.x + x as u16, area.y + y as u16))
    };
    let way = cursor.map(|at| shown.drawing.above(at)).unwrap_or_default();
    let on_way = |i: usize| way.get(i).copied().unwrap_or(false);
    let (line, best) = (theme.role(Role::Border), theme.role(Role::Warn));
    let lit = |from: usize, to: usize| on_way(from) && on_way(to);
    route::letters(&shown.drawing, lit, |x, y, letter, lit| {
        if let Some((x, y)) = place(x, y) {
            paint::put(buf, x, y, letter.encode_utf8(&mut [0; 4]), 1, if lit { best } else { line });
        }
    });
    let marks = &state.screen().marks;
    for (at, ((item, counts), one)) in shown.items.iter().zip(&shown.counts).zip(&shown.drawing.boxes).enumerate() {
        let caption = graph::caption(dag, item, counts);
        let empty = counts.total() == 0;
        let letter = if empty { ' ' } else { counts.worst().letter() };
        let style = if empty { theme.role(Role::Dim) } else { theme.state(counts.worst()) };
        let mark = if marks.contains_key(&item.id) { '*' } else { ' ' };
        let whole = text::fit(&format!("[{letter}{mark}{caption}"), one.width - 1) + "]";
        // A box that is cut at the left loses its first letters.
        let hidden = pan.0.saturating_sub(one.x);
        let seen: String = whole.chars().skip(hidden).collect();
        let Some((x, y)) = place(one.x + hidden, one.y) else { continue };
        let on = cursor == Some(at);
        let style = if on { style.patch(theme.role(Role::Cursor)) } else { style };
        paint::put(buf, x, y, &seen, (area.right() - x) as usize, style);
        if on && hidden == 0 {
            paint::put(buf, x - 1, y, ">", 1, theme.role(Role::Key));
        }
    }
}
