//! XCom inspector: what passed between the tasks of a run.

use ratatui::buffer::Buffer;

use crate::{
    console::{layout::Layout, state::State, theme::Role, widgets::text},
    store::screens::{label, xcoms::XcomRow},
};

use super::{
    instance_text, parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] =
    &[left("TASK", 16, 60), left("KEY", 8, 40), right("SIZE", 4, 6), right("AGE", 3, 4), left("VALUE", 10, 300)];

/// Draws it.
pub fn draw(state: &State, rows: &[XcomRow], layout: &Layout, buf: &mut Buffer) {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    table::draw(state, layout, buf, COLUMNS, |item| {
        let x = &rows[item.at];
        Line::Cells(vec![
            cell(label(&x.task_id, x.map_index), body),
            cell(x.key.as_str(), body),
            cell(text::bytes(x.bytes), dim),
            cell(text::age(x.at, state.now), dim),
            cell(text::clip(&x.value, 300), body),
        ])
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(x) = rows.get(item.at) else { return };
    let name = format!("{} {} (from {})", label(&x.task_id, x.map_index), x.key, x.source);
    let inside = parts::preview_inside(state, buf, area, &name);
    let mut lines = Vec::new();
    match serde_json::from_str(&x.value) {
        Ok(value) => instance_text::json(&value, &mut lines),
        Err(_) => lines.push((x.value.clone(), Role::Text)),
    }
    parts::lines(state, buf, inside, &lines);
}
