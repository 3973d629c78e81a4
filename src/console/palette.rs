//! What help and palette list, by what is typed.

use frizbee::{Config, Matcher};

use crate::command;

use super::{
    keymap::{Action, Group, ROWS, Row},
    overlay::Choice,
    place::Setting,
    state::State,
    theme::Theme,
};

/// Rows of the help for a screen that fit a search, in the order of the groups.
pub fn help_rows(state: &State, search: &str) -> Vec<&'static Row> {
    let scope = state.scope();
    let search = search.to_lowercase();
    let fits = |r: &&Row| {
        r.scope.has(scope)
            && (search.is_empty()
                || r.what.to_lowercase().contains(&search)
                || r.action.name().contains(&search)
                || state.keymap.keys(r.action).iter().any(|k| k.to_lowercase().contains(&search)))
    };
    Group::ALL.into_iter().flat_map(|g| ROWS.iter().filter(move |r| r.group == g)).filter(fits).collect()
}

/// Everything the palette knows, best match first.
pub fn choices(state: &State, typed: &str) -> Vec<(String, Choice)> {
    let scope = state.scope();
    let mut all: Vec<(String, Choice)> = ROWS
        .iter()
        .filter(|r| {
            (r.scope.has(scope) || r.group == Group::Program)
                && !(typed.is_empty() && r.hint.is_empty() && !r.what.starts_with("screen"))
        })
        .map(|r| (r.what.to_owned(), Choice::Do(r.action)))
        .collect();
    let names = &state.names;
    all.extend(names.dags.iter().map(|d| (format!("DAG {d}"), Choice::Dag(d.clone()))));
    if !typed.is_empty() {
        all.extend(names.tasks.iter().map(|(d, t)| (format!("task {d}.{t}"), Choice::Task(d.clone(), t.clone()))));
        for (kind, known) in [
            (Setting::Pool, &names.pools),
            (Setting::Connection, &names.connections),
            (Setting::Variable, &names.variables),
        ] {
            all.extend(known.iter().map(|n| (format!("{} {n}", kind.noun()), Choice::Setting(kind, n.clone()))));
        }
    }
    all.extend(Theme::names().map(|n| (format!("theme: {n}"), Choice::Theme(n.to_owned()))));
    if typed.is_empty() {
        return all;
    }
    let list = list(typed);
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let found = Matcher::from_query(typed, &Config::default()).match_list(&names);
    list.into_iter().chain(found.into_iter().filter_map(|m| all.get(m.index as usize).cloned())).collect()
}

/// Lists by the word that they are called by.
const LISTS: &[(&str, Action)] = &[
    ("triage", Action::Triage),
    ("dags", Action::Dags),
    ("runs", Action::Runs),
    ("tasks", Action::Instances),
    ("backfills", Action::Backfills),
    ("pods", Action::Pods),
    ("assets", Action::Assets),
    ("settings", Action::Settings),
    ("audit", Action::Audit),
];

/// `tasks state:failed @churn`: a list with a filter. `@dag`, `#run` and `/task` stand for `dag:`, `run:` and `task:`.
fn list(typed: &str) -> Option<(String, Choice)> {
    let (word, rest) = typed.split_once(' ')?;
    let (name, action) = LISTS.iter().find(|(name, _)| *name == word)?;
    let key = |term: &str| {
        let signs = [('@', "dag:"), ('#', "run:"), ('/', "task:")];
        let found = signs.iter().find_map(|(sign, key)| term.strip_prefix(*sign).map(|name| format!("{key}{name}")));
        found.unwrap_or_else(|| term.to_owned())
    };
    let filter = rest.split_whitespace().map(key).collect::<Vec<_>>().join(" ");
    Some(match command::filter(&filter) {
        Ok(_) => (format!("{name} that fit: {filter}"), Choice::List(*action, filter)),
        Err(why) => (format!("{name}: {why}"), Choice::Nothing),
    })
}
