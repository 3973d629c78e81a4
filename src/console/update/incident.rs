//! What `y i` copies: an incident as text for a chat, with what happened when.

use crate::{
    console::{place::Object, query::Data, state::State, views::instance_text, widgets::text},
    model::TiState,
    store::screens::{Micros, changes::Changes, instance::InstanceDetail, triage::Group},
};

use super::copy::command;

/// Most lines of a time line.
const MOST: usize = 20;

/// A few lines for a chat.
pub fn incident(state: &State, object: &Object) -> String {
    let screen = state.screen();
    let mut lines = vec![format!("[{}] {}", state.facts.context, object.path())];
    match (&screen.data, screen.item()) {
        (Data::Triage(t), Some(item)) if matches!(object, Object::Failures(..)) => {
            if let Some(g) = t.groups.get(item.at) {
                group(state, g, &mut lines);
            }
        }
        (Data::Instance(d), _) => instance(state, d, &mut lines),
        (Data::Instances(rows), Some(item)) => lines.extend(rows[item.at].why.clone()),
        (Data::Grid(_), _) => {
            // The card beside the grid knows the cell's instance.
            if let Some(Data::Instance(d)) = state.side.screen.as_ref().map(|s| &s.data)
                && object.ti().as_ref() == Some(&d.row.ti)
            {
                instance(state, d, &mut lines);
            }
        }
        _ => {}
    }
    if object.name().is_empty() {
        return String::new();
    }
    lines.push(command(object));
    lines.join("\n") + "\n"
}

fn stamp(at: Micros) -> String {
    text::time(at, "%m-%d %H:%M:%S")
}

/// When what happened, oldest first; of very much the newest.
fn timeline(mut all: Vec<(Micros, String)>, lines: &mut Vec<String>) {
    all.sort();
    all.dedup();
    if all.is_empty() {
        return;
    }
    lines.push("timeline (UTC):".into());
    let first = all.len().saturating_sub(MOST);
    if first > 0 {
        lines.push(format!("  .. {first} earlier"));
    }
    lines.extend(all[first..].iter().map(|(at, what)| format!("  {} {what}", stamp(*at))));
}

fn changed(changes: Option<&Changes>, lines: &mut Vec<String>) {
    let Some(changes) = changes else { return };
    if let Some(worked) = &changes.worked {
        lines.push(format!("last worked {} UTC in run {}; since then:", stamp(worked.at), worked.run_id));
        if changes.changes.is_empty() {
            lines.push("  nothing that dagdeck knows of".into());
        }
    }
    let when = |at: Option<Micros>| at.map(|at| format!("{} ", stamp(at))).unwrap_or_default();
    lines.extend(changes.changes.iter().take(MOST).map(|c| format!("  {}{}", when(c.at), c.what)));
}

fn instance(state: &State, d: &InstanceDetail, lines: &mut Vec<String>) {
    let r = &d.row;
    let cause = r.why.clone().unwrap_or_else(|| instance_text::now(state, d));
    lines.push(format!("{} try {}/{}: {cause}", r.state, r.try_number, r.max_tries + 1));
    if d.same_before > 0 {
        lines.push(format!("the same in {} runs in a row", d.same_before + 1));
    }
    let mut all: Vec<(Micros, String)> = Vec::new();
    for t in &d.tries {
        all.extend(t.start.map(|at| (at, format!("try {} began", t.number))));
        let why = t.why.as_ref().filter(|_| t.state != TiState::Success).map(|w| format!(": {w}")).unwrap_or_default();
        all.extend(t.end.map(|at| (at, format!("try {} {}{why}", t.number, t.state))));
    }
    let who = |who: &Option<String>| who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
    all.extend(d.events.iter().map(|e| (e.at, format!("{}{} {}", e.kind, who(&e.who), e.text).trim_end().to_owned())));
    timeline(all, lines);
    changed(d.changes.as_ref(), lines);
}

fn group(state: &State, g: &Group, lines: &mut Vec<String>) {
    lines.push(g.cause.clone());
    let again = match g.same_before {
        0 => String::new(),
        n => format!("; the same in {} runs in a row", n + 1),
    };
    let age = text::age(g.newest(), state.now);
    lines.push(format!("{} times, last {} UTC ({age} ago){again}", g.members.len(), stamp(g.newest())));
    let said = &g.said;
    lines.extend(said.claimed.as_ref().map(|(who, at)| format!("{who} works on it since {} UTC", stamp(*at))));
    lines.extend(g.acknowledged.as_ref().map(|(who, at)| format!("acknowledged by {who} {} UTC", stamp(*at))));
    lines.extend(said.note.as_ref().map(|(note, who)| format!("note by {who}: {note}")));
    let member = |m: &crate::store::screens::instances::TiRow| {
        let run = text::run_id(&m.ti.run.run_id);
        Some((m.end?, format!("{} {run} {} failed", m.ti.run.dag_id, m.ti.label())))
    };
    timeline(g.members.iter().filter_map(member).collect(), lines);
    changed(g.changes.as_ref(), lines);
}
