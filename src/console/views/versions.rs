//! Versions of a DAG with what changed in each, and the text of one.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        layout::Layout,
        state::State,
        theme::Role,
        widgets::{diff, paint, text},
    },
    store::screens::versions::Versions,
};

use super::{
    parts,
    table::{self, Line, cell, left, right},
};

/// Draws the list with the selected version's changes.
pub fn draw(state: &State, v: &Versions, layout: &Layout, buf: &mut Buffer) {
    let columns = [
        right("VERSION", 3, 7),
        left(if state.local { "SINCE" } else { "SINCE (UTC)" }, 11, 16),
        right("RUNS", 4, 8),
        right("FAILED", 4, 8),
        left("LINES", 4, 20),
    ];
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    table::draw(state, layout, buf, &columns, |item| {
        let row = &v.rows[item.at];
        let failed = state.theme.role(if row.runs.1 > 0 { Role::Bad } else { Role::Dim });
        let changed = match v.rows.get(item.at + 1) {
            Some(older) => {
                let edits = diff::unified(&older.source, &row.source, 0);
                let n = |sign: char| edits.iter().filter(|(s, _)| *s == sign).count();
                format!("+{} -{}", n('+'), n('-'))
            }
            None => format!("{} lines", row.source.lines().count()),
        };
        Line::Cells(vec![
            cell(format!("v{}", row.number), body),
            cell(text::time(row.created, "%Y-%m-%d %H:%M"), body),
            cell(row.runs.0.to_string(), body),
            cell(row.runs.1.to_string(), failed),
            cell(changed, dim),
        ])
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(row) = v.rows.get(item.at) else { return };
    let Some(older) = v.rows.get(item.at + 1) else {
        let inside = parts::preview_inside(state, buf, area, &format!("v{} is the oldest one known", row.number));
        let lines: Vec<(String, Role)> = row.source.lines().map(|l| (l.to_owned(), Role::Text)).collect();
        parts::lines(state, buf, inside, &lines);
        return;
    };
    let inside =
        parts::preview_inside(state, buf, area, &format!("v{} -> v{}  (Enter: whole text)", older.number, row.number));
    let mut lines = Vec::new();
    for (sign, line) in diff::unified(&older.source, &row.source, 2) {
        let role = match sign {
            '+' => Role::Good,
            '-' => Role::Bad,
            '@' => Role::Title,
            _ => Role::Text,
        };
        lines.push((format!("{sign} {line}"), role));
    }
    if lines.is_empty() {
        lines.push((
            "The file's text is the same; what it made is different (imports, settings, environment).".into(),
            Role::Dim,
        ));
    }
    parts::lines(state, buf, inside, &lines);
}

/// Draws the text of one version with line numbers.
pub fn source(state: &State, v: &Versions, number: Option<i64>, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let Some(row) = v.rows.iter().find(|r| number.is_none_or(|n| r.number == n)) else {
        paint::put(buf, 2, layout.list.y, "no version is stored", 40, theme.role(Role::Warn));
        return;
    };
    let title = format!(" {}  v{} since {} {}", v.fileloc, row.number, text::stamp(row.created), text::zone());
    paint::row(buf, layout.columns, 0, &title, theme.role(Role::Title));
    let lines = row.source.lines().enumerate();
    parts::code(state, buf, layout.list, lines.map(|(at, line)| (format!("{:>5} ", at + 1), line.into(), Role::Text)));
}
