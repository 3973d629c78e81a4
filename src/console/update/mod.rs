//! `event -> update(state) -> effects`: everything that changes the state. Nothing here waits for anything.

mod act;
mod compare;
mod copy;
mod errands;
mod form;
mod graph;
mod hits;
mod incident;
mod indexes;
mod keys;
mod logs;
mod look;
mod models;
mod mouse;
mod navigate;
mod overlay;
mod panes;
mod pods;
mod progress;
mod prompt;
mod protect;
mod reading;
mod replies;
mod scheduler;
mod search;
mod settings;
mod side;
mod undo;
mod xcom;

use crate::store::screens::SECOND;

use super::{
    forms::outlook,
    jobs,
    layout::layout,
    log::Found,
    message::{Effect, Event},
    needs,
    overlay::Overlay,
    place::Place,
    pods::{PodOf, reference},
    query::{Asker, Data, Query},
    state::{Link, State},
    widgets::text,
};

/// Takes an event. The caller has set `state.now`.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = match event {
        Event::Key(key) if keys::early(state, &key) => Vec::new(),
        event => take(state, event),
    };
    while let Some(key) = keys::kept(state) {
        effects.extend(take(state, Event::Key(key)));
    }
    search::watch(state, effects)
}

fn take(state: &mut State, event: Event) -> Vec<Effect> {
    // What is copied, asked and sent is in UTC; only what is drawn follows the person.
    text::in_zone(false);
    if state.flash.as_ref().is_some_and(|f| f.until <= state.now) {
        state.flash = None;
    }
    let effects = match event {
        Event::Key(key) => {
            // Whoever types has the focus, whatever the terminal said.
            let mut effects = if state.focused { Vec::new() } else { focus(state, true) };
            effects.extend(keys::key(state, &key));
            if state.focused && state.distance.ask(state.now) {
                effects.push(Effect::Ping);
            }
            effects
        }
        Event::Paste(text) => {
            keys::paste(state, &text);
            let mut effects = form::changed(state);
            if state.screen().filtering {
                effects.extend(filter_changed(state));
            }
            effects
        }
        Event::Resize(w, h) => {
            state.size = (w, h);
            vec![Effect::Redraw]
        }
        Event::Focus(on) => focus(state, on),
        Event::Loaded(ticket, answer) => loaded(state, ticket, answer),
        Event::Dropped(ticket) => {
            dropped(state, ticket);
            Vec::new()
        }
        Event::Tested(id, well, said) => {
            state.flash(format!("connection {id} {}: {said}", if well { "answers" } else { "FAILED" }), !well);
            Vec::new()
        }
        Event::Searched(number, answer) => hits::told(state, number, answer),
        Event::Log(ask, answer) => logs::log_answer(state, &ask, answer),
        Event::Searching(done, all) => {
            search::searching(state, done, all);
            Vec::new()
        }
        Event::Changed => changed(state),
        Event::Connected => {
            state.link = Link::Up;
            state.told = None;
            state.status_at = state.now;
            let ticket = state.next_ticket();
            let mut effects = vec![Effect::Status(ticket)];
            effects.extend(ask_everywhere(state));
            effects
        }
        Event::Disconnected(why, milliseconds) => {
            let since = match &state.link {
                Link::Down { since, .. } => *since,
                _ => state.now,
            };
            let retry_at = state.now + milliseconds as i64 * 1000;
            // A scheduler that is just being started is no loss.
            if !(state.link == Link::Opening && state.starting()) {
                state.link = Link::Down { why, since, retry_at };
            }
            state.present.clear();
            replies::lost(state);
            Vec::new()
        }
        Event::Launched(answer) => scheduler::launched(state, answer),
        Event::SchedulerEnded(pid, how, words) => scheduler::ended(state, pid, &how, &words),
        Event::Exporting(number, done, all) => {
            if let Some(saving) = state.savings.iter_mut().find(|s| s.number == number) {
                saving.far.parts = (done, all);
            }
            Vec::new()
        }
        Event::Exported(number, answer) => {
            state.savings.retain(|s| s.number != number);
            match answer {
                Ok((path, lines)) => {
                    state.flash(format!("wrote {} to {}", count(lines, "line"), path.display()), false);
                }
                Err(why) => state.flash(why, true),
            }
            Vec::new()
        }
        Event::Edited(came) => form::edited(state, came),
        Event::Reply(number, answer) => replies::reply(state, number, answer),
        Event::Progress(all) => {
            for (ti, progress) in all {
                match progress {
                    Some(progress) => drop(state.progress.insert(ti, progress)),
                    None => drop(state.progress.remove(&ti)),
                }
            }
            Vec::new()
        }
        Event::Click(x, y) => mouse::click(state, x, y),
        Event::Wheel(by) => mouse::wheel(state, by),
        Event::Present(all) => {
            state.present = all;
            Vec::new()
        }
        Event::Tick => tick(state),
        Event::Answered(round_trip) => {
            state.distance.answered(round_trip);
            Vec::new()
        }
        Event::Hangup => vec![Effect::Quit],
    };
    show_jobs(state);
    let area = layout(state).list;
    let height = area.height as usize;
    let screen = state.screen_mut();
    screen.settle(height);
    if matches!(screen.place, Place::Graph(..)) {
        crate::console::graph::settle(screen, area);
    }
    let mut effects = effects;
    // Near the end of what was read of a list, more of it is read.
    if screen.more() && screen.waiting.is_none() && screen.cursor + 2 * height > screen.items.len() {
        effects.extend(state.load_more());
    }
    effects.extend(side::wanted(state));
    effects.extend(progress::wanted(state));
    effects.extend(presence(state));
    effects
}

