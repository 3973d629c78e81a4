//! The foldable tree of groups, tasks and map indexes at the left of grid and timeline.

use std::collections::{BTreeSet, HashMap};

use crate::{
    model::{Dag, RunState, TiState, UNMAPPED, filter::Filter},
    store::screens::{Counts, RunRef, TiRef, grid::Grid},
};

use super::{
    items::{Item, Kind},
    place::{Object, Place},
    query::Data,
    screen::Screen,
};

/// One node, in the order in which it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Id of the group or task.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Depth from 0.
    pub depth: u16,
}

/// The nodes of a DAG with folded groups left out, before indexes. A DAG without stored order gives its tasks in a row.
pub fn nodes(dag: &Dag, folded: &BTreeSet<String>, unfolded: &BTreeSet<String>) -> Vec<Node> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let all: Vec<&str> = match dag.children.is_empty() {
        true => dag.tasks.keys().map(|id| &**id).collect(),
        false => dag.children.iter().map(|id| &**id).collect(),
    };
    for id in in_flow_order(dag, &all) {
        node(dag, id, 0, folded, unfolded, &mut seen, &mut out);
    }
    out
}

/// Tasks and groups beside each other: what comes first in a run comes first, what depends on nothing of them as in the file.
fn in_flow_order<'a>(dag: &'a Dag, siblings: &[&'a str]) -> Vec<&'a str> {
    let below = |id: &'a str| if dag.tasks.contains_key(id) { vec![id] } else { tasks_below(dag, id) };
    let tasks: Vec<Vec<&str>> = siblings.iter().map(|id| below(id)).collect();
    let mut home: HashMap<&str, usize> = HashMap::new();
    for (at, of_one) in tasks.iter().enumerate() {
        home.extend(of_one.iter().map(|task| (*task, at)));
    }
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); siblings.len()];
    for (at, of_one) in tasks.iter().enumerate() {
        let next = of_one.iter().filter_map(|task| dag.tasks.get(*task)).flat_map(|t| &t.downstream_task_ids);
        after[at] = next.filter_map(|task| home.get(&**task).copied()).filter(|to| *to != at).collect();
    }
    let mut waits_for = vec![0; siblings.len()];
    for to in after.iter().flatten() {
        waits_for[*to] += 1;
    }
    let mut left: BTreeSet<usize> = (0..siblings.len()).collect();
    let mut ready: BTreeSet<usize> = left.iter().copied().filter(|at| waits_for[*at] == 0).collect();
    let mut order = Vec::with_capacity(siblings.len());
    // Groups may depend on one another: then the first in the file goes first.
    while let Some(at) = ready.pop_first().or_else(|| left.first().copied()) {
        left.remove(&at);
        order.push(siblings[at]);
        for to in after[at].iter().filter(|to| left.contains(to)) {
            waits_for[*to] -= 1;
            if waits_for[*to] == 0 {
                ready.insert(*to);
            }
        }
    }
    order
}

fn node<'a>(
    dag: &'a Dag,
    id: &'a str,
    depth: u16,
    folded: &BTreeSet<String>,
    unfolded: &BTreeSet<String>,
    seen: &mut BTreeSet<&'a str>,
    out: &mut Vec<Node>,
) {
    // A definition that contains itself would never end.
    if !seen.insert(id) {
        return;
    }
    if let Some(task) = dag.tasks.get(id) {
        let in_mapped_group = {
            let mut group = task.task_group.as_deref();
            std::iter::from_fn(|| {
                let g = dag.task_groups.get(group?)?;
                group = g.parent.as_deref();
                Some(g.expand.is_some())
            })
            .take(64)
            .any(|mapped| mapped)
        };
        let mapped = (task.is_mapped() || in_mapped_group).then(|| !unfolded.contains(id));
        out.push(Node { id: id.into(), kind: Kind::TreeTask(mapped), depth });
    } else if let Some(group) = dag.task_groups.get(id) {
        let shut = folded.contains(id);
        out.push(Node { id: id.into(), kind: Kind::TreeGroup(shut), depth });
        if !shut {
            let children: Vec<&str> = group.children.iter().map(|id| &**id).collect();
            for child in in_flow_order(dag, &children) {
                node(dag, child, depth + 1, folded, unfolded, seen, out);
            }
        }
    }
}

