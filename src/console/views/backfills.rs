//! Backfills: how far each is, and the state of every date.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        layout::Layout,
        state::State,
        theme::Role,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    model::RunState,
    store::screens::backfills::BackfillRow,
};

use super::{
    parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] = &[
    right("ID", 2, 6),
    left("DAG", 14, 50),
    left("FROM .. TO", 14, 24),
    left("STATE", 6, 9),
    left("PROGRESS", 16, 40),
    Column { drop: 1, ..left("REPROCESS", 4, 9) },
    right("AGE", 3, 4),
    Column { drop: 2, ..left("WHO", 3, 16) },
];

/// What it is doing.
fn state_of(b: &BackfillRow) -> (&'static str, Role) {
    match b {
        b if b.done() && b.count(RunState::Failed) > 0 => ("failed", Role::Bad),
        b if b.done() => ("done", Role::Good),
        b if b.paused => ("paused", Role::Warn),
        _ => ("running", Role::Text),
    }
}

/// Draws it.
pub fn draw(state: &State, rows: &[BackfillRow], layout: &Layout, buf: &mut Buffer) {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    let day = |at| text::time(at, "%m-%d");
    table::draw(state, layout, buf, COLUMNS, |item| {
        let b = &rows[item.at];
        let (word, role) = state_of(b);
        let (ended, all) = b.progress();
        let failed = b.count(RunState::Failed);
        let filled = (ended * 10).checked_div(all).unwrap_or(10);
        let bar = format!("[{}{}] {ended}/{all}", "#".repeat(filled), " ".repeat(10 - filled));
        let bad = if failed > 0 { format!(" {failed} failed") } else { String::new() };
        Line::Cells(vec![
            cell(b.id.to_string(), body),
            cell(b.dag_id.as_str(), body),
            cell(format!("{} .. {}", day(b.dates.0), day(b.dates.1)), body),
            cell(word, state.theme.role(role)),
            vec![(bar, body), (bad, state.theme.role(Role::Bad))],
            cell(b.reprocess.as_str(), dim),
            cell(text::age(b.times.0, state.now), dim),
            cell(b.who.as_str(), dim),
        ])
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(b) = rows.get(item.at) else { return };
    let inside = parts::preview_inside(state, buf, area, &format!("backfill {} of {}", b.id, b.dag_id));
    let head = format!(
        "{} dates, at most {} at one time, {} running, {} queued",
        b.runs.len(),
        b.most_active,
        b.count(RunState::Running),
        b.count(RunState::Queued)
    );
    paint::put(buf, inside.x, inside.y, &head, inside.width as usize, state.theme.role(Role::Text));
    // A letter per date, in the order of execution; `-`: no run, as one was there.
    let mut at = 0;
    for y in 1..inside.height {
        let mut pen = Pen::new(buf, inside, y);
        while pen.left() > 1 && at < b.runs.len() {
            match b.runs[at].state {
                Some(s) => pen.text(&s.letter().to_string(), state.theme.run(s)),
                None => pen.text("-", dim),
            };
            at += 1;
        }
    }
    let left_out: Vec<String> = b
        .runs
        .iter()
        .filter_map(|r| Some(format!("{} {}", r.logical_date.map(day).unwrap_or_default(), r.exception.as_ref()?)))
        .collect();
    if !left_out.is_empty() && inside.height > 4 {
        let last = inside.y + inside.height - 1;
        paint::put(buf, inside.x, last, &format!("left out: {}", left_out.join(", ")), inside.width as usize, dim);
    }
}
