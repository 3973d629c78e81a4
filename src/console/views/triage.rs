//! Triage: what needs a person, why, and when it last worked.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        items::{Item, Kind},
        keymap::Action,
        layout::Layout,
        place::{Object, Place, Tab},
        state::State,
        theme::Role,
        update::count,
        widgets::{paint::Pen, text},
    },
    model::TiState,
    store::screens::{
        TiRef,
        changes::Changes,
        dags::RunCell,
        instances::TiRow,
        triage::{DAYS, Group, LOOKED_AT, Triage, Waiting},
        watch::Due,
    },
};

use super::{
    list, parts,
    strip::strip,
    table::{self, Cell, Column, Line, cell, left, right},
};

/// Title line.
pub fn title(state: &State, t: &Triage) -> String {
    let c = |s| t.counts.get(s);
    let mut text = format!("NEEDS YOU {}", state.alerts.unwrap_or(0));
    // Each by the name that a filter finds it by; the first two also when there are none.
    for (name, n) in [
        ("running", c(TiState::Running)),
        ("queued", c(TiState::Queued)),
        ("scheduled", c(TiState::Scheduled)),
        ("deferred", c(TiState::Deferred)),
        ("up_for_reschedule", c(TiState::UpForReschedule)),
        ("up_for_retry", c(TiState::UpForRetry)),
        ("restarting", c(TiState::Restarting)),
    ] {
        if n > 0 || matches!(name, "running" | "queued") {
            text.push_str(&format!("   {name} {n}"));
        }
    }
    text.push_str(&format!("   runs {}", t.active_runs.0 + t.active_runs.1));
    if t.next_hour > 0 {
        text.push_str(&format!("   next 1h {}", t.next_hour));
    }
    text
}

const COLUMNS: &[Column] = &[
    right("AGE", 4, 4),
    left("S", 1, 1),
    Column { names: true, ..left("WHAT", 30, 90) },
    Column { drop: 1, ..left("CAUSE", 20, 300) },
];

/// Draws it.
pub fn draw(state: &State, t: &Triage, layout: &Layout, buf: &mut Buffer) {
    table::draw(state, layout, buf, COLUMNS, |item| line(state, t, item));
    below(state, t, layout, buf);
    if let Some(area) = layout.preview {
        let name = state.screen().item().map(|_| state.screen().object().path()).unwrap_or_default();
        let inside = parts::preview_inside(state, buf, area, &name);
        parts::lines(state, buf, inside, &preview(state, t));
    }
}

/// What stands at the list's foot, where it leaves lines for it: how many failures are how few causes, and how the system is.
fn below(state: &State, t: &Triage, layout: &Layout, buf: &mut Buffer) {
    let dim = state.theme.role(Role::Dim);
    let groups = grouped(t).filter(|_| state.screen().filter.text.is_empty()).map(|line| vec![(line, dim)]);
    let lines: Vec<Cell> = groups.into_iter().chain(strip(state, &t.size)).collect();
    let lists = state.screen().items.len().max(2);
    // One is left empty between them.
    let free = (layout.list.height as usize).saturating_sub(lists + 1);
    let shown = &lines[..free.min(lines.len())];
    for (up, line) in shown.iter().rev().enumerate() {
        let mut pen = Pen::new(buf, layout.list, layout.list.height - 1 - up as u16);
        pen.text(" ", dim);
        for (words, style) in line {
            pen.text(words, *style);
        }
    }
}

fn grouped(t: &Triage) -> Option<String> {
    let failures: usize = t.groups.iter().map(|g| g.members.len()).sum();
    if failures < 2 {
        return None;
    }
    let mut most: Vec<_> = t.groups.iter().collect();
    most.sort_by_key(|g| std::cmp::Reverse(g.members.len()));
    let each: Vec<String> =
        most.iter().take(4).map(|g| format!("{} x{}", text::clip(&g.cause, 24), g.members.len())).collect();
    Some(format!(
        "GROUPED {} -> {} ({DAYS}d)   {}",
        count(failures, "failure"),
        count(t.groups.len(), "cause"),
        each.join("   ")
    ))
}

