//! System: scheduler, store, pools, files, the last acts.

use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::Value;

use crate::{
    console::{
        keymap::Action,
        layout::Layout,
        state::{Launch, Link, State},
        theme::Role,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    model::RunState,
    store::screens::{Micros, backfills::BackfillRow, system::System},
};

use super::{clusters, list, parts, table};

/// From so many per cent on a disk is shown as a problem.
const FULL: i64 = 90;

/// Draws it.
pub fn draw(state: &State, s: &System, layout: &Layout, buf: &mut Buffer) {
    let area = layout.columns;
    let theme = &state.theme;
    let body = theme.role(Role::Text);
    let mut y = 0;
    let mut line = |buf: &mut Buffer, name: &str, value: &str, role: Role| {
        let mut pen = Pen::new(buf, area, y);
        pen.text(" ", body).cell(name, 12, theme.role(Role::Title)).text(value, theme.role(role));
        y += 1;
    };
    let (scheduler, role) = scheduler(state);
    for (i, part) in text::wrap(&scheduler, area.width.saturating_sub(15) as usize).iter().take(3).enumerate() {
        line(buf, if i == 0 { "SCHEDULER" } else { "" }, part, role);
    }
    let rows: Vec<String> = s.rows.iter().map(|(name, n)| format!("{n} {name}")).collect();
    let (role, disk) = match s.disk {
        Some((used, free)) => {
            let role = if used >= FULL { Role::Bad } else { Role::Text };
            (role, format!("  disk {used}% used, {} free", text::bytes(free)))
        }
        None => (Role::Text, String::new()),
    };
    line(buf, "STORE", &format!("{}  wal {}{disk}", text::bytes(s.bytes), text::bytes(s.wal)), role);
    line(buf, "", &rows.join("  "), Role::Text);
    line(buf, "HOME", &state.facts.home.display().to_string(), Role::Text);
    let slow = s.files.1.as_ref().map_or_else(String::new, |(file, seconds)| {
        let name = file.rsplit('/').next().unwrap_or(file);
        format!("  slowest {name} {}", text::duration(*seconds))
    });
    let folder = state.facts.dags_folder.display();
    line(buf, "DAG FILES", &format!("{folder}  {} files{slow}", s.files.0), Role::Text);
    for (i, (words, role)) in clusters::places(state, &s.clusters).iter().take(6).enumerate() {
        for (n, part) in text::wrap(words, area.width.saturating_sub(15) as usize).iter().take(2).enumerate() {
            line(buf, if i + n == 0 { "CLUSTERS" } else { "" }, part, *role);
        }
    }
    if let Some((words, role)) = (!s.clusters.health.is_empty()).then(|| clusters::executors(state, &s.clusters)) {
        for (n, part) in text::wrap(&words, area.width.saturating_sub(15) as usize).iter().take(3).enumerate() {
            line(buf, if n == 0 { "EXECUTORS" } else { "" }, part, role);
        }
    }
    if !state.present.is_empty() {
        let all: Vec<String> = state.present.iter().map(|(who, at)| format!("{who}: {at}")).collect();
        line(buf, "CONSOLES", &all.join("   "), Role::Text);
    }
    let stop = state.keymap.short(Action::EndSearch);
    let search = state.search.as_ref().map(|s| format!("{} ({stop} ends it)", s.words(state.now)));
    let jobs = search.into_iter().chain(s.jobs.iter().map(|job| self::job(job, state.now)));
    for (i, job) in jobs.take(5).enumerate() {
        line(buf, if i == 0 { "JOBS" } else { "" }, &job, Role::Warn);
    }
    let mut y = y + 1;
    let names =
        s.pools.iter().map(|p| text::width(&p.name)).max().unwrap_or(0).clamp(20, (area.width as usize / 2).max(20));
    paint::row(
        buf,
        area,
        y,
        &format!(" {} {:>6} {:>5} {:>5} {:>5}", text::fit("POOL", names), "SLOTS", "RUN", "QUE", "WAIT"),
        theme.role(Role::Title),
    );
    for p in &s.pools {
        y += 1;
        if y + 1 >= area.height {
            break;
        }
        let slots = if p.slots < 0 { "any".into() } else { p.slots.to_string() };
        let full = p.slots >= 0 && p.running + p.queued >= p.slots;
        let row =
            format!(" {} {slots:>6} {:>5} {:>5} {:>5}", text::fit(&p.name, names), p.running, p.queued, p.waiting);
        paint::row(buf, area, y, &row, theme.role(if full { Role::Warn } else { Role::Text }));
    }
    y += 2;
    if y + 1 < area.height {
        acts(state, s, buf, Rect { y: area.y + y, height: area.height - y, ..area });
    }
    let parts = Layout { columns: Rect { y: layout.list.y.saturating_sub(1), height: 1, ..layout.list }, ..*layout };
    let title = if s.errors.is_empty() { "every file imports" } else { "FILES THAT DON'T IMPORT (Enter: whole error)" };
    if !s.errors.is_empty() {
        list::draw(state, &parts, buf, title, |pen, item| {
            if let table::Line::Across(pieces) = list::file_error(state, &s.errors[item.at]) {
                for (text, style) in &pieces {
                    pen.text(text, *style);
                }
            }
        });
    } else {
        paint::row(buf, parts.columns, 0, &format!(" {title}"), theme.role(Role::Dim));
    }
}

fn scheduler(state: &State) -> (String, Role) {
    match (&state.link, &state.status) {
        (Link::Up, Some(status)) => {
            let mut words = Vec::new();
            said("", status, state.now, &mut words);
            (text::clean(&words.join("  ")), Role::Good)
        }
        (Link::Up, None) => ("connected".into(), Role::Good),
        _ if state.starting() => ("starting ..".into(), Role::Warn),
        (Link::Opening, _) => ("connecting ..".into(), Role::Dim),
        (Link::Down { why, since, .. }, _) => {
            let key = state.keymap.short(Action::StartScheduler);
            let why = match &state.launch {
                Launch::Ended(how) => how,
                _ => why,
            };
            let age = text::age(*since, state.now);
            (format!("not reached for {age}; {key} starts one. Data is read from the store. {why}"), Role::Bad)
        }
    }
}

/// What the scheduler says about itself, in words: nulls and what the screen shows anyway left out, instants as ages.
fn said(name: &str, value: &Value, now: Micros, words: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(false) => {}
        _ if matches!(name, "home" | "dags_folder" | "clusters" | "executors" | "slots") => {}
        Value::Object(all) => all.iter().for_each(|(name, value)| said(name, value, now, words)),
        Value::Bool(true) => words.push(name.to_owned()),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => words.push(format!("{name} {} ago", text::age(at.as_microsecond(), now))),
            Err(_) => words.push(format!("{name} {text}")),
        },
        other => words.push(format!("{name} {other}")),
    }
}

