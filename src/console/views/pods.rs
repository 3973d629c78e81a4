//! Pods: where each is and why it waits; on top how their clusters are and what quotas leave.

use std::collections::BTreeMap;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
        items::Item,
        keymap::Action,
        layout::Layout,
        pods::{PodNow, is_problem, now, word},
        query::Pods,
        state::State,
        theme::Role,
        widgets::{paint, text},
    },
    model::{PodKind, quantity},
    store::screens::pods::{Clusters, PodRow, QuotaRow},
};

use super::{
    clusters, parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] = &[
    Column { names: true, ..left("POD", 14, 63) },
    left("PHASE", 7, 9),
    right("AGE", 3, 4),
    left("TASK", 16, 60),
    Column { drop: 3, ..right("TRY", 3, 3) },
    left("NODE", 8, 40),
    left("WHY IT WAITS OR FAILED, OR WHAT IT ASKED AND USED", 20, 160),
];

/// Title line: how many are how.
pub fn title(state: &State, pods: &Pods, gone: bool) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in pods.page.rows.iter() {
        *counts.entry(word(row)).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().map(|(word, n)| format!("{n} {word}")).collect();
    let workers = pods.page.rows.iter().filter(|row| row.kind == PodKind::Worker).count();
    let workers = if workers > 0 { format!("  ({workers} of the executor)") } else { String::new() };
    let which = if gone {
        format!("also those that are gone ({})", state.keymap.short(Action::OnlyThere))
    } else {
        format!("that are there ({}: all)", state.keymap.short(Action::WithGone))
    };
    let words = if words.is_empty() { "none".to_owned() } else { words.join(" ") };
    format!("pods {which}: {words}{workers}")
}

/// Draws it.
pub fn draw(state: &State, pods: &Pods, layout: &Layout, buf: &mut Buffer) {
    let top = layout.columns;
    for (y, (line, role)) in
        [clusters::health(state, &pods.clusters), clusters::executors(state, &pods.clusters), quotas(&pods.clusters)]
            .iter()
            .enumerate()
    {
        paint::row(buf, top, y as u16, &format!(" {line}"), state.theme.role(*role));
    }
    let heads = Layout { columns: Rect { y: top.y + 3, height: 1, ..top }, ..*layout };
    table::draw(state, &heads, buf, COLUMNS, |item| line(state, pods, item));
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(row) = pods.page.rows.get(item.at).filter(|_| !item.is_heading()) else { return };
    let inside = parts::preview_inside(state, buf, area, &row.name);
    parts::lines(state, buf, inside, &about(state, row));
}

/// How a pod's word is shown.
pub fn role(row: &PodRow, at: i64) -> Role {
    match (now(row), row.phase.as_str()) {
        (PodNow::Gone, _) => Role::Dim,
        _ if is_problem(row, at) => Role::Bad,
        (PodNow::Pending | PodNow::Wanted, _) => Role::Warn,
        (_, "Succeeded") => Role::Good,
        _ => Role::Text,
    }
}

fn line(state: &State, pods: &Pods, item: &Item) -> Line {
    let Some(row) = pods.page.rows.get(item.at) else { return Line::Across(Vec::new()) };
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    let style = state.theme.role(role(row, state.now));
    let age = row.created.map(|at| text::age(at, state.now)).unwrap_or_default();
    let why = match (&row.why, &row.cause) {
        (Some(why), _) => cell(text::clean(why), state.theme.role(Role::Warn)),
        (None, Some(cause)) => cell(text::clean(cause), style),
        (None, None) => cell(used(row), dim),
    };
    Line::Cells(vec![
        cell(row.name.as_str(), body),
        cell(word(row), style),
        cell(age, body),
        cell(format!("{} {}", row.ti.label(), row.ti.run.dag_id), body),
        cell(row.try_number.to_string(), dim),
        cell(row.node.as_deref().unwrap_or("-"), dim),
        why,
    ])
}

