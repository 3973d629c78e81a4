//! What tasks ask people, as far as nobody answered yet.

use rusqlite::Connection;
use serde_json::Value;

use crate::error::Result;

use super::{
    TiRef,
    instances::{self, TiRow},
    rows,
};

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The task instance that waits.
    pub row: TiRow,
    /// What is asked.
    pub subject: String,
    /// More about it.
    pub body: Option<String>,
    /// What may be chosen.
    pub options: Vec<String>,
    /// More than one may be chosen.
    pub multiple: bool,
    /// Taken when nobody answers in time.
    pub defaults: Vec<String>,
    /// Values of a form: name -> {value, description, schema}.
    pub params: Value,
}

/// Questions that wait, the oldest first; of one instance only, if it is given.
pub fn load(conn: &Connection, of: Option<&TiRef>) -> Result<Vec<Question>> {
    let sql = format!(
        "{}, h.subject, h.body, h.options, h.multiple, h.defaults, h.params
         FROM task_instance t INDEXED BY task_instance_busy
         CROSS JOIN hitl h ON t.run = h.run AND t.task_id = h.task_id AND t.map_index = h.map_index
         CROSS JOIN dag_run r ON r.id = t.run {}
         WHERE {} AND t.state = 'awaiting_input'
           AND (?1 IS NULL OR (t.run = ?1 AND t.task_id = ?2 AND t.map_index = ?3))
         ORDER BY h.created_at LIMIT 500",
        instances::SELECT,
        instances::JOINS,
        instances::BUSY
    );
    let list =
        |text: Option<String>| -> Vec<String> { text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default() };
    let key = (of.map(|t| t.run.id), of.map(|t| t.task_id.as_str()), of.map(|t| t.map_index));
    rows(conn, &sql, key, |r| {
        Ok(Question {
            row: instances::make(r)?,
            subject: r.get("subject")?,
            body: r.get("body")?,
            options: list(r.get("options")?),
            multiple: r.get("multiple")?,
            defaults: list(r.get("defaults")?),
            params: r.get::<_, String>("params").map(|t| serde_json::from_str(&t).unwrap_or_default())?,
        })
    })
}
