//! XCom inspector: what passed between the tasks of a run, compared with the run before.

use ratatui::buffer::Buffer;
use serde_json::Value;

use crate::{
    console::{
        inspected::Inspected,
        items::{Item, Kind},
        keymap::Action,
        layout::Layout,
        state::State,
        theme::Role,
        widgets::text,
    },
    store::screens::{
        label,
        xcoms::{XcomRow, Xcoms},
    },
};

use super::{
    instance_text, parts,
    table::{self, Column, Line, cell, left, right},
};

const COLUMNS: &[Column] =
    &[left("TASK", 16, 60), left("KEY", 8, 40), right("SIZE", 4, 6), right("AGE", 3, 4), left("VALUE", 10, 300)];

/// Title line.
pub fn title(state: &State, xcoms: &Xcoms) -> String {
    let key = |action| state.keymap.short(action);
    let bytes: i64 = xcoms.rows.iter().map(|x| x.bytes).sum();
    let all = format!("{} keys, {}", xcoms.rows.len(), text::bytes(bytes));
    match xcoms.base() {
        Some((run, _)) => {
            let only = key(Action::OnlyProblems);
            format!("{all}; compared with {} ({only}: only what differs)", text::run_id(&run.run_id))
        }
        None => format!("{all}  ({}: compare with the run before)", key(Action::Diff)),
    }
}

/// The XCom of a line.
fn row<'a>(xcoms: &'a Xcoms, item: &Item) -> Option<&'a XcomRow> {
    match item.kind {
        Kind::GoneXcom => xcoms.base()?.1.get(item.at),
        _ => xcoms.rows.get(item.at),
    }
}

/// Draws it.
pub fn draw(state: &State, xcoms: &Inspected, layout: &Layout, buf: &mut Buffer) {
    match xcoms.base() {
        Some((_, theirs)) => compared(state, xcoms, theirs, layout, buf),
        None => plain(state, xcoms, layout, buf),
    }
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let Some(x) = row(xcoms, item) else { return };
    let name = format!("{} {} (from {})", label(&x.task_id, x.map_index), x.key, x.source);
    let inside = parts::preview_inside(state, buf, area, &name);
    let mut lines = Vec::new();
    if let Some(below) = xcoms.below.get(&x.task_id).filter(|b| !b.is_empty()) {
        lines.push((format!("read by   {}", below.join(", ")), Role::Dim));
    }
    let theirs = xcoms.base().and_then(|(_, theirs)| theirs.iter().find(|y| y.names(x)));
    if theirs.is_none()
        && let (Some(before), Some((run, _))) = (xcoms.before(x), &xcoms.previous)
    {
        lines.push((prev(&text::run_id(&run.run_id), &before.value, &x.value), Role::Dim));
    }
    if let (None, Some(table)) = (theirs, xcoms.table(x)) {
        let role = |index: &Option<_>| if *index == Some(x.map_index) { Role::Mark } else { Role::Text };
        lines.extend(table.iter().map(|(index, line)| (line.clone(), role(index))));
        return parts::lines(state, buf, inside, &lines);
    }
    match (serde_json::from_str(&x.value), theirs) {
        (Ok(now), Some(theirs)) if theirs.value != x.value => {
            differences(&serde_json::from_str(&theirs.value).unwrap_or_default(), &now, "", &mut lines);
        }
        (Ok(value), _) => instance_text::json(&value, &mut lines),
        (Err(_), _) => lines.push((x.value.clone(), Role::Text)),
    }
    parts::lines(state, buf, inside, &lines);
}

/// What the same XCom was in the run before: `prev run  0.9431 (+0.0056) in 11-09 02:00`.
fn prev(run: &str, before: &str, now: &str) -> String {
    let change = match delta(Some(before), now) {
        change if change.is_empty() => "the same".into(),
        change if change == "changed" => "differs, = compares".into(),
        change => change,
    };
    format!("prev run  {} ({change}) in {run}", text::clip(before, 40))
}

