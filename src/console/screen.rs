//! One screen of the stack: its object, what was read about it, cursor, marks, filter.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use crate::{
    command,
    model::filter::Filter,
    store::screens::{
        Micros,
        compare::Pair,
        page::{Part, Position},
    },
};

use super::{
    graph::{self, Shown},
    items::{self, Item},
    jobs::Job,
    log::LogView,
    place::{Object, Place},
    pods,
    query::{Data, PAGE},
    tree,
    widgets::input::Input,
};

/// A screen.
#[derive(Debug, Clone)]
pub struct Screen {
    /// Which, about what.
    pub place: Place,
    /// What was read.
    pub data: Data,
    /// When it was read.
    pub loaded_at: Option<Micros>,
    /// Why it couldn't be read.
    pub error: Option<String>,
    /// Number of the question that is open.
    pub waiting: Option<u64>,
    /// Something changed since the question was asked.
    pub stale: bool,
    /// The lines, filtered, sorted and folded.
    pub items: Vec<Item>,
    /// Lines before the filter.
    pub total: usize,
    /// Index of the line under the cursor.
    pub cursor: usize,
    /// First line shown.
    pub top: usize,
    /// Lines that came above while the cursor was not at the top.
    pub fresh: usize,
    /// Marked lines by their ids: a filter may hide them, and they stay marked.
    pub marks: BTreeMap<String, Item>,
    /// When the line under the cursor went away and another one took its place.
    pub replaced_at: Option<Micros>,
    /// Keys scroll the preview, not the list.
    pub in_preview: bool,
    /// Lines scrolled in the preview.
    pub preview_top: usize,
    /// How many of its lines had no room when it was drawn last: where scrolling ends.
    pub preview_hidden: Cell<usize>,
    /// Line of a text that was found last.
    pub found_line: Option<usize>,
    /// How often the time shown was halved.
    pub zoom: u8,
    /// The critical path of a timeline isn't marked.
    pub hides_path: bool,
    /// Where a range starts.
    pub mark_start: Option<String>,
    /// Filter, or what a log is searched for.
    pub filter: Input,
    /// The filter is being typed.
    pub filtering: bool,
    /// What is wrong with the filter.
    pub filter_error: Option<String>,
    /// Only lines with a problem.
    pub only_problems: bool,
    /// How the lines are sorted.
    pub sort: usize,
    /// Groups that are folded.
    pub folded: BTreeSet<String>,
    /// Mapped tasks that are unfolded.
    pub unfolded: BTreeSet<String>,
    /// Run under the cursor of a grid.
    pub column: Option<i64>,
    /// Log of a task instance.
    pub log: LogView,
    /// Try that is shown; `None`: the last.
    pub shown_try: Option<u32>,
    /// Why it doesn't run, as the scheduler says: the question's number, then the answer.
    pub explained: Option<(u64, Option<serde_json::Value>)>,
    /// Comparisons in a row that there was nothing for.
    pub skipped: u8,
    /// Long work that is under way, on the screen of the system.
    pub jobs: Vec<Job>,
    /// Two logs beside each other.
    pub log_pairs: Vec<Pair>,
    /// Lines scrolled in a text.
    pub scroll: usize,
    /// Where in its list the open question begins to read.
    pub after: Option<Position>,
    /// What the list was narrowed by when it was read.
    pub read_with: Option<String>,
    /// Id of the line that the cursor goes to as soon as it is known.
    pub wanted: Option<String>,
    /// A drawing of tasks, where there is one.
    pub graph: Shown,
    /// First column and row of it that are seen.
    pub pan: (usize, usize),
    /// Of a drawing only what is above (true) or below a box.
    pub only_way: Option<(String, bool)>,
    /// Week of a calendar, counted back from this one.
    pub week: usize,
}

