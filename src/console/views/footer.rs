//! Last line: at most nine keys that make sense for what is under the cursor; refused ones are dimmed.

use ratatui::buffer::Buffer;

use crate::console::{
    keymap::{self, Action, ROWS, Row},
    layout::Layout,
    overlay::Overlay,
    place::Scope,
    pods,
    state::{Link, State},
    theme::Role,
    widgets::{
        paint::{self, Pen},
        text,
    },
};

/// Most keys shown.
const MOST: usize = 9;

/// Draws it.
pub fn draw(state: &State, parts: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    paint::row(buf, parts.hints, 0, "", theme.role(Role::Text));
    if let Some(flash) = &state.flash {
        let style = theme.role(if flash.bad { Role::Bad } else { Role::Good });
        let columns = parts.hints.width as usize;
        let lines = text::wrap(&flash.text, columns.saturating_sub(2));
        // What doesn't fit the last line takes some of those above it.
        let shown = lines.len().clamp(1, 3) as u16;
        for (i, line) in lines.iter().take(3).enumerate() {
            let cut = if i == 2 && lines.len() > 3 { format!(" {line} ~") } else { format!(" {line}") };
            let y = (parts.hints.y + 1 + i as u16).saturating_sub(shown);
            paint::put(buf, 0, y, &text::fit(&cut, columns), columns, style);
        }
        return;
    }
    let words: &[(&str, &str)] = match &state.overlay {
        Overlay::Form(form) if form.on_text() => {
            &[("Tab", "next"), ("Ctrl-e", "editor"), ("Ctrl-y", "copy command"), ("Enter", "next"), ("Esc", "cancel")]
        }
        Overlay::Form(form) if form.focus < form.fields.len() => &[
            ("Tab", "field"),
            ("Space", "toggle"),
            ("Enter", "next"),
            ("PgDn", "scroll"),
            ("Ctrl-y", "copy command"),
            ("Esc", "cancel"),
        ],
        Overlay::Form(form) if form.on_rows() => &[
            ("Up/Down", "line"),
            ("Space", "leave out, take back"),
            ("Tab", "field"),
            ("Ctrl-y", "copy command"),
            ("Esc", "cancel"),
        ],
        Overlay::Form(form) if form.has_rows() => &[
            ("Tab", "field, then lines"),
            ("Space", "toggle"),
            ("Ctrl-y", "copy command"),
            ("Enter", "on the button"),
            ("Esc", "cancel"),
        ],
        Overlay::Form(_) => &[
            ("Tab", "field"),
            ("Space", "toggle"),
            ("PgDn", "scroll"),
            ("Ctrl-y", "copy command"),
            ("Enter", "on the button"),
            ("Esc", "cancel"),
        ],
        Overlay::Help(..) => {
            &[("type", "search"), ("PgDn", "more"), ("Up/Down", "choose"), ("Enter", "runs the key"), ("Esc", "close")]
        }
        Overlay::Palette(..) => &[("type", "search"), ("Up/Down", "choose"), ("Enter", "do it"), ("Esc", "close")],
        Overlay::Session(_) | Overlay::Text(..) => &[("j/k PgDn/PgUp", "scroll"), ("any other key", "close")],
        Overlay::Protect(..) => &[("Enter", "do it"), ("Esc", "back to the form")],
        Overlay::Quit => &[("y", "leave"), ("any other key", "stay")],
        Overlay::None if state.screen().filtering => &[
            ("Enter", "use"),
            ("Esc", "clear"),
            ("Up/Down", "move"),
            ("", "state: dag: tag: owner:me since:7d dur>10m !paused text"),
        ],
        _ => &[],
    };
    let mut pen = Pen::new(buf, parts.hints, 0);
    pen.text(" ", theme.role(Role::Text));
    if !words.is_empty() {
        for (key, word) in words {
            pen.text(key, theme.role(Role::Key)).text(":", theme.role(Role::Dim)).text(word, theme.role(Role::Text));
            pen.text("  ", theme.role(Role::Text));
        }
        return;
    }
    let word = |row: &Row| format!("{}:{}", state.keymap.short(row.action), row.hint);
    let rows = hints(state);
    let why = reason(state, &rows);
    let mut said = false;
    let is_last = |row: &Row| row.group == keymap::Group::Program;
    // Help and palette are there on the narrowest terminal.
    let mut kept: usize = rows.iter().filter(|r| is_last(r)).map(|r| text::width(&word(r)) + 1).sum();
    for row in rows {
        let refused = state.allowed(row).is_err();
        let key = state.keymap.short(row.action);
        let width = text::width(&word(row));
        if is_last(row) {
            kept = kept.saturating_sub(width + 1);
        }
        if pen.left() <= width + kept {
            continue;
        }
        let dim = theme.role(Role::Dim);
        // Why what follows is refused, where there is room for it.
        if refused && !said && pen.left() > width + text::width(&why) + kept + 1 {
            pen.text(&why, dim);
        }
        said |= refused;
        pen.text(&key, if refused { dim } else { theme.role(Role::Key) });
        pen.text(":", dim).text(row.hint, if refused { dim } else { theme.role(Role::Text) }).text(" ", dim);
    }
}

/// Why those that are refused are, in a few words, if all of them are for one reason.
fn reason(state: &State, rows: &[&'static Row]) -> String {
    let refused = rows.iter().any(|r| state.allowed(r).is_err());
    match &state.link {
        _ if !refused => String::new(),
        _ if state.facts.read_only => "(read-only:) ".into(),
        Link::Up => String::new(),
        _ if state.starting() => "(sched starting:) ".into(),
        _ => "(no sched:) ".into(),
    }
}

/// The keys to show: first those that are about what is under the cursor, as they stand in the table, then help and palette.
fn hints(state: &State) -> Vec<&'static Row> {
    let scope = state.scope();
    // Where there was no pod, nobody needs to be told how to get to one.
    let has_pod = pods::has_had(&state.pod_owners, &state.screen().object());
    // On the screen of the system only a backfill can be paused.
    let is_odd = |r: &&Row| {
        r.action == Action::Pod && !has_pod
            || r.action == Action::Pause && scope == Scope::SYSTEM && state.fits(r).is_err()
    };
    let is_hint = |r: &&Row| !r.hint.is_empty() && r.scope.has(scope) && !is_odd(r);
    let all: Vec<&Row> = ROWS.iter().filter(is_hint).collect();
    let program = |r: &&&Row| r.group == keymap::Group::Program;
    let last: Vec<&Row> = all.iter().filter(program).copied().filter(|r| state.allowed(r).is_ok()).collect();
    // Whoever has no scheduler (or only reads) still sees which verbs there would be, where they always are. What isn't about
    // the line under the cursor comes after what is.
    let (yes, no): (Vec<&Row>, Vec<&Row>) =
        all.iter().filter(|r| !program(r)).copied().partition(|r| state.fits(r).is_ok());
    let mut shown: Vec<&Row> = yes.into_iter().take(MOST - last.len()).collect();
    let room = MOST - last.len() - shown.len();
    shown.extend(no.into_iter().filter(|r| r.dangerous).take(room));
    shown.extend(last);
    shown
}
