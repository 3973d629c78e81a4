//! Help, palette, texts, questions, and the box of keys that may follow.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::console::{
    keymap,
    overlay::{Choice, Overlay},
    palette,
    state::State,
    theme::Role,
    widgets::{
        input::Input,
        paint::{self, Pen},
        text,
    },
};

/// Draws what lies over the screen.
pub fn draw(state: &State, buf: &mut Buffer, area: Rect) {
    match &state.overlay {
        Overlay::None | Overlay::Form(_) => which_key(state, buf, area),
        Overlay::Help(input, at) => help(state, buf, area, input, *at),
        Overlay::Palette(input, at) => choose(state, buf, area, input, *at),
        Overlay::Quit => {
            let inside = paint::frame(buf, paint::middle(area, 58, 5), "quit", state.theme.role(Role::Border));
            let lines = ["Leave the console? The scheduler and its tasks go on.", "y: leave   any other key: stay"];
            for (y, line) in lines.iter().enumerate() {
                paint::row(buf, inside, y as u16, line, state.theme.role(Role::Text));
            }
        }
        Overlay::Prompt(prompt, input) => {
            let (sign, about) = prompt.words();
            line(state, buf, area, sign, about, input);
        }
        Overlay::Protect(_, name, input) => {
            let about = format!("{}: type {name} to do it", state.facts.context.to_uppercase());
            line(state, buf, area, "> ", &about, input);
        }
        Overlay::Session(scroll) => session(state, buf, area, *scroll),
        Overlay::Text(title, lines, scroll) => {
            let inside = paint::frame(
                buf,
                paint::middle(area, area.width - 4, area.height - 4),
                title,
                state.theme.role(Role::Border),
            );
            let all: Vec<String> = lines
                .iter()
                .flat_map(|l| if l.is_empty() { vec![String::new()] } else { text::wrap(l, inside.width as usize) })
                .collect();
            let top = (*scroll).min(all.len().saturating_sub(inside.height as usize));
            for (y, line) in all.iter().skip(top).take(inside.height as usize).enumerate() {
                paint::row(buf, inside, y as u16, line, state.theme.role(Role::Text));
            }
        }
    }
}

/// A line that is asked for.
fn line(state: &State, buf: &mut Buffer, area: Rect, sign: &str, about: &str, input: &Input) {
    let inside = paint::frame(buf, paint::middle(area, 76, 5), about, state.theme.role(Role::Border));
    let columns = inside.width.saturating_sub(2) as usize;
    paint::put(buf, inside.x, inside.y + 1, sign, 2, state.theme.role(Role::Key));
    let (text, cursor) = (state.theme.role(Role::Text), Some(state.theme.role(Role::Focus)));
    paint::input(buf, inside.x + 2, inside.y + 1, input, columns, text, cursor);
}

/// 300 ms after a first stroke: what may follow.
fn which_key(state: &State, buf: &mut Buffer, area: Rect) {
    let Some((prefix, at)) = &state.prefix else { return };
    let follows = state.keymap.following(prefix, state.scope());
    if state.now - at < 300_000 || follows.is_empty() || prefix == "Ctrl-c" {
        return;
    }
    let rows = follows.len() as u16 + 2;
    let place = Rect { x: 0, y: area.height.saturating_sub(rows + 1), width: area.width.min(76), height: rows };
    let inside = paint::frame(buf, place, prefix, state.theme.role(Role::Border));
    for (y, (key, row)) in follows.iter().enumerate() {
        let refused = state.allowed(row).err();
        let (of_key, of_text) = if refused.is_some() { (Role::Dim, Role::Dim) } else { (Role::Key, Role::Text) };
        let mut pen = Pen::new(buf, inside, y as u16);
        pen.cell(key, 4, state.theme.role(of_key));
        // Of what is refused the reason counts: it takes the room that the explanation has.
        let why = refused.map(|why| format!("({why}) ")).unwrap_or_default();
        pen.text(&why, state.theme.role(Role::Dim)).text(row.what, state.theme.role(of_text));
    }
}

