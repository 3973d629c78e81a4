//! The pane beside a list on wide terminals.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::console::{
    items::Kind,
    keymap::Action,
    query::Data,
    state::State,
    theme::Role,
    widgets::{
        paint::{self, Pen},
        text,
    },
};

use super::{instance, log, parts, table::Line, triage};

/// Draws it.
pub fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    for y in 0..area.height {
        paint::put(buf, area.x, area.y + y, "|", 1, theme.role(Role::Border));
    }
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let Some(screen) = &state.side.screen else {
        parts::rule(state, buf, inside, "");
        return;
    };
    match &screen.data {
        Data::Triage(t) => {
            parts::rule(state, buf, inside, &format!("needs you {} (1)", state.alerts.unwrap_or(0)));
            let lines = screen.items.iter().filter(|i| !i.is_heading()).take(inside.height.saturating_sub(1) as usize);
            for (y, item) in lines.enumerate() {
                let mut pen = Pen::new(buf, inside, y as u16 + 1);
                pen.text(" ", theme.role(Role::Text));
                let cells = match triage::line(state, t, item) {
                    Line::Cells(cells) => cells,
                    Line::Across(cell) => vec![cell],
                };
                for (at, cell) in cells.iter().enumerate() {
                    // The age stands at the right of its column, as in the list.
                    let pad = if at == 0 && item.kind != Kind::FileError {
                        4_usize.saturating_sub(cell.iter().map(|(t, _)| text::width(t)).sum())
                    } else {
                        0
                    };
                    pen.text(&" ".repeat(pad), theme.role(Role::Text));
                    for (text, style) in cell {
                        pen.text(text, *style);
                    }
                    pen.text(" ", theme.role(Role::Text));
                }
            }
            if screen.items.is_empty() {
                paint::put(buf, inside.x + 1, inside.y + 1, "nothing needs you", 30, theme.role(Role::Dim));
            }
        }
        Data::Instance(d) => {
            parts::rule(state, buf, inside, &format!("{} ({})", d.row.ti.label(), state.keymap.short(Action::Log)));
            let mut pen = Pen::new(buf, inside, 1);
            pen.text(" ", theme.role(Role::Text)).text(&instance::title(state, d), theme.state(d.row.state));
            let rest = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
            let start = d.tries.iter().find(|t| t.number == d.row.try_number).and_then(|t| t.start);
            log::draw(state, &screen.log, start, &log::absent(state, &screen.log, d.row.try_number), rest, buf);
        }
        _ => {}
    }
}
