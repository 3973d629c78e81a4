//! Triage: what needs a person, why, and when it last worked.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        items::{Item, Kind},
        layout::Layout,
        state::State,
        theme::Role,
        widgets::{paint::Pen, text},
    },
    model::TiState,
    store::screens::{dags::RunCell, instances::TiRow, triage::Group, triage::Triage},
};

use super::{list, parts};

/// Title line.
pub fn title(state: &State, t: &Triage) -> String {
    let c = |s| t.counts.get(s);
    let mut text = format!("NEEDS YOU {}", state.alerts.unwrap_or(0));
    for (name, n) in [
        ("running", c(TiState::Running) + c(TiState::Restarting)),
        ("queued", c(TiState::Queued) + c(TiState::Scheduled)),
        ("deferred", c(TiState::Deferred) + c(TiState::UpForReschedule)),
        ("retry", c(TiState::UpForRetry)),
    ] {
        text.push_str(&format!("   {name} {n}"));
    }
    text.push_str(&format!("   runs {}", t.active_runs.0 + t.active_runs.1));
    text
}

/// Draws it.
pub fn draw(state: &State, t: &Triage, layout: &Layout, buf: &mut Buffer) {
    let wide = layout.list.width >= 95;
    let what = if wide { 48 } else { 34 };
    let columns = format!("{:>4}   {:what$} {}", "AGE", "WHAT", "CAUSE");
    list::draw(state, layout, buf, &columns, |pen, item| line(state, t, pen, item, what));
    if let Some(area) = layout.preview {
        let name = state.screen().item().map(|_| state.screen().object().path()).unwrap_or_default();
        let inside = parts::preview_inside(state, buf, area, &name);
        parts::lines(state, buf, inside, &preview(state, t));
    }
}

fn line(state: &State, t: &Triage, pen: &mut Pen<'_>, item: &Item, what: usize) {
    let body = parts::body(state);
    let theme = &state.theme;
    let head = |pen: &mut Pen<'_>, age: &str, letter: char, style| {
        pen.text(&text::fit_right(age, 4), theme.role(Role::Dim)).text(" ", body);
        pen.text(&letter.to_string(), style).text(" ", body);
    };
    match item.kind {
        Kind::Group => {
            let g = &t.groups[item.at];
            let Some(first) = g.members.first() else { return };
            head(pen, &text::age(g.newest(), state.now), first.state.letter(), theme.state(first.state));
            let more = if g.members.len() > 1 { format!(" x{}", g.members.len()) } else { String::new() };
            let name = where_(first);
            let room = what - text::width(&more);
            pen.cell(&format!("{}{more}", text::clip(&name, room)), what, body);
            pen.text(&g.cause, if item.problem { theme.role(Role::Bad) } else { theme.role(Role::Dim) });
        }
        Kind::FailedRun => {
            let r: &RunCell = &t.runs[item.at];
            head(pen, &text::age(r.end.unwrap_or(r.run_after), state.now), r.state.letter(), theme.run(r.state));
            pen.cell(&format!("{} {}", r.run.dag_id, parts::run_name(r)), what, body);
            pen.text("the run failed without a failed task (deadlock or time limit)", theme.role(Role::Bad));
        }
        Kind::FileError => {
            pen.text("     ", body);
            list::file_error(state, pen, &t.errors[item.at]);
        }
        Kind::Late => {
            let l = &t.late[item.at];
            head(pen, &text::age(l.due, state.now), 'L', theme.role(Role::Warn));
            pen.cell(&l.dag_id, what, body);
            pen.text(&format!("run was due {} UTC, isn't created", text::stamp(l.due)), theme.role(Role::Warn));
        }
        Kind::Retry => {
            let r = &t.retries[item.at];
            head(
                pen,
                &r.end.map(|e| text::age(e, state.now)).unwrap_or_default(),
                r.state.letter(),
                theme.state(r.state),
            );
            pen.cell(&where_(r), what, body);
            let when = r
                .wake_at
                .filter(|w| *w > state.now)
                .map_or_else(|| "now".into(), |w| format!("in {}", text::until(w, state.now)));
            let tries = format!("try {}/{} {when}: ", r.try_number + 1, r.max_tries + 1);
            pen.text(&tries, theme.role(Role::Warn)).text(r.why.as_deref().unwrap_or(""), body);
        }
        Kind::Stuck => {
            let r = &t.stuck[item.at];
            head(pen, "", r.state.letter(), theme.state(r.state));
            pen.cell(&where_(r), what, body);
            pen.text(&format!("waits for a slot of pool {}  (b: why)", r.pool), theme.role(Role::Warn));
        }
        _ => {}
    }
}

/// DAG, date, task.
fn where_(r: &TiRow) -> String {
    let date = text::time(r.logical_date.unwrap_or(r.run_after), "%m-%d");
    format!("{} {date} {}", r.ti.run.dag_id, r.ti.label())
}

fn preview(state: &State, t: &Triage) -> Vec<(String, Role)> {
    let Some(item) = state.screen().item() else { return Vec::new() };
    let mut out = Vec::new();
    match item.kind {
        Kind::Group => group(state, &t.groups[item.at], &mut out),
        Kind::FileError => {
            let e = &t.errors[item.at];
            out.push((format!("{}:{}:{}", e.file, e.line, e.column), Role::Text));
            out.push((e.message.clone(), Role::Bad));
            if let Some(hint) = &e.hint {
                out.push((format!("hint: {hint}"), Role::Good));
            }
        }
        Kind::Retry | Kind::Stuck => {
            let r = if item.kind == Kind::Retry { &t.retries[item.at] } else { &t.stuck[item.at] };
            out.push((format!("run {}", r.ti.run.run_id), Role::Text));
            out.push((
                format!("{}  pool {}  try {} of {}", r.operator, r.pool, r.try_number, r.max_tries + 1),
                Role::Text,
            ));
            if let Some(why) = &r.why {
                out.push((why.clone(), Role::Bad));
            }
        }
        Kind::Late => out.push((
            "The scheduler hasn't created a run that is due: is it running, or is max_active_runs reached?".into(),
            Role::Text,
        )),
        _ => {}
    }
    out
}

fn group(state: &State, g: &Group, out: &mut Vec<(String, Role)>) {
    let Some(first) = g.members.first() else { return };
    out.push((g.cause.clone(), Role::Bad));
    out.push((format!("run {}  try {} of {}", first.ti.run.run_id, first.try_number, first.max_tries + 1), Role::Text));
    let worked = match g.last_worked {
        Some(at) => format!("last worked {} ago ({} UTC)", text::age(at, state.now), text::stamp(at)),
        None => "it never worked in the last 100 runs".into(),
    };
    out.push((format!("{worked}; {}, {}", first.operator, first.pool), Role::Text));
    if let Some((who, at)) = &g.acknowledged {
        out.push((format!("acknowledged by {who} {} ago", text::age(*at, state.now)), Role::Good));
    } else if g.settled {
        out.push(("every one of them worked in a later run".into(), Role::Good));
    }
    for m in g.members.iter().skip(1).take(30) {
        let age = m.end.map(|e| text::age(e, state.now)).unwrap_or_default();
        out.push((format!("{age:>4} {}", where_(m)), Role::Dim));
    }
}