/// The line of an item.
pub fn line(state: &State, t: &Triage, item: &Item) -> Line {
    let body = parts::body(state);
    let theme = &state.theme;
    let (warn, dim) = (theme.role(Role::Warn), theme.role(Role::Dim));
    let made = |age: String, letter: char, style, what: Cell, cause: Cell| {
        Line::Cells(vec![cell(age, dim), cell(letter.to_string(), style), what, cause])
    };
    match item.kind {
        Kind::Group => {
            let g = &t.groups[item.at];
            let Some(first) = g.members.first() else { return Line::Across(Vec::new()) };
            let more = if g.members.len() > 1 { format!(" x{}", g.members.len()) } else { String::new() };
            let cause = if item.problem { theme.role(Role::Bad) } else { dim };
            made(
                text::age(g.newest(), state.now),
                first.state.letter(),
                theme.state(first.state),
                cell(format!("{}{more}", where_(first)), body),
                vec![(claim(g), warn), (g.cause.clone(), cause)],
            )
        }
        Kind::FailedRun => {
            let r: &RunCell = &t.runs[item.at];
            made(
                text::age(r.end.unwrap_or(r.run_after), state.now),
                r.state.letter(),
                theme.run(r.state),
                cell(format!("{} {}", r.run.dag_id, parts::run_name(r)), body),
                cell("the run failed without a failed task (deadlock or time limit)", theme.role(Role::Bad)),
            )
        }
        Kind::Question => {
            let q = &t.questions[item.at];
            let r = &q.row;
            let until = r.wake_at.map(|at| format!("{} left: ", text::until(at, state.now))).unwrap_or_default();
            let cause = vec![(until, warn), (q.subject.clone(), body), ("  (A: answer)".into(), dim)];
            let since = r.start.map(|s| text::age(s, state.now)).unwrap_or_default();
            made(since, r.state.letter(), theme.state(r.state), cell(where_(r), body), cause)
        }
        Kind::FileError => match list::file_error(state, &t.errors, item.at) {
            Line::Across(mut pieces) => {
                pieces.insert(0, ("     ".into(), body));
                Line::Across(pieces)
            }
            other => other,
        },
        Kind::Late => {
            let l = &t.late[item.at];
            let due = format!("{} {}", text::stamp(l.due), text::zone());
            let cause = if l.waits() {
                format!(
                    "run due {due} waits: {} of {} active",
                    l.active,
                    count(l.most.unwrap_or(l.active) as usize, "run")
                )
            } else {
                format!("run was due {due}, isn't created")
            };
            made(text::age(l.due, state.now), 'L', warn, cell(l.dag_id.as_str(), body), cell(cause, warn))
        }
        Kind::Due => {
            let d = &t.due[item.at];
            let age = if d.missed { text::age(d.at, state.now) } else { String::new() };
            let style = if d.missed { theme.role(Role::Bad) } else { warn };
            let what = format!("{} {}", d.run.run.dag_id, parts::run_name(&d.run));
            made(age, 'L', warn, cell(what, body), cell(deadline(state, d), style))
        }
        Kind::Slow => {
            let (r, pace) = &t.slow[item.at];
            let took = r.seconds(state.now).unwrap_or(0.0);
            let p95 = pace.p95().map(text::duration).unwrap_or_default();
            let p50 = pace.p50().map(text::duration).unwrap_or_default();
            let cause = format!("runs {}; p95 {p95}, p50 {p50}", text::duration(took));
            let since = r.start.map(|s| text::since(s, state.now)).unwrap_or_default();
            made(since, r.state.letter(), theme.state(r.state), cell(where_(r), body), cell(cause, warn))
        }
        Kind::Retry => {
            let r = &t.retries[item.at];
            let age = r.end.map(|e| text::age(e, state.now)).unwrap_or_default();
            let when = r
                .wake_at
                .filter(|w| *w > state.now)
                .map_or_else(|| "now".into(), |w| format!("in {}", text::until(w, state.now)));
            let tries = format!("try {}/{} {when}: ", r.try_number + 1, r.max_tries + 1);
            let cause = vec![(tries, warn), (r.why.clone().unwrap_or_default(), body)];
            made(age, r.state.letter(), theme.state(r.state), cell(several(item, r), body), cause)
        }
        Kind::Never => {
            let (Waiting { row: r, since }, slots) = &t.never[item.at];
            let cause = match slots {
                None => format!("never runs: there is no pool {}", r.pool),
                Some(n) => format!("never runs: pool {} has {}, it needs more", r.pool, count(*n as usize, "slot")),
            };
            let bad = cell(cause, theme.role(Role::Bad));
            let age = since.map(|at| text::age(at, state.now)).unwrap_or_default();
            made(age, r.state.letter(), theme.state(r.state), cell(several(item, r), body), bad)
        }
        Kind::Stuck => {
            let Waiting { row: r, since } = &t.stuck[item.at];
            let cause = cell(
                format!("waits for a slot of pool {}  ({}: why)", r.pool, state.keymap.short(Action::Blockers)),
                warn,
            );
            let age = since.map(|at| text::age(at, state.now)).unwrap_or_default();
            made(age, r.state.letter(), theme.state(r.state), cell(several(item, r), body), cause)
        }
        _ => Line::Across(Vec::new()),
    }
}

