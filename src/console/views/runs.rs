//! The list of runs.

use ratatui::buffer::Buffer;

use crate::{
    console::{layout::Layout, state::State, theme::Role, widgets::text},
    store::screens::runs::RunRow,
};

use super::{
    parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] = &[
    left("S", 1, 1),
    Column { names: true, ..left("DAG", 16, 60) },
    left("RUN", 14, 60),
    right("AGE", 3, 4),
    right("DUR", 5, 6),
    Column { drop: 2, ..left("TYPE", 4, 18) },
    left("TASKS", 8, 30),
    Column { drop: 3, ..left("NOTE", 4, 60) },
];

/// Draws it.
pub fn draw(state: &State, rows: &[RunRow], layout: &Layout, buf: &mut Buffer) {
    table::draw(state, layout, buf, COLUMNS, |item| line(state, &rows[item.at], layout.list.width >= 95));
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(r) = rows.get(item.at) else { return };
    let inside = parts::preview_inside(state, buf, area, &r.run.run_id);
    let stamp = |t: Option<i64>| t.map_or_else(|| "-".into(), |t| text::time(t, "%Y-%m-%d %H:%M:%S"));
    let mut lines = vec![
        (format!("{} {}  {}", r.run.dag_id, r.state, parts::counts_text(&r.counts)), Role::Text),
        (format!("logical {}  due {}", stamp(r.logical_date), stamp(Some(r.run_after))), Role::Text),
        (format!("started {}  ended {}", stamp(r.start), stamp(r.end)), Role::Text),
        (format!("conf {}", text::clean(&r.conf)), Role::Dim),
    ];
    if let Some(note) = &r.note {
        lines.push((format!("note {note}"), Role::Good));
    }
    parts::lines(state, buf, inside, &lines);
}

fn line(state: &State, r: &RunRow, wide: bool) -> Line {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    let name = if wide { r.run.run_id.clone() } else { text::run_id(&r.run.run_id) };
    let took = r.start.map(|s| text::duration((r.end.unwrap_or(state.now) - s) as f64 / 1e6)).unwrap_or_default();
    let age = match (r.end, r.start) {
        (None, Some(start)) => text::since(start, state.now),
        (end, _) => text::age(end.unwrap_or(r.run_after), state.now),
    };
    Line::Cells(vec![
        cell(r.state.letter().to_string(), state.theme.run(r.state)),
        cell(r.run.dag_id.as_str(), body),
        cell(name, body),
        cell(age, body),
        cell(took, body),
        cell(r.run_type.as_str(), dim),
        parts::counts_cell(state, &r.counts),
        cell(r.note.as_deref().unwrap_or(""), dim),
    ])
}
