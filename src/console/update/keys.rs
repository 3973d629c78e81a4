//! Key strokes: overlays first, then a filter being typed, then the key map with its prefixes.

use crate::console::{
    keymap::{self, Action, Meaning},
    layout::is_small,
    log::file::Only,
    message::Effect,
    overlay::{Overlay, Prompt},
    place::{Object, Place, Setting},
    query::Data,
    state::{Link, State},
    widgets::text,
};

use super::{act, copy, form, logs, look, modal, navigate, overlay, search};

/// How long keys wait for what they are about, in microseconds.
const PATIENCE: i64 = 2_000_000;

/// How long a line that took another one's place under the cursor is safe from what is done at once, in microseconds.
const PAUSE: i64 = 1_000_000;

/// The screen (or what a key asked for, or what the palette knows) isn't read yet: keys would miss what they are about.
fn unread(state: &State) -> bool {
    let screen = state.screen();
    let asked = match state.overlay {
        Overlay::Palette(..) => state.naming.is_some(),
        _ => {
            let nothing = matches!(screen.data, Data::None) && screen.waiting.is_some();
            (nothing || state.errand.is_some()) && !modal(state)
        }
    };
    asked && (state.typed.0.is_empty() || state.now - state.typed.1 < PATIENCE)
}

/// Keeps a stroke for later, if what it is about isn't read yet. Escape forgets all of them.
pub fn early(state: &mut State, key: &str) -> bool {
    if key == "Esc" {
        state.typed.0.clear();
    }
    let at_once = key == "Esc" || key.starts_with("Ctrl-");
    // What is looked for can be typed before it is there.
    let is_text = matches!(state.overlay, Overlay::Palette(..)) && key != "Enter" && state.typed.0.is_empty();
    if at_once || is_text || (state.typed.0.is_empty() && !unread(state)) {
        return false;
    }
    if state.typed.0.is_empty() {
        state.typed.1 = state.now;
    }
    state.typed.0.push(key.to_owned());
    true
}

/// The next stroke that was kept, when it can be used.
pub fn kept(state: &mut State) -> Option<String> {
    (!state.typed.0.is_empty() && !unread(state)).then(|| state.typed.0.remove(0))
}

/// Takes a stroke.
pub fn key(state: &mut State, key: &str) -> Vec<Effect> {
    state.flash = None;
    if key == "Ctrl-c" {
        return interrupt(state);
    }
    if key == "Ctrl-z" {
        return vec![Effect::Suspend];
    }
    if key == "Ctrl-l" {
        return vec![Effect::Redraw];
    }
    if is_small(state) && !seen_blindly(state, key) {
        return Vec::new();
    }
    if matches!(state.overlay, Overlay::Form(_)) {
        return form::key(state, key);
    }
    if modal(state) {
        return overlay::key(state, key);
    }
    if state.screen().filtering {
        return filter_key(state, key);
    }
    // The innermost thing that Escape ends.
    if key == "Esc" && state.search.is_some() && state.prefix.is_none() {
        return search::end(state);
    }
    let typed = match state.prefix.take() {
        Some(_) if key == "Esc" => return Vec::new(),
        // The first half of quitting isn't the start of another key.
        Some((prefix, _)) if prefix != "Ctrl-c" => format!("{prefix} {key}"),
        _ => key.to_owned(),
    };
    match state.keymap.meaning(&typed, state.scope()) {
        Meaning::Prefix => {
            state.prefix = Some((typed, state.now));
            Vec::new()
        }
        Meaning::Row(row) => run(state, row.action),
        Meaning::Nothing => {
            if state.keymap.keys(Action::StartScheduler).contains(&typed) && state.link != Link::Up {
                state.flash(format!("{} starts a scheduler", state.starts()), true);
            } else if typed.contains(' ') || typed.chars().count() == 1 || typed.starts_with('F') {
                let help = state.keymap.short(Action::Help);
                state.flash(format!("{typed} means nothing here; {help} shows the keys"), true);
            }
            Vec::new()
        }
    }
}

/// Keys that mean something on a terminal that shows nothing: one can leave it, close what is open, and go to other screens.
fn seen_blindly(state: &State, key: &str) -> bool {
    if !matches!(state.overlay, Overlay::None) {
        return key == "Esc" || matches!(state.overlay, Overlay::Quit);
    }
    let is_digit = key.len() == 1 && key.as_bytes()[0].is_ascii_digit();
    is_digit || key == "Esc" || state.keymap.keys(Action::UpOne).iter().any(|k| k == key)
}

