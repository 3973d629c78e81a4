//! What all lists share: visible lines, cursor, marks, names of columns, scroll position.

use ratatui::{buffer::Buffer, layout::Rect};

use super::table::Line;
use crate::console::{
    items::{Item, Kind, alike},
    keymap::Action,
    layout::Layout,
    place::Place,
    state::State,
    theme::Role,
    update::count,
    widgets::{
        paint::{self, Pen},
        text,
    },
};
use crate::model::Diagnostic;

/// Draws names of columns and the visible lines; `line` draws one line after its first two columns.
pub fn draw(state: &State, parts: &Layout, buf: &mut Buffer, columns: &str, mut line: impl FnMut(&mut Pen<'_>, &Item)) {
    let theme = &state.theme;
    paint::row(buf, parts.columns, 0, &format!("  {columns}"), theme.role(Role::Title));
    let screen = state.screen();
    let height = parts.list.height as usize;
    for (y, (at, item)) in screen.items.iter().enumerate().skip(screen.top).take(height).enumerate() {
        let y = y as u16;
        if let Kind::Heading(title, n) = &item.kind {
            paint::row(buf, parts.list, y, &format!(" {title} ({n})"), theme.role(Role::Title));
            continue;
        }
        let marked = screen.marks.contains_key(&item.id);
        let mut pen = Pen::new(buf, parts.list, y);
        let cursor = if at == screen.cursor { ">" } else { " " };
        pen.text(cursor, theme.role(Role::Key)).text(if marked { "*" } else { " " }, theme.role(Role::Mark));
        line(&mut pen, item);
        if at == screen.cursor {
            Pen::whole(buf, parts.list, y, theme.role(Role::Cursor));
        }
    }
    if screen.items.is_empty() {
        empty(state, buf, parts.list);
    } else if screen.items.len() > height {
        bar(state, buf, parts.list);
    }
}

/// Nothing to show: say why.
fn empty(state: &State, buf: &mut Buffer, area: Rect) {
    let screen = state.screen();
    let key = |action| state.keymap.short(action);
    let of_task = screen.filter.text.strip_prefix("task:").filter(|t| !t.contains(' '));
    let text = if let (Place::Xcom(..), Some(task)) = (&screen.place, of_task) {
        format!("{task} has no XComs in this run; {} shows those of all its tasks", key(Action::Back))
    } else if screen.total > 0 || screen.is_paged() && !screen.filter.text.is_empty() {
        format!("nothing fits the filter; {} clears it", key(Action::Back))
    } else {
        match screen.place {
            Place::Triage | Place::Dags if state.parsing() > 0 => {
                format!(
                    "reading {} in {} ..",
                    count(state.parsing() as usize, "file"),
                    state.facts.dags_folder.display()
                )
            }
            Place::Dags if state.starting() => {
                format!("the scheduler is starting; it reads the files in {} first", state.facts.dags_folder.display())
            }
            Place::Triage => {
                let (dags, trigger) = (key(Action::Dags), key(Action::Trigger));
                format!("nothing needs you; {dags} shows the DAGs, {trigger} on one of them triggers a run")
            }
            Place::Dags => {
                format!("no DAGs yet; put files into {}", state.facts.dags_folder.display())
            }
            Place::Pods(false) => {
                format!("no pod is there; {} shows also those that are gone", key(Action::WithGone))
            }
            _ => "nothing yet".into(),
        }
    };
    paint::put(buf, area.x + 2, area.y + 1, &text, area.width as usize - 3, state.theme.role(Role::Dim));
}

/// Where in the list the screen is, in the last column.
fn bar(state: &State, buf: &mut Buffer, area: Rect) {
    let screen = state.screen();
    let (h, n) = (area.height as usize, screen.items.len());
    let size = (h * h / n).clamp(1, h);
    let start = (screen.top * h / n).min(h - size);
    for y in 0..h {
        let inside = (start..start + size).contains(&y);
        let (letter, role) = if inside { ("#", Role::Dim) } else { (" ", Role::Border) };
        paint::put(buf, area.right() - 1, area.y + y as u16, letter, 1, state.theme.role(role));
    }
}

/// The line of a file that doesn't import, or of all that don't for the same reason.
pub fn file_error(state: &State, errors: &[Diagnostic], at: usize) -> Line {
    let Some(e) = errors.get(at) else { return Line::Across(Vec::new()) };
    let name = std::path::Path::new(&e.file).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = match alike(errors, e).count() {
        0 | 1 => name,
        files => count(files, "file"),
    };
    let line = if e.line > 0 { format!(" line {}", e.line) } else { String::new() };
    let text = format!("IMPORT ERROR{line}: {}", text::clean(&e.message));
    Line::Across(vec![
        ("E ".into(), state.theme.role(Role::Bad)),
        (
            format!("{}  ", text::fit(&text::clip(&name, 28), text::width(&name).clamp(16, 28))),
            super::parts::body(state),
        ),
        (text, state.theme.role(Role::Bad)),
    ])
}
