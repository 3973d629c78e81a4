//! One task instance: why, its tries, and one of log, details, inputs, XCom, blockers.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
        keymap::Action,
        layout::Layout,
        log::progress::{self, Progress},
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

use super::{header, instance_text as about, log};

/// Title line.
pub fn title(state: &State, d: &InstanceDetail) -> String {
    let r = &d.row;
    let took = r.seconds(state.now).map(|s| format!("  ran {}", text::duration(s))).unwrap_or_default();
    let name = r.rendered_map_index.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
    let version = if d.version > 0 { format!("  v{}", d.version) } else { String::new() };
    let tries = format!("try {}/{}", r.try_number, r.max_tries + 1);
    format!("{} {}{name}  {tries}{took}{version}  {}", r.state, r.ti.label(), r.operator)
}

/// Draws it.
pub fn draw(state: &State, d: &InstanceDetail, tab: Tab, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let height = layout.columns.y - 2;
    let head = Rect { y: 2, height, ..layout.columns };
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
    if let Some(hint) = about::hint(d).filter(|_| height > 2) {
        let mut pen = Pen::new(buf, head, 1);
        pen.text(" HINT ", theme.role(Role::Title)).text(&hint, theme.role(Role::Warn));
    }
    let mut pen = Pen::new(buf, head, height - 1);
    pen.text(" ", theme.role(Role::Text));
    for t in Tab::ALL {
        let (action, name) = t.name();
        let key = state.keymap.short(action);
        let style = theme.role(if t == tab { Role::Focus } else { Role::Text });
        let label = if t == tab { format!("[{key} {name}]") } else { format!(" {key} {name} ") };
        pen.text(&label, style);
    }
    if !d.pods.is_empty() {
        pen.text(&format!(" {} pod ", state.keymap.short(Action::Pod)), theme.role(Role::Text));
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
        let (before, after) = (state.keymap.short(Action::IndexBefore), state.keymap.short(Action::IndexAfter));
        pen.text(&format!(" index {} of {} {before} {after}", at + 1, d.indexes.len()), theme.role(Role::Dim));
    }
    let rule = match tab {
        Tab::Log => {
            let how = |p: &Progress| format!("{}  ", progress::bar(*p, 10));
            let running = d.row.state == TiState::Running;
            let far = state.progress.get(&d.row.ti).filter(|_| running).map(how).unwrap_or_default();
            format!("log  {far}{}", header::log_modes(state, &state.screen().log))
        }
        Tab::Details => "details".into(),
        Tab::Inputs => "rendered inputs".into(),
        Tab::Xcom => format!("xcom  {} keys", d.xcoms.len()),
        Tab::Why => "why".into(),
    };
    super::parts::rule(state, buf, layout.columns, &rule);
    match tab {
        Tab::Log => {
            let start = of_try.and_then(|t| t.start);
            let screen = state.screen();
            log::draw(state, &screen.log, start, &log::absent(state, &screen.log, d.row.try_number), layout.list, buf);
        }
        tab => scrolled(state, buf, layout.list, &lines(state, d, tab, layout.list.width)),
    }
}

/// The lines of a tab, broken at the screen's width; none of the log, which is read in parts.
pub fn lines(state: &State, d: &InstanceDetail, tab: Tab, width: u16) -> Vec<(String, Role)> {
    let lines = match tab {
        Tab::Log => Vec::new(),
        Tab::Details => about::details(state, d),
        Tab::Inputs => about::inputs(d),
        Tab::Xcom => about::xcoms(state, d),
        Tab::Why => about::why(state, d),
    };
    let broken = |(line, role): &(String, Role)| -> Vec<(String, Role)> {
        let parts = text::wrap(line, (width as usize).saturating_sub(3));
        let parts = if parts.is_empty() { vec![String::new()] } else { parts };
        parts.into_iter().map(|p| (p, *role)).collect()
    };
    lines.iter().flat_map(broken).collect()
}

fn scrolled(state: &State, buf: &mut Buffer, area: Rect, wrapped: &[(String, Role)]) {
    let needle = state.screen().filter.text.to_lowercase();
    let height = area.height as usize;
    let top = state.screen().scroll.min(wrapped.len().saturating_sub(height));
    for (y, (line, role)) in wrapped.iter().skip(top).take(height).enumerate() {
        let hit = !needle.is_empty() && line.to_lowercase().contains(&needle);
        let style = state.theme.role(if hit { Role::Match } else { *role });
        paint::put(buf, 1, area.y + y as u16, line, area.width as usize - 2, style);
    }
    if wrapped.len() > height {
        let at = format!(" {}-{} of {} ", top + 1, (top + height).min(wrapped.len()), wrapped.len());
        let x = area.right().saturating_sub(text::width(&at) as u16 + 1);
        paint::put(buf, x, area.y.saturating_sub(1), &at, at.len(), state.theme.role(Role::Dim));
    }
    debug_assert!(matches!(state.screen().data, Data::Instance(_)));
}
