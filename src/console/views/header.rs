//! First two lines: where am I, is the scheduler there, what is filtered.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    console::{
        jobs,
        keymap::Action,
        layout::{Layout, TWO_PANES},
        log::{Level, file::Window, view::LogView},
        place::Place,
        query::Health,
        state::{Link, State},
        theme::Role,
        update::count,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    store::screens::backfills::Held,
};

/// A round trip from which on it is shown in narrow terminals too, in microseconds.
const FAR: i64 = 200_000;

/// Draws them.
pub fn draw(state: &State, parts: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let style = theme.role(Role::Header);
    paint::row(buf, parts.header, 0, "", style);
    let (name, of_name) = environment(state);
    let right = right(state);
    let room = (parts.header.width as usize).saturating_sub(text::width(&right) + 2);
    let mut pen = Pen::new(buf, parts.header, 0);
    pen.text(&format!(" {name}>"), of_name);
    let used = pen.x as usize;
    pen.text(&text::clip(&format!(" {}", state.screen().place.title()), room.saturating_sub(used)), style);
    let x = parts.header.width.saturating_sub(text::width(&right) as u16 + 1);
    paint::put(buf, x, 0, &right, text::width(&right), style);
    title(state, parts, buf);
}

/// Name of the environment and how it is written: one in production in capitals, and in a style that nothing else has.
pub fn environment(state: &State) -> (String, Style) {
    let name = &state.facts.context;
    if state.facts.is_protected() {
        (name.to_uppercase(), state.theme.role(Role::Protected))
    } else {
        (name.clone(), state.theme.context(name))
    }
}

/// State of the scheduler and the time.
fn right(state: &State) -> String {
    let mut all = Vec::new();
    let key = |action| state.keymap.short(action);
    if let Some(held) = state.held.iter().filter(|h| h.due > state.now).min_by_key(|h| h.due) {
        let seconds = (held.due - state.now + 999_999) / 1_000_000;
        // The plans of one form are one act.
        let same = |other: &Held| other.plan_id == held.plan_id || other.act.is_some() && other.act == held.act;
        let others = state.held.iter().filter(|h| !same(h)).count();
        let more = if others > 0 { format!(", {others} more held") } else { String::new() };
        let plans = match state.held.iter().filter(|h| same(h)).count() {
            1 => String::new(),
            n => format!(", {n} plans"),
        };
        all.push(format!("HELD {seconds}s by {}{plans}{more} ({} undoes)", held.who, key(Action::Undo)));
    } else if !state.held.is_empty() && matches!(state.link, Link::Down { .. }) {
        all.push(format!("{} held until a scheduler runs", count(state.held.len(), "plan")));
    }
    all.extend(jobs::short(state, state.size.0 >= TWO_PANES));
    if let Some(others) = others(state) {
        all.push(others);
    }
    if state.frozen {
        all.push(format!("FROZEN ({})", key(Action::Freeze)));
    }
    if state.facts.read_only {
        all.push("read-only".into());
    }
    all.push(match &state.link {
        Link::Up => "sched ok".into(),
        _ if state.starting() => "sched starting".into(),
        Link::Opening => "sched ..".into(),
        Link::Down { retry_at, .. } => {
            let age = state
                .screen()
                .loaded_at
                .map_or_else(String::new, |t| format!(", data {} old", text::age(t, state.now)));
            let again = if *retry_at > state.now + 2_000_000 {
                format!(", next try in {}", text::until(*retry_at, state.now))
            } else {
                String::new()
            };
            format!("NO SCHED{again}{age}")
        }
    });
    // Without a scheduler nobody asks a cluster how it is.
    match state.clusters.as_ref().filter(|_| state.link == Link::Up) {
        Some(Health::Ok) => all.push("k8s ok".into()),
        Some(Health::Away(since)) => all.push(format!("K8S AWAY {}", text::age(*since, state.now))),
        Some(Health::Forbidden) => all.push(format!("K8S RIGHT MISSING ({})", key(Action::Pods))),
        None => {}
    }
    // On a far or slow line it explains what is seen; else only where there is room.
    let far = state.distance.round_trip.is_some_and(|us| us >= FAR);
    all.extend(state.distance.words().filter(|_| far || state.size.0 >= TWO_PANES));
    let clock = text::time(state.now, "%H:%M");
    all.push(if state.local { format!("{clock} {}", text::zone_name(true, state.now)) } else { format!("{clock}Z") });
    all.join(" | ")
}

