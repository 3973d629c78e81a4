//! System: scheduler, store, pools, files, the last acts, and long work that is under way.

use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::Value;

use crate::{
    console::{
        items::{Kind, NOT_IMPORTED},
        keymap::Action,
        layout::Layout,
        state::{Launch, Link, State},
        theme::Role,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    store::screens::{Micros, system::System},
};

use super::{clusters, list, parts, strip, table};

/// Lines that the last acts have at least: their title and some.
const ACTS: u16 = 4;

/// From so many per cent on a disk is shown as a problem.
pub const FULL: i64 = 90;

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
    let (role, disk) = match s.size.disk {
        Some((used, free)) => {
            let role = if used >= FULL { Role::Bad } else { Role::Text };
            (role, format!("  disk {used}% used, {} free", text::bytes(free)))
        }
        None => (Role::Text, String::new()),
    };
    line(buf, "STORE", &format!("{}  wal {}{disk}", text::bytes(s.size.bytes), text::bytes(s.size.wal)), role);
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
    // The last acts have a few lines whatever number of pools there is.
    let room = usize::from(area.height.saturating_sub(y + 2 + ACTS)).max(2);
    let shown = if s.pools.len() > room { room - 1 } else { s.pools.len() };
    for p in &s.pools[..shown] {
        y += 1;
        let slots = if p.slots < 0 { "any".into() } else { p.slots.to_string() };
        let full = p.slots >= 0 && p.running + p.queued >= p.slots;
        let row =
            format!(" {} {slots:>6} {:>5} {:>5} {:>5}", text::fit(&p.name, names), p.running, p.queued, p.waiting);
        paint::row(buf, area, y, &row, theme.role(if full { Role::Warn } else { Role::Text }));
    }
    if shown < s.pools.len() {
        y += 1;
        let more = format!(" and {} more ({})", s.pools.len() - shown, state.keymap.short(Action::Settings));
        paint::row(buf, area, y, &more, theme.role(Role::Dim));
    }
    y += 1;
    // The last line is the title of what one can choose from.
    if y + 2 < area.height {
        acts(state, s, buf, Rect { y: area.y + y, height: area.height - y - 1, ..area });
    }
    let parts = Layout { columns: Rect { y: layout.list.y.saturating_sub(1), height: 1, ..layout.list }, ..*layout };
    let screen = state.screen();
    if screen.items.is_empty() && s.errors.is_empty() {
        paint::row(buf, parts.columns, 0, " every file imports, and no job is under way", theme.role(Role::Dim));
        return;
    }
    let key = |action| state.keymap.short(action);
    let title = match screen.jobs.len() {
        0 => format!("{NOT_IMPORTED} (Enter: whole error)"),
        n => format!("JOBS ({n})  {} ends one, {} pauses a backfill", key(Action::EndJob), key(Action::Pause)),
    };
    list::draw(state, &parts, buf, &title, |pen, item| {
        let line = match (&item.kind, screen.jobs.get(item.at)) {
            (Kind::Job, Some(job)) => vec![(job.words(state.now), theme.role(Role::Warn))],
            _ => match list::file_error(state, &s.errors, item.at) {
                table::Line::Across(pieces) => pieces,
                table::Line::Cells(_) => Vec::new(),
            },
        };
        for (text, style) in &line {
            pen.text(text, *style);
        }
    });
}

fn scheduler(state: &State) -> (String, Role) {
    match (&state.link, &state.status) {
        (Link::Up, Some(status)) => {
            let mut words = Vec::new();
            said("", status, state.now, &mut words);
            words.extend(strip::loops(status).into_iter().map(|(text, _)| text));
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
        _ if matches!(
            name,
            "home" | "dags_folder" | "clusters" | "executors" | "slots" | "tick" | "lag" | "log_disk"
        ) => {}
        Value::Object(all) => all.iter().for_each(|(name, value)| said(name, value, now, words)),
        Value::Bool(true) => words.push(name.to_owned()),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => words.push(format!("{name} {} ago", text::age(at.as_microsecond(), now))),
            Err(_) => words.push(format!("{name} {text}")),
        },
        other => words.push(format!("{name} {other}")),
    }
}

fn acts(state: &State, s: &System, buf: &mut Buffer, area: Rect) {
    parts::rule(state, buf, area, "last acts");
    for (i, a) in s.audit.iter().enumerate().take(usize::from(area.height).saturating_sub(1)) {
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