/// `deadline 03:40 missed: 1R 3.`, `deadline 07:00 in 2h42, will end about 07:20`.
fn deadline(state: &State, d: &Due) -> String {
    let at = text::time(d.at, "%H:%M");
    let ends = d.ends.filter(|ends| *ends > state.now).map(|ends| text::time(ends, "%H:%M"));
    let ends = ends.map(|at| format!(", ends {at}")).unwrap_or_default();
    let counts = parts::counts_text(&d.counts);
    match d.missed {
        true => format!("deadline {at} missed{ends}  {counts}"),
        false => format!("deadline {at} in {}{ends}  {counts}", text::until(d.at, state.now)),
    }
}

/// The same of the first of several, and how many there are.
fn several(item: &Item, first: &TiRow) -> String {
    match &item.object {
        // Of indexes of one task the task is what waits.
        Object::Several(tis, _) if tis.iter().all(|ti| ti.run == first.ti.run && ti.task_id == first.ti.task_id) => {
            let date = text::time(first.logical_date.unwrap_or(first.run_after), "%m-%d");
            format!("{} {date} {} x{}", first.ti.run.dag_id, first.ti.task_id, tis.len())
        }
        Object::Several(tis, _) => format!("{} x{}", where_(first), tis.len()),
        _ => where_(first),
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
            out.extend(parts::file_error(&t.errors, e));
        }
        Kind::Retry | Kind::Stuck => {
            let r = if item.kind == Kind::Retry { &t.retries[item.at] } else { &t.stuck[item.at].row };
            out.push((format!("run {}", r.ti.run.run_id), Role::Text));
            out.push((
                format!("{}  pool {}  try {} of {}", r.operator, r.pool, r.try_number, r.max_tries + 1),
                Role::Text,
            ));
            if let Some(why) = &r.why {
                out.push((why.clone(), Role::Bad));
            }
        }
        Kind::Question => {
            let q = &t.questions[item.at];
            out.push((q.subject.clone(), Role::Title));
            out.extend(q.body.iter().flat_map(|b| b.lines()).map(|l| (l.to_owned(), Role::Text)));
            out.push((format!("answers: {}", q.options.join(" | ")), Role::Text));
            if !q.defaults.is_empty() {
                out.push((format!("without an answer: {}", q.defaults.join(", ")), Role::Dim));
            }
        }
        Kind::Never => {
            let r = &t.never[item.at].0.row;
            out.push((format!("{}  pool {}  weight and order don't matter", r.operator, r.pool), Role::Text));
            out.push(("8 shows the pools: I makes one, E changes its slots".into(), Role::Text));
        }
        Kind::Due => {
            let d = &t.due[item.at];
            out.push((format!("run {} {}", d.run.run.run_id, d.run.state), Role::Text));
            out.push((deadline(state, d), if d.missed { Role::Bad } else { Role::Warn }));
            out.push(("Enter is its timeline, b says why what waits in it waits".into(), Role::Dim));
        }
        Kind::Slow => {
            let (r, pace) = &t.slow[item.at];
            out.push((format!("run {}", r.ti.run.run_id), Role::Text));
            out.push((parts::usual(pace), Role::Text));
            out.push((
                format!("{}  pool {}  try {} of {}", r.operator, r.pool, r.try_number, r.max_tries + 1),
                Role::Text,
            ));
        }
        Kind::Late => {
            let l = &t.late[item.at];
            let most = l.most.map_or_else(|| "what [core] max_active_runs_per_dag says".into(), |n| n.to_string());
            out.push((format!("active runs: {}; max_active_runs: {most}", l.active), Role::Text));
            if !l.waits() {
                out.push((
                    "Nothing else is known to hold it: is a scheduler running, and not behind (0)?".into(),
                    Role::Text,
                ));
            }
        }
        _ => {}
    }
    if let Object::Several(tis, _) = &item.object {
        out.push((format!("{} wait for the same; Enter lists them:", tis.len()), Role::Dim));
        let name = |ti: &TiRef| format!("{} {} {}", ti.run.dag_id, text::run_id(&ti.run.run_id), ti.label());
        out.extend(tis.iter().take(30).map(|ti| (name(ti), Role::Dim)));
    }
    out
}

