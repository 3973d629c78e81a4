//! The list of runs.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        layout::Layout,
        state::State,
        theme::Role,
        widgets::{paint::Pen, text},
    },
    store::screens::runs::RunRow,
};

use super::{list, parts};

/// Draws it.
pub fn draw(state: &State, rows: &[RunRow], layout: &Layout, buf: &mut Buffer) {
    let wide = layout.list.width >= 95;
    let (dag, id) = if wide { (24, 40) } else { (18, 22) };
    let columns =
        format!("S {} {} {:>4} {:>6} {:9} TASKS", text::fit("DAG", dag), text::fit("RUN", id), "AGE", "DUR", "TYPE");
    list::draw(state, layout, buf, &columns, |pen, item| line(state, &rows[item.at], pen, dag, id));
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

fn line(state: &State, r: &RunRow, pen: &mut Pen<'_>, dag: usize, id: usize) {
    let body = parts::body(state);
    parts::run_letter(state, pen, r.state);
    let name = if text::width(&r.run.run_id) <= id { r.run.run_id.clone() } else { text::run_id(&r.run.run_id) };
    pen.cell(&r.run.dag_id, dag, body).cell(&name, id, body);
    pen.cell(&text::fit_right(&text::age(r.end.or(r.start).unwrap_or(r.run_after), state.now), 4), 4, body);
    let took = r.start.map(|s| text::duration((r.end.unwrap_or(state.now) - s) as f64 / 1e6)).unwrap_or_default();
    pen.cell(&text::fit_right(&took, 6), 6, body);
    pen.cell(r.run_type.as_str(), 9, state.theme.role(Role::Dim));
    parts::counts(state, pen, &r.counts);
}
