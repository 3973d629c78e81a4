//! What is shown of a log: which part is held, where its top is, what is looked for.

use std::path::PathBuf;

use crate::console::widgets::text;

use super::file::{Only, Part, WINDOW, Window};

/// Most bytes that are held of several logs together.
const MERGED: u64 = 64 << 20;
/// Most rows of a line that is wrapped: a taller one (the pod that a failure prints, say) would hide what is around it.
const TALLEST: usize = 6;

/// How times are shown in front of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stamps {
    /// Time of day.
    #[default]
    Clock,
    /// Since the try's start.
    Relative,
    /// Not at all.
    None,
}

/// What stands out of a log's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colours {
    /// What the task coloured.
    #[default]
    Own,
    /// Numbers, texts in quotes, names of values.
    Values,
    /// Nothing but levels.
    Levels,
}

/// A log on the screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogView {
    /// The file that should be shown.
    pub path: PathBuf,
    /// The part held.
    pub window: Option<Box<Window>>,
    /// There is no file.
    pub missing: bool,
    /// Index of the first line shown; `None`: the last line is at the bottom.
    pub top: Option<usize>,
    /// Stay at the end while it grows.
    pub follow: bool,
    /// Break long lines.
    pub wrap: bool,
    /// Columns scrolled to the right.
    pub shift: usize,
    /// What is looked for.
    pub search: String,
    /// Offset of the record found last.
    pub found: Option<u64>,
    /// It opens at the record that ends there and has what is looked for.
    pub opens_at: Option<u64>,
    /// Times in front.
    pub stamps: Stamps,
    /// What stands out.
    pub colours: Colours,
    /// Only some records are shown.
    pub only: Only,
    /// Names and files of several logs that are shown as one; empty: one file.
    pub sources: Vec<(String, PathBuf)>,
    /// How often twice as much of each of them was asked for, as somebody went up.
    pub deeper: u32,
}

impl LogView {
    /// A view of a file, wrapped, at its end.
    pub fn new(path: PathBuf, follow: bool) -> Self {
        Self { path, follow, wrap: true, ..Self::default() }
    }

    /// The part that shows the end, or what fits.
    pub fn end(&self) -> Part {
        self.grown(u64::MAX)
    }

    /// The same, if the file's size isn't the one known.
    pub fn newer(&self) -> Part {
        self.grown(self.window.as_ref().map_or(u64::MAX, |w| w.size))
    }

    fn grown(&self, known: u64) -> Part {
        if !self.sources.is_empty() {
            let deep = self.deep();
            return Part::Merged { logs: self.sources.clone(), only: self.only.clone(), deep, known };
        }
        if self.only == Only::default() {
            if known == u64::MAX { Part::End } else { Part::Grown(known) }
        } else {
            Part::Grep { only: self.only.clone(), known }
        }
    }

    /// Bytes that are read of the end of each of several logs.
    fn deep(&self) -> u64 {
        (WINDOW << self.deeper.min(20)).min(self.deepest())
    }

    /// Most bytes of each, so that all of them fit into memory.
    fn deepest(&self) -> u64 {
        (MERGED / self.sources.len().max(1) as u64).max(WINDOW)
    }

    /// Rows that a line takes. A tall one is shown whole only if what is looked for stands in it.
    pub fn rows(&self, text: &str, columns: usize) -> usize {
        if !self.wrap {
            return 1;
        }
        let all = text::rows(text, columns);
        let is_found = || !self.search.is_empty() && text.to_lowercase().contains(&self.search.to_lowercase());
        if all > TALLEST && !is_found() { TALLEST } else { all }
    }

    /// Index of the first line shown in `height` rows of `columns`.
    pub fn first(&self, height: usize, columns: usize) -> usize {
        let Some(window) = &self.window else { return 0 };
        match self.top {
            Some(top) => top.min(window.lines.len().saturating_sub(1)),
            None => self.end_of(window, height, columns).min(window.lines.len().saturating_sub(1)),
        }
    }

