//! Grid of runs x tasks, with the tree of groups, tasks and indexes at its left and a card of the cell at its right.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    console::{
        items::{Item, Kind},
        layout::Layout,
        log::progress::{self, Progress},
        query::Data,
        state::State,
        theme::Role,
        tree,
        update::count,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    model::{Dag, TiState, UNMAPPED},
    store::screens::{
        Counts, TiRef,
        grid::{Grid, MOST_COUNTED},
        instance::InstanceDetail,
    },
};

use super::parts;

/// Columns of one run.
const CELL: usize = 3;

/// Title line.
pub fn title(_: &State, g: &Grid) -> String {
    let paused = if g.paused { "  PAUSED (P resumes)" } else { "" };
    let groups = |d: &Dag| {
        if d.task_groups.is_empty() { String::new() } else { format!(" + {}", count(d.task_groups.len(), "group")) }
    };
    let schedule = g.dag.as_ref().map(|d| format!("{}{}", count(d.tasks.len(), "task"), groups(d))).unwrap_or_default();
    let more = if g.total == MOST_COUNTED { "+" } else { "" };
    format!("grid  {schedule}  {} of {}{more} runs, newest right{paused}", g.runs.len(), g.total)
}

/// Draws it.
pub fn draw(state: &State, g: &Grid, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let screen = state.screen();
    let Some(dag) = &g.dag else {
        let style = theme.role(Role::Warn);
        paint::put(buf, 2, layout.list.y, "this DAG's definition is gone from the store", 60, style);
        return;
    };
    let tree_columns = tree_width(dag, screen.items.iter(), layout.list.width as usize);
    let room = (layout.list.width as usize).saturating_sub(tree_columns + 1) / CELL;
    let column = tree::column(screen).map_or(0, |(at, ..)| at);
    // The newest runs, unless the cursor is on an older one.
    let first = g.runs.len().saturating_sub(room).min(column);
    let shown = &g.runs[first..(first + room).min(g.runs.len())];
    let x = layout.list.x + tree_columns as u16 + 1;
    heads(state, shown, layout, buf, x);
    let height = layout.list.height as usize;
    for (y, (at, item)) in screen.items.iter().enumerate().skip(screen.top).take(height).enumerate() {
        let y = y as u16;
        let mut pen = Pen::new(buf, layout.list, y);
        let on = at == screen.cursor;
        name(state, dag, g, item, &mut pen, on, tree_columns);
        pen.at(x);
        for (i, run) in shown.iter().enumerate() {
            let cursor = on && first + i == column;
            cell(state, dag, g, item, run.run.id, &mut pen, cursor);
        }
        if on {
            let row = Rect { width: tree_columns as u16 + 1, ..layout.list };
            Pen::whole(buf, row, y, theme.role(Role::Cursor));
        }
    }
    if g.runs.is_empty() {
        paint::put(buf, x, layout.list.y, "no run yet; T triggers one", 40, theme.role(Role::Dim));
    }
    if let Some(area) = layout.preview {
        card(state, dag, g, area, buf);
    }
}

/// Columns of the tree: as wide as its names, but no more than half.
fn tree_width<'a>(dag: &Dag, items: impl Iterator<Item = &'a Item>, all: usize) -> usize {
    let widest = items.map(|i| text::width(tree::label(dag, tree::node_id(i))) + i.depth as usize * 2 + 10).max();
    widest.unwrap_or(26).clamp(26, (all / 2).max(26))
}

/// Dates and states of the runs.
fn heads(state: &State, shown: &[crate::store::screens::dags::RunCell], layout: &Layout, buf: &mut Buffer, x: u16) {
    let theme = &state.theme;
    let dim = theme.role(Role::Dim);
    let longest = shown.iter().filter_map(|r| r.seconds(state.now)).fold(0.0, f64::max);
    let label = format!("   duration 0-9 (9 = {})", text::duration(longest));
    paint::put(buf, 0, layout.columns.y + 2, &label, (x as usize).saturating_sub(1), dim);
    paint::put(buf, 0, layout.columns.y + 3, "   run state", (x as usize).saturating_sub(1), dim);
    let (mut day, mut minute) = (String::new(), String::new());
    for (i, run) in shown.iter().enumerate() {
        let at = x + (i * CELL) as u16;
        let when = run.logical_date.unwrap_or(run.run_after);
        // Two lines: month and day where it changes, else hour and :minute, in the same minute :minute and :second.
        let (new_day, new_minute) = (text::time(when, "%m-%d"), text::time(when, "%m-%d %H:%M"));
        let (top, below) = match (new_day == day, new_minute == minute) {
            (false, _) => ("%m", "%d"),
            (true, false) => ("%H", ":%M"),
            (true, true) => (":%M", ":%S"),
        };
        (day, minute) = (new_day, new_minute);
        paint::put(buf, at, layout.columns.y, &text::time(when, top), CELL, dim);
        paint::put(buf, at, layout.columns.y + 1, &text::time(when, below), CELL, dim);
        if let Some(seconds) = run.seconds(state.now) {
            let digit = if longest > 0.0 { (seconds / longest * 9.0).round() as u8 } else { 0 };
            paint::put(buf, at, layout.columns.y + 2, &digit.to_string(), 1, theme.role(Role::Text));
        }
        paint::put(buf, at, layout.columns.y + 3, &run.state.letter().to_string(), 1, theme.run(run.state));
    }
}

