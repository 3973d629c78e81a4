//! What was found in all logs: each line with where it is, and when such a line appeared first.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        layout::Layout,
        log::search::{Hit, Hits},
        state::State,
        theme::Role,
        update::count,
        widgets::text,
    },
    store::screens::label,
};

use super::{
    parts,
    table::{self, Column, Line, cell, left},
};

const COLUMNS: &[Column] = &[
    left("WHEN (UTC)", 11, 19),
    Column { drop: 2, ..left("DAG", 8, 30) },
    Column { drop: 3, ..left("RUN", 8, 24) },
    Column { drop: 1, ..left("TASK", 8, 30) },
    left("TRY", 1, 3),
    left("LINE", 20, 400),
];

/// Title line.
pub fn title(state: &State, text: &str, hits: &Hits) -> String {
    let (looked, all) = hits.files;
    let far = if hits.done { format!("all {}", count(all, "log")) } else { format!("{looked} of {all} logs so far") };
    let speed = if hits.took > 0 { hits.bytes * 1_000_000 / hits.took.unsigned_abs() } else { 0 };
    let first = hits.first.as_ref().map_or_else(String::new, |h| format!("; first {} ago", text::age(h.at, state.now)));
    let found = format!("{} in {}", count(hits.count, "line"), count(hits.in_files, "log"));
    let cost = format!("{}, {}/s", text::bytes(hits.bytes as i64), text::bytes(speed as i64));
    format!("\"{}\": {found}{first}  ({far}, {cost})", text::clip(text, 24))
}

/// Draws it.
pub fn draw(state: &State, hits: &Hits, layout: &Layout, buf: &mut Buffer) {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    let wide = layout.list.width > 110;
    let mut columns = COLUMNS.to_vec();
    columns[0].head = if state.local { "WHEN" } else { columns[0].head };
    table::draw(state, layout, buf, &columns, |item| {
        let Some(h) = hits.hits.get(item.at) else { return Line::Across(Vec::new()) };
        let format = if wide { "%Y-%m-%d %H:%M:%S" } else { "%m-%d %H:%M" };
        Line::Cells(vec![
            cell(text::time(h.at, format), dim),
            cell(h.dag_id.as_str(), body),
            cell(text::run_id(&h.run_id), body),
            cell(label(&h.task_id, h.map_index), body),
            cell(h.try_number.to_string(), dim),
            cell(text::clip(&h.text, 400), body),
        ])
    });
    let Some(area) = layout.preview else { return };
    let mut lines = Vec::new();
    if let Some(h) = state.screen().item().and_then(|i| hits.hits.get(i.at)) {
        lines.push((text::clean(&h.text), Role::Text));
        lines.push((whole(h), Role::Dim));
    }
    if let Some(first) = &hits.first {
        let yet = if hits.done { "" } else { " of what was looked at so far" };
        lines.push((format!("FIRST TIME{yet}: {}, {} ago", stamp(first), text::age(first.at, state.now)), Role::Title));
        lines.push((whole(first), Role::Dim));
        lines.push((text::clean(&first.text), Role::Text));
    } else if hits.done {
        lines.push(("no log has such a line".into(), Role::Warn));
    }
    let inside = parts::preview_inside(state, buf, area, "line");
    parts::lines(state, buf, inside, &lines);
}

fn stamp(h: &Hit) -> String {
    format!("{} {}", text::time(h.at, "%Y-%m-%d %H:%M:%S"), text::zone())
}

fn whole(h: &Hit) -> String {
    format!("{}  {} {} {} try {}", stamp(h), h.dag_id, h.run_id, label(&h.task_id, h.map_index), h.try_number)
}