/// `backfill 3 of churn_train 12/30 runs, 2h10, some 3h left (5, K cancels)`.
fn job(b: &BackfillRow, now: Micros) -> String {
    let (ended, all) = b.progress();
    let failed = b.count(RunState::Failed);
    let bad = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    let pace = match b.left(now) {
        Some(left) => format!("some {} left", text::duration(left as f64 / 1e6)),
        None if b.paused => "paused".into(),
        None => "no run has ended yet".into(),
    };
    let since = text::age(b.times.0, now);
    format!(
        "backfill {} of {}  {ended}/{all} runs{bad}  since {since}, {pace} (5: P pauses, K cancels)",
        b.id, b.dag_id
    )
}

fn acts(state: &State, s: &System, buf: &mut Buffer, area: Rect) {
    parts::rule(state, buf, area, "last acts");
    for (i, a) in s.audit.iter().enumerate() {
        let age = text::age(a.at, state.now);
        let line = format!(
            " {} {} {} {} {} {}",
            text::fit_right(&age, 4),
            text::fit(&a.who, 10),
            text::fit(&a.via, 4),
            text::fit(&a.action, 14),
            text::fit(&a.target, (area.width as usize).saturating_sub(52).max(10)),
            a.result
        );
        paint::row(buf, area, 1 + i as u16, &line, state.theme.role(Role::Dim));
    }
}
