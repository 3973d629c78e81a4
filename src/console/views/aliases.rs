//! From when to when each version of a model had which alias, as its updates say.

use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    console::{
        forms::alias::{ALIASES, VERSIONS},
        widgets::text,
    },
    store::screens::{
        Micros,
        assets::{EventRow, MOST_EVENTS},
    },
};

/// Since when a version has an alias, and who said so.
struct Stretch {
    version: String,
    from: Micros,
    by: String,
}

/// The lines, for events newest first: of each alias its versions, newest first; what was never said is said.
pub fn history(events: &[EventRow], now: Micros) -> Vec<String> {
    let mut all: IndexMap<String, Vec<Stretch>> = IndexMap::new();
    for event in events.iter().rev() {
        let extra: Value = serde_json::from_str(&event.extra).unwrap_or_default();
        let named = |names: &[&str]| names.iter().find_map(|name| word(&extra[name]));
        let (Some(alias), Some(version)) = (named(ALIASES), named(VERSIONS)) else { continue };
        let stretches = all.entry(alias).or_default();
        if stretches.last().is_none_or(|last| last.version != version) {
            let by = if event.source.is_empty() { "by hand".to_owned() } else { format!("by {}", event.source) };
            stretches.push(Stretch { version, from: event.at, by });
        }
    }
    if all.is_empty() {
        return vec!["No update of this asset says which version has which alias.".into()];
    }
    // What was said last comes first.
    all.sort_by(|_, a, _, b| b.last().map(|s| s.from).cmp(&a.last().map(|s| s.from)));
    let mut out = Vec::new();
    for (alias, stretches) in &all {
        out.push(alias.clone());
        let width = stretches.iter().map(|s| text::width(&s.version)).max().unwrap_or(0);
        for (at, stretch) in stretches.iter().enumerate().rev() {
            let from = text::time(stretch.from, "%Y-%m-%d %H:%M");
            let until = match stretches.get(at + 1) {
                None => format!("now, for {}", text::age(stretch.from, now)),
                Some(next) => text::time(next.from, "%Y-%m-%d %H:%M"),
            };
            out.push(format!("  {}  {from} to {until:<16}  {}", text::fit(&stretch.version, width), stretch.by));
        }
        out.push(String::new());
    }
    if events.len() >= MOST_EVENTS {
        out.push(format!("Of the updates the last {MOST_EVENTS} were read; what was before isn't here."));
    }
    out
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(words) => Some(text::clean(words)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alias_has_its_versions_with_their_times() {
        let day = 86_400_000_000;
        let event = |days: i64, extra: &str, source: &str| EventRow {
            at: (100 - days) * day,
            by: None,
            source: source.into(),
            extra: extra.into(),
            partition: None,
            runs: 0,
        };
        let events = [
            event(1, r#"{"version": "v3", "alias": "champion"}"#, ""),
            event(2, r#"{"version": "v4", "alias": "challenger"}"#, "train.deploy"),
            event(3, r#"{"version": "v4", "alias": "champion"}"#, "train.deploy"),
            event(4, r#"{"rows": 5}"#, "train.deploy"),
            event(9, r#"{"version": "v3", "alias": "champion"}"#, "train.deploy"),
            event(10, r#"{"version": "v3", "alias": "champion"}"#, "train.deploy"),
        ];
        let lines = history(&events, 100 * day);
        assert_eq!(
            lines,
            [
                "champion",
                "  v3  1970-04-10 00:00 to now, for 1d       by hand",
                "  v4  1970-04-08 00:00 to 1970-04-10 00:00  by train.deploy",
                "  v3  1970-04-01 00:00 to 1970-04-08 00:00  by train.deploy",
                "",
                "challenger",
                "  v4  1970-04-09 00:00 to now, for 2d       by train.deploy",
                ""
            ]
        );
        assert_eq!(history(&events[3..4], 0).len(), 1);
    }
}
