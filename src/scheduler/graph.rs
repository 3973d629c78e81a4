//! A DAG compiled for deciding: tasks as numbers, and who must be examined when a task changes.

use std::collections::BTreeSet;

use crate::model::{Dag, Expand, Task, TaskGroup, TriggerRule};

/// A task as the scheduler needs it. Tasks are numbered in order of definition.
#[derive(Debug)]
pub struct Node {
    /// Directly above.
    pub up: Vec<usize>,
    /// Directly below.
    pub down: Vec<usize>,
    /// To be examined too when it finishes: teardowns of its scope, tasks behind a setup, tasks of a group mapped over it.
    pub watchers: Vec<usize>,
    /// When it may run.
    pub rule: TriggerRule,
    /// Setup task.
    pub is_setup: bool,
    /// Teardown task.
    pub is_teardown: bool,
    /// Succeeds without being executed.
    pub is_empty: bool,
    /// Needs its own instance in the run before.
    pub past: bool,
    /// Its `skipmixin_key` decides about the tasks directly below.
    pub decides: bool,
    /// One of the tasks directly above decides.
    pub has_decider: bool,
    /// Setups that aren't directly above but must succeed.
    pub indirect_setups: Vec<usize>,
    /// For a teardown: tasks between its setups and it.
    pub scope: Vec<usize>,
    /// The task is mapped itself.
    pub is_mapped: bool,
    /// Mapped groups around it, outermost first, as numbers into `groups`.
    pub chain: Vec<usize>,
    /// Tasks whose XCom it, or a mapped group around it, is expanded over.
    pub sources: Vec<usize>,
    /// A task above shares a mapped group with it: dependencies are by index.
    pub by_index: bool,
}

/// A DAG's tasks and mapped groups.
#[derive(Debug)]
pub struct Graph {
    /// By number of the task.
    pub nodes: Vec<Node>,
    /// Tasks that decide how the run ends.
    pub leaves: Vec<usize>,
    /// How the mapped groups are expanded.
    pub groups: Vec<Expand>,
}

/// The mapped groups around a task, outermost first.
pub fn mapped_chain<'a>(dag: &'a Dag, task: &Task) -> Vec<&'a TaskGroup> {
    let mut chain = Vec::new();
    let mut at = task.task_group.as_deref();
    while let Some(group) = at.and_then(|id| dag.task_groups.get(id)) {
        if group.expand.is_some() {
            chain.push(group);
        }
        // A broken file may make a group its own parent.
        if chain.len() > dag.task_groups.len() {
            break;
        }
        at = group.parent.as_deref().filter(|parent| *parent != group.group_id);
    }
    chain.reverse();
    chain
}

/// The callbacks that make an `EmptyOperator` need a process.
const RUN_CALLBACKS: [&str; 2] = ["on_execute_callback", "on_success_callback"];

fn runs_nothing(task: &Task) -> bool {
    task.is_a("EmptyOperator")
        && task.outlets.is_empty()
        && task.inlets.is_empty()
        && !task.callbacks.iter().any(|name| RUN_CALLBACKS.contains(&name.as_str()))
}

