//! How far running instances are: asked for while some are on the screen, as nothing in the store changes with it.

use crate::{
    console::{message::Effect, query::Data, screen::Screen, state::State},
    model::TiState,
    store::screens::{SECOND, TiRef, instances::TiRow},
};

use super::logs::log_path;

/// Logs that are looked at.
const MOST: usize = 200;
/// How often.
const EVERY: i64 = 2 * SECOND;

/// Running instances on a screen with the numbers of their tries.
fn running(screen: &Screen) -> Vec<(TiRef, u32)> {
    let of = |rows: &[TiRow]| -> Vec<(TiRef, u32)> {
        let running = rows.iter().filter(|r| r.state == TiState::Running);
        running.take(MOST).map(|r| (r.ti.clone(), r.try_number)).collect()
    };
    match &screen.data {
        Data::Instances(page) => of(&page.rows),
        Data::Run(run) => of(&run.instances),
        Data::Graph(graph) => graph.run.as_ref().map(|r| of(&r.instances)).unwrap_or_default(),
        Data::Instance(d) => of(std::slice::from_ref(&d.row)),
        Data::Grid(grid) => grid.running.clone(),
        _ => Vec::new(),
    }
}

/// Some progress may be shown, so that time alone changes the screen.
pub fn is_watched(state: &State) -> bool {
    state.focused && !state.frozen && !running(state.screen()).is_empty()
}

/// Asks again after a while.
pub fn wanted(state: &mut State) -> Vec<Effect> {
    if state.now - state.progress_at < EVERY || !is_watched(state) {
        return Vec::new();
    }
    state.progress_at = state.now;
    let logs = &state.facts.logs;
    let all = running(state.screen()).into_iter().map(|(ti, number)| {
        let path = log_path(logs, &ti, number.max(1));
        (ti, path)
    });
    vec![Effect::Progress(all.collect())]
}