/// Who else is here, on this screen before others.
fn others(state: &State) -> Option<String> {
    let here = state.screen().place.title();
    let names = |same: bool| {
        let mut names: Vec<&str> =
            state.present.iter().filter(|(_, at)| (*at == here) == same).map(|(who, _)| who.as_str()).collect();
        names.dedup();
        names
    };
    match (names(true).as_slice(), names(false).as_slice()) {
        ([], []) => None,
        ([], [one]) => Some(format!("+{}", text::clip(one, 12))),
        ([], many) => Some(format!("+{} others", many.len())),
        ([one], _) => Some(format!("{} here", text::clip(one, 12))),
        (many, _) => Some(format!("{} here", many.len())),
    }
}

/// Filter, counters, what is marked.
fn title(state: &State, parts: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let screen = state.screen();
    let in_log = screen.place.is_log();
    let mut right = String::new();
    if !screen.marks.is_empty() {
        let hidden = match screen.hidden_marks() {
            0 => String::new(),
            n => format!(" ({n} hidden)"),
        };
        right.push_str(&format!("{} marked{hidden}  ", screen.marks.len()));
    }
    if screen.fresh > 0 {
        right.push_str(&format!("^{} new  ", screen.fresh));
    }
    let lines = screen.items.iter().filter(|i| !i.is_heading()).count();
    let narrowed = !screen.filter.text.is_empty() || screen.only_problems;
    if !matches!(screen.place, Place::Instance(..) | Place::Logs(_)) {
        if narrowed {
            let more = if screen.more() { "+" } else { "" };
            let looking = if screen.looking() { "looking.. " } else { "" };
            // Where nothing can fit nothing is counted.
            match (screen.total, lines) {
                (0, 0) if !screen.more() => right.push_str("none fits"),
                (total, _) => right.push_str(&format!("{looking}{lines} of {total}{more}")),
            }
        } else if lines > 0 {
            let more = if screen.more() { "+" } else { "" };
            right.push_str(&format!("{} of {lines}{more}", position(screen)));
        }
    }
    let mut pen = Pen::new(buf, parts.title, 0);
    if screen.filtering || !screen.filter.text.is_empty() {
        pen.text(if in_log { " find " } else { " / " }, theme.role(Role::Key));
        let x = pen.x;
        let columns = (parts.title.width as usize).saturating_sub(x as usize + text::width(&right) + 2);
        let cursor = screen.filtering.then(|| theme.role(Role::Focus));
        paint::input(buf, x, parts.title.y, &screen.filter, columns, theme.role(Role::Text), cursor);
        if let Some(why) = &screen.filter_error {
            let at = x + text::width(&screen.filter.text) as u16 + 2;
            paint::put(buf, at, parts.title.y, why, columns.saturating_sub(at as usize), theme.role(Role::Bad));
        }
    } else {
        let words = about(state);
        let columns = (parts.title.width as usize).saturating_sub(text::width(&right) + 3);
        paint::put(buf, 1, parts.title.y, &words, columns, theme.role(Role::Title));
    }
    if screen.only_problems {
        right.push_str(&format!("  only problems ({})", state.keymap.short(Action::OnlyProblems)));
    }
    let w = text::width(&right) as u16;
    let x = parts.title.width.saturating_sub(w + 1);
    paint::put(buf, x, parts.title.y, &right, w as usize, theme.role(Role::Dim));
}