fn help(state: &State, buf: &mut Buffer, area: Rect, input: &Input, at: usize) {
    let theme = &state.theme;
    let title = format!("help: {}", state.screen().place.title());
    let inside = paint::frame(buf, paint::middle(area, 100, area.height - 2), &title, theme.role(Role::Border));
    paint::put(buf, inside.x, inside.y, "search: ", 8, theme.role(Role::Title));
    let columns = inside.width.saturating_sub(40) as usize;
    paint::input(buf, inside.x + 8, inside.y, input, columns, theme.role(Role::Text), Some(theme.role(Role::Focus)));
    let note = "Enter runs the key";
    paint::put(buf, inside.right().saturating_sub(20), inside.y, note, 20, theme.role(Role::Dim));
    let rows = palette::help_rows(state, &input.text);
    let at = at.min(rows.len().saturating_sub(1));
    let changes = if state.keymap.changes == 0 {
        String::new()
    } else {
        format!(", {} changed by keys.toml", state.keymap.changes)
    };
    let keys = format!("preset {}{changes}; a search finds an action's name for keys.toml too", state.keymap.preset);
    // Lines with headings in between; the chosen row stays in sight.
    let mut lines: Vec<(Option<usize>, String, String)> = Vec::new();
    let mut group = None;
    for (i, row) in rows.iter().enumerate() {
        if group != Some(row.group) {
            group = Some(row.group);
            lines.push((None, row.group.title().into(), String::new()));
        }
        let refused = state.allowed(row).err().map(|why| format!("  ({why})")).unwrap_or_default();
        lines.push((Some(i), state.keymap.keys(row.action).join(" or "), format!("{}{refused}", row.what)));
    }
    for (name, about) in [
        ("STATES", "S success F failed R running Q queued s scheduled Y retry wait W reschedule wait"),
        ("", "D deferred I needs input U upstream failed K skipped X removed Z restarting . none"),
        ("KEYS", keys.as_str()),
        ("TERM", terminal(state).as_str()),
        ("FILTER", "state:failed,retry dag:a* task:x tag:ml owner:me since:7d dur>10m !paused text"),
    ] {
        if input.text.is_empty() {
            lines.push((None, name.into(), about.into()));
        }
    }
    let height = inside.height.saturating_sub(1) as usize;
    let on = lines.iter().position(|(i, ..)| *i == Some(at)).unwrap_or(0);
    // The chosen row stays in the upper part, so that each page moves the list by a page.
    let top = on.saturating_sub(height / 3).min(lines.len().saturating_sub(height));
    if lines.len() > height {
        let more = format!(" {}-{} of {} (PgDn: more) ", top + 1, (top + height).min(lines.len()), lines.len());
        let x = inside.right().saturating_sub(text::width(&more) as u16 + 1);
        paint::put(buf, x, inside.bottom(), &more, more.len(), theme.role(Role::Border));
    }
    let list = Rect { y: inside.y + 1, height: height as u16, ..inside };
    for (y, (index, keys, what)) in lines.iter().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, list, y as u16);
        if index.is_none() && what.is_empty() {
            pen.text(keys, theme.role(Role::Title));
            continue;
        }
        pen.text("  ", theme.role(Role::Text)).cell(keys, 16, theme.role(Role::Key)).text(what, theme.role(Role::Text));
        if *index == Some(at) {
            Pen::whole(buf, list, y as u16, theme.role(Role::Cursor));
        }
    }
}

fn choose(state: &State, buf: &mut Buffer, area: Rect, input: &Input, at: usize) {
    let theme = &state.theme;
    let found = palette::choices(state, &input.text);
    let title =
        format!("palette, {}", if found.len() == 1 { "1 match".into() } else { format!("{} matches", found.len()) });
    let inside = paint::frame(buf, paint::middle(area, 76, 18), &title, theme.role(Role::Border));
    paint::put(buf, inside.x, inside.y, ": ", 2, theme.role(Role::Key));
    let columns = inside.width.saturating_sub(2) as usize;
    paint::input(buf, inside.x + 2, inside.y, input, columns, theme.role(Role::Text), Some(theme.role(Role::Focus)));
    let at = at.min(found.len().saturating_sub(1));
    let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    let height = list.height as usize;
    if found.is_empty() {
        let text = "nothing is called that: verbs, screens, DAGs, tasks, pools, connections, variables, themes";
        for (y, line) in text::wrap(text, list.width as usize).iter().enumerate() {
            paint::row(buf, list, y as u16, line, theme.role(Role::Dim));
        }
    }
    let top = (at + 1).saturating_sub(height);
    for (y, (i, (name, choice))) in found.iter().enumerate().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, list, y as u16);
        let (key, refused) = match choice {
            Choice::Do(action) => keymap::row_of(*action)
                .map(|r| (state.keymap.keys(*action).first().cloned().unwrap_or_default(), state.allowed(r).err()))
                .unwrap_or_default(),
            _ => (String::new(), None),
        };
        let role = if refused.is_some() { Role::Dim } else { Role::Text };
        pen.cell(name, list.width as usize - 12, theme.role(role)).text(&key, theme.role(Role::Key));
        if i == at {
            Pen::whole(buf, list, y as u16, theme.role(Role::Cursor));
        }
    }
}

/// What this session did.
fn session(state: &State, buf: &mut Buffer, area: Rect, scroll: usize) {
    let theme = &state.theme;
    let place = paint::middle(area, area.width - 4, area.height - 4);
    let inside = paint::frame(buf, place, "what this session did, newest first", theme.role(Role::Border));
    if state.done.is_empty() {
        paint::row(buf, inside, 0, "nothing yet", theme.role(Role::Dim));
    }
    for (y, done) in state.done.iter().rev().skip(scroll).take(inside.height as usize).enumerate() {
        let (mark, role) = match &done.result {
            None => ("..", Role::Dim),
            Some(Ok(_)) => ("ok", Role::Good),
            Some(Err(_)) => ("NO", Role::Bad),
        };
        let mut pen = Pen::new(buf, inside, y as u16);
        pen.cell(&text::time(done.at, "%H:%M:%S"), 8, theme.role(Role::Dim)).cell(mark, 2, theme.role(role));
        pen.text(&done.command, theme.role(Role::Text));
        if let Some(Err(why)) = &done.result {
            pen.text("  ", theme.role(Role::Text)).text(why, theme.role(Role::Bad));
        }
    }
}

/// What is known of the terminal: colours, letters, mouse, how far away it is.
fn terminal(state: &State) -> String {
    let word = |on| if on { "on" } else { "off" };
    let letters = if state.facts.ascii { "ASCII only" } else { "unicode" };
    let far = state.distance.words().map(|d| format!("  {d}")).unwrap_or_default();
    let (w, h) = state.size;
    format!("{w}x{h}  colours {:?}  {letters}  mouse {}{far}", state.facts.colours, word(state.mouse)).to_lowercase()
}