/// The jobs as lines of the screen of the system.
fn show_jobs(state: &mut State) {
    if state.screen().place != Place::System {
        return;
    }
    let all = jobs::all(state);
    let screen = state.screen_mut();
    let same = all.iter().map(|j| (&j.of, &j.object)).eq(screen.jobs.iter().map(|j| (&j.of, &j.object)));
    screen.jobs = all;
    if !same {
        screen.rebuild();
    }
}

/// Who comes back sees what happened meanwhile.
fn focus(state: &mut State, on: bool) -> Vec<Effect> {
    state.focused = on;
    if on && state.screen().stale { state.load() } else { Vec::new() }
}

/// Tells the scheduler which screen is shown, so that others see it.
fn presence(state: &mut State) -> Option<Effect> {
    let here = state.screen().place.title();
    if state.link != Link::Up || state.told.as_ref() == Some(&here) {
        return None;
    }
    state.told = Some(here.clone());
    Some(Effect::Look(here))
}

/// Asks the store again for a list whose filter changed, if the store filters it.
pub(crate) fn filter_changed(state: &mut State) -> Vec<Effect> {
    let screen = state.screen_mut();
    screen.rebuild();
    if !(screen.is_paged() || screen.lacks_usual()) || screen.filter_error.is_some() {
        return Vec::new();
    }
    // A question that is still open is about the filter before, and isn't answered any more.
    state.load()
}

/// Something in the store changed: read again what is shown, one question at a time.
fn changed(state: &mut State) -> Vec<Effect> {
    let focused = state.focused;
    let frozen = state.frozen;
    let screen = state.screen_mut();
    if screen.waiting.is_some() || frozen || !focused {
        screen.stale = true;
        return Vec::new();
    }
    state.side.stale = true;
    let mut effects = state.load();
    effects.extend(ask_everywhere(state));
    effects
}

/// Asks for what every screen shows.
pub(crate) fn ask_everywhere(state: &mut State) -> Vec<Effect> {
    let ticket = state.next_ticket();
    vec![Effect::Load(ticket, Asker::Everywhere, Query::Everywhere(undo::awaited(state)))]
}

fn tick(state: &mut State) -> Vec<Effect> {
    let mut effects = logs::follow(state);
    effects.extend(side::follow(state));
    if state.parsing() > 0 {
        effects.extend(scheduler::ask_status(state));
    }
    let now = state.now;
    let screen = state.screen();
    // Lateness and waiting times come with time alone, so triage is read again now and then.
    let old = screen.loaded_at.is_some_and(|t| now - t > 60 * SECOND);
    if old && screen.place == Place::Triage && screen.waiting.is_none() && !state.frozen && state.focused {
        effects.extend(state.load());
    }
    effects
}