/// Two in a row quit, whatever is open.
fn interrupt(state: &mut State) -> Vec<Effect> {
    if state.prefix.take().is_some_and(|(p, at)| p == "Ctrl-c" && state.now - at < 2_000_000) {
        return vec![Effect::Quit];
    }
    state.prefix = Some(("Ctrl-c".into(), state.now));
    state.flash("Ctrl-c again quits the console; the scheduler goes on", false);
    Vec::new()
}

/// Runs an action if it is allowed here; else says why not.
pub fn run(state: &mut State, action: Action) -> Vec<Effect> {
    // Another one is about to be typed.
    if matches!(action, Action::Filter | Action::Grep) && state.screen().place.is_log() && state.search.is_some() {
        let mut effects = search::end(state);
        effects.extend(run(state, action));
        return effects;
    }
    if let Some(row) = keymap::row_of(action)
        && let Err(why) = state.allowed(row)
    {
        let what = row.what.split([':', ';', '(', ',']).next().unwrap_or_default().trim();
        state.flash(format!("{why}; refused: {what}"), true);
        return Vec::new();
    }
    use Action as A;
    // What is done at once must not hit a line that has just taken the place of another one.
    let at_once = matches!(action, A::Pause | A::Acknowledge);
    let replaced = state.screen_mut().replaced_at.take();
    if at_once && state.screen().marks.is_empty() && replaced.is_some_and(|at| state.now - at < PAUSE) {
        state
            .flash("the line under the cursor has just gone, this is another one; press it again if it is meant", true);
        return Vec::new();
    }
    match action {
        A::Up
        | A::Down
        | A::Left
        | A::Right
        | A::Top
        | A::Bottom
        | A::HalfUp
        | A::HalfDown
        | A::PageUp
        | A::PageDown
        | A::First
        | A::Last
        | A::NextProblem
        | A::PreviousProblem => look::step(state, action),
        A::Clear
        | A::Retry
        | A::MarkSuccess
        | A::MarkFailed
        | A::MarkSkipped
        | A::Trigger
        | A::Pause
        | A::Stop
        | A::Acknowledge
        | A::Silence
        | A::Claim
        | A::Edit
        | A::New
        | A::Delete
        | A::Backfill
        | A::Undo
        | A::Note => act::act(state, action),
        A::CopyName | A::CopyCommand | A::CopyJson | A::CopyId | A::CopyLine | A::CopyIncident => {
            copy::copy(state, action)
        }
        A::Log
        | A::Details
        | A::Inputs
        | A::Blockers
        | A::TryBefore
        | A::TryAfter
        | A::Follow
        | A::Wrap
        | A::Stamps
        | A::FindNext
        | A::FindPrevious => look::look(state, action),
        A::NextPane | A::PreviousPane => super::panes::turn(state, action == A::NextPane),
        A::ZoomIn | A::ZoomOut | A::Fit => {
            let screen = state.screen_mut();
            screen.zoom = match action {
                A::ZoomIn => (screen.zoom + 1).min(12),
                A::ZoomOut => screen.zoom.saturating_sub(1),
                _ => 0,
            };
            Vec::new()
        }
        A::Zone => {
            state.local = !state.local;
            state.flash(format!("times in {}", text::zone_name(state.local, state.now)), false);
            Vec::new()
        }
        A::OnlyAbove | A::OnlyBelow => super::graph::only_way(state, action == A::OnlyAbove),
        A::Filter => {
            state.screen_mut().filtering = true;
            Vec::new()
        }
        A::TestConnection => match state.screen().object() {
            Object::Setting(Setting::Connection, id) => {
                state.flash(format!("testing connection {id} .."), false);
                vec![Effect::TestConnection(id)]
            }
            _ => Vec::new(),
        },
        A::Diff => super::compare::compare(state),
        A::Grep | A::Pipe | A::Export | A::SearchLogs => {
            super::prompt::open(
                state,
                match action {
                    A::Grep => Prompt::Grep,
                    A::Pipe => Prompt::Pipe,
                    A::SearchLogs => Prompt::Search,
                    _ => Prompt::Export,
                },
            );
            Vec::new()
        }
        A::OnlyProblems if matches!(state.screen().place, Place::Instance(..) | Place::Logs(_)) => {
            let only = state.screen().log.only.clone();
            logs::only(state, Only { problems: !only.problems, ..only })
        }
        A::OnlyProblems => {
            let screen = state.screen_mut();
            screen.only_problems = !screen.only_problems;
            screen.rebuild();
            Vec::new()
        }
        A::Sort => {
            let screen = state.screen_mut();
            let orders = screen
                .items
                .iter()
                .find(|i| !i.is_heading())
                .map_or(&[][..], |i| crate::console::orders::orders(&i.kind));
            if orders.is_empty() {
                return Vec::new();
            }
            screen.sort = (screen.sort + 1) % orders.len();
            let name = orders[screen.sort];
            screen.rebuild();
            state.flash(format!("sorted by {name}"), false);
            Vec::new()
        }
        A::Mark | A::MarkRange | A::MarkAll | A::Unmark => {
            mark(state, action);
            Vec::new()
        }
        A::Freeze => {
            state.frozen = !state.frozen;
            if state.frozen { Vec::new() } else { state.load() }
        }
        A::StartScheduler => super::start_scheduler(state),
        A::IndexBefore | A::IndexAfter => super::indexes::turn(state, action == A::IndexAfter),
        A::Highlight => look::highlight(state),
        A::SetAlias => super::models::set_alias(state),
        A::AliasHistory => super::models::history(state),
        A::EndJob => search::end_job(state),
        A::Mouse => super::mouse::toggle(state),
        A::Refresh => {
            // Nothing that was read before counts.
            state.screen_mut().read_with = None;
            state.load()
        }
        A::Redraw => vec![Effect::Redraw],
        A::Suspend => vec![Effect::Suspend],
        A::Quit => vec![Effect::Quit],
        A::Help | A::Palette | A::SessionLog => overlay::open(state, action),
        _ => navigate::navigate(state, action),
    }
}

