//! Rows of the layers and of the lines between them, and the letters of the lines.

use std::collections::BTreeMap;

use super::{
    Boxed, Bus, Diagram, End, Pass,
    layers::{Layered, Node},
    place::{Places, width},
};

/// Makes the drawing.
pub fn route(graph: &Layered, places: &Places, widths: &[usize], arrows: &[(usize, usize)]) -> Diagram {
    let middle = |node: usize| places.x[node] + width(&graph.nodes[node], widths) / 2;
    let mut out = Diagram {
        boxes: vec![Boxed { x: 0, y: 0, width: 0, layer: 0 }; widths.len()],
        arrows: arrows.to_vec(),
        left_out: graph.left_out,
        ..Diagram::default()
    };
    let mut down: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (a, b) in &graph.lines {
        down[*a].push(*b);
    }
    let mut y = 0;
    for (layer, nodes) in places.layers.iter().enumerate() {
        for node in nodes {
            match &graph.nodes[*node] {
                Node::Real(i) => {
                    out.boxes[*i] = Boxed { x: places.x[*node], y, width: widths[*i], layer };
                    out.width = out.width.max(places.x[*node] + widths[*i]);
                }
                Node::Pass(from, to) => {
                    out.passes.push(Pass { end: End { x: middle(*node), from: *from, to: to.clone() }, y });
                    out.width = out.width.max(middle(*node) + 1);
                }
            }
        }
        out.height = y + 1;
        // Nodes with the same lower ends share a line.
        let mut shared: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
        for node in nodes.iter().filter(|node| !down[**node].is_empty()) {
            shared.entry(&down[*node]).or_default().push(*node);
        }
        let mut spans: Vec<(usize, usize, &[usize], Vec<usize>)> = shared
            .into_iter()
            .map(|(below, above)| {
                let all = || below.iter().chain(&above).map(|node| middle(*node));
                (all().min().unwrap_or(0), all().max().unwrap_or(0), below, above)
            })
            .collect();
        spans.sort();
        let mut tracks: Vec<usize> = Vec::new();
        let mut rows = Vec::new();
        for (left, right, ..) in &spans {
            // A line straight down needs no row of its own.
            let free = if left == right { Some(0) } else { tracks.iter().position(|end| *end < *left) };
            let track = free.unwrap_or(tracks.len());
            if left != right {
                if track == tracks.len() {
                    tracks.push(*right);
                } else {
                    tracks[track] = *right;
                }
            }
            rows.push(track);
        }
        let gap = tracks.len().max(1);
        for ((_, _, below, above), track) in spans.into_iter().zip(rows) {
            let end = |from: usize, to: Vec<usize>, node: usize| End { x: middle(node), from, to };
            let targets = |nodes: &[usize]| nodes.iter().flat_map(|n| leads_to(graph, *n)).collect::<Vec<_>>();
            let ends_above = above.iter().map(|n| end(origin(graph, *n), targets(below), *n)).collect::<Vec<_>>();
            let from = above.first().map_or(0, |n| origin(graph, *n));
            let ends_below = below.iter().map(|n| end(from, leads_to(graph, *n), *n)).collect();
            out.buses.push(Bus { top: y + 1, y: y + 1 + track, bottom: y + gap, above: ends_above, below: ends_below });
        }
        y += gap + 1;
    }
    out
}

fn origin(graph: &Layered, node: usize) -> usize {
    match &graph.nodes[node] {
        Node::Real(i) | Node::Pass(i, _) => *i,
    }
}

fn leads_to(graph: &Layered, node: usize) -> Vec<usize> {
    match &graph.nodes[node] {
        Node::Real(i) => vec![*i],
        Node::Pass(_, to) => to.clone(),
    }
}

/// Hands out the letters of all lines; `lit(from, to)` tells which arrows are to be seen best. Those come last, as `*`.
pub fn letters(drawing: &Diagram, lit: impl Fn(usize, usize) -> bool, mut put: impl FnMut(usize, usize, char, bool)) {
    let any = |from: usize, to: &[usize]| to.iter().any(|t| lit(from, *t));
    for bus in &drawing.buses {
        let ends = || bus.above.iter().chain(&bus.below).map(|e| e.x);
        let (left, right) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
        if left < right {
            (left..=right).for_each(|x| put(x, bus.y, '-', false));
        }
    }
    for bus in &drawing.buses {
        let straight = bus.above.len() == 1 && bus.below.len() == 1 && bus.above[0].x == bus.below[0].x;
        let corner = if straight { '|' } else { '+' };
        for end in &bus.above {
            (bus.top..bus.y).for_each(|y| put(end.x, y, '|', false));
            put(end.x, bus.y, corner, false);
        }
        for end in &bus.below {
            (bus.y + 1..=bus.bottom).for_each(|y| put(end.x, y, '|', false));
            put(end.x, bus.y, corner, false);
        }
    }
    for pass in &drawing.passes {
        let lit = any(pass.end.from, &pass.end.to);
        put(pass.end.x, pass.y, if lit { '*' } else { '|' }, lit);
    }
    for bus in &drawing.buses {
        let above: Vec<&End> = bus.above.iter().filter(|e| any(e.from, &e.to)).collect();
        let below: Vec<&End> =
            bus.below.iter().filter(|e| bus.above.iter().any(|from| any(from.from, &e.to))).collect();
        if above.is_empty() || below.is_empty() {
            continue;
        }
        let ends = || above.iter().chain(&below).map(|e| e.x);
        let (left, right) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
        (left..=right).for_each(|x| put(x, bus.y, '*', true));
        above.iter().for_each(|e| (bus.top..bus.y).for_each(|y| put(e.x, y, '*', true)));
        below.iter().for_each(|e| (bus.y + 1..=bus.bottom).for_each(|y| put(e.x, y, '*', true)));
    }
}
