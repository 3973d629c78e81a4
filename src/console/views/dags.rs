//! The DAG list.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        items::{Item, Kind},
        layout::Layout,
        state::State,
        theme::Role,
        update::count,
        widgets::{paint::Pen, text},
    },
    model::RunState,
    store::screens::dags::{DagRow, Dags},
};

use super::{list, parts};

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

/// Widths of the columns that grow.
struct Widths {
    name: usize,
    runs: usize,
    tags: usize,
    owner: usize,
}

fn widths(columns: usize) -> Widths {
    match columns {
        ..75 => Widths { name: 14, runs: 14, tags: 0, owner: 0 },
        75..90 => Widths { name: 20, runs: 14, tags: 0, owner: 0 },
        90..105 => Widths { name: 22, runs: 14, tags: 8, owner: 8 },
        _ => Widths { name: 24, runs: 28, tags: 10, owner: 8 },
    }
}

/// Draws it.
pub fn draw(state: &State, d: &Dags, layout: &Layout, buf: &mut Buffer) {
    let w = widths(layout.list.width as usize);
    let columns = format!(
        "  {} {} {:6} {} {:>6} {:>6} {:7} {}",
        text::fit("DAG", w.name),
        text::fit("SCHED", 10),
        "LAST",
        text::fit(&format!("LAST {}", w.runs), w.runs),
        "DUR",
        "vs p50",
        "NEXT",
        text::fit("OWNER", w.owner),
    );
    list::draw(state, layout, buf, &columns, |pen, item| match item.kind {
        Kind::Dag => line(state, &d.dags[item.at], pen, &w),
        _ => error(state, d, pen, item),
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

fn error(state: &State, d: &Dags, pen: &mut Pen<'_>, item: &Item) {
    if let Some(e) = d.errors.get(item.at) {
        list::file_error(state, pen, e);
    }
}

fn line(state: &State, dag: &DagRow, pen: &mut Pen<'_>, w: &Widths) {
    let theme = &state.theme;
    let body = if dag.paused { theme.role(Role::Dim) } else { parts::body(state) };
    let (flag, role) = match dag {
        d if d.import_errors => ("E ", Role::Bad),
        d if d.stale => ("X ", Role::Warn),
        d if d.paused => ("P ", Role::Warn),
        _ => ("  ", Role::Text),
    };
    pen.text(flag, theme.role(role)).cell(&dag.dag_id, w.name, body).cell(&dag.schedule, 10, body);
    match dag.runs.first() {
        Some(run) => {
            parts::run_letter(state, pen, run.state);
            let age = text::age(run.end.or(run.start).unwrap_or(run.run_after), state.now);
            pen.cell(&text::fit_right(&age, 4), 4, body);
        }
        None => {
            pen.cell(".    -", 6, theme.role(Role::Dim));
        }
    }
    parts::letters(state, pen, &dag.runs, w.runs);
    let last = dag.runs.first().and_then(|r| r.seconds(state.now));
    pen.cell(&text::fit_right(&last.map(text::duration).unwrap_or_default(), 6), 6, body);
    let versus = match (last, dag.median()) {
        (Some(a), Some(b)) if b >= 1.0 => format!("{:+.0}%", ((a / b - 1.0) * 100.0).clamp(-999.0, 9999.0)),
        _ => String::new(),
    };
    pen.cell(&text::fit_right(&versus, 6), 6, body);
    let next = match dag.next_run {
        _ if dag.paused => "-".into(),
        Some(at) if at < state.now => format!("+{}!", text::age(at, state.now)),
        Some(at) => text::until(at, state.now),
        None => "-".into(),
    };
    pen.cell(&next, 7, body);
    if w.owner > 0 {
        pen.cell(&dag.owners, w.owner, theme.role(Role::Dim));
    }
    if w.tags > 0 {
        pen.cell(&dag.tags.join(" "), w.tags, theme.role(Role::Dim));
    }
}

fn current<'a>(state: &State, d: &'a Dags) -> Option<&'a DagRow> {
    let item = state.screen().item().filter(|i| i.kind == Kind::Dag)?;
    d.dags.get(item.at)
}

fn preview(state: &State, d: &Dags) -> Vec<(String, Role)> {
    let Some(dag) = current(state, d) else {
        let Some(e) = state.screen().item().and_then(|i| d.errors.get(i.at)) else { return Vec::new() };
        let hint = e.hint.clone().map(|h| format!("hint: {h}")).unwrap_or_default();
        return vec![
            (format!("{}:{}:{}", e.file, e.line, e.column), Role::Text),
            (e.message.clone(), Role::Bad),
            (hint, Role::Good),
        ];
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
    let median = dag.median().map_or_else(|| "-".into(), text::duration);
    out.push((format!("v{} since {since}   p50 {median}   tags {}", dag.version, dag.tags.join(" ")), Role::Dim));
    out.push((dag.fileloc.clone(), Role::Dim));
    out
}