fn name(state: &State, dag: &Dag, g: &Grid, item: &Item, pen: &mut Pen<'_>, on: bool, columns: usize) {
    let theme = &state.theme;
    let marked = state.screen().marks.contains_key(&item.id);
    pen.text(if on { ">" } else { " " }, theme.role(Role::Key))
        .text(if marked { "*" } else { " " }, theme.role(Role::Mark));
    let id = tree::node_id(item);
    let label = match item.kind {
        Kind::TreeIndex(i) => match g.names.get(&(id.to_owned(), i)) {
            Some(name) => format!("[{i}] {name}"),
            None => format!("[{i}]"),
        },
        Kind::TreeTask(Some(_)) => {
            let n = g.runs.last().and_then(|r| g.cells.get(&(r.run.id, id.to_owned()))).map_or(0, Counts::total);
            format!("{} [{n}]", tree::label(dag, id))
        }
        _ => tree::label(dag, id).to_owned(),
    };
    pen.text(&tree_line(item, &label, columns.saturating_sub(2)), parts::body(state));
}

/// Indent, fold mark, name.
pub fn tree_line(item: &Item, label: &str, columns: usize) -> String {
    let fold = match item.kind {
        Kind::TreeGroup(true) | Kind::TreeTask(Some(true)) => "+ ",
        Kind::TreeGroup(false) | Kind::TreeTask(Some(false)) => "- ",
        _ => "  ",
    };
    text::fit(&format!("{}{fold}{label}", "  ".repeat(item.depth as usize)), columns)
}

fn cell(state: &State, dag: &Dag, g: &Grid, item: &Item, run: i64, pen: &mut Pen<'_>, cursor: bool) {
    let theme = &state.theme;
    let id = tree::node_id(item);
    let (text, style) = match item.kind {
        Kind::TreeIndex(i) => match g.indexes.get(&(run, id.to_owned(), i)) {
            Some(s) => {
                let far = far(state, g, run, id, i).map(tenth).unwrap_or_default();
                (format!("{}{far}", s.letter()), theme.state(*s))
            }
            None if g.unread.contains(&run) => ("?".into(), theme.role(Role::Dim)),
            None => (" ".into(), Style::new()),
        },
        Kind::TreeGroup(_) => counts_cell(state, &tree::sum(g, run, &tree::tasks_below(dag, id)), false),
        _ => {
            let counts = g.cells.get(&(run, id.to_owned())).copied().unwrap_or_default();
            let (text, style) = counts_cell(state, &counts, counts.total() > 1);
            match far(state, g, run, id, UNMAPPED) {
                Some(p) if counts.total() == 1 => (format!("{text}{}", tenth(p)), style),
                _ => (text, style),
            }
        }
    };
    let style = if cursor { style.patch(theme.role(Role::Cursor)) } else { style };
    pen.text(&text::fit(&text, CELL - 1), style).text(" ", Style::new());
}

/// How far an instance is, if it runs and says so.
fn far(state: &State, g: &Grid, run: i64, task: &str, index: i32) -> Option<Progress> {
    let same = |ti: &TiRef| ti.run.id == run && ti.task_id == task && ti.map_index == index;
    let (ti, _) = g.running.iter().find(|(ti, _)| same(ti))?;
    state.progress.get(ti).copied()
}

/// How many tenths are done, as one digit.
fn tenth((done, all): Progress) -> String {
    (done.min(all) as f64 / all as f64 * 9.99).floor().to_string()
}

/// The worst state; for several instances how many are in it, if it isn't all.
fn counts_cell(state: &State, counts: &Counts, several: bool) -> (String, Style) {
    if counts.total() == 0 {
        return (" ".into(), Style::new());
    }
    let worst = counts.worst();
    let n = counts.get(worst);
    let text = if several && n < counts.total() && n < 10 {
        format!("{n}{}", worst.letter())
    } else {
        worst.letter().to_string()
    };
    (text, state.theme.state(worst))
}

