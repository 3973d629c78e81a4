//! `=`: a try beside an earlier one, XComs beside those of the run before.

use crate::{
    console::{
        items::Kind,
        message::Effect,
        place::{Object, Place, Tab},
        query::Data,
        state::State,
    },
    model::TiState,
    store::screens::{TiRef, compare::Base},
};

use super::navigate;

/// Compares: a try with an earlier one, or the XComs of a run with those of the run before.
pub fn compare(state: &mut State) -> Vec<Effect> {
    let screen = state.screen_mut();
    if let (Place::Xcom(..), Data::Xcoms(xcoms)) = (&screen.place, &screen.data)
        && xcoms.previous.is_none()
    {
        state.flash("no earlier run has it", true);
        return Vec::new();
    }
    if let Place::Xcom(_, _, compared) = &mut screen.place {
        *compared = !*compared;
        return state.load();
    }
    if matches!(screen.place, Place::Compare(..)) {
        screen.skipped = 0;
        return next_base(state);
    }
    let shown = screen.shown_try;
    let failed = |s: TiState| s.is_failure();
    let (ti, number, state_now) = match (&screen.data, screen.object()) {
        (Data::Instance(d), _) => (d.row.ti.clone(), shown.unwrap_or(d.row.try_number), d.row.state),
        (Data::Instances(rows), Object::Ti(ti, s)) => {
            let row = screen.item().and_then(|i| rows.get(i.at));
            (ti, row.map_or(0, |r| r.try_number), s)
        }
        (_, Object::Ti(ti, s)) => (ti, 0, s),
        _ => return Vec::new(),
    };
    let marked: Vec<TiRef> =
        if screen.marks.is_empty() { Vec::new() } else { screen.targets().iter().filter_map(Object::ti).collect() };
    let base = match marked.as_slice() {
        [a, b] => {
            let (a, b) = (a.clone(), b.clone());
            return navigate::push(state, Place::Compare(a, 0, Base::Other(b)), |_| {});
        }
        _ if failed(state_now) => Base::LastSuccess,
        _ if number > 1 => Base::TryBefore,
        _ => Base::RunBefore,
    };
    // Whoever looks at XComs wants those compared.
    let from_xcoms = matches!(state.screen().place, Place::Instance(_, Tab::Xcom));
    navigate::push(state, Place::Compare(ti, number, base), |s| s.wanted = from_xcoms.then(|| FIRST_XCOM.into()))
}

/// Stands for the first XCom of a comparison that isn't read yet.
const FIRST_XCOM: &str = "first xcom";

/// Compares with another: the try before, the last success, the run before, and so on.
fn next_base(state: &mut State) -> Vec<Effect> {
    let screen = state.screen_mut();
    if let Place::Compare(_, _, base) = &mut screen.place {
        *base = match base {
            Base::TryBefore => Base::LastSuccess,
            Base::LastSuccess => Base::RunBefore,
            _ => Base::TryBefore,
        };
    }
    screen.data = Data::None;
    screen.log_pairs.clear();
    state.load()
}

/// After a comparison was read: one that there is nothing for makes way for the next.
pub fn compared(state: &mut State) -> Vec<Effect> {
    let screen = state.screen_mut();
    match (&screen.place, &screen.data) {
        (Place::Compare(_, _, Base::Other(_)), _) => Vec::new(),
        (Place::Compare(..), Data::Compare(None)) if screen.skipped < 2 => {
            screen.skipped += 1;
            next_base(state)
        }
        (Place::Compare(..), Data::Compare(Some(c))) if screen.wanted.as_deref() == Some(FIRST_XCOM) => {
            screen.wanted = None;
            let first = c.pairs.iter().position(|p| p.name.starts_with("xcom "));
            let at = first.and_then(|at| screen.items.iter().position(|i| i.kind == Kind::Pair && i.at == at));
            screen.cursor = at.unwrap_or(screen.cursor);
            Vec::new()
        }
        _ => Vec::new(),
    }
}
