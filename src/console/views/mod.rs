//! `draw(&state)`: one file per screen. Nothing here changes anything or asks anybody.

pub mod about;
pub mod aliases;
pub mod assets;
pub mod audit;
pub mod backfills;
pub mod calendar;
pub mod clusters;
pub mod compare;
pub mod dags;
pub mod events;
pub mod footer;
pub mod form;
pub mod gantt;
pub mod graph;
pub mod grid;
pub mod header;
pub mod instance;
pub mod instance_text;
pub mod instances;
pub mod list;
pub mod log;
pub mod log_values;
pub mod overlay;
pub mod parts;
pub mod pod;
pub mod pod_spec;
pub mod pods;
pub mod runs;
pub mod search;
pub mod settings;
pub mod side;
pub mod strip;
pub mod system;
pub mod table;
pub mod triage;
pub mod versions;
pub mod xcom;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    keymap::Action,
    layout::{SMALLEST, is_small, layout},
    overlay::Overlay,
    place::Place,
    query::Data,
    state::{Link, State},
    theme::Role,
    widgets::{paint, reduce::reduce, text},
};

/// Draws everything.
pub fn draw(state: &State, buf: &mut Buffer) {
    text::in_zone(state.local);
    let area = Rect { x: 0, y: 0, width: state.size.0, height: state.size.1 }.intersection(*buf.area());
    buf.set_style(area, state.theme.role(Role::Text));
    if is_small(state) {
        small(state, buf);
    } else {
        draw_parts(state, buf, area);
    }
    reduce(buf, state.facts.colours, state.facts.ascii);
}

fn draw_parts(state: &State, buf: &mut Buffer, area: Rect) {
    let parts = layout(state);
    header::draw(state, &parts, buf);
    if let Overlay::Form(form) | Overlay::Protect(form, ..) = &state.overlay {
        form::draw(state, form, &parts, buf);
        footer::draw(state, &parts, buf);
        overlay::draw(state, buf, area);
        return;
    }
    let screen = state.screen();
    match (&screen.place, &screen.data) {
        (_, Data::None | Data::Gone | Data::NoStore) => nothing(state, buf, parts.list),
        (Place::Triage, Data::Triage(t)) => triage::draw(state, t, &parts, buf),
        (Place::Dags, Data::Dags(d)) => dags::draw(state, d, &parts, buf),
        (Place::Runs(_), Data::Runs(r)) => runs::draw(state, r, &parts, buf),
        (Place::Instances(_), Data::Instances(r)) => instances::draw(state, r, &parts, buf),
        (Place::System, Data::System(s)) => system::draw(state, s, &parts, buf),
        (Place::Grid(_), Data::Grid(g)) => grid::draw(state, g, &parts, buf),
        (Place::Graph(..), Data::Graph(g)) => graph::draw(state, g, &parts, buf),
        (Place::About(_), Data::About(dag)) => about::draw(state, dag, &parts, buf),
        (Place::Gantt(_), Data::Run(r)) => gantt::draw(state, r, &parts, buf),
        (Place::Instance(_, tab), Data::Instance(d)) => instance::draw(state, d, *tab, &parts, buf),
        (Place::Audit(_), Data::Audit(rows)) => audit::draw(state, rows, &parts, buf),
        (Place::Backfills, Data::Backfills(rows)) => backfills::draw(state, rows, &parts, buf),
        (Place::Assets, Data::Assets(all)) => assets::draw(state, all, &parts, buf),
        (Place::Search(_), Data::Hits(hits)) => search::draw(state, hits, &parts, buf),
        (Place::Logs(_), Data::Logs(rows)) => log::several(state, rows, &parts, buf),
        (Place::Settings, Data::Settings(s)) => settings::draw(state, s, &parts, buf),
        (Place::Versions(_), Data::Versions(v)) => versions::draw(state, v, &parts, buf),
        (Place::Source(_, number), Data::Versions(v)) => versions::source(state, v, *number, &parts, buf),
        (Place::Calendar(_), Data::Calendar(c)) => calendar::draw(state, c, &parts, buf),
        (Place::Compare(..), Data::Compare(Some(c))) => compare::draw(state, c, &parts, buf),
        (Place::Compare(..), Data::Compare(None)) => nothing_to_compare(state, buf, parts.list),
        (Place::Xcom(..), Data::Xcoms(x)) => xcom::draw(state, x, &parts, buf),
        (Place::Pods(_), Data::Pods(p)) => pods::draw(state, p, &parts, buf),
        (Place::Pod(_), Data::Pod(Some(p))) => pod::draw(state, p, &parts, buf),
        (Place::Pod(_), Data::Pod(None)) => pod::none(state, buf, parts.list),
        (Place::Spec(_, differs), Data::Pod(Some(p))) => pod_spec::draw(state, p, *differs, &parts, buf),
        _ => {}
    }
    if let Some(area) = parts.side.filter(|_| !matches!(screen.place, Place::Gantt(_))) {
        side::draw(state, area, buf);
    }
    footer::draw(state, &parts, buf);
    overlay::draw(state, buf, area);
}