/// All tasks below a group.
pub fn tasks_below<'a>(dag: &'a Dag, group: &str) -> Vec<&'a str> {
    let mut out = Vec::new();
    let mut todo: Vec<&str> =
        dag.task_groups.get(group).map(|g| g.children.iter().map(String::as_str).collect()).unwrap_or_default();
    let mut left = dag.tasks.len() + dag.task_groups.len();
    while let Some(id) = todo.pop() {
        if left == 0 {
            break;
        }
        left -= 1;
        if let Some((id, _)) = dag.tasks.get_key_value(id) {
            out.push(&**id);
        } else if let Some(g) = dag.task_groups.get(id) {
            todo.extend(g.children.iter().map(String::as_str));
        }
    }
    out
}

/// Name of a node without its parents' prefixes.
pub fn label<'a>(dag: &'a Dag, id: &'a str) -> &'a str {
    match dag.tasks.get(id) {
        Some(task) => task.label(),
        None => {
            let parent = dag.task_groups.get(id).and_then(|g| g.parent.as_deref());
            parent.and_then(|p| id.strip_prefix(p)?.strip_prefix('.')).unwrap_or(id)
        }
    }
}

/// The lines of a grid or a timeline.
pub fn build(screen: &Screen, filter: &Filter) -> (Vec<Item>, usize) {
    let (dag, run) = match &screen.data {
        Data::Grid(grid) => (grid.dag.as_ref(), None),
        Data::Run(detail) => (detail.dag.as_ref(), Some(detail)),
        _ => return (Vec::new(), 0),
    };
    let Some(dag) = dag else { return (Vec::new(), 0) };
    let mut items = Vec::new();
    let mut total = 0;
    // While something is looked for, nothing is folded.
    let none = BTreeSet::new();
    let folded = if filter.is_empty() { &screen.folded } else { &none };
    for (at, node) in nodes(dag, folded, &screen.unfolded).into_iter().enumerate() {
        total += 1;
        let tasks: Vec<&str> =
            if matches!(node.kind, Kind::TreeGroup(_)) { tasks_below(dag, &node.id) } else { vec![&node.id] };
        let counts = match &screen.data {
            Data::Grid(grid) => grid.runs.last().map(|r| sum(grid, r.run.id, &tasks)).unwrap_or_default(),
            Data::Run(detail) => {
                let mut counts = Counts::default();
                for row in detail.instances.iter().filter(|r| tasks.contains(&r.ti.task_id.as_str())) {
                    counts.add(row.state, 1);
                }
                counts
            }
            _ => Counts::default(),
        };
        let problem = counts.get(TiState::Failed) + counts.get(TiState::UpForRetry) > 0;
        let wanted = filter.is_empty() || filter.matches(&node_fields(&node.id, counts.worst()));
        if !wanted || (screen.only_problems && !problem) {
            continue;
        }
        let object = match (&node.kind, run) {
            (Kind::TreeTask(None), Some(d)) => Object::Ti(
                TiRef { run: d.run.run.clone(), task_id: node.id.clone(), map_index: UNMAPPED },
                counts.worst(),
            ),
            (Kind::TreeTask(_), Some(d)) => Object::Task(d.run.run.clone(), node.id.clone(), counts.worst()),
            (_, Some(d)) => Object::Group(d.run.run.clone(), node.id.clone(), counts.worst()),
            (_, None) => Object::Dag(dag.dag_id.to_string(), None),
        };
        let depth = node.depth;
        let unfolded = node.kind == Kind::TreeTask(Some(false));
        let id = node.id.clone();
        items.push(Item { id: format!("node:{id}"), kind: node.kind, at, depth, object, problem });
        if !unfolded {
            continue;
        }
        let mut indexes: Vec<(i32, Option<TiState>)> = match &screen.data {
            Data::Grid(grid) => {
                let set: BTreeSet<i32> = grid.indexes.keys().filter(|(_, t, _)| *t == id).map(|(.., i)| *i).collect();
                set.into_iter().map(|i| (i, None)).collect()
            }
            Data::Run(d) => {
                let rows = d.instances.iter().filter(|r| r.ti.task_id == id && r.ti.map_index >= 0);
                rows.map(|r| (r.ti.map_index, Some(r.state))).collect()
            }
            _ => Vec::new(),
        };
        indexes.sort_unstable_by_key(|(i, _)| *i);
        for (index, state) in indexes {
            let object = match run {
                Some(d) => Object::Ti(
                    TiRef { run: d.run.run.clone(), task_id: id.clone(), map_index: index },
                    state.unwrap_or(TiState::None),
                ),
                None => Object::Dag(dag.dag_id.to_string(), None),
            };
            let problem = state == Some(TiState::Failed);
            let kind = Kind::TreeIndex(index);
            items.push(Item { id: format!("node:{id}:{index}"), kind, at, depth: depth + 1, object, problem });
        }
    }
    (items, total)
}

