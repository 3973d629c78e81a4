//! Timeline of one run: when each try waited and ran.

use std::collections::HashSet;

use ratatui::buffer::Buffer;

use crate::{
    console::{
        critical::{self, Path},
        items::{Item, Kind},
        keymap::Action,
        layout::Layout,
        log::progress,
        state::State,
        theme::Role,
        tree,
        widgets::{
            bars::Axis,
            paint::{self, Pen},
            text,
        },
    },
    model::TiState,
    store::screens::{
        Micros, SECOND,
        pods::PodRow,
        run::{RunDetail, TryRow},
    },
};

use super::{grid::tree_line, parts};

/// Title line.
pub fn title(state: &State, r: &RunDetail) -> String {
    let took = r.run.seconds(state.now).map(text::duration).unwrap_or_else(|| "not started".into());
    let legend = if r.pods.is_empty() {
        ".ready -queued =ran #failed try ^p50 *critical path"
    } else {
        ".ready -queued :no node ~pulls =ran #failed ^p50 *path"
    };
    let zoom = match state.screen().zoom {
        0 => String::new(),
        n => format!("  zoom {}x ({}: whole)", 1_u32 << n, state.keymap.short(Action::Fit)),
    };
    format!("{} {}  {took}{zoom}   {legend}", parts::run_name(&r.run), r.run.state)
}

/// Draws it.
pub fn draw(state: &State, r: &RunDetail, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let screen = state.screen();
    let Some(dag) = &r.dag else { return };
    let all = layout.list.width as usize;
    let tree_columns = (all * 2 / 5).clamp(22, 44);
    let x = tree_columns + 12;
    let axis = zoomed(state, r, dag, axis(state, r, all.saturating_sub(x + 1)));
    let path = if screen.hides_path { Path::default() } else { critical::path(r, dag, state.now) };
    let heads = format!("  {} TRY   DUR", text::fit("TASK", tree_columns - 2));
    paint::row(buf, layout.columns, 0, &heads, theme.role(Role::Title));
    let (ticks, format) = axis.ticks(11);
    for (column, at) in ticks {
        let label = text::time(at, format);
        if column + label.len() <= axis.columns {
            paint::put(buf, (x + column) as u16, layout.columns.y, &label, label.len(), theme.role(Role::Title));
        }
    }
    let height = layout.list.height as usize;
    for (y, (at, item)) in screen.items.iter().enumerate().skip(screen.top).take(height).enumerate() {
        let y = y as u16;
        let on = at == screen.cursor;
        let marked = screen.marks.contains_key(&item.id);
        let mut pen = Pen::new(buf, layout.list, y);
        pen.text(if on { ">" } else { " " }, theme.role(Role::Key))
            .text(if marked { "*" } else { " " }, theme.role(Role::Mark));
        let rows = rows_of(r, dag, item);
        let label = match item.kind {
            Kind::TreeIndex(i) => {
                let name = rows.first().and_then(|t| r.instances[*t].rendered_map_index.clone());
                format!("[{i}] {}", name.unwrap_or_default())
            }
            Kind::TreeTask(Some(_)) => format!("{} [{}]", tree::label(dag, tree::node_id(item)), rows.len()),
            _ => tree::label(dag, tree::node_id(item)).to_owned(),
        };
        pen.text(&tree_line(item, &label, tree_columns - 4), parts::body(state));
        let worst = worst(r, &rows);
        pen.text(&format!(" {} ", worst.letter()), theme.state(worst));
        let tries = rows.iter().map(|i| r.instances[*i].try_number).max().unwrap_or(0);
        let tries = if tries > 1 { tries.to_string() } else { String::new() };
        let seconds = rows.iter().filter_map(|i| r.instances[*i].seconds(state.now)).fold(0.0, f64::max);
        let took = if seconds > 0.0 { text::duration(seconds) } else { String::new() };
        pen.text(&format!("{tries:>2} {} ", text::fit_right(&took, 6)), theme.role(Role::Dim));
        pen.at(x as u16);
        bar(state, r, &axis, &rows, &path, &mut pen);
        if on {
            let row = ratatui::layout::Rect { width: x as u16 - 1, ..layout.list };
            Pen::whole(buf, row, y, theme.role(Role::Cursor));
        }
    }
    if let Some(area) = layout.side {
        super::graph::beside(state, area, buf);
    }
    if let Some(area) = layout.preview {
        let title = path.words(text::duration).unwrap_or_else(|| "at the cursor".into());
        let inside = parts::preview_inside(state, buf, area, &title);
        parts::lines(state, buf, inside, &about(state, r, dag));
    }
}

