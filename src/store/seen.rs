//! What is kept beside the rows of task instances, so that readers needn't look at each of them: what a task's instances have
//! ever been (`task_seen`) and said (`task_said`), runs of which one ended late (`run_ended_before`), and how many of a finished
//! run are in which state (`dag_run.counts`).
//!
//! A transaction collects it and writes it once, at its end; what says nothing new writes nothing. It may say more than there is,
//! never less, and is taken back only with its DAG.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{failed, rows::micros};
use crate::{
    error::Result,
    model::{Cause, RunId, TaskInstance, TiState},
};

/// Texts of one kind that are kept of a task. One that has so many may say anything.
pub const MOST_SAID: usize = 200;

/// What a transaction wrote of task instances.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    runs: BTreeMap<RunId, OfRun<'a>>,
}

#[derive(Debug, Default)]
struct OfRun<'a> {
    /// By task, operator, pool.
    tasks: BTreeMap<(&'a str, &'a str, &'a str), Been>,
    /// Task, kind, text.
    said: BTreeSet<(&'a str, &'static str, String)>,
    /// When the last instance ended, microseconds.
    ended: Option<i64>,
}

#[derive(Debug, Default)]
struct Been {
    states: BTreeSet<TiState>,
    /// From start to end, microseconds: the shortest and the longest time.
    took: Option<(i64, i64)>,
    highest_index: i32,
}

impl<'a> Seen<'a> {
    /// A run changed, or is new.
    pub fn run(&mut self, run: RunId) {
        self.runs.entry(run).or_default();
    }

    /// An instance is new.
    pub fn instance(&mut self, row: &'a TaskInstance) {
        let of_run = self.runs.entry(row.key.run).or_default();
        let fresh = || Been { highest_index: row.key.map_index, ..Been::default() };
        let task = (&*row.key.task_id, row.operator.as_str(), row.pool.as_str());
        let been = of_run.tasks.entry(task).or_insert_with(fresh);
        been.highest_index = been.highest_index.max(row.key.map_index);
        // States that pass are looked for where they are.
        if row.state.is_finished() || row.state == TiState::None {
            been.states.insert(row.state);
        }
        let end = micros(row.end_date);
        if let (Some(start), Some(end)) = (micros(row.start_date), end) {
            let took = end - start;
            been.took = Some(been.took.map_or((took, took), |(short, long)| (short.min(took), long.max(took))));
        }
        of_run.ended = of_run.ended.max(end);
        for (kind, text) in [("note", &row.note), ("name", &row.rendered_map_index)] {
            of_run.said.extend(text.as_deref().map(|text| (&*row.key.task_id, kind, collapsed(text))));
        }
    }

    /// An instance's row is another one.
    pub fn change(&mut self, row: &'a TaskInstance, cause: Option<&Cause>) {
        let goes_on = matches!(row.state, TiState::Scheduled | TiState::Queued | TiState::Running);
        if goes_on && cause.is_none() && row.rendered_map_index.is_none() {
            // Nothing is kept of that; and no instance of a run that has ended comes into these states.
            return;
        }
        // A new operator or pool comes with a clear, which leads to one of these states.
        if row.state.is_finished() || matches!(row.state, TiState::None | TiState::Restarting) {
            self.instance(row);
        }
        let of_run = self.runs.entry(row.key.run).or_default();
        let name = row.rendered_map_index.as_deref().map(|name| ("name", collapsed(name)));
        let cause = cause.map(|c| {
            let class = c.exception.as_ref().map(|class| format!("{class}: ")).unwrap_or_default();
            ("cause", collapsed(&(class + &c.summary)))
        });
        of_run.said.extend([name, cause].into_iter().flatten().map(|(kind, text)| (&*row.key.task_id, kind, text)));
    }

    /// Writes what is new of it.
    pub fn write(self, tx: &Transaction<'_>) -> Result<()> {
        self.put(tx).map_err(|e| failed("cannot keep what task instances were", e))
    }

    fn put(self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        for (run, of_run) in self.runs {
            let found = tx
                .prepare_cached("SELECT dag_id, state IN ('success', 'failed'), end_date FROM dag_run WHERE id = ?1")?
                .query_row([run.0], |r| Ok((r.get::<_, String>(0)?, r.get::<_, bool>(1)?, r.get::<_, Option<i64>>(2)?)))
                .optional()?;
            let Some((dag_id, is_finished, end)) = found else { continue };
            for (task, been) in of_run.tasks {
                been.put(tx, &dag_id, task)?;
            }
            for (task, kind, text) in &of_run.said {
                said(tx, &dag_id, task, kind, text)?;
            }
            if end.is_some_and(|end| of_run.ended > Some(end)) {
                tx.prepare_cached("INSERT OR IGNORE INTO run_ended_before VALUES (?1)")?.execute([run.0])?;
            }
            if is_finished {
                tx.prepare_cached(COUNT_RUN)?.execute([run.0])?;
            }
        }
        Ok(())
    }
}

