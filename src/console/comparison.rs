//! The lines of two tries beside each other: facts, inputs and XComs, what their pods used, the ends of their logs.

use crate::{
    model::{TiState, filter::Filter},
    store::screens::compare::{Compare, Pair},
};

use super::{
    curves, fields,
    items::{Item, Kind},
    place::Object,
    screen::Screen,
};

/// Its lines, and how many there would be without the filter.
pub fn lines(screen: &Screen, c: &Compare, filter: &Filter) -> (Vec<Item>, usize) {
    let curves = curves::lines(&c.curves, 1);
    let total = c.pairs.len() + curves.len() + screen.log_pairs.len();
    let object = Object::Ti(c.right.ti.clone(), TiState::None);
    let mut items = Vec::new();
    // Title, kind, lines with whether they differ. Of curves the peaks count: no two are equal.
    let of_pairs = |pairs: &[Pair]| pairs.iter().map(|p| (p.clone(), p.differs())).collect::<Vec<_>>();
    let of_curves = curves.into_iter().map(|c| (c.pair, c.differs)).collect();
    for (title, kind, part) in [
        ("FACTS, INPUTS, XCOMS; different", Kind::Pair, of_pairs(&c.pairs)),
        ("WHAT THEIR PODS USED (peak, curve); clearly different", Kind::Curve, of_curves),
        ("END OF THE LOGS, times and numbers aside; different", Kind::LogPair, of_pairs(&screen.log_pairs)),
    ] {
        if part.is_empty() && kind != Kind::Pair {
            continue;
        }
        let fits = |(_, (p, _)): &(usize, &(Pair, bool))| filter.matches(&fields::pair(p));
        let some: Vec<_> = part.iter().enumerate().filter(fits).collect();
        let differ = some.iter().filter(|(_, (_, differs))| *differs).count();
        let heading = Kind::Heading(title.into(), differ);
        items.push(Item::new(format!("heading:{title}"), heading, 0, Object::None, true));
        for (at, (_, differs)) in some {
            items.push(Item::new(format!("{kind:?}:{at}"), kind.clone(), at, object.clone(), *differs));
        }
    }
    (items, total)
}
