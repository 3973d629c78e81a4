//! Groups of a TOML DAG file (dotted ids), and what `depends` means for tasks and groups.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use indexmap::IndexMap;
use toml::de::DeTable;

use super::{reader::Reader, task::Read};
use crate::model::{Dag, TaskGroup};

/// Ids with their places in the file.
type Named = Vec<(String, Range<usize>)>;

/// The groups that an id is in, outermost first: `a.b.c` is in `a` and `a.b`.
fn prefixes(id: &str) -> impl Iterator<Item = &str> {
    id.match_indices('.').map(|(i, _)| &id[..i])
}

fn is_inside(task_id: &str, group: &str) -> bool {
    task_id.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'))
}

/// Puts the tasks into the DAG, makes the groups, and turns `depends` and XCom references into upstream ids.
pub(super) fn arrange(reader: &mut Reader<'_>, dag: &mut Dag, tasks: Vec<Read>, groups: Option<&DeTable<'_>>) {
    let mut depends: Vec<(Arc<str>, Named)> = Vec::new();
    for read in tasks {
        let id = read.task.task_id.clone();
        for group in prefixes(&id) {
            dag.task_groups.entry(group.to_owned()).or_insert_with(|| new_group(group));
        }
        let mut children = prefixes(&id).map(str::to_owned).collect::<Vec<_>>();
        children.push(id.to_string());
        for (i, child) in children.iter().enumerate() {
            let list = match i.checked_sub(1).and_then(|i| dag.task_groups.get_mut(&children[i])) {
                Some(parent) => &mut parent.children,
                None => &mut dag.children,
            };
            if !list.contains(child) {
                list.push(child.clone());
            }
        }
        depends.push((id.clone(), read.depends.into_iter().chain(read.xcoms).collect()));
        dag.tasks.insert(id, read.task);
    }
    let group_depends = groups.map(|table| read_groups(reader, dag, table)).unwrap_or_default();

    let known: Vec<String> = dag.tasks.keys().map(ToString::to_string).chain(dag.task_groups.keys().cloned()).collect();
    let mut check = |list: Named| -> Vec<String> {
        let mut names = Vec::new();
        for (name, span) in list {
            if known.contains(&name) {
                names.push(name);
            } else {
                reader.unknown(&span, "task", &name, known.iter().map(String::as_str));
            }
        }
        names
    };
    let depends: Vec<(Arc<str>, Vec<String>)> = depends.into_iter().map(|(id, list)| (id, check(list))).collect();
    let group_depends: Vec<(String, Vec<String>)> =
        group_depends.into_iter().map(|(id, list)| (id, check(list))).collect();

    // Arrows between tasks first: they decide which tasks are first and last in a group.
    let mut arrows: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
    for (id, names) in &depends {
        for name in names.iter().filter(|name| dag.tasks.contains_key(name.as_str())) {
            arrows.insert((Arc::from(name.as_str()), id.clone()));
        }
    }
    let inner = arrows.clone();
    let edge = |dag: &Dag, group: &str, first: bool| -> Vec<Arc<str>> {
        let has_inner = |id: &Arc<str>| {
            inner.iter().any(|(up, down)| {
                let (own, other) = if first { (down, up) } else { (up, down) };
                own == id && is_inside(other, group)
            })
        };
        dag.tasks.keys().filter(|id| is_inside(id, group) && !has_inner(id)).cloned().collect()
    };
    let last_of = |dag: &Dag, name: &str| match dag.tasks.get_key_value(name) {
        Some((id, _)) => vec![id.clone()],
        None => edge(dag, name, false),
    };
    for (id, names) in &depends {
        for name in names {
            if !dag.task_groups.contains_key(name.as_str()) {
                continue;
            }
            arrows.extend(last_of(dag, name).into_iter().map(|up| (up, id.clone())));
            if let Some(group) = dag.task_groups.get_mut(name.as_str()) {
                group.downstream_task_ids.push(id.to_string());
            }
        }
    }
    for (group_id, names) in &group_depends {
        for name in names {
            for down in edge(dag, group_id, true) {
                arrows.extend(last_of(dag, name).into_iter().map(|up| (up, down.clone())));
            }
            let is_task = dag.tasks.contains_key(name.as_str());
            if let Some(group) = dag.task_groups.get_mut(group_id) {
                if is_task { &mut group.upstream_task_ids } else { &mut group.upstream_group_ids }.push(name.clone());
            }
            if let Some(other) = dag.task_groups.get_mut(name.as_str()) {
                other.downstream_group_ids.push(group_id.clone());
            }
        }
    }
    for (up, down) in arrows {
        if let Some(task) = dag.tasks.get_mut(&down) {
            task.upstream_task_ids.push(up);
        }
    }
}

/// Sorts what must be sorted in groups.
pub(super) fn finish(dag: &mut Dag) {
    for group in dag.task_groups.values_mut() {
        for ids in [
            &mut group.upstream_group_ids,
            &mut group.downstream_group_ids,
            &mut group.upstream_task_ids,
            &mut group.downstream_task_ids,
        ] {
            ids.sort();
            ids.dedup();
        }
    }
}

fn new_group(id: &str) -> TaskGroup {
    TaskGroup {
        group_id: id.to_owned(),
        parent: id.rsplit_once('.').map(|(parent, _)| parent.to_owned()),
        tooltip: String::new(),
        prefix_group_id: true,
        expand: None,
        children: Vec::new(),
        upstream_group_ids: Vec::new(),
        downstream_group_ids: Vec::new(),
        upstream_task_ids: Vec::new(),
        downstream_task_ids: Vec::new(),
    }
}

/// `[groups.prep]`: `tooltip`, `depends`.
fn read_groups(reader: &mut Reader<'_>, dag: &mut Dag, table: &DeTable<'_>) -> IndexMap<String, Named> {
    let mut depends = IndexMap::new();
    for (key, item) in table.iter() {
        let id = key.get_ref().to_string();
        let Some(keys) = reader.table(item, &id) else { continue };
        if !dag.task_groups.contains_key(&id) {
            let known: Vec<String> = dag.task_groups.keys().cloned().collect();
            reader.unknown(&key.span(), "group", &id, known.iter().map(String::as_str));
            continue;
        }
        for (name, value) in keys.iter() {
            match name.get_ref().as_ref() {
                "tooltip" => {
                    let text = reader.text(value, "tooltip").unwrap_or_default().to_owned();
                    if let Some(group) = dag.task_groups.get_mut(&id) {
                        group.tooltip = text;
                    }
                }
                "depends" => {
                    depends.insert(id.clone(), reader.texts(value, "depends"));
                }
                other => reader.unknown(&name.span(), "key of a group", other, ["tooltip", "depends"]),
            }
        }
    }
    depends
}
