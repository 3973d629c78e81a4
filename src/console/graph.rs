//! The tasks of a DAG as a drawing: which boxes, with which arrows, and what is seen of it.

use std::collections::{BTreeSet, HashMap};

use ratatui::layout::Rect;

use crate::{
    model::{Dag, TiState, UNMAPPED, filter::Filter},
    store::screens::{Counts, TiRef, run::RunDetail},
};

use super::{
    diagram::{self, Diagram},
    items::{Item, Kind},
    place::Object,
    query::Data,
    screen::Screen,
    tree,
    widgets::text,
};

/// Most columns of a name.
const LONGEST: usize = 30;
/// Tasks up to which the timeline has a drawing below it.
const MOST_BESIDE: usize = 300;

/// A drawing with its boxes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    /// Boxes, from the top and from the left.
    pub items: Vec<Item>,
    /// States behind each.
    pub counts: Vec<Counts>,
    /// Their places.
    pub drawing: Diagram,
    /// Boxes before the filter.
    pub total: usize,
}

/// What a drawing is made of.
pub fn source(data: &Data) -> Option<(&Dag, Option<&RunDetail>)> {
    match data {
        Data::Graph(graph) => Some((&graph.dag, graph.run.as_ref())),
        Data::Run(run) => run.dag.as_ref().filter(|d| d.tasks.len() <= MOST_BESIDE).map(|dag| (dag, Some(&**run))),
        _ => None,
    }
}

/// Makes the drawing of a screen. A filter leaves out boxes; what was connected through them stays connected.
pub fn build(screen: &Screen, filter: &Filter) -> Shown {
    let Some((dag, run)) = source(&screen.data) else { return Shown::default() };
    let mut states: HashMap<&str, Counts> = HashMap::new();
    for row in run.iter().flat_map(|r| &r.instances) {
        states.entry(row.ti.task_id.as_str()).or_default().add(row.state, 1);
    }
    let mut boxes = Vec::new();
    let mut total = 0;
    for node in tree::nodes(dag, &screen.folded, &BTreeSet::new()) {
        if node.kind == Kind::TreeGroup(false) {
            continue;
        }
        total += 1;
        let tasks = match node.kind {
            Kind::TreeGroup(_) => tree::tasks_below(dag, &node.id),
            _ => vec![dag.tasks.get_key_value(node.id.as_str()).map_or("", |(id, _)| &**id)],
        };
        let mut counts = Counts::default();
        for one in tasks.iter().filter_map(|t| states.get(t)) {
            TiState::ALL.iter().for_each(|s| counts.add(*s, one.get(*s)));
        }
        let problem = counts.get(TiState::Failed) + counts.get(TiState::UpForRetry) > 0;
        let wanted = filter.is_empty() || filter.matches(&tree::node_fields(&node.id, counts.worst()));
        if !wanted || (screen.only_problems && !problem && counts.get(TiState::UpstreamFailed) == 0) {
            continue;
        }
        let object = match (&node.kind, run) {
            (Kind::TreeTask(None), Some(r)) => Object::Ti(
                TiRef { run: r.run.run.clone(), task_id: node.id.clone(), map_index: UNMAPPED },
                counts.worst(),
            ),
            (Kind::TreeTask(_), Some(r)) => Object::Task(r.run.run.clone(), node.id.clone(), counts.worst()),
            (_, Some(r)) => Object::Group(r.run.run.clone(), node.id.clone(), counts.worst()),
            (_, None) => Object::Dag(dag.dag_id.to_string(), None),
        };
        let mut item = Item::new(format!("node:{}", node.id), node.kind, 0, object, problem);
        item.depth = node.depth;
        boxes.push((item, counts, tasks));
    }
    if let Some((id, up)) = &screen.only_way {
        let arrows = arrows(dag, &boxes);
        let drawing = Diagram { boxes: vec![EMPTY; boxes.len()], arrows, ..Diagram::default() };
        if let Some(at) = boxes.iter().position(|(item, ..)| item.id == *id) {
            let keep = if *up { drawing.above(at) } else { drawing.below(at) };
            let mut keep = keep.into_iter();
            boxes.retain(|_| keep.next().unwrap_or(true));
        }
    }
    let widths: Vec<usize> =
        boxes.iter().map(|(item, counts, _)| text::width(&caption(dag, item, counts)) + 4).collect();
    let drawing = diagram::draw(&widths, &arrows(dag, &boxes));
    // In the order in which one reads, so that the first line is at the top.
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by_key(|i| (drawing.boxes[*i].y, drawing.boxes[*i].x));
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, old)| back[*old] = new);
    let renumber = |at: &mut usize| *at = back[*at];
    let mut drawing = Diagram { boxes: order.iter().map(|i| drawing.boxes[*i]).collect(), ..drawing };
    drawing.arrows.iter_mut().for_each(|(a, b)| {
        renumber(a);
        renumber(b);
    });
    let ends = drawing.buses.iter_mut().flat_map(|b| b.above.iter_mut().chain(&mut b.below));
    for end in ends.chain(drawing.passes.iter_mut().map(|p| &mut p.end)) {
        renumber(&mut end.from);
        end.to.iter_mut().for_each(renumber);
    }
    let mut boxes: Vec<Option<(Item, Counts)>> =
        boxes.into_iter().map(|(item, counts, _)| Some((item, counts))).collect();
    let sorted = order.iter().filter_map(|i| boxes[*i].take());
    let (items, counts) = sorted.unzip();
    Shown { items, counts, drawing, total }
}

