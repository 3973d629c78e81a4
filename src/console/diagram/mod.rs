//! A graph as a drawing from top to bottom: boxes in layers, arrows as lines between them. Pure: letters and columns only.

pub mod layers;
pub mod place;
pub mod route;

use layers::Layered;

/// A box of the drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boxed {
    /// First column.
    pub x: usize,
    /// Row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Layer, from the top.
    pub layer: usize,
}

impl Boxed {
    /// Column in the middle, where lines meet it.
    pub fn middle(&self) -> usize {
        self.x + self.width / 2
    }
}

/// An end of a line: its column, the box it belongs to, and the boxes that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Column.
    pub x: usize,
    /// Box at the upper end of the arrow.
    pub from: usize,
    /// Boxes at its lower end; one, unless the line passes this layer on its way to several.
    pub to: Vec<usize>,
}

/// Arrows with the same lower ends: down from each upper end, along one row, down to each lower end.
#[derive(Debug, Clone, PartialEq)]
pub struct Bus {
    /// First row below the upper boxes.
    pub top: usize,
    /// Row of the line along.
    pub y: usize,
    /// Last row above the lower boxes.
    pub bottom: usize,
    /// Upper ends.
    pub above: Vec<End>,
    /// Lower ends.
    pub below: Vec<End>,
}

/// A line that passes a layer between its boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Where.
    pub end: End,
    /// Row of the layer.
    pub y: usize,
}

/// A drawing. Boxes have the numbers of what was given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagram {
    /// Boxes.
    pub boxes: Vec<Boxed>,
    /// Lines between layers.
    pub buses: Vec<Bus>,
    /// Lines through layers.
    pub passes: Vec<Pass>,
    /// Arrows, as given.
    pub arrows: Vec<(usize, usize)>,
    /// Arrows that are not drawn: they lead back, or there are too many long ones.
    pub left_out: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Draws boxes of these widths with arrows between them.
pub fn draw(widths: &[usize], arrows: &[(usize, usize)]) -> Diagram {
    let layered = Layered::new(widths.len(), arrows);
    let place = place::places(&layered, widths);
    route::route(&layered, &place, widths, arrows)
}

impl Diagram {
    /// What lies on a way to a box, with the box.
    pub fn above(&self, at: usize) -> Vec<bool> {
        self.reach(at, true)
    }

    /// What lies on a way from a box, with the box.
    pub fn below(&self, at: usize) -> Vec<bool> {
        self.reach(at, false)
    }

    fn reach(&self, at: usize, up: bool) -> Vec<bool> {
        let mut next = vec![Vec::new(); self.boxes.len()];
        for (a, b) in &self.arrows {
            let (from, to) = if up { (*b, *a) } else { (*a, *b) };
            next[from].push(to);
        }
        let mut seen = vec![false; self.boxes.len()];
        let mut todo = vec![at];
        while let Some(one) = todo.pop() {
            if let Some(flag) = seen.get_mut(one)
                && !*flag
            {
                *flag = true;
                todo.extend(&next[one]);
            }
        }
        seen
    }

    /// The box that is meant by going up or down from one: the nearest neighbour along an arrow, else the nearest box of the
    /// nearest layer that way.
    pub fn vertical(&self, at: usize, down: bool) -> Option<usize> {
        let from = self.boxes.get(at)?;
        let along = self.arrows.iter().filter_map(|(a, b)| match (*a == at, *b == at) {
            (true, _) if down => Some(*b),
            (_, true) if !down => Some(*a),
            _ => None,
        });
        let that_way = |i: &usize| {
            let layer = self.boxes[*i].layer;
            if down { layer > from.layer } else { layer < from.layer }
        };
        let far =
            |i: &usize| (self.boxes[*i].layer.abs_diff(from.layer), self.boxes[*i].middle().abs_diff(from.middle()));
        let near = along.filter(that_way).min_by_key(far);
        near.or_else(|| (0..self.boxes.len()).filter(that_way).min_by_key(far))
    }