/// `asked 48Gi memory, 1 nvidia.com/gpu; peak 31Gi`.
fn used(row: &PodRow) -> String {
    let peak = [row.memory_peak.map(quantity::bytes), row.cpu_peak.map(|n| format!("{} cpu", quantity::cores(n)))];
    let peak: Vec<String> = peak.into_iter().flatten().collect();
    let mut words = Vec::new();
    if !row.asked.is_empty() {
        words.push(format!("asked {}", row.asked));
    }
    if !peak.is_empty() {
        words.push(format!("peak {}", peak.join(", ")));
    }
    words.join("; ")
}

fn about(state: &State, row: &PodRow) -> Vec<(String, Role)> {
    let kind = if row.kind == PodKind::Worker { "  worker of the executor" } else { "" };
    let node = row.node.as_ref().map(|n| format!("  node {n}")).unwrap_or_default();
    let mut out = vec![(
        format!(
            "{} of {} {} try {}{kind}",
            row.ti.label(),
            row.ti.run.dag_id,
            text::run_id(&row.ti.run.run_id),
            row.try_number
        ),
        Role::Text,
    )];
    out.push((format!("{}  namespace {}{node}", word(row), row.namespace), role(row, state.now)));
    if let Some(why) = &row.why {
        out.push((why.clone(), Role::Warn));
    }
    if let Some(cause) = &row.cause {
        out.push((text::clean(cause), Role::Bad));
    }
    let steps = [
        ("created", row.created),
        ("scheduled", row.scheduled),
        ("pulled", row.pulled),
        ("started", row.started),
        ("ended", row.ended),
        ("deleted", row.deleted),
    ];
    let life = life(steps.into_iter().filter_map(|(name, at)| Some((name, at?))));
    if !life.is_empty() {
        out.push((life, Role::Text));
    }
    let used = used(row);
    if !used.is_empty() {
        out.push((used, Role::Text));
    }
    out
}

/// A span of a pod's life. Kubernetes tells times in whole seconds.
pub fn span(us: i64) -> String {
    match us {
        ..10_000_000 => format!("{}s", us.max(0) / 1_000_000),
        _ => text::duration(us as f64 / 1e6),
    }
}

/// Steps with the time of the first and how long after it the others came.
pub fn life<'a>(steps: impl Iterator<Item = (&'a str, i64)>) -> String {
    let mut out = String::new();
    let mut first = None;
    for (name, at) in steps {
        match first {
            None => {
                first = Some(at);
                out = format!("{name} {}", text::time(at, "%H:%M:%S"));
            }
            Some(first) => out.push_str(&format!(" > {name} +{}", span(at - first))),
        }
    }
    out
}

/// One line: the quotas of which least is left first.
fn quotas(clusters: &Clusters) -> (String, Role) {
    let all = &clusters.quotas;
    let part = |q: &QuotaRow| match (quantity::parse(&q.quota.used), quantity::parse(&q.quota.hard)) {
        (Some(used), Some(hard)) if hard > 0.0 => used / hard,
        (Some(_), Some(_)) => 1.0,
        _ => 0.0,
    };
    let mut sorted: Vec<_> = all.iter().collect();
    sorted.sort_by(|a, b| part(b).total_cmp(&part(a)));
    let words: Vec<String> = sorted
        .iter()
        .map(|q| {
            let full = if part(q) >= 1.0 { " FULL" } else { "" };
            format!("{} {} {}/{}{full}", q.namespace, q.quota.resource, q.quota.used, q.quota.hard)
        })
        .collect();
    match sorted.first() {
        None if clusters.health.iter().any(|h| h.what == "quotas" && h.state == "forbidden") => {
            ("quotas: this account may not list resourcequotas".into(), Role::Dim)
        }
        None => ("no quota is known".into(), Role::Dim),
        Some(first) if part(first) >= 1.0 => (format!("quota: {}", words.join("  ")), Role::Bad),
        Some(_) => (format!("quota: {}", words.join("  ")), Role::Text),
    }
}
