//! Long lists in pages: where one page ends the next one begins, so that no page costs more than the first.

use std::cmp::Reverse;

use rusqlite::{Connection, Row, types::Value};

use crate::{error::Result, model::MapIndex};

use super::{Micros, reading, rows, usual::Usual};

/// Rows that are looked at before a page is given back with what was found so far. A filter that few rows fit is answered in
/// several pages, between which something else can be asked.
pub const LOOK: usize = 10_000;
/// Runs that are passed by before a page is given back: each costs a tenth of a row that is looked at.
const PASS: usize = 10 * LOOK;

/// Where a row stands in its list: newest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When its run was due; or when it ended, in a list of what failed.
    pub at: Reverse<Micros>,
    /// Row id of its run.
    pub run: Reverse<i64>,
    /// Its task; empty for a run.
    pub task_id: String,
    /// Its index.
    pub map_index: MapIndex,
}

/// How a list is walked through, by what its filter asks for exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Walk {
    /// By run, newest first.
    #[default]
    Runs,
    /// What is busy, which has an index of its own; sorted by run.
    Busy,
    /// What failed, by its end.
    Failed,
}

/// A row that has a place in a list.
pub trait Placed {
    /// Where it stands.
    fn position(&self, walk: Walk) -> Position;
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// After this row; `None`: from the top.
    pub after: Option<Position>,
    /// At most so many rows.
    pub limit: usize,
}

/// Rows of a list that fit, from its top.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Where reading goes on; `None`: there are no more.
    pub next: Option<Position>,
    /// It ended because enough rows were looked at, not because enough were found.
    pub looking: bool,
    /// How many rows were looked at.
    pub seen: usize,
    /// How the list is walked through.
    pub walk: Walk,
    /// How many seconds the last successes of what the rows are about took, if that was asked for.
    pub usual: Usual,
}

impl<T> Page<T> {
    /// There may be more rows than these.
    pub fn more(&self) -> bool {
        self.next.is_some()
    }
}

impl<T> std::ops::Deref for Page<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.rows
    }
}

impl<T> From<Vec<T>> for Page<T> {
    fn from(rows: Vec<T>) -> Self {
        Self { next: None, looking: false, seen: rows.len(), rows, walk: Walk::Runs, usual: Usual::default() }
    }
}

impl<T: Placed> Page<T> {
    /// Takes a page that was read after a position (`None`: from the top): its rows are put in the place of those that were known
    /// there. Further down stays what is known, as far as it is older than what can be looked at each time.
    pub fn take(&mut self, new: Self, after: Option<&Position>) {
        let goes_on = after.is_some() && after == self.next.as_ref();
        let deeper = new.next.as_ref().is_some_and(|end| self.next.as_ref().is_none_or(|n| n > end));
        // What ended because enough was found leaves the rest to be read again when somebody comes there.
        let keep = new.looking && deeper;
        let walk = new.walk;
        self.rows.retain(|r| {
            let at = r.position(walk);
            after.is_some_and(|a| at <= *a) || (keep && new.next.as_ref().is_some_and(|end| at > *end))
        });
        let between = self.rows.partition_point(|r| after.is_some_and(|a| r.position(walk) <= *a));
        self.seen = if goes_on {
            self.seen + new.seen
        } else if keep {
            self.seen.max(new.seen)
        } else {
            new.seen
        };
        if !keep {
            self.next = new.next;
            self.looking = new.looking;
        }
        self.usual.extend(new.usual);
        // A long list isn't doubled for one more page.
        if self.rows.capacity() - self.rows.len() < new.rows.len() {
            self.rows.reserve_exact(new.rows.len() + self.rows.len() / 8);
        }
        self.rows.splice(between..between, new.rows);
        self.walk = walk;
    }
}

/// A page while it is read.
pub(crate) struct Reading<T> {
    page: Page<T>,
    limit: usize,
    passed: usize,
    last: Option<Position>,
}

impl<T: Placed> Reading<T> {
    /// Nothing is read yet.
    pub fn new(walk: Walk, limit: usize) -> Self {
        let page = Page { rows: Vec::new(), next: None, looking: false, seen: 0, walk, usual: Usual::default() };
        Self { page, limit, passed: 0, last: None }
    }

    /// Enough was found, or looked at.
    pub fn is_full(&self) -> bool {
        self.page.rows.len() >= self.limit || self.page.seen >= LOOK.max(self.limit) || self.passed >= PASS
    }

