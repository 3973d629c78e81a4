//! Pieces that several screens show alike.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::table::Cell;

use crate::{
    console::{
        items::alike,
        keymap::Action,
        state::{Link, State},
        theme::Role,
        widgets::{paint, paint::Pen, text},
    },
    model::{Diagnostic, RunState, TiState},
    store::screens::{Counts, dags::RunCell, pace::Pace},
};

/// Style of text; dimmed while there is no scheduler, since it may be old.
pub fn body(state: &State) -> Style {
    match state.link {
        Link::Down { .. } => state.theme.role(Role::Text).patch(state.theme.role(Role::Dim)),
        _ => state.theme.role(Role::Text),
    }
}

/// Runs as letters, oldest first, at most so many.
pub fn letters(state: &State, runs: &[RunCell], most: usize) -> Cell {
    let shown = runs.len().min(most);
    runs[..shown].iter().rev().map(|run| (run.state.letter().to_string(), state.theme.run(run.state))).collect()
}

/// States with how many instances are in each: `7S 1F`.
pub fn counts(state: &State, pen: &mut Pen<'_>, counts: &Counts) {
    for s in TiState::ALL {
        let n = counts.get(*s);
        if n > 0 {
            pen.text(&format!("{n}{} ", s.letter()), state.theme.state(*s));
        }
    }
}

/// The same as a cell.
pub fn counts_cell(state: &State, counts: &Counts) -> Cell {
    let some = TiState::ALL.iter().filter(|s| counts.get(**s) > 0);
    some.map(|s| (format!("{}{} ", counts.get(*s), s.letter()), state.theme.state(*s))).collect()
}

/// The same as text.
pub fn counts_text(counts: &Counts) -> String {
    let all: Vec<String> = TiState::ALL
        .iter()
        .filter(|s| counts.get(**s) > 0)
        .map(|s| format!("{}{}", counts.get(*s), s.letter()))
        .collect();
    all.join(" ")
}

/// A line across an area with a title in it.
pub fn rule(state: &State, buf: &mut Buffer, area: Rect, title: &str) {
    let title = if title.is_empty() { String::new() } else { format!(" {title} ") };
    let text = text::clip(&format!("--{title}"), area.width as usize);
    let rest = (area.width as usize).saturating_sub(text::width(&text));
    paint::row(buf, area, 0, &format!("{text}{}", "-".repeat(rest)), state.theme.role(Role::Border));
}

/// A preview's area without its border: a line above it (below the list) or at its left (beside it).
pub fn preview_inside(state: &State, buf: &mut Buffer, area: Rect, title: &str) -> Rect {
    if area.x == 0 {
        rule(state, buf, area, title);
        Rect { x: 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(1) }
    } else {
        for y in 0..area.height {
            paint::put(buf, area.x, area.y + y, "|", 1, state.theme.role(Role::Border));
        }
        let inside = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
        paint::put(buf, inside.x, inside.y, title, inside.width as usize, state.theme.role(Role::Title));
        Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside }
    }
}

/// A preview of labelled lines, wrapped; what has no room is said, and scrolled to.
pub fn lines(state: &State, buf: &mut Buffer, area: Rect, lines: &[(String, Role)]) {
    let screen = state.screen();
    let wrap = |(line, role): &(String, Role)| -> Vec<(String, Role)> {
        text::wrap(line, area.width as usize).into_iter().map(|part| (part, *role)).collect()
    };
    let all: Vec<(String, Role)> = lines.iter().flat_map(wrap).collect();
    let height = area.height as usize;
    let hidden = all.len().saturating_sub(height);
    screen.preview_hidden.set(hidden);
    let top = screen.preview_top.min(hidden);
    for (y, (part, role)) in all.iter().skip(top).take(height).enumerate() {
        paint::put(buf, area.x, area.y + y as u16, part, area.width as usize, state.theme.role(*role));
    }
    if hidden > 0 || screen.in_preview {
        let key = state.keymap.short(if screen.in_preview { Action::Back } else { Action::NextPane });
        let at = match (top, hidden - top) {
            (_, 0) => format!(" end ({key}) "),
            (_, more) => format!(" +{more} ({key}) "),
        };
        let columns = text::width(&at).min(area.width as usize);
        let role = if screen.in_preview { Role::Focus } else { Role::Border };
        let x = area.right() - columns as u16;
        paint::put(buf, x, area.bottom().saturating_sub(1), &at, columns, state.theme.role(role));
    }
}

