//! The log of a task instance: which file, which part of it, what is looked for.

use std::path::PathBuf;

use crate::{
    console::{
        layout::layout,
        log::{
            Ask, Found, LogView,
            file::{Only, Part},
        },
        message::Effect,
        place::Place,
        query::Data,
        screen::Screen,
        state::State,
    },
    model::UNMAPPED,
    store::screens::{TiRef, instances::TiRow},
};

use super::LogAnswer;

/// Logs that are shown as one; of more the last.
const MOST_LOGS: usize = 100;

/// The log file of a try.
pub fn log_path(logs: &std::path::Path, ti: &TiRef, number: u32) -> PathBuf {
    let mut path = logs.join(format!("dag_id={}", ti.run.dag_id));
    path.push(format!("run_id={}", ti.run.run_id));
    path.push(format!("task_id={}", ti.task_id));
    if ti.map_index != UNMAPPED {
        path.push(format!("map_index={}", ti.map_index));
    }
    path.push(format!("attempt={number}.log"));
    path
}

/// The log of the shown try.
pub fn log_of_try(state: &mut State) -> Vec<Effect> {
    let logs = state.facts.logs.clone();
    let screen = state.screen_mut();
    let part = wanted_part(screen, &logs);
    let path = screen.log.path.clone();
    part.map(|part| vec![Effect::Log(Ask { path, part })]).unwrap_or_default()
}

/// Which part of its log a screen with a task instance wants to read.
pub fn wanted_part(screen: &mut Screen, logs: &std::path::Path) -> Option<Part> {
    if let Data::Logs(rows) = &screen.data {
        let rows = &rows[rows.len().saturating_sub(MOST_LOGS)..];
        let several = rows.iter().any(|r| r.ti.task_id != rows[0].ti.task_id);
        let name = |r: &TiRow| match r.ti.map_index {
            index if several || index == UNMAPPED => r.ti.label(),
            index => format!("[{index}]"),
        };
        let file = |r: &TiRow| log_path(logs, &r.ti, r.try_number.max(1));
        let sources: Vec<_> = rows.iter().map(|r| (name(r), file(r))).collect();
        let new = screen.log.path.as_os_str().is_empty();
        if new {
            let running = rows.iter().any(|r| r.state == crate::model::TiState::Running);
            // No file has this name: it tells the answers for this screen from others.
            screen.log = LogView::new(sources.iter().map(|(_, path)| path.as_path()).collect(), running);
        }
        screen.log.sources = sources;
        return Some(if new { screen.log.end() } else { screen.log.newer() });
    }
    let (Place::Instance(ti, _), Data::Instance(d)) = (&screen.place, &screen.data) else { return None };
    let number = screen.shown_try.unwrap_or(d.row.try_number).max(1);
    let path = log_path(logs, ti, number);
    let running = d.row.state == crate::model::TiState::Running && number == d.row.try_number;
    if path != screen.log.path {
        let wrap = screen.log.path.as_os_str().is_empty() || screen.log.wrap;
        let opens_at = screen.log.opens_at;
        screen.log = LogView {
            wrap,
            stamps: screen.log.stamps,
            colours: screen.log.colours,
            search: screen.log.search.clone(),
            only: screen.log.only.clone(),
            ..LogView::new(path, running && opens_at.is_none())
        };
        let find = |from| Part::Find { text: Some(screen.log.search.clone()), from, forward: false };
        return Some(opens_at.map_or_else(|| screen.log.end(), find));
    }
    // The end of a log belongs to the end of its try, so it is read once more then.
    screen.log.top.is_none().then(|| screen.log.newer())
}

/// The logs of two tries that are compared.
pub fn logs_beside(state: &mut State) -> Vec<Effect> {
    let logs = state.facts.logs.clone();
    let screen = state.screen_mut();
    let (Place::Compare(..), Data::Compare(Some(c))) = (&screen.place, &screen.data) else { return Vec::new() };
    let path = log_path(&logs, &c.right.ti, c.right.number);
    let left = log_path(&logs, &c.left.ti, c.left.number);
    screen.log.path.clone_from(&path);
    vec![Effect::Log(Ask { path, part: Part::Beside(left) })]
}

/// A log that is followed is looked at again.
pub fn follow(state: &mut State) -> Vec<Effect> {
    let screen = state.screen();
    if !screen.place.is_log() || !screen.log.follow || state.frozen {
        return Vec::new();
    }
    vec![Effect::Log(Ask { path: screen.log.path.clone(), part: screen.log.newer() })]
}