/// Sets a run's counts; whatever changes the run's state takes them away.
const COUNT_RUN: &str = "UPDATE dag_run SET counts = (SELECT json_group_object(state, n) FROM
    (SELECT state, count(*) AS n FROM task_instance WHERE run = dag_run.id GROUP BY state)) WHERE id = ?1";

impl Been {
    fn put(
        &self,
        tx: &Transaction<'_>,
        dag_id: &str,
        (task, operator, pool): (&str, &str, &str),
    ) -> rusqlite::Result<()> {
        let found = tx
            .prepare_cached(
                "SELECT states, shortest, longest, highest_index FROM task_seen
                 WHERE dag_id = ?1 AND task_id = ?2 AND operator = ?3 AND pool = ?4",
            )?
            .query_row([dag_id, task, operator, pool], |r| {
                Ok((r.get::<_, String>(0)?, r.get::<_, Option<i64>>(1)?, r.get::<_, Option<i64>>(2)?, r.get(3)?))
            })
            .optional()?;
        let is_new = found.is_none();
        let (mut states, mut short, mut long, mut highest) = found.unwrap_or_else(|| (",".to_owned(), None, None, -1));
        let before = (states.len(), short, long, highest);
        for state in &self.states {
            if !states.contains(&format!(",{state},")) {
                states.push_str(&format!("{state},"));
            }
        }
        if let Some((shortest, longest)) = self.took {
            short = Some(short.map_or(shortest, |s| s.min(shortest)));
            long = long.max(Some(longest));
        }
        highest = highest.max(self.highest_index);
        if is_new || before != (states.len(), short, long, highest) {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO task_seen (dag_id, task_id, operator, pool, states, shortest, longest, highest_index)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![dag_id, task, operator, pool, states, short, long, highest])?;
        }
        Ok(())
    }
}

fn said(tx: &Connection, dag_id: &str, task: &str, kind: &str, text: &str) -> rusqlite::Result<()> {
    let is_known = tx
        .prepare_cached("SELECT 1 FROM task_said WHERE dag_id = ?1 AND task_id = ?2 AND kind = ?3 AND text = ?4")?
        .exists([dag_id, task, kind, text])?;
    if !is_known {
        tx.prepare_cached(
            "INSERT INTO task_said SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM task_said
                 WHERE dag_id = ?1 AND task_id = ?2 AND kind = ?3) < ?5",
        )?
        .execute(params![dag_id, task, kind, text, MOST_SAID as i64])?;
    }
    Ok(())
}

/// Keeps what a person wrote beside an instance.
pub(super) fn noted(tx: &Transaction<'_>, run: RunId, task: &str, text: &str) -> rusqlite::Result<()> {
    let dag_id = tx
        .prepare_cached("SELECT dag_id FROM dag_run WHERE id = ?1")?
        .query_row([run.0], |r| r.get::<_, String>(0))
        .optional()?;
    dag_id.map_or(Ok(()), |dag_id| said(tx, &dag_id, task, "note", &collapsed(text)))
}

/// A text with each number as `0`: texts that differ in their ids and counts only are one. What is part of a text is, so
/// collapsed, part of the collapsed text.
pub(crate) fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if !c.is_ascii_digit() => out.push(c),
            _ if out.ends_with('0') => {}
            _ => out.push('0'),
        }
    }
    out
}

/// Looks at all rows again and keeps what they say: for rows that didn't come through the gate.
///
/// # Errors
/// `System` if the store can't be written.
pub fn recount(db: &Connection) -> Result<()> {
    db.execute_batch(include_str!("seen_recount.sql")).map_err(|e| failed("cannot keep what task instances were", e))
}

#[cfg(test)]
mod tests {
    use super::collapsed;

    #[test]
    fn numbers_are_one() {
        for (text, wanted) in [
            ("", ""),
            ("pod train-17-x2 was 404 times gone", "pod train-0-x0 was 0 times gone"),
            ("00012", "0"),
            ("Übung ٣", "Übung ٣"),
        ] {
            assert_eq!(collapsed(text), wanted);
        }
        // Whatever part of a text is looked for is found in it.
        let text = "a12b003c4";
        for from in 0..text.len() {
            for to in from..=text.len() {
                assert!(collapsed(text).contains(&collapsed(&text[from..to])), "{from}..{to}");
            }
        }
    }
}