fn axis(state: &State, r: &RunDetail, columns: usize) -> Axis {
    let first = |a: Option<Micros>, b: Option<Micros>| [a, b].into_iter().flatten().min();
    let mut start = r.run.start;
    for (_, _, scheduled, queued) in &r.queued {
        start = first(start, first(*scheduled, *queued));
    }
    for t in &r.tries {
        start = first(start, t.start);
    }
    let start = start.unwrap_or(r.run.run_after);
    let last = r.tries.iter().filter_map(|t| t.end).chain(r.run.end).max();
    let end = if r.run.end.is_some() { last.unwrap_or(start) } else { state.now };
    Axis { start, end: end.max(start + SECOND / 10), columns }
}

/// The part of the time that is shown: around what the line under the cursor did.
fn zoomed(state: &State, r: &RunDetail, dag: &crate::model::Dag, whole: Axis) -> Axis {
    let screen = state.screen();
    let (Some(item), 1..) = (screen.item(), screen.zoom) else { return whole };
    let span = ((whole.end - whole.start) >> screen.zoom).max(SECOND / 100);
    let rows = rows_of(r, dag, item);
    let times = rows.iter().flat_map(|i| [r.instances[*i].start, r.instances[*i].end]).flatten();
    let (first, last) = times.fold((whole.end, whole.start), |(a, b), t| (a.min(t), b.max(t)));
    let middle = if first <= last { first + (last - first) / 2 } else { whole.start + (whole.end - whole.start) / 2 };
    let start = (middle - span / 2).clamp(whole.start, (whole.end - span).max(whole.start));
    Axis { start, end: start + span, ..whole }
}

/// Indexes of the instances that a line stands for.
fn rows_of(r: &RunDetail, dag: &crate::model::Dag, item: &Item) -> Vec<usize> {
    let id = tree::node_id(item);
    let tasks = match item.kind {
        Kind::TreeGroup(_) => tree::tasks_below(dag, id),
        _ => vec![id],
    };
    let fits = |t: &crate::store::screens::instances::TiRow| match item.kind {
        Kind::TreeIndex(i) => t.ti.task_id == id && t.ti.map_index == i,
        _ => tasks.contains(&t.ti.task_id.as_str()),
    };
    r.instances.iter().enumerate().filter(|(_, t)| fits(t)).map(|(i, _)| i).collect()
}

fn worst(r: &RunDetail, rows: &[usize]) -> TiState {
    let mut counts = crate::store::screens::Counts::default();
    for i in rows {
        counts.add(r.instances[*i].state, 1);
    }
    counts.worst()
}

/// Waiting, then every try.
fn bar(state: &State, r: &RunDetail, axis: &Axis, rows: &[usize], path: &Path, pen: &mut Pen<'_>) {
    let mut letters = vec![' '; axis.columns];
    // One pass over the tries, also for a line that stands for thousands of instances.
    let here: HashSet<(i32, &str)> =
        rows.iter().map(|i| (r.instances[*i].ti.map_index, r.instances[*i].ti.task_id.as_str())).collect();
    let tries: Vec<&TryRow> = r.tries.iter().filter(|y| here.contains(&(y.map_index, y.task_id.as_str()))).collect();
    if let [one] = rows {
        let t = &r.instances[*one];
        {
            let waits = r.queued.iter().find(|q| q.0 == t.ti.task_id && q.1 == t.ti.map_index);
            if let Some((_, _, scheduled, queued)) = waits {
                let start = tries.last().and_then(|y| y.start);
                let until = if t.state.is_finished() { start } else { start.or(Some(state.now)) };
                if let (Some(a), Some(b)) = (scheduled, queued.or(until)) {
                    axis.bar(&mut letters, *a, b, '.');
                }
                if let (Some(a), Some(b)) = (queued, until) {
                    axis.bar(&mut letters, *a, b.max(*a), '-');
                }
            }
        }
    }
    for y in &tries {
        if let Some(start) = y.start {
            axis.bar(&mut letters, start, y.end.unwrap_or(state.now), '=');
        }
    }
    // A pod's part of its try: until a node was found, and until its images were there and it began.
    for pod in r.pods.iter().filter(|p| here.contains(&(p.ti.map_index, p.ti.task_id.as_str()))) {
        let of_try = tries
            .iter()
            .find(|y| y.task_id == pod.ti.task_id && y.map_index == pod.ti.map_index && y.number == pod.try_number);
        let over = of_try.and_then(|y| y.end).or(pod.ended).unwrap_or(state.now);
        if let Some(created) = pod.created {
            let scheduled = pod.scheduled.unwrap_or(over);
            axis.bar(&mut letters, created, scheduled, ':');
            if pod.scheduled.is_some() {
                axis.bar(&mut letters, scheduled, pod.started.unwrap_or(over), '~');
            }
            if let Some(started) = pod.started {
                axis.bar(&mut letters, started, pod.ended.unwrap_or(over), '=');
            }
        }
    }
    // Failures last: the next try may start in the same column.
    for y in tries.iter().filter(|y| matches!(y.state, TiState::Failed | TiState::UpForRetry)) {
        let end = y.end.filter(|e| (axis.start..=axis.end).contains(e));
        if let Some(cell) = end.and_then(|e| letters.get_mut(axis.column(e))) {
            *cell = '#';
        }
    }
    // Where a single one usually ends, and that it made the run as long as it was.
    if let [one] = rows {
        let t = &r.instances[*one];
        let usual = r.usual.get(&(t.ti.task_id.clone(), t.ti.map_index));
        let end = usual.zip(t.start).map(|(seconds, start)| start + (seconds * 1e6) as Micros);
        if let Some(end) = end.filter(|end| *end <= axis.end)
            && let Some(cell) = letters.get_mut(axis.column(end)).filter(|c| **c != '#')
        {
            *cell = '^';
        }
    }
    if rows.iter().any(|i| path.steps.contains(i))
        && let Some(cell) = letters.iter_mut().find(|c| matches!(c, '=' | '#' | '~'))
    {
        *cell = '*';
    }
    let theme = &state.theme;
    let ran = theme.state(if worst(r, rows) == TiState::Running { TiState::Running } else { TiState::Success });
    // How far the task says it is, after its bar.
    if let [one] = rows
        && r.instances[*one].state == TiState::Running
        && let Some(p) = state.progress.get(&r.instances[*one].ti)
    {
        let text = format!("{}% ", progress::percent(*p));
        let end = axis.column(state.now) + 1;
        let from = if end + text.len() <= letters.len() { end } else { letters.len().saturating_sub(text.len()) };
        letters.iter_mut().skip(from).zip(text.chars()).for_each(|(cell, c)| *cell = c);
    }
    for c in letters {
        let style = match c {
            '#' => theme.state(TiState::Failed),
            '=' => ran,
            '~' => theme.role(Role::Warn),
            '^' | '*' => theme.role(Role::Key),
            _ => theme.role(Role::Dim),
        };
        pen.text(&c.to_string(), style);
    }
}