impl Screen {
    /// A screen about which nothing is known yet.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            data: Data::None,
            loaded_at: None,
            error: None,
            waiting: None,
            stale: false,
            items: Vec::new(),
            total: 0,
            cursor: 0,
            top: 0,
            fresh: 0,
            marks: BTreeMap::new(),
            replaced_at: None,
            in_preview: false,
            preview_top: 0,
            preview_hidden: Cell::new(0),
            found_line: None,
            zoom: 0,
            hides_path: false,
            mark_start: None,
            filter: Input::default(),
            filtering: false,
            filter_error: None,
            only_problems: false,
            sort: 0,
            folded: BTreeSet::new(),
            unfolded: BTreeSet::new(),
            column: None,
            log: LogView::default(),
            shown_try: None,
            explained: None,
            skipped: 0,
            jobs: Vec::new(),
            log_pairs: Vec::new(),
            scroll: 0,
            after: None,
            read_with: None,
            wanted: None,
            graph: Shown::default(),
            pan: (0, 0),
            only_way: None,
            week: 0,
        }
    }

    /// Takes what was read; the cursor stays on its object, at the same height of the screen.
    pub fn take(&mut self, data: Data, at: Micros) {
        if let (None, Place::Pod(_), Data::Pod(Some(shown))) = (self.loaded_at, &self.place, &data) {
            self.wanted = Some(pods::first_line(shown));
        }
        let after = self.after.take();
        match (&mut self.data, data) {
            (Data::Runs(old), Data::Runs(new)) if self.read_with.is_some() => old.take(new, after.as_ref()),
            (Data::Instances(old), Data::Instances(new)) if self.read_with.is_some() => old.take(new, after.as_ref()),
            (Data::Pods(old), Data::Pods(new)) if self.read_with.is_some() => {
                old.page.take(new.page, after.as_ref());
                old.clusters = new.clusters;
            }
            (old, new) => *old = new,
        }
        let same = self.read_with.replace(self.filter.text.clone()).as_ref() == Some(&self.filter.text);
        self.loaded_at = Some(at);
        self.error = None;
        let under = self.item().map(|i| i.id.clone());
        self.rebuild();
        let now_under = self.item().map(|i| i.id.as_str());
        if same
            && under.is_some()
            && now_under != under.as_deref()
            && !self.items.iter().any(|i| Some(&i.id) == under.as_ref())
        {
            self.replaced_at = Some(at);
        }
    }

    /// The list has more rows than were read.
    pub fn more(&self) -> bool {
        match &self.data {
            Data::Runs(page) => page.more(),
            Data::Instances(page) => page.more(),
            Data::Pods(pods) => pods.page.more(),
            _ => false,
        }
    }

    /// The list is still looked through for rows that fit.
    pub fn looking(&self) -> bool {
        self.waiting.is_some()
            && match &self.data {
                Data::Runs(page) => page.looking,
                Data::Instances(page) => page.looking,
                Data::Pods(pods) => pods.page.looking,
                _ => false,
            }
    }

    /// Which part of the list is read: what follows on what is known, or all of it down to the cursor, anew.
    pub fn part(&mut self, further: bool) -> Part {
        if self.read_with.as_ref() != Some(&self.filter.text) {
            self.read_with = None;
        }
        let next = match &self.data {
            Data::Runs(page) => page.next.clone(),
            Data::Instances(page) => page.next.clone(),
            Data::Pods(pods) => pods.page.next.clone(),
            _ => None,
        };
        self.after = next.filter(|_| further && self.read_with.is_some());
        let at_end = self.cursor + 1 == self.items.len();
        let limit = match self.after {
            // Who goes to the end wants the end: each time as much again as is known.
            Some(_) if at_end => PAGE.max(self.items.len()),
            Some(_) => PAGE,
            None => PAGE + self.cursor,
        };
        Part { after: self.after.clone(), limit }
    }

    /// What the store filters by: a list that is too long to be read whole.
    pub fn is_paged(&self) -> bool {
        matches!(self.place, Place::Runs(_) | Place::Instances(None) | Place::Pods(_))
    }

    /// The filter asks how long things usually take, which the rows of this run were read without.
    pub fn lacks_usual(&self) -> bool {
        let Data::Instances(rows) = &self.data else { return false };
        let of_run = matches!(self.place, Place::Instances(Some(_))) && rows.usual.is_empty();
        of_run && command::filter(&self.filter.text).is_ok_and(|f| f.asks_usual())
    }

    /// Lets a long list go that one may come back to: it is read again then, down to the line under the cursor.
    pub fn put_away(&mut self) {
        const KEPT: usize = 2_000;
        if !self.is_paged() || self.items.len() <= KEPT {
            return;
        }
        self.wanted = self.item().map(|i| i.id.clone());
        (self.data, self.items, self.loaded_at) = (Data::None, Vec::new(), None);
    }

    /// Builds the lines anew.
    pub fn rebuild(&mut self) {
        let id = self.items.get(self.cursor).map(|i| i.id.clone());
        let above = self.cursor.saturating_sub(self.top);
        let at_top = self.top == 0 && self.items.iter().take(self.cursor).all(Item::is_heading);
        let source = if self.place.is_text() { "" } else { &self.filter.text };
        let filter = match command::filter(source) {
            Ok(filter) => {
                // Of other rows nobody has looked up what is usual.
                let knows = matches!(self.place, Place::Dags | Place::Runs(_) | Place::Instances(_));
                let unknown = filter.asks_usual() && !knows;
                self.filter_error = unknown.then(|| "what is usual is known of DAGs, runs and task instances".into());
                filter
            }
            Err(e) => {
                self.filter_error = Some(e);
                Filter::default()
            }
        };
        self.graph = graph::build(self, &filter);
        let (mut items, total) = match self.place {
            Place::Graph(..) => (self.graph.items.clone(), self.graph.total),
            _ => items::build(self, &filter),
        };
        items.shrink_to_fit();
        let old = std::mem::replace(&mut self.items, items);
        self.total = total;
        let found = id.as_ref().and_then(|id| self.items.iter().position(|i| i.id == *id));
        for item in &self.items {
            if let Some(mark) = self.marks.get_mut(&item.id) {
                mark.clone_from(item);
            }
        }
        if let Some(index) = found.filter(|_| !at_top) {
            let known: HashSet<&str> = old.iter().map(|i| i.id.as_str()).collect();
            self.fresh += self.items[..index].iter().filter(|i| !known.contains(i.id.as_str())).count();
        }
        self.cursor = match found {
            Some(index) => index,
            None => self.cursor.min(self.items.len().saturating_sub(1)),
        };
        if let Some(at) = self.wanted.as_ref().and_then(|id| self.items.iter().position(|i| i.id == *id)) {
            self.cursor = at;
            self.wanted = None;
        }
        if found.is_some() {
            // At the very top what is new comes in sight.
            self.top = if at_top { 0 } else { self.cursor.saturating_sub(above) };
        }
        self.on_a_line(true);
    }

    /// Puts the cursor on a line that isn't a heading.
    pub fn on_a_line(&mut self, down: bool) {
        let fits = |i: usize| self.items.get(i).is_some_and(|item| !item.is_heading());
        if self.items.is_empty() || fits(self.cursor) {
            return;
        }
        let after = (self.cursor..self.items.len()).find(|i| fits(*i));
        let before = (0..self.cursor).rev().find(|i| fits(*i));
        self.cursor = if down { after.or(before) } else { before.or(after) }.unwrap_or(self.cursor);
    }

    /// Keeps the cursor inside of what is shown in `height` lines.
    pub fn settle(&mut self, height: usize) {
        if matches!(self.data, Data::None) {
            return;
        }
        let height = height.max(1);
        self.cursor = self.cursor.min(self.items.len().saturating_sub(1));
        // A heading right above the cursor is worth a line.
        let start = if self.cursor > 0 && self.items.get(self.cursor - 1).is_some_and(Item::is_heading) {
            self.cursor - 1
        } else {
            self.cursor
        };
        self.top = self.top.min(start).max((self.cursor + 1).saturating_sub(height));
        self.top = self.top.min(self.items.len().saturating_sub(height));
        if self.cursor == 0 || self.top == 0 {
            self.fresh = 0;
        }
    }

    /// The line under the cursor.
    pub fn item(&self) -> Option<&Item> {
        self.items.get(self.cursor)
    }

    /// What verbs act on: the line under the cursor, or what the screen is about.
    pub fn object(&self) -> Object {
        items::object(self)
    }

    /// What marks stand for, also those that a filter hides; the object under the cursor if there are none.
    pub fn targets(&self) -> Vec<Object> {
        if self.marks.is_empty() {
            return vec![self.object()];
        }
        let object = |item: &Item| match self.place {
            // Lines of a grid stand for their cell in the run under the cursor.
            Place::Grid(_) => tree::cell_of(self, Some(item)),
            _ => item.object.clone(),
        };
        let shown = self.items.iter().filter(|i| self.marks.contains_key(&i.id));
        let hidden = self.marks.values().filter(|m| !self.items.iter().any(|i| i.id == m.id));
        shown.chain(hidden).map(object).collect()
    }

    /// How many marked lines aren't shown.
    pub fn hidden_marks(&self) -> usize {
        self.marks.len() - self.items.iter().filter(|i| self.marks.contains_key(&i.id)).count()
    }
}
