//! Keeps the pane beside a list about what is under the cursor: one question at a time, the newest wish counts.

use crate::{
    console::{
        layout::layout,
        log::{Ask, Stamps},
        message::Effect,
        place::{Object, Place, Tab},
        query::{Asker, Data, Query},
        screen::Screen,
        side::{About, Side},
        state::State,
    },
    model::{RunState, TiState},
};

use super::logs;

/// What the pane should be about.
fn about(state: &State) -> About {
    let screen = state.screen();
    let layout = layout(state);
    // The card beside a grid tells more of its cell, also where no pane is.
    let has_card = matches!(screen.place, Place::Grid(_)) && layout.preview.is_some();
    if layout.side.is_none() && !has_card {
        return About::Nothing;
    }
    match (&screen.place, screen.object()) {
        (Place::Gantt(_), _) => About::Nothing,
        (Place::Dags, _) => About::Triage,
        (_, Object::Task(run, task, _)) => About::WorstOf(run, task),
        (_, Object::Run(run, RunState::Failed)) => About::FailureOf(run),
        (_, object) => object.ti().map_or(About::Nothing, About::Instance),
    }
}

/// Asks for what the pane should show, unless an answer is still to come.
pub fn wanted(state: &mut State) -> Vec<Effect> {
    let about = about(state);
    if about == About::Nothing {
        if state.side.about != About::Nothing {
            state.side = Side::default();
        }
        return Vec::new();
    }
    let again = state.side.stale && !state.frozen && state.focused;
    if state.side.waiting.is_some() || (state.side.about == about && !again) {
        return Vec::new();
    }
    let query = match &about {
        About::Instance(ti) => Query::Instance(ti.clone()),
        About::WorstOf(run, task) => Query::WorstOf { run: run.id, task_id: task.clone() },
        About::FailureOf(run) => Query::FailureOf { dag_id: run.dag_id.clone(), run: run.id },
        _ => Query::Triage { now: state.now },
    };
    let ticket = state.next_ticket();
    state.side.about = about;
    state.side.stale = false;
    state.side.waiting = Some(ticket);
    vec![Effect::Load(ticket, Asker::Side, query)]
}

/// Takes the answer; of an instance the end of its log is wanted then.
pub fn loaded(state: &mut State, answer: Result<Data, String>) -> Vec<Effect> {
    let now = state.now;
    let logs = state.facts.logs.clone();
    state.side.waiting = None;
    let place = match &answer {
        Ok(Data::Triage(_)) => Place::Triage,
        Ok(Data::Instance(d)) => Place::Instance(d.row.ti.clone(), Tab::Log),
        _ => {
            state.side.screen = None;
            return Vec::new();
        }
    };
    let mut screen =
        state.side.screen.take().filter(|s| s.place == place).unwrap_or_else(|| Box::new(Screen::new(place)));
    if let Ok(data) = answer {
        screen.take(data, now);
    }
    // The pane is narrow, and the whole log one key away.
    screen.log.stamps = Stamps::None;
    let is_seen = layout(state).side.is_some();
    let part = if is_seen { logs::wanted_part(&mut screen, &logs) } else { None };
    let path = screen.log.path.clone();
    state.side.screen = Some(screen);
    part.map(|part| vec![Effect::Log(Ask { path, part })]).unwrap_or_default()
}

/// True while the log beside the list may grow.
pub fn grows(state: &State) -> bool {
    let shown = state.side.screen.as_ref().map(|s| &s.data);
    matches!(shown, Some(Data::Instance(d)) if d.row.state == TiState::Running)
        && state.focused
        && !state.frozen
        && layout(state).side.is_some()
}

/// Looks whether the log beside the list has grown.
pub fn follow(state: &State) -> Vec<Effect> {
    match &state.side.screen {
        Some(screen) if grows(state) => {
            vec![Effect::Log(Ask { path: screen.log.path.clone(), part: screen.log.newer() })]
        }
        _ => Vec::new(),
    }
}
