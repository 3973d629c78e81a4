//! The DAG list.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        items::Kind,
        layout::Layout,
        state::State,
        theme::Role,
        update::count,
        widgets::{paint::Pen, text},
    },
    model::RunState,
    store::screens::{
        dags::{DagRow, Dags, RUNS},
        system::PoolUse,
    },
};

use super::{
    list, parts,
    table::{self, Column, Line, cell, left, right},
};

/// Title line.
pub fn title(_: &State, d: &Dags) -> String {
    let failed = d.dags.iter().filter(|d| d.runs.first().is_some_and(|r| r.state == RunState::Failed)).count();
    let paused = d.dags.iter().filter(|d| d.paused).count();
    format!(
        "{}   {failed} failed last   {paused} paused   {} import errors",
        count(d.dags.len(), "DAG"),
        d.errors.len()
    )
}

/// Its columns. At 80 letters the last runs and the names share what there is.
const COLUMNS: &[Column] = &[
    Column { names: true, ..left("  DAG", 18, 60) },
    Column { drop: 1, ..left("SCHED", 7, 18) },
    left("LAST", 6, 6),
    Column { keep_end: true, ..left("LAST RUNS", 14, RUNS) },
    right("DUR", 5, 6),
    Column { drop: 2, ..right("vs p50", 5, 6) },
    Column { drop: 6, ..right("p50", 5, 6) },
    Column { drop: 7, ..right("p95", 5, 6) },
    left("NEXT", 6, 7),
    Column { drop: 4, ..left("OWNER", 6, 16) },
    Column { drop: 5, ..left("TAGS", 6, 40) },
    DEADLINE,
];

/// Only where some run has one.
const DEADLINE: Column = Column { drop: 3, ..left("DEADLINE", 11, 12) };

/// Draws it.
pub fn draw(state: &State, d: &Dags, layout: &Layout, buf: &mut Buffer) {
    let shown = COLUMNS.len() - usize::from(d.dags.iter().all(|d| deadline(state, d).is_none()));
    table::draw(state, layout, buf, &COLUMNS[..shown], |item| match item.kind {
        Kind::Dag => line(state, &d.dags[item.at]),
        _ => list::file_error(state, &d.errors, item.at),
    });
    if let Some(area) = layout.preview {
        let name = state.screen().object().name();
        let inside = parts::preview_inside(state, buf, area, &format!("preview: {name}"));
        parts::lines(state, buf, inside, &preview(state, d));
        if let Some(dag) = current(state, d)
            && !dag.runs.is_empty()
        {
            let mut pen = Pen::new(buf, inside, 1);
            let name = parts::run_name(&dag.runs[0]);
            let style = state.theme.role(Role::Text);
            pen.text("last run ", style).text(&name, style).text("  ", style);
            parts::run_letter(state, &mut pen, dag.runs[0].state);
            parts::counts(state, &mut pen, &dag.counts);
        }
    }
}

