//! Saved plans.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{failed, rows};
use crate::error::Result;

/// A saved plan.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Id: made from what the plan holds, with a number behind it if one of that content was there before.
    pub plan_id: String,
    /// `saved`, `held`, `applied`, `discarded`, or `refused` for a held one that didn't hold any more.
    pub state: String,
    /// When.
    pub created_at: Timestamp,
    /// Who.
    pub who: String,
    /// The command as it was written.
    pub command_line: String,
    /// The command as JSON.
    pub command: String,
    /// What was shown, as JSON.
    pub document: String,
    /// What it was computed from.
    pub basis: Vec<String>,
    /// When a held one is applied.
    pub due_at: Option<Timestamp>,
    /// The same for all plans of one act; `None`: it is alone.
    pub act: Option<String>,
    /// When it was applied, discarded or refused; 1970 before that.
    pub decided_at: Timestamp,
    /// How its runs were when it was applied, as JSON.
    pub runs_before: Option<String>,
}

const COLUMNS: &str = "plan_id, state, created_at, who, command_line, command, document, basis, due_at, act, \
     decided_at, runs_before";

fn saved(row: &Row<'_>) -> rusqlite::Result<Saved> {
    let basis = rows::json(row, 7)?;
    let line = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    Ok(Saved {
        plan_id: row.get(0)?,
        state: row.get(1)?,
        created_at: rows::time(row, 2)?.unwrap_or(Timestamp::UNIX_EPOCH),
        who: row.get(3)?,
        command_line: row.get(4)?,
        command: row.get(5)?,
        document: row.get(6)?,
        basis: basis.as_array().into_iter().flatten().filter_map(line).collect(),
        due_at: rows::time(row, 8)?,
        act: row.get(9)?,
        decided_at: rows::time(row, 10)?.unwrap_or(Timestamp::UNIX_EPOCH),
        runs_before: row.get(11)?,
    })
}

/// Writes a plan in place of the one with its id.
pub fn save(tx: &Transaction<'_>, plan: &Saved) -> Result<()> {
    let basis = serde_json::Value::from(plan.basis.clone()).to_string();
    tx.execute(
        "INSERT OR REPLACE INTO plan (plan_id, state, created_at, who, command_line, command, document, basis, due_at, act) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            plan.plan_id,
            plan.state,
            plan.created_at.as_microsecond(),
            plan.who,
            plan.command_line,
            plan.command,
            plan.document,
            basis,
            rows::micros(plan.due_at),
            plan.act,
        ],
    )
    .map_err(|e| failed("cannot save a plan", e))?;
    Ok(())
}

/// A plan by its id.
pub fn get(db: &Connection, plan_id: &str) -> Result<Option<Saved>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM plan WHERE plan_id = ?1"), [plan_id], saved)
        .optional()
        .map_err(|e| failed(&format!("cannot read plan {plan_id}"), e))
}

/// The plans of one act, oldest first.
pub fn of_act(db: &Connection, act: &str) -> Result<Vec<Saved>> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE act = ?1 ORDER BY created_at, plan_id");
    let read = || -> rusqlite::Result<Vec<_>> { db.prepare(&sql)?.query_map([act], saved)?.collect() };
    read().map_err(|e| failed("cannot read the plans of an act", e))
}

/// What a plan does in the end, if other plans of its act have done a part of it.
pub fn rewrite(tx: &Transaction<'_>, plan_id: &str, document: &serde_json::Value) -> Result<()> {
    tx.execute("UPDATE plan SET document = ?2 WHERE plan_id = ?1", params![plan_id, document.to_string()])
        .map_err(|e| failed(&format!("cannot write plan {plan_id}"), e))?;
    Ok(())
}

/// Notes how the runs of a plan were when it was applied.
pub fn note_runs(tx: &Transaction<'_>, plan_id: &str, states: &serde_json::Value) -> Result<()> {
    tx.execute("UPDATE plan SET runs_before = ?2 WHERE plan_id = ?1", params![plan_id, states.to_string()])
        .map_err(|e| failed(&format!("cannot write plan {plan_id}"), e))?;
    Ok(())
}

/// What was noted when a plan was decided.
pub fn result(db: &Connection, plan_id: &str) -> Result<Option<String>> {
    db.query_row("SELECT result FROM plan WHERE plan_id = ?1", [plan_id], |row| row.get(0))
        .optional()
        .map(Option::flatten)
        .map_err(|e| failed(&format!("cannot read plan {plan_id}"), e))
}

/// Says what became of a plan.
pub fn decide(tx: &Transaction<'_>, plan_id: &str, state: &str, result: Option<&str>, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE plan SET state = ?2, result = ?3, decided_at = ?4 WHERE plan_id = ?1",
        params![plan_id, state, result, at.as_microsecond()],
    )
    .map_err(|e| failed(&format!("cannot write plan {plan_id}"), e))?;
    Ok(())
}

/// Held plans whose time has come, in the order of their times.
pub fn due(db: &Connection, now: Timestamp) -> Result<Vec<Saved>> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE state = 'held' AND due_at <= ?1 ORDER BY due_at, created_at");
    let read = || -> rusqlite::Result<Vec<_>> { db.prepare(&sql)?.query_map([now.as_microsecond()], saved)?.collect() };
    read().map_err(|e| failed("cannot read held plans", e))
}

/// When the next held plan is due.
pub fn next_due(db: &Connection) -> Result<Option<Timestamp>> {
    db.query_row("SELECT min(due_at) FROM plan WHERE state = 'held'", [], |row| rows::time(row, 0))
        .map_err(|e| failed("cannot read held plans", e))
}