    /// Moves by lines; the part that must be read for it, if any.
    pub fn scroll(&mut self, by: isize, height: usize, columns: usize) -> Option<Part> {
        let first = self.first(height, columns);
        let window = self.window.as_ref()?;
        let last = self.end_of(window, height, columns);
        let top = first.saturating_add_signed(by);
        if top >= last && window.end >= window.size {
            self.top = None;
            return None;
        }
        self.follow = false;
        self.top = Some(top.min(window.lines.len().saturating_sub(1)));
        if !self.sources.is_empty() {
            // Of several logs the ends are held: near the start twice as much of each is read.
            let more = window.start > 0 && top < height && self.deep() < self.deepest();
            self.deeper = self.deeper.saturating_add(u32::from(more));
            return more.then(|| self.end());
        }
        let at = window.lines.get(top.min(window.lines.len().saturating_sub(1))).map(|l| l.offset)?;
        let near_start = window.start > 0 && at < window.start + WINDOW / 8;
        let near_end = window.end < window.size && at + WINDOW / 8 > window.end;
        (near_start || near_end).then_some(Part::Around(at))
    }

    /// Index of the first line shown when the last one is at the bottom.
    fn end_of(&self, window: &Window, height: usize, columns: usize) -> usize {
        let mut left = height;
        let mut first = window.lines.len();
        while first > 0 {
            let rows = self.rows(&window.lines[first - 1].text, columns);
            if rows > left {
                break;
            }
            left -= rows;
            first -= 1;
        }
        first
    }

    /// Takes a part that was read; the line at the top stays where it is, unless `at` names another.
    pub fn take(&mut self, window: Box<Window>, at: Option<u64>) {
        if window.path != self.path {
            return;
        }
        self.missing = false;
        let keep = at.or_else(|| {
            let top = self.top?;
            self.window.as_ref()?.lines.get(top).map(|l| l.offset)
        });
        if let Some(offset) = keep {
            let old = self.window.as_ref().and_then(|w| w.lines.iter().find(|l| l.offset == offset));
            // Lines of several logs have other places when more of them is read.
            let same = old.filter(|_| !self.sources.is_empty());
            let same = same.and_then(|old| window.lines.iter().position(|l| l.at == old.at && l.text == old.text));
            let index = same.or_else(|| window.lines.iter().position(|l| l.offset >= offset)).unwrap_or(0);
            self.top = Some(index);
        }
        if at.is_some() {
            self.found = at;
            self.follow = false;
            // Some context above a match.
            self.top = self.top.map(|t| t.saturating_sub(4));
        }
        self.window = Some(window);
    }

    /// Finds the next line of the part that is held: with a text, or an error; around the end as well. False if there is none.
    pub fn find_held(&mut self, text: Option<&str>, forward: bool, height: usize, columns: usize) -> bool {
        let from = self.search_from(forward, height, columns);
        let Some(window) = &self.window else { return false };
        let wanted = text.map(str::to_lowercase);
        let fits = |l: &&super::record::Line| match &wanted {
            Some(text) => l.text.to_lowercase().contains(text),
            None => l.level == super::Level::Error && l.first,
        };
        let lines = || window.lines.iter().filter(fits);
        let found = if forward {
            lines().find(|l| l.offset > from).or_else(|| lines().next())
        } else {
            lines().rfind(|l| l.offset < from).or_else(|| lines().next_back())
        };
        let Some(offset) = found.map(|l| l.offset) else { return false };
        let at = window.lines.iter().position(|l| l.offset == offset).unwrap_or(0);
        self.found = Some(offset);
        self.follow = false;
        self.top = Some(at.saturating_sub(4));
        true
    }

    /// Where a search starts: the last match, else the line at the top.
    pub fn search_from(&self, forward: bool, height: usize, columns: usize) -> u64 {
        let Some(window) = &self.window else { return 0 };
        let shown = window.lines.get(self.first(height, columns)).map_or(0, |l| l.offset);
        match self.found {
            Some(at) if window.lines.iter().any(|l| l.offset == at) => at,
            _ if self.top.is_none() && !forward => window.size,
            _ => shown,
        }
    }
}
