//! The lines of triage: what needs somebody, what will soon, what waits, what is quiet.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::{
    model::filter::Filter,
    store::screens::{instances::TiRow, triage::Triage},
};

use super::{
    fields,
    items::{Item, Kind, distinct, file_errors, ti_id, ti_item},
    place::Object,
    query::Data,
    screen::Screen,
};

/// The lines, and how many there would be without the filter.
pub fn triage(screen: &Screen, filter: &Filter) -> (Vec<Item>, usize) {
    let Data::Triage(t) = &screen.data else { return (Vec::new(), 0) };
    let now = screen.loaded_at.unwrap_or(0);
    let mut open = Vec::new();
    let mut settled = Vec::new();
    for (at, g) in t.groups.iter().enumerate() {
        if !g.members.iter().any(|m| filter.matches(&fields::ti(m, now))) {
            continue;
        }
        let quiet = g.quiet();
        let tis = g.members.iter().map(|m| m.ti.clone()).collect();
        let object = Object::Failures(g.fingerprint.clone(), tis);
        let item = Item::new(format!("group:{}", g.fingerprint), Kind::Group, at, object, !quiet);
        if quiet { settled.push(item) } else { open.push(item) }
    }
    for (at, r) in t.runs.iter().enumerate().filter(|(_, r)| filter.matches(&fields::cell(r, now))) {
        let object = Object::Run(r.run.clone(), r.state);
        open.push(Item::new(format!("run:{}", r.run.id), Kind::FailedRun, at, object, true));
    }
    for (at, q) in t.questions.iter().enumerate().filter(|(_, q)| filter.matches(&fields::ti(&q.row, now))) {
        let object = Object::Ti(q.row.ti.clone(), q.row.state);
        open.push(Item::new(format!("q{}", ti_id(&q.row.ti)), Kind::Question, at, object, true));
    }
    open.extend(file_errors(&t.errors, filter));
    let fits = |r: &TiRow| filter.matches(&fields::ti(r, now));
    let never = t.never.iter().map(|(w, _)| &w.row).enumerate().filter(|(_, r)| fits(r));
    open.extend(together(Kind::Never, never, |r| r.pool.clone()));
    let (mut soon, mut waits) = (Vec::new(), Vec::new());
    for (at, l) in t.late.iter().enumerate().filter(|(_, l)| filter.matches(&fields::late(l, now))) {
        let object = Object::Dag(l.dag_id.clone(), Some(false));
        let item = Item::new(format!("late:{}", l.dag_id), Kind::Late, at, object, !l.waits());
        if l.waits() { waits.push(item) } else { open.push(item) }
    }
    for (at, d) in t.due.iter().enumerate().filter(|(_, d)| filter.matches(&fields::cell(&d.run, now))) {
        let object = Object::Run(d.run.run.clone(), d.run.state);
        let item = Item::new(format!("due:{}", d.run.run.id), Kind::Due, at, object, d.missed);
        if d.missed { open.push(item) } else { soon.push(item) }
    }
    let slow = t.slow.iter().enumerate().filter(|(_, (r, _))| filter.matches(&fields::ti(r, now)));
    soon.extend(slow.map(|(at, (r, _))| {
        Item::new(format!("slow{}", ti_id(&r.ti)), Kind::Slow, at, Object::Ti(r.ti.clone(), r.state), false)
    }));
    waits.extend(together(Kind::Retry, t.retries.iter().enumerate().filter(|(_, r)| fits(r)), again));
    let stuck = t.stuck.iter().map(|w| &w.row).enumerate().filter(|(_, r)| fits(r));
    waits.extend(together(Kind::Stuck, stuck, |r| r.pool.clone()));
    let mut items = Vec::new();
    let total = t.groups.len()
        + t.runs.len()
        + t.errors.len()
        + t.late.len()
        + t.retries.len()
        + t.stuck.len()
        + t.never.len()
        + t.due.len()
        + t.slow.len()
        + t.questions.len();
    for (title, part) in [
        ("NEEDS YOU", open),
        ("SLOW, OR LATE SOON", soon),
        ("WAITS", waits),
        ("QUIET (worked since, acknowledged or silenced)", settled),
    ] {
        if part.is_empty() {
            continue;
        }
        let heading = Kind::Heading(title.into(), part.len());
        items.push(Item::new(format!("heading:{title}"), heading, 0, Object::None, true));
        items.extend(part);
    }
    (items, total)
}

/// What makes retries alike: the same task, for the same reason.
fn again(r: &TiRow) -> String {
    let why = r.fingerprint.as_deref().or(r.why.as_deref()).unwrap_or_default();
    format!("{}:{}:{why}", r.ti.run.dag_id, r.ti.task_id)
}

/// One line for all instances that wait for the same, at the place of the first.
fn together<'a>(kind: Kind, rows: impl Iterator<Item = (usize, &'a TiRow)>, same: fn(&TiRow) -> String) -> Vec<Item> {
    let mut groups: IndexMap<String, Vec<(usize, &TiRow)>> = IndexMap::new();
    for (at, row) in rows {
        groups.entry(same(row)).or_default().push((at, row));
    }
    let problem = kind == Kind::Never;
    let line = |(name, members): (String, Vec<(usize, &TiRow)>)| match members.as_slice() {
        [] => None,
        [(at, row)] => Some(Item { problem, ..ti_item(kind.clone(), *at, row) }),
        [(at, first), ..] => {
            let tis = members.iter().map(|(_, r)| r.ti.clone()).collect();
            let object = Object::Several(tis, first.state);
            Some(Item::new(format!("{kind:?}:{name}"), kind.clone(), *at, object, problem))
        }
    };
    groups.into_iter().filter_map(line).collect()
}

/// How many lines need a person, without a filter.
pub fn open(t: &Triage) -> usize {
    let groups = t.groups.iter().filter(|g| !g.quiet()).count();
    let missed = t.due.iter().filter(|d| d.missed).count();
    let never: BTreeSet<&str> = t.never.iter().map(|(w, _)| w.row.pool.as_str()).collect();
    let files = distinct(&t.errors).count();
    let late = t.late.iter().filter(|l| !l.waits()).count();
    groups + missed + never.len() + files + t.questions.len() + t.runs.len() + late
}