/// Number of the line under the cursor among those that aren't headings.
fn position(screen: &crate::console::screen::Screen) -> usize {
    screen.items.iter().take(screen.cursor + 1).filter(|i| !i.is_heading()).count()
}

/// One line about the screen.
fn about(state: &State) -> String {
    let screen = state.screen();
    if let Some(why) = &screen.error {
        return format!("not read again: {why}");
    }
    match (&screen.place, &screen.data) {
        (Place::Triage, crate::console::query::Data::Triage(t)) => super::triage::title(state, t),
        (Place::Dags, crate::console::query::Data::Dags(d)) => super::dags::title(state, d),
        (Place::Grid(_), crate::console::query::Data::Grid(g)) => super::grid::title(state, g),
        (Place::Graph(..), crate::console::query::Data::Graph(g)) => super::graph::title(state, g),
        (Place::Gantt(_), crate::console::query::Data::Run(r)) => super::gantt::title(state, r),
        (Place::Instance(..), crate::console::query::Data::Instance(d)) => super::instance::title(state, d),
        (Place::Assets, crate::console::query::Data::Assets(all)) => super::assets::title(state, all),
        (Place::Search(text), crate::console::query::Data::Hits(hits)) => super::search::title(state, text, hits),
        (Place::Logs(_), crate::console::query::Data::Logs(rows)) => super::log::title(rows),
        (Place::System, _) => format!("home {}", state.facts.home.display()),
        (Place::Xcom(..), crate::console::query::Data::Xcoms(x)) => super::xcom::title(state, x),
        (Place::Compare(_, _, base), crate::console::query::Data::Compare(Some(c))) => super::compare::title(c, base),
        (Place::Pods(gone), crate::console::query::Data::Pods(p)) => super::pods::title(state, p, *gone),
        (Place::Pod(_), crate::console::query::Data::Pod(Some(p))) => super::pod::title(state, p),
        (Place::Spec(_, differs), crate::console::query::Data::Pod(Some(p))) => {
            super::pod_spec::title(state, p, *differs)
        }
        (Place::Audit(Some(_)), _) => "acts about this, newest first".into(),
        (Place::Instances(Some(run)), _) => format!("{} {}", run.dag_id, run.run_id),
        _ => String::new(),
    }
}

/// How many lines a log has, if all of it is held, and how many errors are in what is held.
fn held(window: &Window) -> String {
    let errors = window.lines.iter().filter(|l| l.first && l.level >= Level::Error).count();
    let errors = if errors > 0 { count(errors, "error") } else { "no error".into() };
    if window.start == 0 && window.end >= window.size {
        format!(", {}, {errors}", count(window.lines.len(), "line"))
    } else {
        format!(", {errors} in this part")
    }
}

/// What a log's title line says about how it is shown.
pub fn log_modes(state: &State, log: &LogView) -> String {
    let size = log.window.as_ref().map_or(0, |w| w.size);
    let word = |on| if on { "on" } else { "off" };
    let whole = log.window.as_ref().filter(|w| w.matches.is_none() && w.size > 0);
    let held = whole.map_or_else(String::new, |w| held(w));
    let mut all = format!("{}{held}  follow {}  wrap {}", text::bytes(size as i64), word(log.follow), word(log.wrap));
    if let Some(matches) = log.window.as_ref().and_then(|w| w.matches) {
        let what = log.only.text.as_ref().map_or_else(String::new, |t| format!(" & {t}"));
        let level = if log.only.problems { " ! warnings and errors" } else { "" };
        return format!("{all}  ONLY{what}{level}: {matches} records ({}: all)", state.keymap.short(Action::Back));
    }
    if let Some(w) = &log.window
        && w.size > 0
    {
        let at = match log.top {
            None => "end".into(),
            Some(top) => {
                let offset = w.lines.get(top).map_or(0, |l| l.offset);
                format!("{}%", offset * 100 / w.size)
            }
        };
        all.push_str(&format!("  at {at}"));
    }
    all
}
