//! A DAG itself: its settings, its params, what its file used that is gone, and its documentation.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    console::{
        layout::Layout,
        state::State,
        theme::Role,
        widgets::{
            markdown::{self, Rich},
            paint::{self, Pen},
            text,
        },
    },
    store::screens::dags::About,
};

/// Draws it.
pub fn draw(state: &State, about: &About, layout: &Layout, buf: &mut Buffer) {
    let dag = &about.dag;
    let lines = lines(about, columns(layout));
    let height = layout.list.height as usize;
    let top = state.screen().scroll.min(lines.len().saturating_sub(height));
    let title = format!(" {}", dag.dag_display_name.as_deref().unwrap_or(&dag.dag_id));
    paint::row(buf, layout.columns, 0, &title, state.theme.role(Role::Title));
    let area = Rect { x: layout.list.x + 1, width: layout.list.width.saturating_sub(2), ..layout.list };
    for (y, line) in lines.iter().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, area, y as u16);
        for (text, role) in line {
            pen.text(text, state.theme.role(*role));
        }
    }
    if lines.len() > height {
        let at = format!(" {}-{} of {} ", top + 1, (top + height).min(lines.len()), lines.len());
        let x = layout.columns.right().saturating_sub(text::width(&at) as u16 + 1);
        paint::put(buf, x, layout.columns.y, &at, at.len(), state.theme.role(Role::Dim));
    }
}

/// Columns that its text takes.
pub fn columns(layout: &Layout) -> usize {
    (layout.list.width as usize).saturating_sub(4).min(110)
}

/// Its lines.
pub fn lines(about: &About, columns: usize) -> Vec<Rich> {
    let dag = &about.dag;
    let mut out: Vec<Rich> = Vec::new();
    if let Some(doc) = &dag.doc_md {
        out.extend(markdown::lines(doc, columns));
        out.push(Rich::new());
    }
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            for (at, part) in text::wrap(&value, columns.saturating_sub(22)).into_iter().enumerate() {
                let name = if at == 0 { name } else { "" };
                out.push(vec![(text::fit(name, 22), Role::Dim), (part, Role::Text)]);
            }
        }
    };
    let date = |t: Option<jiff::Timestamp>| {
        t.map(|t| format!("{} {}", text::time(t.as_microsecond(), "%Y-%m-%d %H:%M"), text::zone()))
    };
    let limit = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_else(|| "as the setting says".into());
    say("description", dag.description.clone().unwrap_or_default());
    say("file", format!("{}:{}", dag.fileloc, dag.line));
    say("schedule", about.schedule.clone());
    say("paused", about.paused.to_string());
    say(
        "next run",
        about.next_run.map(|t| format!("{} {}", text::time(t, "%Y-%m-%d %H:%M"), text::zone())).unwrap_or_default(),
    );
    say("version", format!("v{} since {} {}", about.version.0, text::stamp(about.version.1), text::zone()));
    say("time zone", dag.timezone.clone());
    say("start, end", [date(dag.start_date), date(dag.end_date)].into_iter().flatten().collect::<Vec<_>>().join("  "));
    say("catchup", dag.catchup.map(|c| c.to_string()).unwrap_or_else(|| "as the setting says".into()));
    say("max_active_runs", limit(dag.max_active_runs));
    say("max_active_tasks", limit(dag.max_active_tasks));
    say("dagrun_timeout", dag.dagrun_timeout.map(text::duration).unwrap_or_default());
    say("owners", dag.owners());
    say("tags", dag.tags.join(" "));
    say("tasks, groups", format!("{}, {}", dag.tasks.len(), dag.task_groups.len()));
    say("callbacks", dag.callbacks.join(" "));
    for (name, param) in &dag.params {
        let about = param.description.as_ref().map(|d| format!("  {d}")).unwrap_or_default();
        let value = if param.required { "(required)".into() } else { param.value.to_string() };
        say(&format!("param {name}"), format!("{value}{about}"));
    }
    for warning in &dag.warnings {
        let hint = warning.hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default();
        say(&format!("warning, line {}", warning.line), format!("{}{hint}", warning.message));
    }
    let documented = dag.tasks.values().filter_map(|t| Some((t.task_id.as_ref(), t.doc_md.as_deref()?)));
    for (task, doc) in documented {
        out.push(Rich::new());
        out.push(vec![(format!("TASK {task}"), Role::Title)]);
        out.extend(markdown::lines(doc, columns));
    }
    out
}
