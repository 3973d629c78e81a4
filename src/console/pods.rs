//! Lines about pods: the list, by what it is grouped, and those of one pod.

use crate::{
    model::{PodEvent, PodStage, filter::Filter},
    store::{
        pod::Owners,
        screens::{SECOND, TiRef, pod::PodDetail, pods::PodRow},
    },
};

use super::{
    fields,
    items::{Item, Kind},
    keymap::Action,
    place::Object,
    query::{Data, PodShown, Pods},
    screen::Screen,
    state::State,
};

/// What `executor::kubernetes::pending` says of a pod whose node is silent.
const SILENT: &str = "doesn't answer";
/// A pod that waits longer needs somebody to look.
const PATIENCE: i64 = 60 * SECOND;

/// Names a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRef {
    /// Number in the store.
    pub id: i64,
    /// Name.
    pub name: String,
    /// For which task instance.
    pub ti: TiRef,
    /// For which try.
    pub try_number: u32,
}

/// Which pod is meant.
#[derive(Debug, Clone, PartialEq)]
pub enum PodOf {
    /// This one.
    This(PodRef),
    /// That of a try of a task instance; of the newest that has one.
    Try(TiRef, Option<u32>),
}

/// How a pod is, as far as it decides what can be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodNow {
    /// It isn't created yet.
    Wanted,
    /// It is created and doesn't run yet.
    Pending,
    /// It runs.
    Running,
    /// Its node doesn't answer.
    Silent,
    /// It has ended, and what becomes of it is being done.
    Ending,
    /// It has ended, and stays on purpose.
    Kept,
    /// It is deleted.
    Gone,
}

/// A fact about a pod that has a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// When which phase began.
    Life,
    /// Why it waits.
    Why,
    /// What it asked for, and what it used.
    Use,
    /// How it differs from the pod of the last success.
    Spec,
    /// How its task ended.
    End,
}

/// How it is.
pub fn now(row: &PodRow) -> PodNow {
    match row.stage {
        PodStage::Wanted => PodNow::Wanted,
        PodStage::Done if row.is_gone => PodNow::Gone,
        PodStage::Done => PodNow::Kept,
        PodStage::Ended => PodNow::Ending,
        PodStage::Created if row.why.as_ref().is_some_and(|why| why.contains(SILENT)) => PodNow::Silent,
        PodStage::Created if row.phase == "Running" => PodNow::Running,
        PodStage::Created => PodNow::Pending,
    }
}

/// The same in a word, for lists and filters: Kubernetes' phase while there is one.
pub fn word(row: &PodRow) -> String {
    match now(row) {
        PodNow::Wanted => "wanted".into(),
        PodNow::Gone => "gone".into(),
        PodNow::Silent => "silent".into(),
        _ if row.phase.is_empty() => "pending".into(),
        _ if row.is_ending => "ending".into(),
        _ => row.phase.to_lowercase(),
    }
}

/// A person should look at it.
pub fn is_problem(row: &PodRow, at: i64) -> bool {
    match now(row) {
        PodNow::Silent => true,
        PodNow::Pending => row.created.is_some_and(|c| at - c > PATIENCE),
        PodNow::Gone => false,
        _ => row.phase == "Failed",
    }
}

/// True if what is under the cursor has, or once had, a pod.
pub fn has_had(owners: &Owners, object: &Object) -> bool {
    let tasks = object.dag_id().and_then(|dag_id| owners.get(dag_id));
    tasks.is_some_and(|tasks| object.ti().is_none_or(|ti| tasks.contains(&ti.task_id)))
}

/// Names it.
pub fn reference(row: &PodRow) -> PodRef {
    PodRef { id: row.id, name: row.name.clone(), ti: row.ti.clone(), try_number: row.try_number }
}

fn object(row: &PodRow, container: Option<String>) -> Object {
    Object::Pod(reference(row), now(row), container)
}

/// By what a list may be grouped or sorted; the first is how it was read.
pub const ORDERS: &[&str] = &["newest", "oldest", "DAG", "node", "phase", "namespace"];

/// The group of a pod in an order that has groups.
fn group(row: &PodRow, order: usize) -> Option<String> {
    match ORDERS.get(order) {
        Some(&"DAG") => Some(row.ti.run.dag_id.clone()),
        Some(&"node") => Some(row.node.clone().map_or_else(|| "no node yet".into(), |node| format!("node {node}"))),
        Some(&"phase") => Some(word(row)),
        Some(&"namespace") => Some(format!("namespace {}", row.namespace)),
        _ => None,
    }
}

/// The list: filtered, sorted, with a heading per group; and how many there are without the filter.
pub fn list(screen: &Screen, pods: &Pods, filter: &Filter) -> (Vec<Item>, usize) {
    let at = screen.loaded_at.unwrap_or(0);
    let rows = &pods.page.rows;
    let mut items: Vec<Item> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| filter.matches(&fields::pod(row, at)))
        .map(|(i, row)| Item::new(format!("pod:{}", row.id), Kind::Pod, i, object(row, None), is_problem(row, at)))
        .collect();
    if screen.only_problems {
        items.retain(|item| item.problem);
    }
    if ORDERS.get(screen.sort) == Some(&"oldest") {
        items.reverse();
    }
    if rows.first().is_none_or(|row| group(row, screen.sort).is_none()) {
        return (items, pods.page.seen);
    }
    let name = |item: &Item| group(&rows[item.at], screen.sort).unwrap_or_default();
    items.sort_by_cached_key(name);
    let mut grouped: Vec<Item> = Vec::new();
    for part in items.chunk_by(|a, b| name(a) == name(b)) {
        let title = name(&part[0]);
        let heading = Kind::Heading(title.clone().into(), part.len());
        grouped.push(Item::new(format!("heading:{title}"), heading, 0, Object::None, true));
        grouped.extend_from_slice(part);
    }
    (grouped, pods.page.seen)
}