/// Before anything was read, or when it is gone.
fn nothing(state: &State, buf: &mut Buffer, area: Rect) {
    let screen = state.screen();
    let (text, role) = match (&screen.error, &screen.data) {
        (Some(why), _) => (why.clone(), Role::Bad),
        (None, Data::Gone) => {
            (format!("it is gone from the store; {} goes back", state.keymap.short(Action::UpOne)), Role::Warn)
        }
        (None, Data::NoStore) if state.starting() || state.link == Link::Up => {
            let mut text = "The scheduler is starting; it makes the store now.".to_owned();
            if !state.starting() {
                let ends = "`dagdeck scheduler stop` ends it,";
                text.push_str(&format!(
                    "\nIf this stays, the scheduler that runs is an older dagdeck's: {ends} {} starts this one.",
                    state.starts()
                ));
            }
            (text, Role::Dim)
        }
        (None, Data::NoStore) => {
            let db = state.facts.home.join("dagdeck.db");
            let what = format!("There is no store yet at {} (or an older dagdeck made it).", db.display());
            (format!("{what}\nA scheduler makes it when it starts: {} starts one.", state.starts()), Role::Warn)
        }
        _ => ("reading ..".into(), Role::Dim),
    };
    for (y, line) in super::widgets::text::wrap(&text, area.width.saturating_sub(4) as usize).iter().enumerate() {
        paint::put(buf, area.x + 2, area.y + 1 + y as u16, line, area.width as usize - 4, state.theme.role(role));
    }
}

fn nothing_to_compare(state: &State, buf: &mut Buffer, area: Rect) {
    let text = "Nothing to compare with: it has no earlier try, and no run before this one has it.";
    let text = format!("{text} {} goes back.", state.keymap.short(Action::UpOne));
    for (y, line) in super::widgets::text::wrap(&text, area.width.saturating_sub(4) as usize).iter().enumerate() {
        paint::put(buf, area.x + 2, area.y + 1 + y as u16, line, area.width as usize - 3, state.theme.role(Role::Dim));
    }
}

/// The terminal is too small for any screen.
fn small(state: &State, buf: &mut Buffer) {
    let (w, h) = state.size;
    let (name, style) = header::environment(state);
    let form = if matches!(state.overlay, Overlay::Form(_) | Overlay::Protect(..)) {
        "  a form is open: make room, or Esc"
    } else {
        ""
    };
    let lines = [
        format!("{}{form}", state.screen().place.title()),
        format!("need {}x{}, have {w}x{h}", SMALLEST.0, SMALLEST.1),
        state.alerts.map_or_else(String::new, |n| format!("{n} need you")),
        format!("{}: up or quit, digits: screens", state.keymap.short(Action::UpOne)),
    ];
    let after = paint::put(buf, 0, 0, &format!("{name}>"), w as usize, style);
    for (y, line) in lines.iter().enumerate() {
        let x = if y == 0 { (after + 1).min(w) } else { 0 };
        paint::put(buf, x, y as u16, line, (w - x) as usize, state.theme.role(Role::Text));
    }
    if matches!(state.overlay, Overlay::Quit) {
        paint::put(buf, 0, 4, "quit? y/n", w as usize, state.theme.role(Role::Warn));
    }
}
