//! The audit log: who did what, with before and after.

use ratatui::buffer::Buffer;

use crate::{
    console::{layout::Layout, place::Place, state::State, theme::Role, update::count, widgets::text},
    store::screens::audit::{AuditRow, Subject},
};

use super::{
    parts,
    table::{self, Column, Line, cell, left},
};

const COLUMNS: &[Column] = &[
    left("WHEN (UTC)", 11, 19),
    left("WHO", 4, 20),
    Column { drop: 2, ..left("VIA", 5, 30) },
    left("ACTION", 6, 20),
    left("TARGET", 12, 200),
    left("RESULT", 2, 100),
];

/// What it was done to, shortly, without what all lines of the screen share.
fn target(state: &State, a: &AuditRow) -> String {
    let Some(dag_id) = &a.about.dag_id else { return a.target.clone() };
    let (of_dag, of_run) = match &state.screen().place {
        Place::Audit(Some(Subject::Work { run_id, .. })) => (true, run_id.is_some()),
        _ => (false, false),
    };
    let dag = (!of_dag).then(|| dag_id.clone());
    let run = match a.about.run_ids.as_slice() {
        _ if of_run => None,
        [] => None,
        [one] => Some(text::run_id(one)),
        many => Some(count(many.len(), "run")),
    };
    let tasks = (!a.about.tasks.is_empty()).then(|| a.about.tasks.join(", "));
    let parts: Vec<String> = [dag, run, tasks].into_iter().flatten().collect();
    let alone = if a.about.run_ids.is_empty() { "the DAG" } else { "the whole run" };
    if parts.is_empty() { alone.into() } else { parts.join(" ") }
}

/// The same in full.
fn whole(a: &AuditRow) -> String {
    match (&a.about.dag_id, a.about.run_ids.as_slice()) {
        (Some(dag_id), [_, ..]) => format!("{dag_id} {} {}", a.about.run_ids.join(" "), a.about.tasks.join(", ")),
        _ => a.target.clone(),
    }
}

/// Draws it.
pub fn draw(state: &State, rows: &[AuditRow], layout: &Layout, buf: &mut Buffer) {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    let wide = layout.list.width > 95;
    let mut columns = COLUMNS.to_vec();
    columns[0].head = if state.local { "WHEN" } else { columns[0].head };
    table::draw(state, layout, buf, &columns, |item| {
        let a = &rows[item.at];
        let good = state.theme.role(if a.result == "ok" { Role::Good } else { Role::Bad });
        let format = if wide { "%Y-%m-%d %H:%M:%S" } else { "%m-%d %H:%M" };
        Line::Cells(vec![
            cell(text::time(a.at, format), body),
            cell(a.who.as_str(), body),
            cell(a.via.as_str(), dim),
            cell(a.action.as_str(), body),
            cell(target(state, a), body),
            cell(a.result.as_str(), good),
        ])
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(a) = rows.get(item.at) else { return };
    let inside = parts::preview_inside(state, buf, area, "act");
    let mut lines = vec![
        (format!("{} {}  {} by {}", text::time(a.at, "%Y-%m-%d %H:%M:%S"), text::zone(), a.who, a.via), Role::Text),
        (a.command.clone(), Role::Title),
        (format!("{} {}", a.action, whole(a)), Role::Text),
        (a.result.clone(), if a.result == "ok" { Role::Good } else { Role::Bad }),
    ];
    for (name, value) in [("before", &a.before), ("after", &a.after)] {
        if let Some(value) = value {
            lines.push((format!("{name} {value}"), Role::Dim));
        }
    }
    parts::lines(state, buf, inside, &lines);
}
