//! Lines of a log: times, levels, the task's own colours, what is looked for.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
        keymap::Action,
        layout::Layout,
        log::{Colours, Level, LogView, Stamps, record::Line},
        state::State,
        theme::Role,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    model::TiState,
    store::screens::{Micros, instances::TiRow},
};

use super::{header, log_values::values};

/// Columns left for a line's text.
pub fn text_columns(log: &LogView, columns: usize) -> usize {
    columns.saturating_sub(stamp_columns(log) + 6).max(10)
}

fn stamp_columns(log: &LogView) -> usize {
    match log.stamps {
        Stamps::Clock => 11,
        Stamps::Relative => 10,
        Stamps::None => 2,
    }
}

/// Why there are no lines.
pub fn absent(state: &State, log: &LogView, tries: u32) -> String {
    match (log.missing, &log.window) {
        (true, _) if tries == 0 => {
            format!("not tried yet, so there is no log ({}: why)", state.keymap.short(Action::Blockers))
        }
        (true, _) => {
            let path = log.path.display().to_string();
            format!("no log file {}", path.find("dag_id=").and_then(|at| path.get(at..)).unwrap_or(&path))
        }
        (false, Some(_)) => "the log is empty".into(),
        (false, None) => "reading ..".into(),
    }
}

/// Draws the lines; `start` is what relative times count from, `absent` is said if there are none.
pub fn draw(state: &State, log: &LogView, start: Option<Micros>, absent: &str, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let Some(window) = log.window.as_ref().filter(|w| !w.lines.is_empty()) else {
        for (y, line) in text::wrap(absent, (area.width as usize).saturating_sub(4)).iter().enumerate() {
            if (y as u16) + 1 < area.height {
                let columns = (area.width as usize).saturating_sub(3);
                paint::put(buf, area.x + 2, area.y + 1 + y as u16, line, columns, theme.role(Role::Dim));
            }
        }
        return;
    };
    let columns = text_columns(log, area.width as usize);
    let needle = log.search.to_lowercase();
    let mut y = 0;
    for line in &window.lines[log.first(area.height as usize, columns)..] {
        if y >= area.height {
            break;
        }
        let role = match line.level {
            Level::Error => Role::Bad,
            Level::Warning => Role::Warn,
            Level::Debug => Role::Dim,
            Level::Info => Role::Text,
        };
        let style = theme.role(role);
        let hit = log.found == Some(line.offset);
        let stamp = match (log.stamps, line.at, line.first) {
            (Stamps::Clock, Some(at), true) => text::time(at, "%H:%M:%S"),
            (Stamps::Relative, Some(at), true) => {
                let s = (at - start.unwrap_or(at)).max(0) / 1_000_000;
                format!("+{:02}:{:02}", s / 60, s % 60)
            }
            _ => String::new(),
        };
        let mark = if line.level == Level::Error { "E" } else { " " };
        let mut pen = Pen::new(buf, area, y);
        pen.text(if hit { ">" } else { mark }, theme.role(Role::Bad));
        pen.text(&text::fit(&stamp, stamp_columns(log) - 2), theme.role(Role::Dim)).text(" ", style);
        pen.text(if line.first { line.level.tag() } else { "     " }, style).text(" ", style);
        let mut x = pen.x;
        let mut columns = columns;
        let rows = if log.wrap { log.rows(&line.text, columns) } else { 1 };
        let (mut offset, sticks_out) = if log.wrap { (0, 0) } else { text::skip(&line.text, log.shift) };
        let mut rest = line.text[offset..].to_owned();
        x += sticks_out as u16;
        columns -= sticks_out;
        for row in 1..=rows {
            if y >= area.height {
                break;
            }
            let (mut now, mut later) = split(&rest, columns);
            if log.wrap && row == rows && !later.is_empty() {
                let more = format!("~ {} more (w)", text::bytes(later.len() as i64));
                (now, later) = split(&rest, columns.saturating_sub(more.len() + 1));
                paint::put(
                    buf,
                    x + (columns - more.len()) as u16,
                    area.y + y,
                    &more,
                    more.len(),
                    theme.role(Role::Dim),
                );
            }
            let cut = if log.wrap { now.clone() } else { text::clip(&rest, columns) };
            paint::put(buf, x, area.y + y, &cut, columns, style);
            match log.colours {
                Colours::Own => colour(buf, (x, area.y + y), line, offset..offset + cut.len()),
                Colours::Values => stand_out(state, buf, (x, area.y + y), &cut),
                Colours::Levels => {}
            }
            offset += now.len();
            if !needle.is_empty() {
                highlight(buf, x, area.y + y, &cut, &needle, theme.role(Role::Match));
            }
            rest = later;
            y += 1;
        }
    }
}

/// The part that fits into `columns`, and the rest.
fn split(text: &str, columns: usize) -> (String, String) {
    use unicode_segmentation::UnicodeSegmentation;
    let mut used = 0;
    for (at, g) in text.grapheme_indices(true) {
        used += text::width(g);
        if used > columns {
            return (text[..at].to_owned(), text[at..].to_owned());
        }
    }
    (text.to_owned(), String::new())
}

/// What the task coloured of a part of a line.
fn colour(buf: &mut Buffer, (x, y): (u16, u16), line: &Line, part: Range<usize>) {
    for (range, style) in &line.spans {
        let (from, to) = (range.start.max(part.start), range.end.min(part.end));
        let (Some(before), Some(inside)) = (line.text.get(part.start..from), line.text.get(from..to)) else { continue };
        let width = text::width(inside) as u16;
        let area = Rect { x: x + text::width(before) as u16, y, width, height: 1 }.intersection(*buf.area());
        buf.set_style(area, *style);
    }
}

/// Numbers, texts and names of a part of a line.
fn stand_out(state: &State, buf: &mut Buffer, (x, y): (u16, u16), part: &str) {
    for (range, role) in values(part) {
        let (Some(before), Some(inside)) = (part.get(..range.start), part.get(range)) else { continue };
        let (x, width) = (x + text::width(before) as u16, text::width(inside) as u16);
        buf.set_style(Rect { x, y, width, height: 1 }.intersection(*buf.area()), state.theme.role(role));
    }
}

fn highlight(buf: &mut Buffer, x: u16, y: u16, text: &str, needle: &str, style: ratatui::style::Style) {
    let lower = text.to_lowercase();
    // Lower case may have another length; then nothing is marked rather than the wrong place.
    if lower.len() != text.len() {
        return;
    }
    for (at, found) in lower.match_indices(needle) {
        let start = text.get(..at).map_or(0, text::width) as u16;
        let area = Rect { x: x + start, y, width: text::width(found) as u16, height: 1 }.intersection(*buf.area());
        buf.set_style(area, style);
    }
}

/// Title line of several logs.
pub fn title(rows: &[TiRow]) -> String {
    let states = |s: TiState| rows.iter().filter(|r| r.state == s).count();
    let count = |s: &TiState| format!("{} {s}", states(*s));
    let some: Vec<String> = TiState::ALL.iter().filter(|s| states(**s) > 0).map(count).collect();
    format!("the ends of {} logs by time   {}", rows.len(), some.join("  "))
}

/// Several logs as one.
pub fn several(state: &State, rows: &[TiRow], layout: &Layout, buf: &mut Buffer) {
    let log = &state.screen().log;
    super::parts::rule(state, buf, layout.columns, &header::log_modes(state, log));
    let start = rows.iter().filter_map(|r| r.start).min();
    let absent = if log.window.is_none() { "reading .." } else { "none of these instances has a log yet" };
    draw(state, log, start, absent, layout.list, buf);
}
