//! The order of the boxes in each layer and their columns: near what they are connected with, never overlapping.

use super::layers::{Layered, Node};

/// Free columns between two boxes.
const GAP: usize = 2;
/// How often the order is improved, and how often the columns.
const SWEEPS: usize = 4;

/// First column of each node, with the layers in their final order.
pub struct Places {
    /// Columns of the nodes.
    pub x: Vec<usize>,
    /// Nodes by layer, from left to right.
    pub layers: Vec<Vec<usize>>,
}

/// Columns of a node.
pub fn width(node: &Node, widths: &[usize]) -> usize {
    match node {
        Node::Real(i) => widths[*i],
        Node::Pass(..) => 1,
    }
}

/// Finds the places.
pub fn places(graph: &Layered, widths: &[usize]) -> Places {
    let n = graph.nodes.len();
    let mut up = vec![Vec::new(); n];
    let mut down = vec![Vec::new(); n];
    for (a, b) in &graph.lines {
        down[*a].push(*b);
        up[*b].push(*a);
    }
    let mut layers = graph.layers.clone();
    let mut rank = vec![0_f64; n];
    let number =
        |layer: &[usize], rank: &mut [f64]| layer.iter().enumerate().for_each(|(i, node)| rank[*node] = i as f64);
    layers.iter().for_each(|layer| number(layer, &mut rank));
    for sweep in 0..SWEEPS {
        let near = if sweep % 2 == 0 { &up } else { &down };
        let count = layers.len();
        for i in 0..count {
            let layer = &mut layers[if sweep % 2 == 0 { i } else { count - 1 - i }];
            layer.sort_by(|a, b| mean(&near[*a], &rank, rank[*a]).total_cmp(&mean(&near[*b], &rank, rank[*b])));
            number(layer, &mut rank);
        }
    }
    let wide: Vec<usize> = graph.nodes.iter().map(|node| width(node, widths)).collect();
    let mut middle = vec![0_f64; n];
    for layer in &layers {
        let mut x = 0;
        for node in layer {
            middle[*node] = (x + wide[*node] / 2) as f64;
            x += wide[*node] + GAP;
        }
    }
    for sweep in 0..SWEEPS {
        let near = if sweep % 2 == 0 { &down } else { &up };
        let count = layers.len();
        for i in 0..count {
            let layer = &layers[if sweep % 2 == 0 { count - 1 - i } else { i }];
            spread(layer, near, &wide, &mut middle);
        }
    }
    // A last step on whole columns, from left to right.
    let left = |node: usize| middle[node].round() as isize - (wide[node] / 2) as isize;
    let shift = (0..n).map(left).min().unwrap_or(0);
    let mut x = vec![0; n];
    for layer in &layers {
        let mut next = 0;
        for node in layer {
            x[*node] = ((left(*node) - shift) as usize).max(next);
            next = x[*node] + wide[*node] + GAP;
        }
    }
    Places { x, layers }
}

fn mean(of: &[usize], value: &[f64], otherwise: f64) -> f64 {
    if of.is_empty() { otherwise } else { of.iter().map(|i| value[*i]).sum::<f64>() / of.len() as f64 }
}

/// Moves the nodes of a layer as near as possible (least squares) to the middle of their neighbours, keeping order and
/// distances: neighbours that would overlap are moved as one block.
fn spread(layer: &[usize], near: &[Vec<usize>], wide: &[usize], middle: &mut [f64]) {
    // Measured from the distance that each must have from the first, only the order counts.
    let mut offset = Vec::with_capacity(layer.len());
    let mut at = 0.0;
    for (i, node) in layer.iter().enumerate() {
        if i > 0 {
            let before = layer[i - 1];
            at += (wide[before] - wide[before] / 2 + wide[*node] / 2 + GAP) as f64;
        }
        offset.push(at);
    }
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (i, node) in layer.iter().enumerate() {
        let mut block = (mean(&near[*node], middle, middle[*node]) - offset[i], 1);
        while let Some((value, n)) = blocks.last().copied()
            && value > block.0
        {
            blocks.pop();
            block = ((value * n as f64 + block.0 * block.1 as f64) / (n + block.1) as f64, n + block.1);
        }
        blocks.push(block);
    }
    let values = blocks.into_iter().flat_map(|(value, n)| std::iter::repeat_n(value, n));
    for ((node, value), offset) in layer.iter().zip(values).zip(offset) {
        middle[*node] = value + offset;
    }
}