/// Shows only some records of the log, from its end.
pub fn only(state: &mut State, only: Only) -> Vec<Effect> {
    let log = &mut state.screen_mut().log;
    log.only = only;
    log.top = None;
    log.found = None;
    vec![Effect::Log(Ask { path: log.path.clone(), part: log.end() })]
}

/// A part of a log came.
pub fn log_answer(state: &mut State, ask: &Ask, answer: LogAnswer) -> Vec<Effect> {
    if let Some(side) = state.side.screen.as_mut().filter(|s| s.log.path == ask.path) {
        match &answer {
            Ok(Found::Window(window)) => side.log.take(window.clone(), None),
            Ok(Found::Missing) => side.log.missing = true,
            _ => {}
        }
    }
    let is_searched = state.search.take_if(|s| s.path == ask.path).is_some();
    let elsewhere = is_searched && state.screen().log.path != ask.path;
    let Some(screen) = state.screens_mut().find(|s| s.log.path == ask.path) else { return Vec::new() };
    match answer {
        Ok(Found::Window(window)) => screen.log.take(window, None),
        Ok(Found::Match(window, at)) => screen.log.take(window, Some(at)),
        Ok(Found::Beside(pairs)) => {
            screen.log_pairs = pairs;
            screen.rebuild();
        }
        Ok(Found::Missing) => screen.log.missing = true,
        Ok(Found::Same) => {}
        Ok(Found::NoMatch) => {
            let what = match &ask.part {
                Part::Find { text: Some(text), .. } => format!("{text}: not found"),
                _ => "no error in that direction".into(),
            };
            state.flash(what, false);
        }
        Err(why) => state.flash(why, true),
    }
    if elsewhere {
        let what = state.flash.take().map_or_else(|| "the search in the log is done".to_owned(), |f| f.text);
        state.flash(format!("{what}; Backspace goes back to the log"), false);
    }
    Vec::new()
}

fn log_size(state: &State) -> (usize, usize) {
    let l = layout(state);
    (l.list.height as usize, crate::console::views::log::text_columns(&state.screen().log, l.list.width as usize))
}

pub fn scroll_log(state: &mut State, by: isize) -> Vec<Effect> {
    let (height, columns) = log_size(state);
    let log = &mut state.screen_mut().log;
    let path = log.path.clone();
    // The ends of the file may lie outside of the part that is held.
    let part = match (&log.window, by) {
        (Some(w), isize::MIN..-1_000_000) if w.start > 0 && !log.sources.is_empty() => {
            log.follow = false;
            log.deeper = u32::MAX;
            log.top = Some(0);
            log.window = None;
            Some(log.end())
        }
        (Some(w), isize::MIN..-1_000_000) if w.start > 0 => {
            log.follow = false;
            log.window = None;
            log.top = Some(0);
            Some(Part::Around(0))
        }
        (Some(w), 1_000_001..=isize::MAX) => {
            log.top = None;
            (w.end < w.size).then(|| log.end())
        }
        _ => log.scroll(by, height, columns),
    };
    part.map(|part| vec![Effect::Log(Ask { path, part })]).unwrap_or_default()
}

pub fn find(state: &mut State, text: Option<String>, forward: bool) -> Vec<Effect> {
    let (height, columns) = log_size(state);
    // A search goes through the whole log.
    let several = !state.screen().log.sources.is_empty();
    if !several {
        state.screen_mut().log.only = Only::default();
    }
    let log = &mut state.screen_mut().log;
    if !log.sources.is_empty() {
        if !log.find_held(text.as_deref(), forward, height, columns) {
            state.flash("not found in the ends of these logs", false);
        }
        return Vec::new();
    }
    let from = log.search_from(forward, height, columns);
    vec![Effect::Log(Ask { path: log.path.clone(), part: Part::Find { text, from, forward } })]
}

/// A filter was typed to its end. In a log it is what is looked for, backwards from the end as the newest counts.
pub fn filter_done(state: &mut State) -> Vec<Effect> {
    if !state.screen().place.is_log() {
        let is_text = state.screen().place.is_text() && !state.screen().filter.text.is_empty();
        return if is_text { super::reading::find(state, true, true) } else { Vec::new() };
    }
    let text = state.screen().filter.text.clone();
    let log = &mut state.screen_mut().log;
    log.search.clone_from(&text);
    log.found = None;
    if text.is_empty() {
        return Vec::new();
    }
    let at_end = log.top.is_none();
    find(state, Some(text), !at_end)
}