/// What a filter can ask of a node.
pub fn node_fields(id: &str, state: TiState) -> impl crate::model::filter::Fields {
    let id = id.to_owned();
    crate::model::filter::Lookup(
        move |key: &str| match key {
            "task" | "text" => Some(id.clone()),
            "state" => Some(state.to_string()),
            _ => None,
        },
        |_: &str| None,
    )
}

/// States of some tasks in one run of a grid.
pub fn sum(grid: &Grid, run: i64, tasks: &[&str]) -> Counts {
    let mut all = Counts::default();
    for task in tasks {
        if let Some(counts) = grid.cells.get(&(run, (*task).to_owned())) {
            for state in TiState::ALL {
                all.add(*state, counts.get(*state));
            }
        }
    }
    all
}

/// Id of the group or task of a line: `node:ID` or `node:ID:INDEX`.
pub fn node_id(item: &Item) -> &str {
    let id = item.id.strip_prefix("node:").unwrap_or(&item.id);
    match item.kind {
        Kind::TreeIndex(_) => id.rsplit_once(':').map_or(id, |(node, _)| node),
        _ => id,
    }
}

/// The run under a grid's cursor; the newest if none was chosen.
pub fn column(screen: &Screen) -> Option<(usize, RunRef, RunState)> {
    let Data::Grid(grid) = &screen.data else { return None };
    let chosen = screen.column.and_then(|id| grid.runs.iter().position(|r| r.run.id == id));
    let at = chosen.or(grid.runs.len().checked_sub(1))?;
    Some((at, grid.runs[at].run.clone(), grid.runs[at].state))
}

/// What is under a grid's cursor: an instance, a mapped task, or for a group the run.
pub fn cell(screen: &Screen) -> Object {
    cell_of(screen, screen.item())
}

/// What a line of a grid is in the run under the cursor.
pub fn cell_of(screen: &Screen, item: Option<&Item>) -> Object {
    let (Data::Grid(grid), Place::Grid(dag)) = (&screen.data, &screen.place) else { return Object::None };
    let (Some((_, run, state)), Some(item)) = (column(screen), item) else {
        return Object::Dag(dag.clone(), Some(grid.paused));
    };
    let task = node_id(item).to_owned();
    match &item.kind {
        Kind::TreeIndex(i) => {
            let state = grid.indexes.get(&(run.id, task.clone(), *i)).copied().unwrap_or(TiState::None);
            Object::Ti(TiRef { run, task_id: task, map_index: *i }, state)
        }
        Kind::TreeTask(mapped) => {
            let counts = grid.cells.get(&(run.id, task.clone())).copied().unwrap_or_default();
            match mapped {
                None => Object::Ti(TiRef { run, task_id: task, map_index: UNMAPPED }, counts.worst()),
                Some(_) => Object::Task(run, task, counts.worst()),
            }
        }
        Kind::TreeGroup(_) if !task.is_empty() => {
            let worst = grid.dag.as_ref().map(|d| sum(grid, run.id, &tasks_below(d, &task)).worst());
            Object::Group(run, task, worst.unwrap_or(TiState::None))
        }
        _ => Object::Run(run, state),
    }
}