/// What is known about the cell under the cursor.
fn card(state: &State, dag: &Dag, g: &Grid, area: Rect, buf: &mut Buffer) {
    let screen = state.screen();
    let inside = parts::preview_inside(state, buf, area, "CELL");
    let (Some((at, run, run_state)), Some(item)) = (tree::column(screen), screen.item()) else { return };
    let id = tree::node_id(item);
    let cell = &g.runs[at];
    let mut lines = vec![(item_title(item, id), Role::Title)];
    lines.push((format!("{} {run_state}", text::run_id(&run.run_id)), Role::Text));
    let tasks = match item.kind {
        Kind::TreeGroup(_) => tree::tasks_below(dag, id),
        _ => vec![id],
    };
    let counts = tree::sum(g, run.id, &tasks);
    let own = match item.kind {
        Kind::TreeIndex(i) => g.indexes.get(&(run.id, id.to_owned(), i)).copied(),
        _ => (counts.total() > 0).then(|| counts.worst()),
    };
    if let Some(s) = own {
        let bad = matches!(s, TiState::Failed | TiState::UpForRetry | TiState::UpstreamFailed);
        lines.push((format!("state {s}"), if bad { Role::Bad } else { Role::Text }));
    }
    if counts.total() > 1 {
        lines.push((format!("{} instances: {}", counts.total(), parts::counts_text(&counts)), Role::Text));
    }
    let index = if let Kind::TreeIndex(i) = item.kind { i } else { UNMAPPED };
    if let Some(p) = far(state, g, run.id, id, index) {
        lines.push((progress::bar(p, 10), Role::Good));
    }
    if let Some(seconds) = cell.seconds(state.now) {
        let word = if cell.end.is_some() { "run took" } else { "the run takes so far" };
        lines.push((format!("{word} {}", text::duration(seconds)), Role::Text));
    }
    let any_index = matches!(item.kind, Kind::TreeTask(Some(_)));
    if let Some(d) = instance(state, run.id, id, (!any_index).then_some(index)) {
        if any_index {
            let name = d.row.rendered_map_index.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
            lines.push((format!("[{}]{name} {}", d.row.ti.map_index, d.row.state), Role::Title));
        }
        lines.extend(of_instance(state, d));
    }
    if let Some(task) = dag.tasks.get(id) {
        lines.push((task.operator.clone(), Role::Dim));
        lines.push((format!("pool {}  rule {}", task.pool, task.trigger_rule), Role::Dim));
        lines.push((format!("retries {}", task.retries), Role::Dim));
        if !task.upstream_task_ids.is_empty() {
            lines.push((format!("up {}", join(&task.upstream_task_ids)), Role::Dim));
        }
        if !task.downstream_task_ids.is_empty() {
            lines.push((format!("dn {}", join(&task.downstream_task_ids)), Role::Dim));
        }
    }
    parts::lines(state, buf, inside, &lines);
}

/// What was read about the cell's instance, or about the one of its indexes that needs a person most, if that is known by now.
fn instance<'a>(state: &'a State, run: i64, task: &str, index: Option<i32>) -> Option<&'a InstanceDetail> {
    match state.side.screen.as_ref().map(|s| &s.data) {
        Some(Data::Instance(d)) => {
            let ti = &d.row.ti;
            let same_index = index.is_none_or(|index| ti.map_index == index);
            (ti.run.id == run && ti.task_id == task && same_index).then_some(&**d)
        }
        _ => None,
    }
}

/// Its try and cause, how long it usually takes, the use of its pool.
fn of_instance(state: &State, d: &InstanceDetail) -> Vec<(String, Role)> {
    let took = d.row.seconds(state.now).map(|s| format!(" took {}", text::duration(s))).unwrap_or_default();
    let mut lines = vec![(format!("try {}/{}{took}", d.row.try_number, d.row.max_tries + 1), Role::Text)];
    if let Some(why) = d.row.why.as_ref().filter(|_| d.row.state != TiState::Success) {
        lines.push((why.clone(), Role::Bad));
    }
    if !d.pace.last.is_empty() {
        lines.push((parts::usual(&d.pace), Role::Text));
    }
    if let Some(p) = d.pool.as_ref().filter(|p| p.slots >= 0) {
        let full = p.running + p.queued >= p.slots;
        let line = format!("{} {}/{}, {} waiting", p.name, p.running + p.queued, p.slots, p.waiting);
        lines.push((line, if full { Role::Warn } else { Role::Dim }));
    }
    if !d.xcoms.is_empty() {
        let bytes = d.xcoms.iter().map(|x| x.bytes).sum();
        lines.push((format!("xcom {}, {}", count(d.xcoms.len(), "key"), text::bytes(bytes)), Role::Dim));
    }
    lines
}

fn item_title(item: &Item, id: &str) -> String {
    match item.kind {
        Kind::TreeIndex(i) => format!("{id}[{i}]"),
        _ => id.to_owned(),
    }
}

fn join(ids: &[std::sync::Arc<str>]) -> String {
    ids.iter().map(|i| &**i).collect::<Vec<_>>().join(", ")
}
