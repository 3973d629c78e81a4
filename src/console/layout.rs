//! Which part of the terminal shows what, by its size.

use ratatui::layout::Rect;

use super::{place::Place, query::Data, state::State, views::instance_text};

/// Columns from which a second pane stands beside the first.
pub const TWO_PANES: u16 = 110;
/// Columns from which a third one stands below the second.
pub const THREE_PANES: u16 = 150;
/// Smallest terminal that is drawn.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The terminal is too small for any screen: nobody sees what a key would be about.
pub fn is_small(state: &State) -> bool {
    state.size.0 < SMALLEST.0 || state.size.1 < SMALLEST.1
}

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// First line.
    pub header: Rect,
    /// Second line: filter and counters.
    pub title: Rect,
    /// Names of the columns.
    pub columns: Rect,
    /// The lines.
    pub list: Rect,
    /// Preview of what is under the cursor; below the list, or beside it.
    pub preview: Option<Rect>,
    /// What a person would look at next: the log, or what needs somebody.
    pub side: Option<Rect>,
    /// Last line: hints.
    pub hints: Rect,
}

/// Computes the parts.
pub fn layout(state: &State) -> Layout {
    let (w, h) = state.size;
    let row = |y: u16, height: u16| Rect { x: 0, y, width: w, height };
    let body = h.saturating_sub(4).max(1);
    let mut list = row(3, body);
    let mut columns = row(2, 1);
    let mut preview = None;
    let mut side = None;
    let place = &state.screen().place;
    match place {
        Place::Instance(..) => {
            // A line for the cause, one for what points at it if there is room, one for the tabs.
            let hinted =
                h >= 24 && matches!(&state.screen().data, Data::Instance(d) if instance_text::hint(d).is_some());
            let head = if hinted { 5 } else { 4 };
            list = row(head + 1, h.saturating_sub(head + 2).max(1));
            columns = row(head, 1);
        }
        Place::Grid(_) => {
            // Dates and run states above the cells take two more lines.
            list = row(6, h.saturating_sub(7).max(1));
            columns = row(2, 4);
            if w >= 76 {
                let side = if w >= TWO_PANES { (w / 3).min(56) } else { 25 };
                list.width = w - side;
                columns.width = w - side;
                preview = Some(Rect { x: w - side, y: 2, width: side, height: h.saturating_sub(3) });
            }
        }
        Place::Source(..) | Place::About(_) | Place::Logs(_) | Place::Spec(..) => {}
        Place::Gantt(_) if h >= 34 => {
            // The same run as a diagram, and what is known about the line under the cursor.
            let below = if w >= THREE_PANES { body / 2 } else { 10 };
            list.height = body - below;
            let left = if w >= THREE_PANES { w * 64 / 100 } else { 0 };
            preview = Some(Rect { x: left, y: 3 + list.height, width: w - left, height: below });
            side = (left > 0).then_some(Rect { x: 0, y: 3 + list.height, width: left, height: below });
        }
        Place::Gantt(_) if w >= TWO_PANES => {}
        Place::Versions(_) | Place::Compare(..) if w < TWO_PANES && h >= 20 => {
            let lines = if matches!(place, Place::Versions(_)) { body * 2 / 3 } else { 4 };
            list.height = body - lines;
            preview = Some(row(3 + list.height, lines));
        }
        Place::Compare(..) => {
            list.height = body.saturating_sub(6).max(1);
            preview = Some(row(3 + list.height, body.min(6)));
        }
        Place::System => {
            // What there is to choose from, and no more: the rest has much to say.
            let lines = u16::try_from(state.screen().items.len()).unwrap_or(u16::MAX).min(h / 4);
            list = Rect { y: h.saturating_sub(1 + lines), height: lines, ..list };
            columns = row(2, h.saturating_sub(3 + lines));
        }
        _ if w >= TWO_PANES => {
            let left = if w >= THREE_PANES { w * 64 / 100 } else { (w * 62 / 100).max(80) };
            list.width = left;
            columns.width = left;
            preview = Some(Rect { x: left, y: 2, width: w - left, height: h.saturating_sub(3) });
        }
        _ if h >= 20 => {
            let lines = match place {
                Place::Xcom(..) | Place::Settings | Place::Assets => body / 2,
                Place::Graph(..) => 5,
                _ => 7,
            };
            list.height = body - lines;
            preview = Some(row(3 + list.height, lines));
        }
        _ => {}
    }
    if w >= THREE_PANES
        && h >= 24
        && matches!(
            place,
            Place::Triage
                | Place::Dags
                | Place::Runs(_)
                | Place::Instances(_)
                | Place::Grid(_)
                | Place::Pods(_)
                | Place::Pod(_)
        )
        && let Some(above) = &mut preview
    {
        let height = (above.height / 3).max(9);
        side = Some(Rect { y: above.y + height, height: above.height - height, ..*above });
        above.height = height;
    }
    if matches!(place, Place::Pods(_)) {
        // How the clusters and executors are, and quotas.
        list.y += 3;
        list.height = list.height.saturating_sub(3).max(1);
        columns.height = 4;
    }
    Layout { header: row(0, 1), title: row(1, 1), columns, list, preview, side, hints: row(h.saturating_sub(1), 1) }
}