/// A file that doesn't import, or all that don't for the same reason: where, why, what to do.
pub fn file_error(errors: &[Diagnostic], e: &Diagnostic) -> Vec<(String, Role)> {
    let mut out = match e.line {
        0 => vec![(alike(errors, e).collect::<Vec<_>>().join("  "), Role::Text)],
        _ => vec![(format!("{}:{}:{}", e.file, e.line, e.column), Role::Text)],
    };
    // What is to be done about many files is worth more than all their names.
    let why =
        [(e.message.clone(), Role::Bad)].into_iter().chain(e.hint.iter().map(|h| (format!("hint: {h}"), Role::Good)));
    if e.line == 0 {
        out.splice(0..0, why);
    } else {
        out.extend(why);
    }
    out
}

/// Lines as long as somebody wrote them, each with its number or sign in front: cut and shifted, or broken. What fits a search is
/// marked.
pub fn code<'a>(
    state: &State,
    buf: &mut Buffer,
    area: Rect,
    lines: impl Iterator<Item = (String, Cow<'a, str>, Role)>,
) {
    let screen = state.screen();
    let needle = screen.filter.text.to_lowercase();
    let mut y = 0;
    for (front, line, role) in lines.skip(screen.scroll) {
        let hit = !needle.is_empty() && line.to_lowercase().contains(&needle);
        let style = state.theme.role(if hit { Role::Match } else { role });
        let line = line.replace('\t', "    ");
        let x = area.x + text::width(&front) as u16;
        let columns = (area.right() - x) as usize;
        let (start, sticks_out) = if screen.log.wrap { (0, 0) } else { text::skip(&line, screen.log.shift) };
        let mut rest = &line[start..];
        let mut front = front.as_str();
        loop {
            if y >= area.height {
                return;
            }
            paint::put(buf, area.x, area.y + y, front, columns, state.theme.role(Role::Dim));
            let row = " ".repeat(sticks_out) + rest;
            let end = if screen.log.wrap { text::split(rest, columns) } else { rest.len() };
            let row = if screen.log.wrap { &rest[..end] } else { row.as_str() };
            paint::put(buf, x, area.y + y, row, columns, style);
            y += 1;
            rest = &rest[end..];
            front = "";
            if rest.is_empty() {
                break;
            }
        }
    }
}

/// A run's name for narrow columns: its logical date, else when it was due, with its time if it isn't midnight.
pub fn run_name(run: &RunCell) -> String {
    text::stamp(run.logical_date.unwrap_or(run.run_after))
}

/// A letter and its style for a run.
pub fn run_letter(state: &State, pen: &mut Pen<'_>, run: RunState) {
    pen.text(&run.letter().to_string(), state.theme.run(run)).text(" ", Style::new());
}

/// `p50 38m00 p95 41m00 last 7776667`; the digits are ninths of the longest, oldest first.
pub fn usual(pace: &Pace) -> String {
    let (Some(p50), Some(p95)) = (pace.p50(), pace.p95()) else { return "it never worked in the last runs".into() };
    let longest = pace.last.iter().copied().fold(0.0, f64::max).max(1e-9);
    let digit = |s: &f64| char::from_digit((s / longest * 9.0).round() as u32, 10).unwrap_or('9');
    let first = pace.last.len().saturating_sub(14);
    let bar: String = pace.last[first..].iter().map(digit).collect();
    format!("p50 {} p95 {} last {bar}", text::duration(p50), text::duration(p95))
}
