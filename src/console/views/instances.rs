//! The list of task instances.

use ratatui::buffer::Buffer;

use crate::{
    console::{keymap::Action, layout::Layout, log::progress, place::Place, state::State, theme::Role, widgets::text},
    model::TiState,
    store::screens::instances::TiRow,
};

use super::{
    parts,
    table::{self, Cell, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] = &[
    left("S", 1, 1),
    left("DAG", 12, 50),
    left("RUN", 11, 40),
    Column { names: true, ..left("TASK", 16, 70) },
    right("AGE", 3, 4),
    right("DUR", 5, 6),
    right("TRY", 3, 5),
    Column { drop: 1, ..left("WHY", 12, 200) },
];

/// Draws it.
pub fn draw(state: &State, rows: &[TiRow], layout: &Layout, buf: &mut Buffer) {
    let one_run = matches!(state.screen().place, Place::Instances(Some(_)));
    // Of one run: its names would be the same on every line.
    let own = |i: usize| !(one_run && (i == 1 || i == 2));
    let columns: Vec<Column> = COLUMNS.iter().enumerate().filter(|(i, _)| own(*i)).map(|(_, c)| *c).collect();
    table::draw(state, layout, buf, &columns, |item| {
        let cells = line(state, &rows[item.at]);
        Line::Cells(cells.into_iter().enumerate().filter(|(i, _)| own(*i)).map(|(_, c)| c).collect())
    });
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

fn line(state: &State, r: &TiRow) -> Vec<Cell> {
    let body = parts::body(state);
    let age = match r.start {
        Some(start) if r.state == TiState::Running => Some(text::since(start, state.now)),
        start => r.end.or(start).map(|t| text::age(t, state.now)),
    };
    let tries = if r.try_number == 0 { "-".into() } else { format!("{}/{}", r.try_number, r.max_tries + 1) };
    let why = match r.wake_at {
        Some(at) if !r.state.is_finished() => {
            format!("in {} {}", text::until(at, state.now), r.why.as_deref().unwrap_or(""))
        }
        _ if r.state == TiState::Running => {
            state.progress.get(&r.ti).map(|p| progress::bar(*p, 10)).unwrap_or_default()
        }
        _ if r.state == TiState::Success => String::new(),
        _ if r.state == TiState::Scheduled && r.why.is_none() => {
            format!("waits, pool {} ({}: why)", r.pool, state.keymap.short(Action::Blockers))
        }
        _ => r.why.clone().unwrap_or_default(),
    };
    vec![
        cell(r.state.letter().to_string(), state.theme.state(r.state)),
        cell(r.ti.run.dag_id.as_str(), body),
        cell(text::time(r.logical_date.unwrap_or(r.run_after), "%m-%d %H:%M"), body),
        cell(r.ti.label(), body),
        cell(age.unwrap_or_default(), body),
        cell(r.seconds(state.now).map(text::duration).unwrap_or_default(), body),
        cell(tries, body),
        cell(why, state.theme.role(Role::Dim)),
    ]
}