/// What is known about the line under the cursor.
pub fn about(state: &State, r: &RunDetail, dag: &crate::model::Dag) -> Vec<(String, Role)> {
    let Some(item) = state.screen().item() else { return Vec::new() };
    let rows = rows_of(r, dag, item);
    let [one] = rows.as_slice() else {
        let mut counts = crate::store::screens::Counts::default();
        for i in &rows {
            counts.add(r.instances[*i].state, 1);
        }
        return vec![(format!("{} instances: {}", rows.len(), parts::counts_text(&counts)), Role::Text)];
    };
    let t = &r.instances[*one];
    let mut out = vec![(format!("{}  {}  pool {}", t.ti.label(), t.operator, t.pool), Role::Text)];
    for y in r.tries.iter().filter(|y| y.task_id == t.ti.task_id && y.map_index == t.ti.map_index) {
        let took = y.start.map(|s| text::duration((y.end.unwrap_or(state.now) - s) as f64 / 1e6)).unwrap_or_default();
        let start = y.start.map(|s| text::time(s, "%H:%M:%S")).unwrap_or_default();
        let why = y.why.as_deref().filter(|_| y.state != TiState::Success).unwrap_or("");
        let role = if y.state == TiState::Success { Role::Text } else { Role::Bad };
        out.push((format!("try {} {start} {took} {} {why}", y.number, y.state), role));
    }
    if let Some(seconds) = r.usual.get(&(t.ti.task_id.clone(), t.ti.map_index)) {
        out[0].0.push_str(&format!("  p50 {}", text::duration(*seconds)));
    }
    out.extend(r.pods.iter().filter(|p| p.ti == t.ti).map(|pod| (waited(state, pod), Role::Dim)));
    if t.state == TiState::UpstreamFailed {
        let above = dag.relatives(&t.ti.task_id, true);
        let first =
            r.instances.iter().filter(|i| i.state == TiState::Failed && above.iter().any(|a| **a == *i.ti.task_id));
        if let Some(first) = first.min_by_key(|i| i.end) {
            let why = first.why.clone().unwrap_or_default();
            out.push((format!("because {} failed: {why}", first.ti.label()), Role::Bad));
        }
    }
    if let Some(why) = t.why.as_deref().filter(|_| t.try_number == 0) {
        out.push((why.to_owned(), Role::Bad));
    }
    out
}

/// How long a pod waited for what.
fn waited(state: &State, pod: &PodRow) -> String {
    let took = |from: Option<Micros>, to: Option<Micros>| {
        Some(super::pods::span(to.unwrap_or(pod.ended.unwrap_or(state.now)) - from?))
    };
    let mut words = vec![format!("try {} pod {}", pod.try_number, pod.name)];
    words.extend(took(pod.created, pod.scheduled).map(|t| format!("no node {t}")));
    words.extend(took(pod.scheduled, pod.started).map(|t| format!("pulled and started {t}")));
    words.extend(took(pod.started, pod.ended).map(|t| format!("ran {t}")));
    words.extend(pod.why.clone());
    words.join("  ")
}
