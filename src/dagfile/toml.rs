//! TOML DAG files: text to the same model that the Python side gives.

mod asset;
mod dag;
mod groups;
mod partitions;
mod reader;
mod task;

use std::ops::Range;

use indexmap::IndexMap;
use toml::de::{DeTable, DeValue};

use super::{Defaults, Parsed, graph::check};
use crate::model::{Dag, Severity, toml_syntax};
use reader::{Item, Key, Reader};

pub(super) use dag::PARAM_KEYS;

const SECTIONS: &[&str] = &["dag", "default_args", "params", "tasks", "groups"];

/// Reads a TOML DAG file. All its mistakes are found at once (those of its syntax first); with an error there is no DAG.
pub fn parse(file: &str, text: &str, defaults: &Defaults) -> Parsed {
    let mut reader = Reader::new(file, text);
    if let Ok(zone) = jiff::tz::TimeZone::get(&defaults.timezone) {
        reader.zone = zone;
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    for fault in toml_syntax::explained(text, errors) {
        reader.error(&(fault.at..fault.at), fault.message, fault.hint);
    }
    // What such a text means nobody knows: a task may seem to be missing only since its lines couldn't be read.
    if !reader.diagnostics.is_empty() {
        return Parsed { dags: Vec::new(), diagnostics: reader.diagnostics };
    }
    let dag = read(&mut reader, root.get_ref(), file, defaults);
    reader.diagnostics.sort_by_key(|d| (d.line, d.column));
    let failed = reader.diagnostics.iter().any(|d| d.severity == Severity::Error);
    Parsed { dags: if failed { Vec::new() } else { vec![dag] }, diagnostics: reader.diagnostics }
}

/// Line and column of the value at a path such as `["dag", "schedule"]`, for findings that are made later.
pub fn place(text: &str, path: &[&str]) -> Option<(u32, u32)> {
    let (root, _) = DeTable::parse_recoverable(text);
    let (last, tables) = path.split_last()?;
    let mut at = root.get_ref();
    let find = |table: &'_ DeTable<'_>, name: &str| table.iter().position(|(key, _)| key.get_ref() == name);
    for name in tables {
        at = at.iter().nth(find(at, name)?)?.1.get_ref().as_table()?;
    }
    let (_, item) = at.iter().nth(find(at, last)?)?;
    Some(Reader::new("", text).place(item.span().start))
}

fn read(reader: &mut Reader<'_>, root: &DeTable<'_>, file: &str, defaults: &Defaults) -> Dag {
    let mut sections: IndexMap<&str, (&Key<'_>, &DeTable<'_>)> = IndexMap::new();
    for (key, value) in root.iter() {
        let name = key.get_ref().as_ref();
        if !SECTIONS.contains(&name) {
            reader.unknown(&key.span(), "section", name, SECTIONS.iter().copied());
        } else if let Some(table) = reader.table(value, name) {
            sections.insert(name, (key, table));
        }
    }
    let section = |name: &str| sections.get(name).map(|(_, table)| *table);
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let dag_at = sections.get("dag").map_or(0..0, |(key, _)| key.span());

    let mut dag = dag::read(reader, section("dag"), stem, file);
    dag.line = reader.place(dag_at.start).0;
    if let Some(table) = section("params") {
        dag::params(reader, table, &mut dag);
    }
    if let Some(table) = section("default_args") {
        task::check_defaults(reader, table);
    }
    let mut tasks = Vec::new();
    if let Some(table) = section("tasks") {
        let mut found = Vec::new();
        collect(reader, "", table, &mut found);
        for (id, key, table) in found {
            let left_open = task::LeftOpen { by_file: section("default_args"), by_settings: defaults };
            tasks.extend(task::read(reader, &id, key, table, &left_open));
        }
    }
    if section("tasks").is_none_or(DeTable::is_empty) {
        reader.error(&dag_at, "the file has no tasks", Some("add `[tasks.NAME]` with `operator = \"bash\"`".into()));
    }
    let places: IndexMap<String, Range<usize>> =
        tasks.iter().map(|read| (read.task.task_id.to_string(), read.at.clone())).collect();
    groups::arrange(reader, &mut dag, tasks, section("groups"));
    dag.link();
    groups::finish(&mut dag);

    let place = |id: &str| reader.place(places.get(id).map_or(dag_at.start, |at| at.start));
    let errors = check(&dag, file, reader.place(dag_at.start), &place);
    reader.diagnostics.extend(errors);
    dag
}

/// Tasks with their whole ids: `[tasks."prep.clean"]`, or `[tasks.prep.clean]`.
fn collect<'t, 'i>(
    reader: &mut Reader<'_>,
    prefix: &str,
    table: &'t DeTable<'i>,
    found: &mut Vec<(String, &'t Key<'i>, &'t DeTable<'i>)>,
) {
    for (key, item) in table.iter() {
        let id = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let Some(inner) = reader.table(item, &id) else { continue };
        if is_group(inner) {
            collect(reader, &id, inner, found);
        } else if let Some((_, first, _)) = found.iter().find(|(other, _, _)| *other == id) {
            let line = reader.place(first.span().start).0;
            reader.error(&key.span(), format!("task `{id}` is defined twice, first in line {line}"), None);
        } else {
            found.push((id, key, inner));
        }
    }
}

/// A table without operator that holds nothing but tables, one of them with an operator.
fn is_group(table: &DeTable<'_>) -> bool {
    let inner = |item: &Item<'_>| match item.get_ref() {
        DeValue::Table(t) => Some(t.iter().any(|(key, _)| key.get_ref() == "operator") || is_group(t)),
        _ => None,
    };
    let kinds: Vec<Option<bool>> = table.iter().map(|(_, item)| inner(item)).collect();
    !kinds.is_empty() && kinds.iter().all(Option::is_some) && kinds.contains(&Some(true))
}

#[cfg(test)]
mod tests;