fn line(state: &State, dag: &DagRow) -> Line {
    let theme = &state.theme;
    let body = if dag.paused { theme.role(Role::Dim) } else { parts::body(state) };
    let dim = theme.role(Role::Dim);
    let (flag, role) = match dag {
        d if d.import_errors => ("E ", Role::Bad),
        d if d.stale => ("X ", Role::Warn),
        d if d.paused => ("P ", Role::Warn),
        _ => ("  ", Role::Text),
    };
    let last_run = match dag.runs.first() {
        Some(run) => {
            let age = match (run.end, run.start) {
                (None, Some(start)) => text::since(start, state.now),
                (end, _) => text::age(end.unwrap_or(run.run_after), state.now),
            };
            vec![(run.state.letter().to_string(), theme.run(run.state)), (text::fit_right(&age, 5), body)]
        }
        None => cell(".    -", dim),
    };
    let last = dag.runs.first().and_then(|r| r.seconds(state.now));
    let pace = dag.pace();
    let versus = match (last, pace.p50()) {
        (Some(a), Some(b)) if b >= 1.0 => format!("{:+.0}%", ((a / b - 1.0) * 100.0).clamp(-999.0, 9999.0)),
        _ => String::new(),
    };
    let next = match dag.next_run {
        _ if dag.paused => "-".into(),
        Some(at) if at < state.now => format!("+{}!", text::age(at, state.now)),
        Some(at) => text::until(at, state.now),
        None => "-".into(),
    };
    Line::Cells(vec![
        vec![(flag.into(), theme.role(role)), (dag.dag_id.clone(), body)],
        cell(dag.schedule.as_str(), body),
        last_run,
        parts::letters(state, &dag.runs, RUNS),
        cell(last.map(text::duration).unwrap_or_default(), body),
        cell(versus, body),
        cell(pace.p50().map(text::duration).unwrap_or_default(), dim),
        cell(pace.p95().map(text::duration).unwrap_or_default(), dim),
        cell(next, body),
        cell(dag.owners.as_str(), dim),
        cell(dag.tags.join(" "), dim),
        cell(deadline(state, dag).unwrap_or_default(), theme.role(Role::Warn)),
    ])
}

/// `07:00 2h42`, or `03:40 +38m!` once it was missed; of the newest run while it is active.
fn deadline(state: &State, dag: &DagRow) -> Option<String> {
    let at = dag.deadline.filter(|_| dag.runs.first().is_some_and(|r| r.end.is_none()))?;
    let name = text::time(at, "%H:%M");
    Some(match at > state.now {
        true => format!("{name} {}", text::until(at, state.now)),
        false => format!("{name} +{}!", text::age(at, state.now)),
    })
}

fn current<'a>(state: &State, d: &'a Dags) -> Option<&'a DagRow> {
    let item = state.screen().item().filter(|i| i.kind == Kind::Dag)?;
    d.dags.get(item.at)
}

fn preview(state: &State, d: &Dags) -> Vec<(String, Role)> {
    let Some(dag) = current(state, d) else {
        let Some(e) = state.screen().item().and_then(|i| d.errors.get(i.at)) else { return Vec::new() };
        return parts::file_error(&d.errors, e);
    };
    let since = text::age(dag.version_since, state.now);
    let mut out = vec![(
        dag.description.clone().unwrap_or_else(|| format!("owner {}  schedule {}", dag.owners, dag.schedule)),
        Role::Text,
    )];
    // The line of the last run is drawn with colours over this one.
    out.push((if dag.runs.is_empty() { "no run yet".into() } else { " ".into() }, Role::Dim));
    if let Some((task, why)) = &dag.failure {
        out.push((format!("{task}: {why}"), Role::Bad));
    }
    let pace = dag.pace();
    let rank = |rank: Option<f64>| rank.map_or_else(|| "-".into(), text::duration);
    let usual = format!("p50 {} p95 {}", rank(pace.p50()), rank(pace.p95()));
    let pools: Vec<String> =
        d.pools.iter().filter(|p| dag.pools.contains(&p.name) && p.slots >= 0).map(pool_in_short).collect();
    let mut facts = vec![format!("v{} since {since}   {usual}", dag.version)];
    facts.extend((!pools.is_empty()).then(|| format!("pools {}", pools.join(", "))));
    facts.extend(deadline(state, dag).map(|at| format!("deadline {at}")));
    facts.extend((!dag.tags.is_empty()).then(|| format!("tags {}", dag.tags.join(" "))));
    out.push((facts.join("   "), Role::Dim));
    out.push((dag.fileloc.clone(), Role::Dim));
    out
}

/// `gpu 8/8 (2 wait)`.
fn pool_in_short(p: &PoolUse) -> String {
    let waits = if p.waiting > 0 { format!(" ({} wait)", p.waiting) } else { String::new() };
    format!("{} {}/{}{waits}", p.name, p.running + p.queued, p.slots)
}
