//! The audit log: who did what, before and after.

use rusqlite::Connection;

use crate::error::Result;

use super::{Micros, rows};

/// One act.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Row id.
    pub id: i64,
    /// When.
    pub at: Micros,
    /// Who.
    pub who: String,
    /// Through what.
    pub via: String,
    /// Verb.
    pub action: String,
    /// On what.
    pub target: String,
    /// How it ended.
    pub result: String,
    /// State before, JSON.
    pub before: Option<String>,
    /// State after, JSON.
    pub after: Option<String>,
    /// The same as a shell command.
    pub command: String,
}

/// The newest acts, newest first; of those about an object only, if its name is given.
pub fn load(conn: &Connection, about: Option<&str>, limit: usize) -> Result<Vec<AuditRow>> {
    rows(
        conn,
        "SELECT id, at, who, via, action, target, result, before, after, command FROM audit
         WHERE ?1 IS NULL OR instr(target, ?1) > 0 OR instr(command, ?1) > 0 ORDER BY id DESC LIMIT ?2",
        (about, limit as i64),
        |r| {
            Ok(AuditRow {
                id: r.get(0)?,
                at: r.get(1)?,
                who: r.get(2)?,
                via: r.get(3)?,
                action: r.get(4)?,
                target: r.get(5)?,
                result: r.get(6)?,
                before: r.get(7)?,
                after: r.get(8)?,
                command: r.get(9)?,
            })
        },
    )
}
