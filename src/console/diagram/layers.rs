//! In which layer each box lies, and which lines pass a layer between their ends.

use std::collections::{BTreeMap, BTreeSet};

/// Most places where lines pass a layer; beyond, the longest arrows are left out.
const MOST_PASSES: usize = 3000;

/// What lies in a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A box.
    Real(usize),
    /// The arrows of a box on their way to others.
    Pass(usize, Vec<usize>),
}

/// A graph in layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layered {
    /// Everything that lies in a layer.
    pub nodes: Vec<Node>,
    /// Indexes of the nodes of each layer.
    pub layers: Vec<Vec<usize>>,
    /// Lines from a node to one of the next layer.
    pub lines: Vec<(usize, usize)>,
    /// Arrows that aren't drawn.
    pub left_out: usize,
}

impl Layered {
    /// Puts each of `n` boxes below all that point to it.
    pub fn new(n: usize, arrows: &[(usize, usize)]) -> Self {
        let all: BTreeSet<(usize, usize)> = arrows.iter().copied().filter(|(a, b)| a != b).collect();
        let depth = depths(n, &all);
        let mut drawn: Vec<(usize, usize)> = all.iter().copied().filter(|(a, b)| depth[*a] < depth[*b]).collect();
        drawn.sort_by_key(|(a, b)| depth[*b] - depth[*a]);
        let mut out = Self { layers: vec![Vec::new(); depth.iter().max().map_or(0, |d| d + 1)], ..Self::default() };
        for (i, layer) in depth.iter().enumerate() {
            out.nodes.push(Node::Real(i));
            out.layers[*layer].push(i);
        }
        // The arrows of one box share their way as far as they go.
        let mut ways: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut lines = BTreeSet::new();
        let mut kept = 0;
        for (a, b) in &drawn {
            let missing = (depth[*a] + 1..depth[*b]).filter(|layer| !ways.contains_key(&(*a, *layer))).count();
            if ways.len() + missing > MOST_PASSES {
                continue;
            }
            kept += 1;
            let mut at = *a;
            for layer in depth[*a] + 1..depth[*b] {
                let pass = *ways.entry((*a, layer)).or_insert_with(|| {
                    out.nodes.push(Node::Pass(*a, Vec::new()));
                    out.layers[layer].push(out.nodes.len() - 1);
                    out.nodes.len() - 1
                });
                if let Node::Pass(_, to) = &mut out.nodes[pass] {
                    to.push(*b);
                }
                lines.insert((at, pass));
                at = pass;
            }
            lines.insert((at, *b));
        }
        out.left_out = all.len() - kept;
        out.lines = lines.into_iter().collect();
        out
    }
}

/// The longest way to each box from one that nothing points to. A circle is cut at its first box.
fn depths(n: usize, arrows: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let mut below = vec![Vec::new(); n];
    let mut waits = vec![0_usize; n];
    for (a, b) in arrows {
        below[*a].push(*b);
        waits[*b] += 1;
    }
    let mut depth = vec![0; n];
    let mut done = vec![false; n];
    let mut ready: Vec<usize> = (0..n).filter(|i| waits[*i] == 0).collect();
    let mut first_left = 0;
    loop {
        let Some(one) = ready.pop() else {
            while first_left < n && done[first_left] {
                first_left += 1;
            }
            if first_left == n {
                return depth;
            }
            ready.push(first_left);
            continue;
        };
        if std::mem::replace(&mut done[one], true) {
            continue;
        }
        for next in &below[one] {
            if done[*next] {
                continue;
            }
            depth[*next] = depth[*next].max(depth[one] + 1);
            waits[*next] = waits[*next].saturating_sub(1);
            if waits[*next] == 0 {
                ready.push(*next);
            }
        }
    }
}