    /// Looks at a row and keeps it if it fits.
    pub fn look(&mut self, row: T, keep: impl Fn(&T) -> bool) {
        self.page.seen += 1;
        if self.page.seen == LOOK.max(self.limit) || self.page.rows.len() + 1 >= self.limit {
            self.last = Some(row.position(self.page.walk));
        }
        if keep(&row) {
            self.page.rows.push(row);
        }
    }

    /// Passes by a run of which nothing can fit.
    pub fn pass(&mut self, at: Micros, run: i64) {
        self.passed += 1;
        if self.passed == PASS {
            let after_all = char::MAX.to_string();
            self.last =
                Some(Position { at: Reverse(at), run: Reverse(run), task_id: after_all, map_index: MapIndex::MAX });
        }
    }

    /// The page; it ended here because it is full, or (`is_end`) because there is nothing more.
    pub fn done(mut self, is_end: bool) -> Page<T> {
        if !is_end {
            self.page.looking = self.page.rows.len() < self.limit;
            self.page.next = self.last;
        }
        self.page
    }
}

/// Looks at the rows of a statement one by one and keeps those that fit, until there are enough.
pub(crate) fn read<T: Placed>(
    conn: &Connection,
    (sql, values): (&str, Vec<Value>),
    walk: Walk,
    make: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    keep: impl Fn(&T) -> bool,
    limit: usize,
) -> Result<Page<T>> {
    #[cfg(test)]
    super::plans::note(conn, sql);
    let mut statement = conn.prepare_cached(sql).map_err(reading)?;
    let mut found = statement.query(rusqlite::params_from_iter(values)).map_err(reading)?;
    let mut page = Reading::new(walk, limit);
    while let Some(row) = found.next().map_err(reading)? {
        if page.is_full() {
            return Ok(page.done(false));
        }
        page.look(make(row).map_err(reading)?, &keep);
    }
    Ok(page.done(true))
}

/// The DAG that a filter names, as it is spelled, if it names exactly one. A name that no DAG has is given back as it is.
pub(crate) fn one_dag(conn: &Connection, names: Option<&[String]>) -> Result<Option<String>> {
    let Some([name]) = names else { return Ok(None) };
    let found: Vec<String> =
        rows(conn, "SELECT dag_id FROM dag WHERE lower(dag_id) = ?1 LIMIT 2", [name], |r| r.get(0))?;
    Ok(match found.as_slice() {
        [] => Some(name.clone()),
        [one] => Some(one.clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Row(i64, &'static str);

    impl Placed for Row {
        fn position(&self, _: Walk) -> Position {
            Position { at: Reverse(self.0), run: Reverse(self.0), task_id: String::new(), map_index: -1 }
        }
    }

    fn page(rows: &[Row], next: Option<i64>, looking: bool) -> Page<Row> {
        let next = next.map(|at| Row(at, "").position(Walk::Runs));
        Page { rows: rows.to_vec(), next, looking, seen: rows.len(), walk: Walk::Runs, usual: Usual::default() }
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let mut all = page(&[Row(9, "a"), Row(8, "a")], Some(8), false);
        let after = all.next.clone();
        all.take(page(&[Row(7, "b"), Row(5, "b")], None, false), after.as_ref());
        assert_eq!(all.rows, [Row(9, "a"), Row(8, "a"), Row(7, "b"), Row(5, "b")]);
        assert_eq!((all.seen, &all.next), (4, &None));
    }

    #[test]
    fn what_was_read_again_replaces_what_was_known() {
        // From the top: enough was found, so what lies below is read when somebody comes there.
        let mut all = page(&[Row(9, "a"), Row(8, "a"), Row(5, "a")], None, false);
        all.take(page(&[Row(10, "b"), Row(9, "b")], Some(9), false), None);
        assert_eq!(all.rows, [Row(10, "b"), Row(9, "b")]);
        assert!(all.next.is_some());
        // Few rows fit: what was found further down stays, and the walk isn't begun again.
        let mut all = page(&[Row(9, "a"), Row(3, "a")], None, false);
        all.take(page(&[Row(10, "b")], Some(6), true), None);
        assert_eq!(all.rows, [Row(10, "b"), Row(3, "a")]);
        assert_eq!((all.next.is_some(), all.looking), (false, false));
    }
}
