//! Lists with columns: as wide as what is in them, within what the screen has.

use ratatui::{buffer::Buffer, style::Style};

use crate::console::{
    items::Item,
    layout::Layout,
    state::State,
    widgets::{paint::Pen, text},
};

use super::list;

/// Lines that are looked at to find out how wide columns are, besides those on the screen.
const SAMPLE: usize = 200;

/// A column.
#[derive(Debug, Clone, Copy, Default)]
pub struct Column {
    /// Its name.
    pub head: &'static str,
    /// It is never narrower than this, if its content is wider.
    pub least: usize,
    /// Nor wider than this.
    pub most: usize,
    /// Text stands at the right.
    pub right: bool,
    /// If there is no room, columns with the highest number go first; 0 stays.
    pub drop: u8,
    /// Of a text that is too long, the end is kept: of a row of letters the newest.
    pub keep_end: bool,
    /// It names the line: others give way before it takes less than two fifths of the room.
    pub names: bool,
}

/// A column of text at the left.
pub const fn left(head: &'static str, least: usize, most: usize) -> Column {
    Column { head, least, most, right: false, drop: 0, keep_end: false, names: false }
}

/// A column of numbers or ages at the right.
pub const fn right(head: &'static str, least: usize, most: usize) -> Column {
    Column { right: true, ..left(head, least, most) }
}

/// One cell: pieces of text with their styles.
pub type Cell = Vec<(String, Style)>;

/// A line.
pub enum Line {
    /// In columns.
    Cells(Vec<Cell>),
    /// Across all columns.
    Across(Cell),
}

/// A cell of one piece.
pub fn cell(text: impl Into<String>, style: Style) -> Cell {
    vec![(text.into(), style)]
}

fn columns_of(cell: &Cell) -> usize {
    cell.iter().map(|(text, _)| text::width(text)).sum()
}

/// Widths of the columns in `room`; 0: it isn't shown.
pub fn widths(columns: &[Column], content: &[usize], room: usize) -> Vec<usize> {
    let mut shown: Vec<bool> = columns.iter().map(|_| true).collect();
    loop {
        let want: Vec<usize> = columns
            .iter()
            .zip(content)
            .zip(&shown)
            .map(|((c, have), on)| if *on { (*have).max(text::width(c.head)).min(c.most) } else { 0 })
            .collect();
        let least: Vec<usize> = columns.iter().zip(&want).map(|(c, w)| c.least.min(*w)).collect();
        let gaps = shown.iter().filter(|on| **on).count().saturating_sub(1);
        let mut width = want;
        let mut over = (width.iter().sum::<usize>() + gaps).saturating_sub(room);
        // The least important columns give first, then the widest of the others, down to what each needs.
        let keep = |i: usize| if columns[i].names { least[i].max(room * 2 / 5) } else { least[i] };
        give(&mut width, &mut over, |i, w| w.saturating_sub(least[i]) * usize::from(columns[i].drop));
        give(&mut width, &mut over, |i, w| w.saturating_sub(keep(i)));
        if over == 0 {
            return width;
        }
        let droppable = (0..columns.len()).filter(|i| shown[*i] && columns[*i].drop > 0);
        let Some(i) = droppable.max_by_key(|i| columns[*i].drop) else {
            give(&mut width, &mut over, |i, w| w.saturating_sub(least[i]));
            return width;
        };
        shown[i] = false;
    }
}

/// Takes what is too much away column by column: always from the one that can spare most.
fn give(width: &mut [usize], over: &mut usize, spare: impl Fn(usize, usize) -> usize) {
    while *over > 0 {
        let most = (0..width.len()).map(|i| (spare(i, width[i]), i)).filter(|(n, _)| *n > 0).max();
        let Some((_, i)) = most else { return };
        width[i] -= 1;
        *over -= 1;
    }
}

/// Draws the visible lines; `line` makes the line of an item.
pub fn draw(state: &State, layout: &Layout, buf: &mut Buffer, columns: &[Column], line: impl Fn(&Item) -> Line) {
    let screen = state.screen();
    let height = layout.list.height as usize;
    let mut content = vec![0; columns.len()];
    let visible = screen.items.iter().skip(screen.top).take(height);
    for item in screen.items.iter().take(SAMPLE).chain(visible).filter(|i| !i.is_heading()) {
        if let Line::Cells(cells) = line(item) {
            for (width, cell) in content.iter_mut().zip(&cells) {
                *width = columns_of(cell).max(*width);
            }
        }
    }
    // Two columns for cursor and mark, one for the bar at the right.
    let room = (layout.list.width as usize).saturating_sub(3);
    let width = widths(columns, &content, room);
    let mut heads = String::new();
    for (c, w) in columns.iter().zip(&width).filter(|(_, w)| **w > 0) {
        heads.push_str(&if c.right { text::fit_right(c.head, *w) } else { text::fit(c.head, *w) });
        heads.push(' ');
    }
    list::draw(state, layout, buf, &heads, |pen, item| match line(item) {
        Line::Across(cell) => {
            for (text, style) in &cell {
                pen.text(text, *style);
            }
        }
        Line::Cells(cells) => {
            for ((cell, c), w) in cells.iter().zip(columns).zip(&width).filter(|(_, w)| **w > 0) {
                put(pen, cell, c, *w);
            }
        }
    });
}

/// Writes a cell in exactly its width, and a space.
fn put(pen: &mut Pen<'_>, cell: &Cell, column: &Column, width: usize) {
    let have = columns_of(cell);
    let plain = Style::new();
    if column.right && have < width {
        pen.text(&" ".repeat(width - have), plain);
    }
    let mut skip = if column.keep_end { have.saturating_sub(width) } else { 0 };
    let mut left = width;
    for (at, (text, style)) in cell.iter().enumerate() {
        let n = text::width(text);
        if skip >= n {
            skip -= n;
            continue;
        }
        let (from, sticks_out) = text::skip(text, skip);
        let text = " ".repeat(sticks_out) + &text[from..];
        skip = 0;
        let last = at + 1 == cell.len();
        // What follows is cut too: then the cut is shown here.
        let text = if !last && text::width(&text) == left { format!("{text}~") } else { text };
        let text = text::clip(&text, left);
        left -= text::width(&text);
        pen.text(&text, *style);
        if left == 0 {
            break;
        }
    }
    let filled = if column.right { width.saturating_sub(have) } else { 0 };
    let rest = left.saturating_sub(filled);
    pen.text(&" ".repeat(rest + 1), plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_the_room_by_what_is_in_them() {
        let columns = [
            Column { names: true, ..left("DAG", 10, 60) },
            Column { drop: 1, ..left("TAGS", 4, 20) },
            right("AGE", 4, 4),
        ];
        assert_eq!(widths(&columns, &[30, 8, 3], 80), [30, 8, 3]);
        assert_eq!(widths(&columns, &[90, 8, 3], 80), [60, 8, 3]);
        // Too little room: the least important gives first, then the widest, then the least important goes.
        assert_eq!(widths(&columns, &[30, 8, 3], 30), [21, 4, 3]);
        assert_eq!(widths(&columns, &[30, 8, 3], 16), [12, 0, 3]);
        assert_eq!(widths(&columns, &[30, 8, 3], 5), [10, 0, 3]);
        assert_eq!(widths(&columns, &[2, 0, 0], 80), [3, 4, 3]);
    }
}