impl Graph {
    /// Compiles a DAG.
    pub fn new(dag: &Dag) -> Self {
        let number = |id: &str| dag.tasks.get_index_of(id);
        let mut group_ids: Vec<&str> = Vec::new();
        let mut groups = Vec::new();
        for group in dag.task_groups.values() {
            if let Some(expand) = &group.expand {
                group_ids.push(&group.group_id);
                groups.push(expand.clone());
            }
        }
        let mut nodes: Vec<Node> = dag
            .tasks
            .values()
            .map(|task| {
                let chain: Vec<usize> = mapped_chain(dag, task)
                    .iter()
                    .filter_map(|g| group_ids.iter().position(|id| *id == g.group_id))
                    .collect();
                let expands = chain.iter().map(|g| &groups[*g]).chain(task.expand.as_ref());
                let sources: BTreeSet<usize> = expands.flat_map(Expand::upstream_task_ids).filter_map(number).collect();
                Node {
                    up: task.upstream_task_ids.iter().filter_map(|id| number(id)).collect(),
                    down: task.downstream_task_ids.iter().filter_map(|id| number(id)).collect(),
                    watchers: Vec::new(),
                    rule: task.trigger_rule,
                    is_setup: task.is_setup,
                    is_teardown: task.is_teardown,
                    is_empty: runs_nothing(task),
                    past: task.depends_on_past || task.wait_for_downstream,
                    decides: task.decides_skips(),
                    has_decider: false,
                    indirect_setups: Vec::new(),
                    scope: Vec::new(),
                    is_mapped: task.expand.is_some(),
                    chain,
                    sources: sources.into_iter().collect(),
                    by_index: false,
                }
            })
            .collect();
        for i in 0..nodes.len() {
            nodes[i].has_decider = nodes[i].up.iter().any(|up| nodes[*up].decides);
            nodes[i].by_index = nodes[i].up.iter().any(|up| shared(&nodes[*up].chain, &nodes[i].chain) > 0);
        }
        setups_and_teardowns(&mut nodes);
        watch(&mut nodes);
        let leaves = leaves(dag, &nodes);
        Self { nodes, leaves, groups }
    }
}

/// Number of mapped groups, from the outermost, that two tasks have in common.
pub fn shared(a: &[usize], b: &[usize]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn reach(nodes: &[Node], start: usize, upstream: bool) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![start];
    while let Some(node) = todo.pop() {
        let next = if upstream { &nodes[node].up } else { &nodes[node].down };
        todo.extend(next.iter().filter(|other| seen.insert(**other)));
    }
    seen
}

/// Fills `indirect_setups` (Airflow: `get_upstreams_only_setups`) and `scope`.
fn setups_and_teardowns(nodes: &mut [Node]) {
    let setups: Vec<usize> = (0..nodes.len()).filter(|i| nodes[*i].is_setup).collect();
    for setup in setups {
        let below = reach(nodes, setup, false);
        let teardowns: Vec<usize> = nodes[setup].down.iter().copied().filter(|d| nodes[*d].is_teardown).collect();
        let mut covered: BTreeSet<usize> = BTreeSet::new();
        for &teardown in &teardowns {
            let between: Vec<usize> = reach(nodes, teardown, true).intersection(&below).copied().collect();
            covered.extend(&between);
            let scope = &mut nodes[teardown].scope;
            scope.extend(between);
            scope.sort_unstable();
            scope.dedup();
        }
        // A setup without a teardown is needed by everything below it.
        let behind = if teardowns.is_empty() { below } else { covered };
        for task in behind {
            if !nodes[task].is_teardown && !nodes[task].up.contains(&setup) {
                nodes[task].indirect_setups.push(setup);
            }
        }
    }
}

fn watch(nodes: &mut [Node]) {
    for i in 0..nodes.len() {
        let of: BTreeSet<usize> = nodes[i]
            .indirect_setups
            .iter()
            .chain(&nodes[i].scope)
            .chain(&nodes[i].sources)
            .copied()
            .filter(|other| *other != i && !nodes[i].up.contains(other))
            .collect();
        for other in of {
            nodes[other].watchers.push(i);
        }
    }
}

/// Tasks without tasks below, where ordinary teardowns neither count as below nor are leaves (semantics, section 2).
fn leaves(dag: &Dag, nodes: &[Node]) -> Vec<usize> {
    let ignored: Vec<bool> = dag.tasks.values().map(|t| t.is_teardown && !t.on_failure_fail_dagrun).collect();
    let ends = |i: &usize| !ignored[*i] && nodes[*i].down.iter().all(|below| ignored[*below]);
    let found: Vec<usize> = (0..nodes.len()).filter(ends).collect();
    if found.is_empty() { (0..nodes.len()).filter(|i| nodes[*i].down.is_empty()).collect() } else { found }
}