const EMPTY: diagram::Boxed = diagram::Boxed { x: 0, y: 0, width: 0, layer: 0 };

/// Arrows between boxes: between their tasks, also through tasks that aren't shown.
fn arrows(dag: &Dag, boxes: &[(Item, Counts, Vec<&str>)]) -> Vec<(usize, usize)> {
    let mut owner: HashMap<&str, usize> = HashMap::new();
    for (at, (_, _, tasks)) in boxes.iter().enumerate() {
        tasks.iter().for_each(|t| {
            owner.insert(t, at);
        });
    }
    let below = |task: &str| dag.tasks.get(task).map_or(&[][..], |t| &t.downstream_task_ids);
    let mut out = BTreeSet::new();
    for (at, (_, _, tasks)) in boxes.iter().enumerate() {
        let mut todo: Vec<&str> = tasks.iter().flat_map(|t| below(t)).map(|t| &**t).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(task) = todo.pop() {
            match owner.get(task) {
                Some(other) if *other == at => {}
                Some(other) => drop(out.insert((at, *other))),
                None if seen.insert(task) => todo.extend(below(task).iter().map(|t| &**t)),
                None => {}
            }
        }
    }
    out.into_iter().collect()
}

/// What a box says after its letter: the name, of a mapped task how many, of a folded group how many tasks.
pub fn caption(dag: &Dag, item: &Item, counts: &Counts) -> String {
    let id = tree::node_id(item);
    let name = text::clip(if item.depth > 0 { id } else { tree::label(dag, id) }, LONGEST);
    match item.kind {
        Kind::TreeGroup(_) => format!("{name} {} +", tree::tasks_below(dag, id).len()),
        Kind::TreeTask(Some(_)) if counts.total() > 1 => format!("{name} x{}", counts.total()),
        _ => name,
    }
}

/// Keeps the box under the cursor, with what is directly around it, inside of an area.
pub fn settle(screen: &mut Screen, area: Rect) {
    let (width, height) = (area.width.saturating_sub(2) as usize, area.height as usize);
    let Some(one) = screen.graph.drawing.boxes.get(screen.cursor) else { return };
    let along = |pan: usize, from: usize, to: usize, room: usize, all: usize| {
        let pan = pan.min(from).max((to + 1).saturating_sub(room.max(1)));
        pan.min(all.saturating_sub(room))
    };
    let (x, y) = screen.pan;
    screen.pan = (
        along(x, one.x.saturating_sub(2), one.x + one.width + 1, width, screen.graph.drawing.width),
        along(y, one.y.saturating_sub(2), one.y + 2, height, screen.graph.drawing.height),
    );
}

/// Where a drawing begins so that a box is in the middle of an area.
pub fn centred(drawing: &Diagram, at: usize, area: Rect) -> (usize, usize) {
    let Some(one) = drawing.boxes.get(at) else { return (0, 0) };
    let (width, height) = (area.width.saturating_sub(2) as usize, area.height as usize);
    let along = |middle: usize, room: usize, all: usize| middle.saturating_sub(room / 2).min(all.saturating_sub(room));
    (along(one.middle(), width, drawing.width), along(one.y, height, drawing.height))
}
