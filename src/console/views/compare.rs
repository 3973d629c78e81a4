//! Two tries side by side: facts, inputs, XComs, and the ends of their logs.

use ratatui::buffer::Buffer;

use crate::{
    console::{curves, items::Kind, layout::Layout, state::State, theme::Role, widgets::text},
    store::screens::compare::{Base, Compare, Pair, Side},
};

use super::{
    parts,
    table::{self, Line, cell, left},
};

/// Title line.
pub fn title(c: &Compare, base: &Base) -> String {
    let what = match base {
        Base::TryBefore => "the try before",
        Base::LastSuccess => "the last time it worked",
        Base::RunBefore => "the run before",
        Base::Other(_) => "the marked one",
    };
    let side = |s: &Side| format!("{} {} try {}", text::run_id(&s.ti.run.run_id), s.ti.label(), s.number);
    // What is compared with comes first: it is what a narrow terminal must show.
    format!("left: {what} (=: another  !: only what differs)   {} | {}", side(&c.left), side(&c.right))
}

/// Draws it.
pub fn draw(state: &State, c: &Compare, layout: &Layout, buf: &mut Buffer) {
    let half = (layout.list.width as usize).saturating_sub(26) / 2;
    let columns = [left("WHAT", 12, 30), left("LEFT", 10, half.max(10)), left("RIGHT", 10, 400)];
    let (body, dim, bad) = (parts::body(state), state.theme.role(Role::Dim), state.theme.role(Role::Warn));
    let pairs = |kind: &Kind| if *kind == Kind::LogPair { &state.screen().log_pairs } else { &c.pairs };
    let curves = curves::lines(&c.curves, half.saturating_sub(10));
    table::draw(state, layout, buf, &columns, |item| match pairs(&item.kind).get(item.at) {
        _ if item.kind == Kind::Curve => curves.get(item.at).map_or(Line::Across(Vec::new()), |curve| {
            let (sign, style) = if curve.differs { ("* ", bad) } else { ("  ", body) };
            let p = &curve.pair;
            Line::Cells(vec![
                cell(format!("{sign}{}", p.name), style),
                cell(p.left.as_str(), style),
                cell(p.right.as_str(), style),
            ])
        }),
        Some(p) if item.kind == Kind::LogPair && !p.differs() => {
            Line::Cells(vec![cell("=", dim), cell(text::clip(&p.left, 400), dim), cell("", dim)])
        }
        Some(p) => {
            let style = if p.differs() { bad } else { body };
            let name = cell(format!("{}{}", if p.differs() { "* " } else { "  " }, p.name), style);
            Line::Cells(vec![name, cell(text::clip(&p.left, 400), style), cell(text::clip(&p.right, 400), style)])
        }
        None => Line::Across(Vec::new()),
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    if item.kind == Kind::Curve {
        let wide = curves::lines(&c.curves, (area.width as usize).saturating_sub(20).min(120));
        let Some(p) = wide.get(item.at).map(|curve| &curve.pair) else { return };
        let inside = parts::preview_inside(state, buf, area, &p.name);
        let lines =
            [("left", &p.left), ("right", &p.right)].map(|(side, text)| (format!("{side:<5} {text}"), Role::Text));
        parts::lines(state, buf, inside, &lines);
        return;
    }
    let Some(p) = pairs(&item.kind).get(item.at) else { return };
    let inside = parts::preview_inside(state, buf, area, &p.name);
    parts::lines(state, buf, inside, &whole(p));
}

fn whole(p: &Pair) -> Vec<(String, Role)> {
    if p.differs() {
        vec![(format!("left  {}", p.left), Role::Bad), (format!("right {}", p.right), Role::Good)]
    } else {
        vec![(p.left.clone(), Role::Text)]
    }
}
