//! What was said with the updates of an asset, as a table; of a model which version was the champion, and since when.

use serde_json::Value;

use crate::{
    console::{
        forms::alias::{ALIASES, VERSIONS},
        theme::Role,
        widgets::text,
    },
    store::screens::{
        Micros,
        assets::{EVENTS, EventRow},
    },
};

/// Words for the version that is in use.
const IN_USE: &[&str] = &["champion", "production", "live", "deployed"];
/// Most values beside each other.
const MOST: usize = 5;
/// Widest value.
const WIDEST: usize = 20;

/// A value in a cell; `None`: it is no simple one.
fn simple(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(text::clean(text)),
        other => Some(other.to_string()),
    }
}

/// The value of the first of these names that there is.
fn named(extra: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| simple(&extra[name]))
}

/// Lines for events, newest first: a table if what was said has simple values, else as it was said.
pub fn lines(events: &[EventRow], now: Micros, columns: usize) -> Vec<(String, Role)> {
    let said: Vec<Value> = events.iter().map(|e| serde_json::from_str(&e.extra).unwrap_or_default()).collect();
    let mut names: Vec<&str> = Vec::new();
    for extra in said.iter().filter_map(Value::as_object) {
        names.extend(
            extra
                .iter()
                .filter(|(_, v)| simple(v).is_some())
                .map(|(k, _)| k.as_str())
                .filter(|k| !names.contains(k))
                .collect::<Vec<_>>(),
        );
    }
    // What a version is and which comes first, then what was measured.
    names.sort_by_key(|name| (!ALIASES.contains(name), !VERSIONS.contains(name)));
    names.truncate(MOST);
    let value = |extra: &Value, name: &str| simple(&extra[name]).unwrap_or_default();
    let widths: Vec<usize> = names
        .iter()
        .map(|n| said.iter().map(|s| text::width(&value(s, n))).chain([text::width(n)]).max().unwrap_or(0).min(WIDEST))
        .collect();
    let mut out = in_use(events, &said, now);
    let row = |age: &str, cells: &[String], rest: &str| {
        let mut line = text::fit_right(age, 4);
        for (cell, width) in cells.iter().zip(&widths) {
            line.push(' ');
            line.push_str(&text::fit(cell, *width));
        }
        format!("{line} {rest}")
    };
    if !names.is_empty() {
        let heads: Vec<String> = names.iter().map(|n| n.to_uppercase()).collect();
        out.push((row("AGE", &heads, "BY"), Role::Title));
    }
    for (e, extra) in events.iter().zip(&said) {
        let by = match &e.by {
            Some(ti) => format!("{}.{} {}", ti.run.dag_id, ti.label(), text::run_id(&ti.run.run_id)),
            None if e.source.is_empty() => "by hand".into(),
            None => e.source.clone(),
        };
        let part = e.partition.as_ref().map(|p| format!(" [{p}]")).unwrap_or_default();
        let runs = if e.runs > 0 {
            format!(" -> {}", crate::console::update::count(e.runs as usize, "run"))
        } else {
            String::new()
        };
        let cells: Vec<String> = names.iter().map(|n| value(extra, n)).collect();
        let odd = names.is_empty() && e.extra != "{}";
        let raw = if odd { format!("  {}", text::clean(&e.extra)) } else { String::new() };
        out.push((
            text::clip(&row(&text::age(e.at, now), &cells, &format!("{by}{part}{runs}{raw}")), columns.max(20)),
            Role::Text,
        ));
    }
    out
}

/// `champion v118 since 14d (11-02 02:00), before it v115`, if the updates say which version is in use; and from when to when each
/// of the others was, newest first.
fn in_use(events: &[EventRow], said: &[Value], now: Micros) -> Vec<(String, Role)> {
    let used: Vec<(usize, String, String)> = said
        .iter()
        .enumerate()
        .filter_map(|(at, extra)| Some((at, named(extra, ALIASES)?, named(extra, VERSIONS)?)))
        .filter(|(_, alias, _)| IN_USE.contains(&alias.to_lowercase().as_str()))
        .collect();
    let Some((at, alias, version)) = used.first() else { return Vec::new() };
    // The first of the updates in a row that said so.
    let same = used.iter().take_while(|(.., v)| v == version).last().map_or(*at, |(at, ..)| *at);
    let before = used.iter().find(|(.., v)| v != version).map(|(.., v)| format!(", before it {v}")).unwrap_or_default();
    let since = events[same].at;
    let now_in_use = format!("{alias} {version} since {} ({}){before}", text::age(since, now), text::stamp(since));
    let mut out = vec![(now_in_use, Role::Good)];
    let mut until = since;
    for stretch in used.chunk_by(|(.., a), (.., b)| a == b).skip(1) {
        let (Some((.., version)), Some((first, ..))) = (stretch.first(), stretch.last()) else { continue };
        // Of many updates only the last ones are known.
        let is_oldest = first + 1 == events.len() && events.len() >= EVENTS;
        let from = events[*first].at;
        let from = if is_oldest { format!("before {}", text::stamp(from)) } else { text::stamp(from) };
        out.push((format!("was live  {version} from {from} to {}", text::stamp(until)), Role::Dim));
        until = events[*first].at;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_versions_are_a_table_with_the_champion_above() {
        let day = 86_400_000_000;
        let event = |days: i64, extra: &str| EventRow {
            at: (100 - days) * day,
            by: None,
            source: "train.deploy".into(),
            extra: extra.into(),
            partition: None,
            runs: 0,
        };
        let events = [
            event(1, r#"{"version": "v4", "alias": "rejected", "accuracy": 0.93, "params": {"a": 1}}"#),
            event(3, r#"{"version": "v3", "alias": "champion", "accuracy": 0.95}"#),
            event(9, r#"{"version": "v3", "alias": "champion", "accuracy": 0.95}"#),
            event(20, r#"{"version": "v1", "alias": "champion", "accuracy": 0.91}"#),
        ];
        let text: Vec<String> = lines(&events, 100 * day, 80).into_iter().map(|(l, _)| l).collect();
        assert_eq!(text[0], "champion v3 since 9d (04-02 00:00), before it v1");
        assert_eq!(text[1], "was live  v1 from 03-22 00:00 to 04-02 00:00");
        assert_eq!(text[2].split_whitespace().collect::<Vec<_>>(), ["AGE", "ALIAS", "VERSION", "ACCURACY", "BY"]);
        assert_eq!(text[3].split_whitespace().collect::<Vec<_>>(), ["1d", "rejected", "v4", "0.93", "train.deploy"]);
        assert_eq!(text.len(), 7);
        // What isn't an object is shown as it is.
        let odd = lines(&[event(1, "[1, 2]")], 100 * day, 80);
        assert!(odd[0].0.ends_with("[1, 2]"), "{odd:?}");
    }
}
