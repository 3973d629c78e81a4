//! Which part of a timeline is seen.

use crate::{
    console::{keymap::Action, query::Data, state::State, views::gantt},
    store::screens::{Micros, SECOND},
};

/// The shortest span that is seen.
const SHORTEST: Micros = SECOND / 100;

/// Zooms into what ran at the cursor, out of it, or back to all.
pub fn zoom(state: &mut State, action: Action) {
    let Some((all, seen, line)) = spans(state) else { return };
    let span = seen.1 - seen.0;
    let middle = |(a, b): (Micros, Micros)| a + (b - a) / 2;
    let new = match action {
        Action::ZoomIn if span / 2 < SHORTEST => {
            state.flash("no closer than this", false);
            return;
        }
        Action::ZoomIn => {
            // The try under the cursor, as far as it is in sight; what is outside of it isn't jumped to by a zoom alone.
            let at = line.map(|(a, b)| (a.max(seen.0), b.min(seen.1))).filter(|(a, b)| a <= b);
            Some(around(all, middle(at.unwrap_or(seen)), span / 2))
        }
        Action::ZoomOut => Some(around(all, middle(seen), span * 2)),
        _ => None,
    };
    state.screen_mut().zoom = new.filter(|new| *new != all);
}

/// The beginning or end of the run, as close as now.
pub fn end(state: &mut State, last: bool) {
    let Some((all, seen, _)) = spans(state) else { return };
    if state.screen().zoom.is_some() {
        let span = seen.1 - seen.0;
        state.screen_mut().zoom = Some(around(all, if last { all.1 } else { all.0 }, span));
    }
}

/// The cursor moved: what ran there comes in sight.
pub fn follow(state: &mut State) {
    let Some((all, seen, Some(line))) = spans(state) else { return };
    if state.screen().zoom.is_some() && (line.1 < seen.0 || line.0 > seen.1) {
        let span = seen.1 - seen.0;
        let middle = line.0 + (line.1 - line.0).min(span) / 2;
        state.screen_mut().zoom = Some(around(all, middle, span));
    }
}

type Span = (Micros, Micros);

/// All of the run, what is seen of it, and when what is under the cursor ran.
fn spans(state: &State) -> Option<(Span, Span, Option<Span>)> {
    let screen = state.screen();
    let Data::Run(r) = &screen.data else { return None };
    let all = gantt::whole(state, r);
    Some((all, screen.zoom.unwrap_or(all), screen.item().and_then(|item| gantt::ran(state, r, item))))
}

/// So long a span around an instant, inside of all.
fn around(all: Span, middle: Micros, span: Micros) -> Span {
    let span = span.min(all.1 - all.0);
    let start = (middle - span / 2).clamp(all.0, all.1 - span);
    (start, start + span)
}
