//! XCom inspector: what passed between the tasks of a run.

use ratatui::buffer::Buffer;

use crate::{
    console::{layout::Layout, state::State, theme::Role, widgets::text},
    store::screens::{label, xcoms::XcomRow},
};

use super::{instance_text, list, parts};

/// Draws it.
pub fn draw(state: &State, rows: &[XcomRow], layout: &Layout, buf: &mut Buffer) {
    let task = (layout.list.width as usize / 3).clamp(20, 40);
    let columns = format!("{} {} {:>6} {:>4} VALUE", text::fit("TASK", task), text::fit("KEY", 16), "SIZE", "AGE");
    list::draw(state, layout, buf, &columns, |pen, item| {
        let x = &rows[item.at];
        let body = parts::body(state);
        pen.cell(&label(&x.task_id, x.map_index), task, body).cell(&x.key, 16, body);
        pen.cell(&text::fit_right(&text::bytes(x.bytes), 6), 6, state.theme.role(Role::Dim));
        pen.cell(&text::fit_right(&text::age(x.at, state.now), 4), 4, state.theme.role(Role::Dim));
        pen.text(&x.value, body);
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
