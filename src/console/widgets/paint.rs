//! Drawing text into cells: always cut by width, always clean.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_segmentation::UnicodeSegmentation;

use super::text::{self, clip, fit, width};

/// Writes text at a place, cut at `columns`; gives the column after it.
pub fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, columns: usize, style: Style) -> u16 {
    let area = *buf.area();
    if y >= area.height || x >= area.width {
        return x;
    }
    let columns = columns.min((area.width - x) as usize);
    let text = clip(text, columns);
    if x > 0 && !buf[(x - 1, y)].symbol().is_ascii() {
        cut(buf, x - 1, y);
    }
    buf.set_stringn(x, y, &text, columns, style);
    let end = x + width(&text) as u16;
    if !text.is_ascii() {
        isolate(buf, x..end.min(area.width), y);
    }
    end
}

/// What follows a cell is written over: of a wide letter nothing is left then, and a word from right to left ends there.
fn cut(buf: &mut Buffer, x: u16, y: u16) {
    let cell = &mut buf[(x, y)];
    if width(cell.symbol()) > 1 {
        cell.set_symbol(" ");
    } else if cell.symbol().chars().any(text::is_rtl) && !cell.symbol().ends_with(text::ISOLATE) {
        let symbol = format!("{}{}", cell.symbol(), text::ISOLATE);
        cell.set_symbol(&symbol);
    }
}

/// Ends each run of words written from right to left, so that a terminal which turns them round moves nothing else.
fn isolate(buf: &mut Buffer, columns: Range<u16>, y: u16) {
    let is_rtl = |buf: &Buffer, x: u16| columns.contains(&x) && buf[(x, y)].symbol().chars().any(text::is_rtl);
    for x in columns.clone().filter(|x| is_rtl(buf, *x)).collect::<Vec<_>>() {
        let goes_on =
            is_rtl(buf, x + 1) || (x + 1 < columns.end && buf[(x + 1, y)].symbol() == " " && is_rtl(buf, x + 2));
        if !goes_on {
            let symbol = format!("{}{}", buf[(x, y)].symbol(), text::ISOLATE);
            buf[(x, y)].set_symbol(&symbol);
        }
    }
}

/// Writes text over a whole row of an area.
pub fn row(buf: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) {
    if y < area.height {
        put(buf, area.x, area.y + y, &fit(text, area.width as usize), area.width as usize, style);
    }
}

/// A line being drawn from left to right.
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    /// Next column.
    pub x: u16,
    y: u16,
    end: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the start of row `y` of an area.
    pub fn new(buf: &'a mut Buffer, area: Rect, y: u16) -> Self {
        Self { buf, x: area.x, y: area.y + y, end: if y < area.height { area.right() } else { 0 } }
    }
    /// Columns left.
    pub fn left(&self) -> usize {
        self.end.saturating_sub(self.x) as usize
    }
    /// Writes text.
    pub fn text(&mut self, text: &str, style: Style) -> &mut Self {
        let left = self.left();
        if left > 0 {
            self.x = put(self.buf, self.x, self.y, text, left, style);
        }
        self
    }
    /// Writes text in exactly so many columns, with a space after it.
    pub fn cell(&mut self, text: &str, columns: usize, style: Style) -> &mut Self {
        let columns = columns.min(self.left());
        self.text(&fit(text, columns), style);
        self.x = (self.x + 1).min(self.end);
        self
    }
    /// Goes on at a column of the area, if it isn't past it.
    pub fn at(&mut self, x: u16) -> &mut Self {
        self.x = self.x.max(x);
        self
    }
    /// The same style over the whole row, on top of what is there.
    pub fn whole(buf: &mut Buffer, area: Rect, y: u16, style: Style) {
        if y < area.height {
            buf.set_style(Rect { y: area.y + y, height: 1, ..area }, style);
        }
    }
}

/// Empties an area.
pub fn clear(buf: &mut Buffer, area: Rect, style: Style) {
    for y in 0..area.height {
        row(buf, area, y, "", Style::reset().patch(style));
    }
}

/// A box with a title; gives the part inside of it.
pub fn frame(buf: &mut Buffer, area: Rect, title: &str, style: Style) -> Rect {
    if area.width < 4 || area.height < 3 {
        return Rect { width: 0, height: 0, ..area };
    }
    clear(buf, area, Style::new());
    let w = area.width as usize;
    let line = |text: &str| {
        let text = clip(text, w - 4);
        let rest = w - 2 - width(&text);
        format!("+{text}{}+", "-".repeat(rest))
    };
    let title = if title.is_empty() { String::new() } else { format!("- {title} ") };
    row(buf, area, 0, &line(&title), style);
    row(buf, area, area.height - 1, &line(""), style);
    for y in 1..area.height - 1 {
        put(buf, area.x, area.y + y, "|", 1, style);
        put(buf, area.right() - 1, area.y + y, "|", 1, style);
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// An area of a size in the middle of another.
pub fn middle(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// A line being typed, with its cursor as a reversed cell; gives the column after it.
pub fn input(
    buf: &mut Buffer,
    x: u16,
    y: u16,
    input: &super::input::Input,
    columns: usize,
    style: Style,
    cursor: Option<Style>,
) {
    // The end of a long text is shown, where the cursor mostly is.
    let before = &input.text[..input.at];
    let mut start = 0;
    while width(&before[start..]) + 1 > columns && start < before.len() {
        start += before[start..].graphemes(true).next().map_or(1, str::len);
    }
    put(buf, x, y, &fit(&input.text[start..], columns), columns, style);
    if let Some(cursor) = cursor {
        let at = x + width(&before[start..]) as u16;
        if at < x + columns as u16 {
            let area = Rect { x: at, y, width: 1, height: 1 }.intersection(*buf.area());
            buf.set_style(area, cursor);
        }
    }
}