fn filter_key(state: &mut State, key: &str) -> Vec<Effect> {
    let screen = state.screen_mut();
    match key {
        "Enter" => {
            screen.filtering = false;
            return logs::filter_done(state);
        }
        "Esc" => {
            screen.filtering = false;
            screen.filter = Default::default();
            return super::filter_changed(state);
        }
        "Up" | "Down" => return look::step(state, if key == "Up" { Action::Up } else { Action::Down }),
        _ => {
            if screen.filter.key(key) {
                return super::filter_changed(state);
            }
        }
    }
    Vec::new()
}

/// A paste goes where text is typed, and is never read as keys.
pub fn paste(state: &mut State, text: &str) {
    match &mut state.overlay {
        Overlay::Form(form) => {
            let focus = form.focus;
            if let Some(crate::console::forms::Control::Text(input)) =
                form.fields.get_mut(focus).map(|f| &mut f.control)
            {
                input.insert(text);
                form.check();
            }
        }
        Overlay::Help(input, _)
        | Overlay::Palette(input, _)
        | Overlay::Prompt(_, input)
        | Overlay::Protect(_, _, input) => input.insert(text),
        Overlay::None => {
            let screen = state.screen_mut();
            if screen.filtering {
                screen.filter.insert(text);
                screen.rebuild();
            } else {
                state.flash("pasted text is never read as keys", false);
            }
        }
        _ => state.flash("pasted text is never read as keys", false),
    }
}

fn mark(state: &mut State, action: Action) {
    let screen = state.screen_mut();
    match action {
        Action::Mark => {
            let Some(item) = screen.item().filter(|i| !i.is_heading()) else { return };
            let (id, item) = (item.id.clone(), item.clone());
            if screen.marks.remove(&id).is_none() {
                screen.marks.insert(id.clone(), item);
            }
            screen.mark_start = Some(id);
            if screen.cursor + 1 < screen.items.len() {
                screen.cursor += 1;
                screen.on_a_line(true);
            }
        }
        Action::MarkRange => {
            let start = screen.mark_start.as_ref().and_then(|id| screen.items.iter().position(|i| i.id == *id));
            let start = start.unwrap_or(screen.cursor);
            let (a, b) = (start.min(screen.cursor), start.max(screen.cursor));
            let some = screen.items.iter().take(b + 1).skip(a).filter(|i| !i.is_heading());
            let some: Vec<_> = some.map(|i| (i.id.clone(), i.clone())).collect();
            screen.marks.extend(some);
        }
        Action::MarkAll => {
            let all = screen.items.iter().filter(|i| !i.is_heading());
            let all: Vec<_> = all.map(|i| (i.id.clone(), i.clone())).collect();
            screen.marks.extend(all);
        }
        _ => screen.marks.clear(),
    }
}
