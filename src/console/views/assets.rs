//! Assets: how fresh, who makes and follows them, their events and what they come from.

use ratatui::buffer::Buffer;

use crate::{
    console::{items::Item, layout::Layout, state::State, theme::Role, update::count, widgets::text},
    store::screens::assets::AssetRow,
};

use super::{
    events, parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] = &[
    Column { names: true, ..left("ASSET", 18, 80) },
    left("FRESH", 5, 9),
    right("AGE", 3, 4),
    Column { drop: 2, ..right("USUAL", 5, 5) },
    Column { drop: 1, ..left("LAST BY", 10, 50) },
    right("MADE BY", 7, 7),
    right("USED BY", 7, 7),
    Column { drop: 3, ..right("EVENTS", 6, 8) },
];

/// Title line.
pub fn title(state: &State, all: &[AssetRow]) -> String {
    let late = all.iter().filter(|a| a.late(state.now)).count();
    let never = all.iter().filter(|a| a.events.is_empty()).count();
    format!("{}   {late} late   {never} never updated", count(all.len(), "asset"))
}

/// In a word: how fresh it is.
pub fn fresh(asset: &AssetRow, now: i64) -> &'static str {
    match (&asset.events[..], asset.late(now)) {
        ([], _) => "never",
        (_, true) => "LATE",
        _ => "ok",
    }
}

/// Draws it.
pub fn draw(state: &State, all: &[AssetRow], layout: &Layout, buf: &mut Buffer) {
    table::draw(state, layout, buf, COLUMNS, |item| line(state, all, item));
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(asset) = all.get(item.at) else { return };
    let inside = parts::preview_inside(state, buf, area, &asset.name);
    parts::lines(state, buf, inside, &preview(state, asset, inside.width as usize));
}

fn line(state: &State, all: &[AssetRow], item: &Item) -> Line {
    let Some(asset) = all.get(item.at) else { return Line::Across(Vec::new()) };
    let dim = state.theme.role(Role::Dim);
    let body = if asset.active { parts::body(state) } else { dim };
    let word = fresh(asset, state.now);
    let role = match word {
        "ok" => Role::Good,
        "LATE" => Role::Bad,
        _ => Role::Dim,
    };
    let last = asset.events.first();
    let used = asset.readers.len() + asset.followers.len();
    Line::Cells(vec![
        cell(asset.name.as_str(), body),
        cell(word, state.theme.role(role)),
        cell(last.map(|e| text::age(e.at, state.now)).unwrap_or_default(), body),
        cell(asset.usual().map(|u| text::age(0, u)).unwrap_or_default(), dim),
        cell(last.map(|e| if e.source.is_empty() { "by hand" } else { &e.source }).unwrap_or_default(), body),
        cell(asset.makers.len().to_string(), body),
        cell(used.to_string(), body),
        cell(asset.count.to_string(), dim),
    ])
}

fn preview(state: &State, asset: &AssetRow, columns: usize) -> Vec<(String, Role)> {
    let mut out = Vec::new();
    let about = if asset.uri == asset.name { String::new() } else { format!("{}  ", asset.uri) };
    let unused = if asset.active { "" } else { "  no DAG names it any more" };
    out.push((format!("{about}group {}{unused}", asset.group), Role::Dim));
    let pairs = |all: &[(String, String)]| all.iter().map(|(d, t)| format!("{d}.{t}")).collect::<Vec<_>>().join(", ");
    let mut say = |name: &str, text: String| {
        if !text.is_empty() {
            out.push((format!("{name:<10}{text}"), Role::Text));
        }
    };
    say("lineage", lineage(asset));
    say("made by", pairs(&asset.makers));
    say("read by", pairs(&asset.readers));
    say("followed", asset.followers.join(", "));
    say("told", asset.waiting.iter().map(|d| format!("{d} waits for others")).collect::<Vec<_>>().join(", "));
    out.extend(events::lines(&asset.events, state.now, columns));
    if asset.events.is_empty() {
        out.push(("no event yet; T triggers the DAG that makes it".into(), Role::Dim));
    }
    out
}

/// `a, b -> this -> c`.
fn lineage(asset: &AssetRow) -> String {
    let mut steps = Vec::new();
    if !asset.above.is_empty() {
        steps.push(asset.above.join(", "));
    }
    steps.push(format!("[{}]", asset.name));
    if !asset.below.is_empty() {
        steps.push(asset.below.join(", "));
    }
    if steps.len() > 1 { steps.join(" -> ") } else { String::new() }
}