/// The lines of one pod: facts, containers, events.
pub fn one(screen: &Screen, shown: &PodShown, filter: &Filter) -> (Vec<Item>, usize) {
    let at = screen.loaded_at.unwrap_or(0);
    let d = &shown.detail;
    let of = |container: Option<String>| object(&d.row, container);
    let mut items = Vec::new();
    let differs = [&d.diff, &d.try_diff].into_iter().flatten().any(|diff| diff.count() > 0);
    for (fact, there, problem) in [
        (Fact::Life, true, false),
        (Fact::Why, d.row.why.is_some() || past_why(d).is_some(), is_problem(&d.row, at)),
        (Fact::End, !d.result.is_null(), d.row.phase == "Failed"),
        (Fact::Use, true, false),
        (Fact::Spec, true, differs),
    ] {
        if there && filter.is_empty() {
            items.push(Item::new(format!("fact:{fact:?}"), Kind::PodFact(fact), 0, of(None), problem));
        }
    }
    let mut part = |title: &'static str, lines: Vec<Item>| {
        items.push(Item::new(
            format!("heading:{title}"),
            Kind::Heading(title.into(), lines.len()),
            0,
            Object::None,
            true,
        ));
        items.extend(lines);
    };
    let containers = d.containers.iter().enumerate().filter(|(_, c)| filter.matches(&fields::container(c)));
    let containers = containers.map(|(i, c)| {
        let failed = c.exit_code.is_some_and(|code| code != 0) || c.restarts > 0 || is_stuck(&c.state, &c.reason);
        Item::new(format!("container:{}", c.name), Kind::Container, i, of(Some(c.name.clone())), failed)
    });
    part(CONTAINERS, containers.collect());
    let events = d.events.iter().enumerate().filter(|(_, e)| filter.matches(&fields::pod_event(e, at)));
    let events =
        events.map(|(i, e)| Item::new(format!("event:{}", e.uid), Kind::PodEvent, i, of(None), e.level == "Warning"));
    let title = match shown.events_hidden {
        true => "EVENTS: this account may not list events",
        false => "EVENTS, oldest first",
    };
    part(title, events.collect());
    (items, d.containers.len() + d.events.len())
}

/// Title of the containers, above their columns.
const CONTAINERS: &str = "CONTAINERS            STATE      REASON    EXIT RST  CPU     MEMORY       OTHERS";

/// What the cluster said last against its start; `None` if nothing.
pub fn past_why(d: &PodDetail) -> Option<&str> {
    let began = d.row.started?;
    let before = |e: &&PodEvent| e.first_at.is_some_and(|at| at.as_microsecond() <= began);
    let last = d.events.iter().filter(before).rfind(|e| e.level == "Warning");
    last.map(|e| e.message.as_str())
}

/// It waits for something that may never come.
fn is_stuck(state: &str, reason: &str) -> bool {
    state == "waiting" && !matches!(reason, "" | "ContainerCreating" | "PodInitializing")
}

/// Id of the line of a pod's base container: what a person looks at first.
pub fn first_line(shown: &PodShown) -> String {
    format!("container:{}", shown.detail.base)
}

/// Why there can be no shell in what is under the cursor.
pub fn shell_refused(state: &State) -> Option<String> {
    if state.facts.read_only {
        return Some("the console is read-only".into());
    }
    let screen = state.screen();
    let Object::Pod(pod, now, container) = screen.object() else { return Some("no pod under the cursor".into()) };
    match (now, &screen.data) {
        (PodNow::Wanted, _) => Some(format!("pod {} isn't created yet", pod.name)),
        (PodNow::Pending, _) => Some(format!("pod {} doesn't run yet", pod.name)),
        (PodNow::Silent, _) => Some("its node doesn't answer".into()),
        (PodNow::Ending | PodNow::Kept, _) => Some(format!("pod {} has ended", pod.name)),
        (PodNow::Gone, _) => Some(format!("pod {} is gone", pod.name)),
        (PodNow::Running, Data::Pod(Some(shown))) => {
            let containers = &shown.detail.containers;
            let one = container.and_then(|name| containers.iter().find(|c| c.name == name))?;
            (one.state != "running").then(|| format!("container {} is {}", one.name, one.state))
        }
        (PodNow::Running, _) => None,
    }
}

/// Why the pod under the cursor can't be deleted.
pub fn delete_refused(state: &State) -> Option<String> {
    let Object::Pod(pod, now, _) = state.screen().object() else { return None };
    match now {
        PodNow::Kept | PodNow::Silent => None,
        PodNow::Gone => Some(format!("pod {} is gone already", pod.name)),
        PodNow::Ending => Some("it has ended, and is being tidied up".into()),
        PodNow::Wanted | PodNow::Pending | PodNow::Running => {
            let key = state.keymap.short(Action::Stop);
            Some(format!("its task still waits for it ({key} stops the task and its pod)"))
        }
    }
}