fn loaded(state: &mut State, ticket: u64, answer: Result<Data, String>) -> Vec<Effect> {
    if let Some((number, errand)) = state.errand.clone()
        && number == ticket
    {
        state.errand = None;
        return errands::errand(state, errand, answer);
    }
    state.naming = state.naming.filter(|asked| *asked != ticket);
    let now = state.now;
    if let Ok(Data::Triage(t)) = &answer {
        state.alerts = Some(needs::open(t));
    }
    if let Some(form) = state.form().filter(|f| f.outlook_asked == Some(ticket)) {
        form.outlook_asked = None;
        // Without it the form says less, and works.
        if let Ok(Data::Outlook(outlook)) = answer {
            outlook::take(form, *outlook);
        }
        return Vec::new();
    }
    if matches!(answer, Ok(Data::Outlook(_))) {
        return Vec::new();
    }
    if let Ok(Data::Everywhere(seen)) = answer {
        let seen = *seen;
        (state.held, state.clusters, state.backfills) = (seen.held, seen.clusters, seen.backfills);
        undo::refused(state, seen.refused);
        state.pod_owners = seen.pod_owners;
        return Vec::new();
    }
    if let Ok(Data::Dags(d)) = &answer {
        state.names.dags = d.dags.iter().map(|d| d.dag_id.clone()).collect();
    }
    if let Ok(Data::Names(names)) = answer {
        state.names = names;
        return Vec::new();
    }
    if state.side.waiting == Some(ticket) {
        return side::loaded(state, answer);
    }
    let Some(screen) = state.stack.iter_mut().find(|s| s.waiting == Some(ticket)) else { return Vec::new() };
    screen.waiting = None;
    let stale = screen.stale;
    match answer {
        Ok(data) => {
            // A pod that was found by its task instance stays the one that is shown.
            if let (Place::Pod(_), Data::Pod(Some(shown))) = (&screen.place, &data) {
                screen.place = Place::Pod(PodOf::This(reference(&shown.detail.row)));
            }
            screen.take(data, now);
        }
        Err(why) => screen.error = Some(why),
    }
    let mut effects = look::after_load(state);
    // What only the scheduler's memory knows is shown beside what the store does.
    effects.extend(scheduler::ask_status(state));
    if stale && !state.frozen && state.focused {
        effects.extend(state.load());
    }
    effects
}

/// Nobody answers a question any more: who asked it asks again when the answer is wanted.
fn dropped(state: &mut State, ticket: u64) {
    if state.side.waiting == Some(ticket) {
        state.side.waiting = None;
        state.side.stale = true;
    }
    if let Some(screen) = state.stack.iter_mut().find(|s| s.waiting == Some(ticket)) {
        screen.waiting = None;
        screen.stale = true;
    }
}

/// When something happens without any event, in microseconds from now: the loop wakes up then.
pub fn next_wake(state: &State) -> i64 {
    let mut wake = 10 * SECOND;
    if let Some(flash) = &state.flash {
        wake = wake.min(flash.until - state.now);
    }
    if !state.typed.0.is_empty() {
        wake = wake.min(SECOND / 2);
    }
    if let Some((_, at)) = &state.prefix {
        let box_at = at + 300_000;
        if box_at > state.now {
            wake = wake.min(box_at - state.now);
        }
    }
    if state.screen().place.is_log() && state.screen().log.follow {
        wake = wake.min(SECOND / 2);
    }
    if progress::is_watched(state) {
        wake = wake.min(2 * SECOND);
    }
    if state.parsing() > 0 || side::grows(state) {
        wake = wake.min(SECOND);
    }
    // The seconds until a held act is done are counted down, those that a job takes are counted.
    if (!state.held.is_empty() || jobs::short(state, false).is_some_and(|j| !j.starts_with("BACKFILL")))
        && state.focused
    {
        wake = wake.min(SECOND);
    }
    if let Link::Down { retry_at, .. } = &state.link
        && *retry_at > state.now
    {
        wake = wake.min(retry_at - state.now);
    }
    wake.max(10_000)
}

/// True if a form or question is open: then the screen's keys don't count.
pub(crate) fn modal(state: &State) -> bool {
    !matches!(state.overlay, Overlay::None)
}

pub use act::count;
pub use reading::lines as text_lines;
pub(crate) use scheduler::start as start_scheduler;

/// What is new in a log that was asked for.
pub(crate) type LogAnswer = Result<Found, String>;
