//! A text looked for in all logs.

use crate::console::{
    log::search::Hits,
    message::Effect,
    place::{Object, Place, Tab},
    query::{Asker, Data, Query},
    state::{Errand, State},
};

use super::navigate::push;

/// Looks for a text in all logs there are, on a screen of its own.
pub fn start(state: &mut State, text: String) -> Vec<Effect> {
    // The screen before this one stays below; of several searches in a row only the last.
    if matches!(state.screen().place, Place::Search(_)) {
        state.stack.pop();
    }
    push(state, Place::Search(text), |_| {})
}

/// How far it is, or why it can't be. What isn't waited for any more counts no longer.
pub fn told(state: &mut State, number: u64, answer: Result<Hits, String>) -> Vec<Effect> {
    let now = state.now;
    let is_over = answer.as_ref().map_or(true, |hits| hits.done);
    let Some(screen) = state.screens_mut().find(|s| s.waiting == Some(number)) else { return Vec::new() };
    if is_over {
        screen.waiting = None;
    }
    match answer {
        // A search that was begun again shows what it had found before until it is as far.
        Ok(hits) if matches!(&screen.data, Data::Hits(old) if !hits.done && hits.files.0 < old.files.0) => {}
        Ok(hits) => screen.take(Data::Hits(Box::new(hits)), now),
        Err(why) => screen.error = Some(why),
    }
    if is_over {
        state.hunt = None;
    }
    Vec::new()
}

/// Opens the log of the line under the cursor, at that line.
pub fn open(state: &mut State) -> Vec<Effect> {
    let screen = state.screen();
    let (Data::Hits(hits), Some(item)) = (&screen.data, screen.item()) else { return Vec::new() };
    let Some(hit) = hits.hits.get(item.at).cloned() else { return Vec::new() };
    let ticket = state.next_ticket();
    let query = Query::Located {
        dag_id: hit.dag_id.clone(),
        run_id: hit.run_id.clone(),
        task: Some((hit.task_id.clone(), hit.map_index)),
    };
    state.errand = Some((ticket, Errand::Hit(hit.try_number, hit.end)));
    vec![Effect::Load(ticket, Asker::Errand, query)]
}

/// The task instance of that line is known.
pub fn located(state: &mut State, ti: Object, try_number: u32, end: u64) -> Vec<Effect> {
    let Place::Search(text) = state.screen().place.clone() else { return Vec::new() };
    let Some(ti) = ti.ti() else {
        state.flash("the run of this log is gone from the store; the file is still there (y l copies the line)", true);
        return Vec::new();
    };
    push(state, Place::Instance(ti, Tab::Log), |s| {
        s.shown_try = Some(try_number);
        s.log.search = text;
        s.log.opens_at = Some(end);
    })
}
