//! One task instance: why, its tries, and one of log, details, inputs, XCom, blockers.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
        layout::Layout,
        log::{Level, Stamps, record::Line},
        place::Tab,
        query::Data,
        state::State,
        theme::Role,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    model::TiState,
    store::screens::instance::InstanceDetail,
};

use super::{header, instance_text as about};

/// Title line.
pub fn title(state: &State, d: &InstanceDetail) -> String {
    let r = &d.row;
    let took = r.seconds(state.now).map(|s| format!("  ran {}", text::duration(s))).unwrap_or_default();
    let name = r.rendered_map_index.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
    format!("{} {}{name}  try {}/{}{took}  {}", r.state, r.ti.label(), r.try_number, r.max_tries + 1, r.operator)
}

/// Draws it.
pub fn draw(state: &State, d: &InstanceDetail, tab: Tab, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let head = Rect { y: 2, height: 2, ..layout.columns };
    let shown = state.screen().shown_try.unwrap_or(d.row.try_number);
    let of_try = d.tries.iter().find(|t| t.number == shown);
    let cause = of_try.and_then(|t| t.why.clone()).or_else(|| d.row.why.clone());
    let mut pen = Pen::new(buf, head, 0);
    let (word, text, role) = match (&cause, d.row.state) {
        (_, TiState::Success) if shown == d.row.try_number => (" OK", "ended well".to_owned(), Role::Good),
        (Some(why), _) => (" CAUSE", why.clone(), Role::Bad),
        (None, s) if s.is_finished() => (" STATE", s.to_string(), Role::Text),
        _ => (" NOW", about::now(state, d), Role::Warn),
    };
    pen.text(word, theme.role(Role::Title)).text(" ", theme.role(Role::Text)).text(&text, theme.role(role));
    let mut pen = Pen::new(buf, head, 1);
    pen.text(" ", theme.role(Role::Text));
    for t in Tab::ALL {
        let (key, name) = t.name();
        let style = theme.role(if t == tab { Role::Focus } else { Role::Text });
        let label = if t == tab { format!("[{key} {name}]") } else { format!(" {key} {name} ") };
        pen.text(&label, style);
    }
    pen.text(" tries ", theme.role(Role::Dim));
    let first = d.tries.len().saturating_sub(6);
    for t in &d.tries[first..] {
        let label = format!("{}{}", t.number, t.state.letter());
        let label = if t.number == shown { format!(">{label}<") } else { label };
        pen.text(&label, theme.state(t.state)).text(" ", theme.role(Role::Text));
    }
    if d.indexes.len() > 1 {
        let at = d.indexes.iter().position(|(i, _)| *i == d.row.ti.map_index).unwrap_or(0);
        pen.text(&format!(" index {} of {} ( )", at + 1, d.indexes.len()), theme.role(Role::Dim));
    }
    let rule = match tab {
        Tab::Log => format!("log  {}", header::log_modes(&state.screen().log)),
        Tab::Details => "details".into(),
        Tab::Inputs => "rendered inputs".into(),
        Tab::Xcom => format!("xcom  {} keys", d.xcoms.len()),
        Tab::Why => "why".into(),
    };
    super::parts::rule(state, buf, layout.columns, &rule);
    match tab {
        Tab::Log => log(state, d, layout.list, buf),
        Tab::Details => scrolled(state, buf, layout.list, &about::details(state, d)),
        Tab::Inputs => scrolled(state, buf, layout.list, &about::inputs(d)),
        Tab::Xcom => scrolled(state, buf, layout.list, &about::xcoms(state, d)),
        Tab::Why => scrolled(state, buf, layout.list, &about::why(state, d)),
    }
}

/// Columns left for a line's text.
pub fn text_columns(state: &State, columns: usize) -> usize {
    columns.saturating_sub(stamp_columns(state) + 6).max(10)
}

fn stamp_columns(state: &State) -> usize {
    match state.screen().log.stamps {
        Stamps::Clock => 11,
        Stamps::Relative => 10,
        Stamps::None => 2,
    }
}

fn log(state: &State, d: &InstanceDetail, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let log = &state.screen().log;
    let Some(window) = log.window.as_ref().filter(|w| !w.lines.is_empty()) else {
        let text = match (log.missing, &log.window) {
            (true, _) if d.row.try_number == 0 => "not tried yet, so there is no log (b: why)".to_owned(),
            (true, _) => format!("no log file {}", log.path.display()),
            (false, Some(_)) => "the log is empty".into(),
            (false, None) => "reading ..".into(),
        };
        for (y, line) in text::wrap(&text, area.width as usize - 4).iter().enumerate() {
            paint::put(buf, 2, area.y + 1 + y as u16, line, area.width as usize - 3, theme.role(Role::Dim));
        }
        return;
    };
    let columns = text_columns(state, area.width as usize);
    let shown = state.screen().shown_try.unwrap_or(d.row.try_number);
    let start = d.tries.iter().find(|t| t.number == shown).and_then(|t| t.start);
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
        pen.text(&text::fit(&stamp, stamp_columns(state) - 2), theme.role(Role::Dim)).text(" ", style);
        pen.text(if line.first { line.level.tag() } else { "     " }, style).text(" ", style);
        let x = pen.x;
        let rows = if log.wrap { log.rows(&line.text, columns) } else { 1 };
        let mut rest: String = if log.wrap { line.text.clone() } else { line.text.chars().skip(log.shift).collect() };
        let mut offset = line.text.len() - rest.len();
        for _ in 0..rows {
            if y >= area.height {
                break;
            }
            let (now, later) = split(&rest, columns);
            let cut = if log.wrap { now.clone() } else { text::clip(&rest, columns) };
            paint::put(buf, x, area.y + y, &cut, columns, style);
            colour(buf, (x, area.y + y), line, offset..offset + cut.len());
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

fn scrolled(state: &State, buf: &mut Buffer, area: Rect, lines: &[(String, Role)]) {
    let wrapped: Vec<(String, Role)> = lines
        .iter()
        .flat_map(|(line, role)| {
            let parts = text::wrap(line, area.width as usize - 3);
            let parts = if parts.is_empty() { vec![String::new()] } else { parts };
            parts.into_iter().map(|p| (p, *role))
        })
        .collect();
    let height = area.height as usize;
    let top = state.screen().scroll.min(wrapped.len().saturating_sub(height));
    for (y, (line, role)) in wrapped.iter().skip(top).take(height).enumerate() {
        paint::put(buf, 1, area.y + y as u16, line, area.width as usize - 2, state.theme.role(*role));
    }
    if wrapped.len() > height {
        let at = format!(" {}-{} of {} ", top + 1, (top + height).min(wrapped.len()), wrapped.len());
        let x = area.right().saturating_sub(text::width(&at) as u16 + 1);
        paint::put(buf, x, area.y.saturating_sub(1), &at, at.len(), state.theme.role(Role::Dim));
    }
    debug_assert!(matches!(state.screen().data, Data::Instance(_)));
}
