//! One task instance: why, its tries, and one of log, details, inputs, XCom, blockers.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
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
        let (key, name) = t.name();
        let style = theme.role(if t == tab { Role::Focus } else { Role::Text });
        let label = if t == tab { format!("[{key} {name}]") } else { format!(" {key} {name} ") };
        pen.text(&label, style);
    }
    if !d.pods.is_empty() {
        pen.text(" e pod ", theme.role(Role::Text));
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
        Tab::Log => {
            let how = |p: &Progress| format!("{}  ", progress::bar(*p, 10));
            let running = d.row.state == TiState::Running;
            let far = state.progress.get(&d.row.ti).filter(|_| running).map(how).unwrap_or_default();
            format!("log  {far}{}", header::log_modes(&state.screen().log))
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
            log::draw(state, &screen.log, start, &log::absent(&screen.log, d.row.try_number), layout.list, buf);
        }
        Tab::Details => scrolled(state, buf, layout.list, &about::details(state, d)),
        Tab::Inputs => scrolled(state, buf, layout.list, &about::inputs(d)),
        Tab::Xcom => scrolled(state, buf, layout.list, &about::xcoms(state, d)),
        Tab::Why => scrolled(state, buf, layout.list, &about::why(state, d)),
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