    /// The next box of the same layer.
    pub fn sideways(&self, at: usize, right: bool) -> Option<usize> {
        let from = self.boxes.get(at)?;
        let same = (0..self.boxes.len()).filter(|i| self.boxes[*i].layer == from.layer);
        if right {
            same.filter(|i| self.boxes[*i].x > from.x).min_by_key(|i| self.boxes[*i].x)
        } else {
            same.filter(|i| self.boxes[*i].x < from.x).max_by_key(|i| self.boxes[*i].x)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drawing as text, boxes as `[n]`.
    fn text(n: usize, arrows: &[(usize, usize)]) -> Vec<String> {
        let drawing = draw(&vec![3; n], arrows);
        let mut rows = vec![vec![' '; drawing.width]; drawing.height];
        route::letters(&drawing, |_, _| false, |x, y, letter, _| rows[y][x] = letter);
        for (i, b) in drawing.boxes.iter().enumerate() {
            for (dx, c) in format!("[{i}]").chars().enumerate() {
                rows[b.y][b.x + dx] = c;
            }
        }
        rows.into_iter().map(|r| r.into_iter().collect::<String>().trim_end().to_owned()).collect()
    }

    #[test]
    fn a_chain_goes_straight_down() {
        assert_eq!(text(3, &[(0, 1), (1, 2)]), ["[0]", " |", "[1]", " |", "[2]"]);
    }

    #[test]
    fn a_fan_shares_one_line_and_is_centred() {
        let arrows = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)];
        assert_eq!(text(5, &arrows), ["     [0]", " +----+----+", "[1]  [2]  [3]", " +----+----+", "     [4]"]);
    }

    #[test]
    fn an_arrow_over_layers_passes_beside_the_boxes() {
        let rows = text(3, &[(0, 1), (1, 2), (0, 2)]);
        assert_eq!(rows.len(), 5, "{rows:?}");
        let middle = &rows[2];
        assert!(middle.contains("[1]") && middle.contains('|'), "{rows:?}");
    }

    #[test]
    fn a_circle_is_drawn_without_the_arrow_that_leads_back() {
        let drawing = draw(&[3; 3], &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(drawing.left_out, 1);
        assert_eq!(drawing.boxes.iter().map(|b| b.layer).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn moves_follow_arrows_and_the_way_to_a_box_is_known() {
        let drawing = draw(&[3; 5], &[(0, 1), (0, 2), (1, 3), (2, 4)]);
        assert_eq!(drawing.vertical(2, true), Some(4));
        assert_eq!(drawing.vertical(3, false), Some(1));
        assert_eq!(drawing.vertical(0, false), None);
        let right = drawing.sideways(1, true).or(drawing.sideways(1, false));
        assert_eq!(right, Some(2));
        assert_eq!(drawing.above(4), [true, false, true, false, true]);
        assert_eq!(drawing.below(1), [false, true, false, true, false]);
    }

    /// No two boxes overlap, whatever the graph; lines of thousands of boxes are made in a moment.
    #[test]
    fn boxes_never_overlap() {
        let mut seed = 7_u64;
        let mut random = |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % n
        };
        for n in [1, 2, 10, 60, 2000] {
            let widths: Vec<usize> = (0..n).map(|_| 4 + random(20)).collect();
            let arrows: Vec<(usize, usize)> =
                (0..n * 2).map(|_| (random(n), random(n))).filter(|(a, b)| a < b).collect();
            let drawing = draw(&widths, &arrows);
            let mut boxes = drawing.boxes.clone();
            boxes.sort_by_key(|b| (b.y, b.x));
            assert!(boxes.windows(2).all(|w| w[0].y != w[1].y || w[0].x + w[0].width < w[1].x));
            for (a, b) in &arrows {
                assert!(drawing.boxes[*a].y < drawing.boxes[*b].y);
            }
        }
    }
}
