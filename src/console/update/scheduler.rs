//! The scheduler as such: it is started, it ends, it says how it is.

use crate::{
    console::{
        message::Effect,
        place::Place,
        state::{Launch, Link, State},
    },
    store::screens::SECOND,
};

/// A scheduler is wanted.
pub fn start(state: &mut State) -> Vec<Effect> {
    state.launch = Launch::Asked(state.now);
    vec![Effect::StartScheduler]
}

/// What came of starting one.
pub fn launched(state: &mut State, answer: Result<Option<u32>, String>) -> Vec<Effect> {
    match answer {
        Ok(Some(pid)) => {
            state.launch = Launch::Started(pid, state.now);
            state.flash(format!("started a scheduler (pid {pid}); it goes on when you leave"), false);
        }
        Ok(None) => state.launch = Launch::None,
        Err(why) => {
            state.launch = Launch::Ended(why.clone());
            state.flash(format!("no scheduler was started: {why}"), true);
        }
    }
    Vec::new()
}

/// The one that this console started ended.
pub fn ended(state: &mut State, pid: u32, how: &str, words: &str) -> Vec<Effect> {
    if matches!(state.launch, Launch::Started(started, _) if started == pid) {
        state.launch = Launch::Ended(format!("the one that this console started (pid {pid}) ended ({how}), {words}"));
        state.flash(format!("the scheduler (pid {pid}) ended, {how}; 0 S or :sched starts one"), true);
    }
    Vec::new()
}

/// Asks the scheduler about itself, if the screen shows that.
pub fn ask_status(state: &mut State) -> Option<Effect> {
    let every = match state.screen().place {
        Place::System | Place::Pods(_) => 0,
        Place::Triage | Place::Dags if state.parsing() > 0 => SECOND / 2,
        Place::Triage => 5 * SECOND,
        _ => return None,
    };
    if state.link != Link::Up || state.now - state.status_at < every {
        return None;
    }
    state.status_at = state.now;
    Some(Effect::Status(state.next_ticket()))
}