/// Who works on it, in front of its cause.
fn claim(g: &Group) -> String {
    g.said.claimed.as_ref().map(|(who, _)| format!("[{who}] ")).unwrap_or_default()
}

fn group(state: &State, g: &Group, out: &mut Vec<(String, Role)>) {
    let Some(first) = g.members.first() else { return };
    out.push((g.cause.clone(), Role::Bad));
    out.push((format!("run {}  try {} of {}", first.ti.run.run_id, first.try_number, first.max_tries + 1), Role::Text));
    let worked = match g.last_worked {
        Some(at) => format!("last worked {} ago ({} {})", text::age(at, state.now), text::stamp(at), text::zone()),
        None if g.before == 0 => "it has no earlier run".into(),
        None if g.before == 1 => "it never worked: not in the one run before".into(),
        None if g.before < LOOKED_AT => format!("it never worked: in none of the {} runs before", g.before),
        None => format!("it didn't work in the last {} runs", g.before),
    };
    let again = match (g.same_before, g.runs()) {
        (0, 0 | 1) => format!("{}, {}", first.operator, first.pool),
        (0, n) => format!("in {n} runs"),
        (n, _) => format!("the same in {} runs in a row", n + 1),
    };
    out.push((format!("{worked}; {again}"), Role::Text));
    if let Some((who, at)) = &g.acknowledged {
        out.push((format!("acknowledged by {who} {} ago", text::age(*at, state.now)), Role::Good));
    } else if g.settled {
        out.push(("every one of them worked in a later run".into(), Role::Good));
    }
    if let Some((who, at)) = &g.said.claimed {
        out.push((format!("{who} works on it since {}", text::stamp(*at)), Role::Good));
    }
    for m in &g.members {
        let log = Place::Instance(m.ti.clone(), Tab::Log).title();
        for (who, _) in state.present.iter().filter(|(_, at)| *at == log) {
            out.push((format!("{who} looks at {} now", m.ti.label()), Role::Good));
        }
    }
    if let Some(until) = g.said.silenced {
        out.push((format!("silenced for {} more", text::until(until, state.now)), Role::Good));
    }
    if let Some((note, who)) = &g.said.note {
        out.push((format!("note by {who}: {note}"), Role::Good));
    }
    out.extend(g.changes.iter().flat_map(|c| likely(state, c)).take(3));
    for m in g.members.iter().skip(1).take(30) {
        let age = m.end.map(|e| text::age(e, state.now)).unwrap_or_default();
        out.push((format!("{age:>4} {}", where_(m)), Role::Dim));
    }
}

/// What changed since it worked, as far as it may be why.
fn likely(state: &State, changes: &Changes) -> Vec<(String, Role)> {
    let line = |at: Option<i64>, what: &str| {
        let age = at.map(|at| format!("{} ago ", text::age(at, state.now))).unwrap_or_default();
        (format!("<< {age}{what}"), Role::Warn)
    };
    changes.changes.iter().filter(|c| c.likely).map(|c| line(c.at, &c.what)).collect()
}
