//! The list of task instances.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        layout::Layout,
        place::Place,
        state::State,
        theme::Role,
        widgets::{paint::Pen, text},
    },
    store::screens::instances::TiRow,
};

use super::{list, parts};

/// Draws it.
pub fn draw(state: &State, rows: &[TiRow], layout: &Layout, buf: &mut Buffer) {
    let one_run = matches!(state.screen().place, Place::Instances(Some(_)));
    let wide = layout.list.width >= 95;
    let (dag, task) = match (one_run, wide) {
        (true, _) => (0, 34),
        (false, true) => (32, 30),
        (false, false) => (22, 22),
    };
    let head = if one_run { String::new() } else { text::fit("DAG, RUN", dag + 1) };
    let columns = format!("S {head}{} {:>4} {:>6} {:>4} WHY", text::fit("TASK", task), "AGE", "DUR", "TRY");
    list::draw(state, layout, buf, &columns, |pen, item| line(state, &rows[item.at], pen, dag, task));
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(r) = rows.get(item.at) else { return };
    let inside = parts::preview_inside(state, buf, area, &r.ti.label());
    let mut lines = vec![
        (format!("{} {}", r.ti.run.dag_id, r.ti.run.run_id), Role::Text),
        (
            format!("{}  {}  pool {}  try {} of {}", r.state, r.operator, r.pool, r.try_number, r.max_tries + 1),
            Role::Text,
        ),
    ];
    if let Some(name) = &r.rendered_map_index {
        lines.push((format!("map index name: {name}"), Role::Text));
    }
    if let Some(why) = &r.why {
        lines.push((why.clone(), Role::Bad));
    }
    if let Some(at) = r.wake_at {
        lines.push((format!("goes on in {}", text::until(at, state.now)), Role::Warn));
    }
    if let Some(note) = &r.note {
        lines.push((format!("note {note}"), Role::Good));
    }
    parts::lines(state, buf, inside, &lines);
}

fn line(state: &State, r: &TiRow, pen: &mut Pen<'_>, dag: usize, task: usize) {
    let body = parts::body(state);
    pen.text(&r.state.letter().to_string(), state.theme.state(r.state)).text(" ", body);
    if dag > 0 {
        let date = text::time(r.logical_date.unwrap_or(r.run_after), "%m-%d %H:%M");
        let name = text::clip(&r.ti.run.dag_id, dag - 12);
        pen.cell(&format!("{name} {date}"), dag, body);
    }
    pen.cell(&r.ti.label(), task, body);
    let at = r.end.or(r.start);
    pen.cell(&text::fit_right(&at.map(|t| text::age(t, state.now)).unwrap_or_default(), 4), 4, body);
    pen.cell(&text::fit_right(&r.seconds(state.now).map(text::duration).unwrap_or_default(), 6), 6, body);
    let tries = if r.try_number == 0 { "-".into() } else { format!("{}/{}", r.try_number, r.max_tries + 1) };
    pen.cell(&text::fit_right(&tries, 4), 4, body);
    let why = match r.wake_at {
        Some(at) if !r.state.is_finished() => {
            format!("in {} {}", text::until(at, state.now), r.why.as_deref().unwrap_or(""))
        }
        _ if r.state == crate::model::TiState::Success => String::new(),
        _ => r.why.clone().unwrap_or_default(),
    };
    pen.text(&why, state.theme.role(Role::Dim));
}
