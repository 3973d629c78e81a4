//! Pools with who holds their slots, connections and variables with the DAGs that name them.

use ratatui::buffer::Buffer;

use crate::{
    console::{items::Kind, layout::Layout, place::Setting, state::State, theme::Role, widgets::text},
    model::TiState,
    secrets,
    store::screens::{Micros, instances::TiRow, settings::Settings},
};

use super::{
    parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] = &[
    left("NAME", 16, 50),
    left("KIND, SLOTS, VALUE", 14, 200),
    Column { drop: 1, ..left("USED BY", 6, 40) },
    right("CHANGED", 3, 7),
];

/// Draws it.
pub fn draw(state: &State, s: &Settings, layout: &Layout, buf: &mut Buffer) {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    let ago = |at: Micros| if at > 0 { text::age(at, state.now) } else { String::new() };
    let used = |all: &[String]| match all {
        [] => "-".to_owned(),
        [one] => one.clone(),
        many => format!("{} DAGs", many.len()),
    };
    table::draw(state, layout, buf, COLUMNS, |item| {
        Line::Cells(match item.kind {
            Kind::Setting(Setting::Pool) => {
                let p = &s.pools[item.at];
                let role = if item.problem { Role::Bad } else { Role::Text };
                let style = state.theme.role(role);
                let dags = s.pool_dags.get(item.at).map(|d| d.as_slice()).unwrap_or_default();
                let dags = if dags.is_empty() { String::new() } else { used(dags) };
                vec![cell(p.name.as_str(), body), cell(slots(p, state.now), style), cell(dags, dim), cell("", dim)]
            }
            Kind::Setting(Setting::Connection) => {
                let c = &s.connections[item.at];
                let port = c.port.map(|p| format!(":{p}")).unwrap_or_default();
                let login = if c.login.is_empty() { String::new() } else { format!("{}@", c.login) };
                let what = format!("{}  {login}{}{port} {}", c.conn_type, c.host, c.schema);
                let (name, used) = (cell(c.conn_id.as_str(), body), cell(used(&c.used), dim));
                vec![name, cell(what, body), used, cell(ago(c.changed), dim)]
            }
            Kind::Setting(Setting::Variable) => {
                let v = &s.variables[item.at];
                let value = cell(value(&v.key, &v.value), body);
                vec![cell(v.key.as_str(), body), value, cell(used(&v.used), dim), cell(ago(v.changed), dim)]
            }
            _ => Vec::new(),
        })
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let inside = parts::preview_inside(state, buf, area, &item.object.name());
    parts::lines(state, buf, inside, &about(state, s, &item.kind, item.at));
}

/// `8 slots  8 running  2 queued  3 wait [##########]`.
fn slots(p: &crate::store::screens::system::PoolUse, now: Micros) -> String {
    if p.slots < 0 {
        return format!("no limit  {} running  {} queued", p.running, p.queued);
    }
    let taken = p.running + p.queued;
    let filled = if p.slots > 0 { (taken * 10 / p.slots).clamp(0, 10) as usize } else { 10 };
    let bar = format!("[{}{}]", "#".repeat(filled), " ".repeat(10 - filled));
    let oldest = p.oldest.map(|at| format!(", oldest {}", text::age(at, now))).unwrap_or_default();
    format!("{bar} {taken}/{}  {} run {} que {} wait{oldest}", p.slots, p.running, p.queued, p.waiting)
}

/// A value as it is shown; what its name says is secret isn't.
fn value(key: &str, value: &str) -> String {
    if secrets::is_sensitive(key, "") { "***".into() } else { value.to_owned() }
}

fn about(state: &State, s: &Settings, kind: &Kind, at: usize) -> Vec<(String, Role)> {
    let dags = |all: &[String]| match all {
        [] => "no DAG's file names it".to_owned(),
        many => format!("named by {}", many.join(", ")),
    };
    match kind {
        Kind::Setting(Setting::Pool) => {
            let p = &s.pools[at];
            let mut out = vec![(slots(p, state.now), Role::Text)];
            if let Some(used) = s.pool_dags.get(at).filter(|used| !used.is_empty()) {
                out.push((format!("used by {}", used.join(", ")), Role::Title));
            }
            out.extend(holders(state, s.holders.iter().filter(|t| t.pool == p.name)));
            out
        }
        Kind::Setting(Setting::Connection) => {
            let c = &s.connections[at];
            let secret = if c.has_password { "with a password" } else { "without a password" };
            vec![
                (c.description.clone(), Role::Text),
                (format!("{} {}@{}  {secret}", c.conn_type, c.login, c.host), Role::Text),
                (dags(&c.used), Role::Title),
            ]
        }
        Kind::Setting(Setting::Variable) => {
            let v = &s.variables[at];
            vec![
                (v.description.clone(), Role::Text),
                (dags(&v.used), Role::Title),
                (value(&v.key, &v.value), Role::Text),
            ]
        }
        _ => Vec::new(),
    }
}

/// Who holds slots and who waits for them.
pub fn holders<'a>(state: &State, all: impl Iterator<Item = &'a TiRow>) -> Vec<(String, Role)> {
    let mut out: Vec<(String, Role)> = Vec::new();
    for t in all.take(40) {
        let since = t.start.map(|s| text::age(s, state.now)).unwrap_or_default();
        let waits = t.state == TiState::Scheduled;
        let (word, role) = if waits { ("waits", Role::Dim) } else { ("holds", Role::Warn) };
        let line = format!("{word} {} {:>4} {} {}", t.state.letter(), since, t.ti.run.dag_id, t.ti.label());
        out.push((line, role));
    }
    if out.is_empty() {
        out.push(("nobody holds a slot or waits for one".into(), Role::Dim));
    }
    out
}