fn plain(state: &State, xcoms: &Xcoms, layout: &Layout, buf: &mut Buffer) {
    let (body, dim) = (parts::body(state), state.theme.role(Role::Dim));
    table::draw(state, layout, buf, COLUMNS, |item| {
        let Some(x) = row(xcoms, item) else { return Line::Across(Vec::new()) };
        Line::Cells(vec![
            cell(label(&x.task_id, x.map_index), body),
            cell(x.key.as_str(), body),
            cell(text::bytes(x.bytes), dim),
            cell(text::age(x.at, state.now), dim),
            cell(text::clip(&x.value, 300), body),
        ])
    });
}

fn compared(state: &State, xcoms: &Xcoms, theirs: &[XcomRow], layout: &Layout, buf: &mut Buffer) {
    let half = (layout.list.width as usize / 4).clamp(10, 60);
    let columns =
        [left("TASK", 16, 50), left("KEY", 8, 30), left("NOW", 8, half), left("BEFORE", 8, half), left("DELTA", 7, 40)];
    let body = parts::body(state);
    table::draw(state, layout, buf, &columns, |item| {
        let Some(x) = row(xcoms, item) else { return Line::Across(Vec::new()) };
        let before = theirs.iter().find(|y| y.names(x));
        let (now, then) = match item.kind {
            Kind::GoneXcom => ("", Some(x.value.as_str())),
            _ => (x.value.as_str(), before.map(|y| y.value.as_str())),
        };
        let style = if item.problem { state.theme.role(Role::Warn) } else { body };
        Line::Cells(vec![
            cell(label(&x.task_id, x.map_index), style),
            cell(x.key.as_str(), style),
            cell(text::clip(now, 200), style),
            cell(text::clip(then.unwrap_or(""), 200), style),
            cell(delta(then, now), style),
        ])
    });
}

/// What became of a value.
fn delta(then: Option<&str>, now: &str) -> String {
    match then {
        None => "new".into(),
        Some(_) if now.is_empty() => "gone".into(),
        Some(then) if then == now => String::new(),
        Some(then) => match (then.parse::<f64>(), now.parse::<f64>()) {
            (Ok(a), Ok(b)) => format!("{:+.6}", b - a).trim_end_matches('0').trim_end_matches('.').to_owned(),
            _ => "changed".into(),
        },
    }
}

/// Leaves of two values that differ.
fn differences(a: &Value, b: &Value, path: &str, out: &mut Vec<(String, Role)>) {
    if a == b {
        return;
    }
    if let (Value::Object(x), Value::Object(y)) = (a, b) {
        let more = y.keys().filter(|k| !x.contains_key(*k));
        for key in x.keys().chain(more) {
            let null = Value::Null;
            differences(x.get(key).unwrap_or(&null), y.get(key).unwrap_or(&null), &format!("{path}.{key}"), out);
        }
        return;
    }
    let name = if path.is_empty() { "value" } else { path.trim_start_matches('.') };
    let change = delta(Some(&a.to_string()), &b.to_string());
    out.push((format!("{name}: {a} -> {b}  {}", if change == "changed" { "" } else { &change }), Role::Warn));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_difference_and_the_rest_changed() {
        assert_eq!(delta(Some("0.9431"), "0.9487"), "+0.0056");
        assert_eq!(delta(Some("5"), "3"), "-2");
        assert_eq!(delta(Some("\"a\""), "\"b\""), "changed");
        assert_eq!((delta(None, "1"), delta(Some("1"), "")), ("new".into(), "gone".into()));
        let mut out = Vec::new();
        let (a, b) = (serde_json::json!({"x": {"y": 1, "z": 2}}), serde_json::json!({"x": {"y": 1, "z": 4}}));
        differences(&a, &b, "", &mut out);
        assert_eq!(out[0].0, "x.z: 2 -> 4  +2");
    }
}
