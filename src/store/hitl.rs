//! Questions to people, and their answers.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::{failed, rows};
use crate::{
    error::Result,
    model::{HitlRequest, HitlResponse, TiKey},
};

/// Writes a question; an earlier one of the instance is replaced, with its answer.
pub fn ask(tx: &Transaction<'_>, request: &HitlRequest, at: Timestamp) -> Result<()> {
    let key = &request.key;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO hitl (run, task_id, map_index, subject, body, options, defaults, multiple, params, \
         assigned_users, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .and_then(|mut s| {
        s.execute(params![
            key.run.0,
            &*key.task_id,
            key.map_index,
            request.subject,
            request.body,
            json!(request.options).to_string(),
            request.defaults.as_ref().map(|d| json!(d).to_string()),
            request.multiple,
            json!(request.params).to_string(),
            json!(request.assigned_users).to_string(),
            at.as_microsecond(),
        ])
    })
    .map_err(|e| failed(&format!("cannot write what {key} asks"), e))?;
    Ok(())
}

/// Writes the answer.
pub fn respond(tx: &Transaction<'_>, key: &TiKey, response: &HitlResponse) -> Result<()> {
    let who = response.responded_by.as_ref().map(|user| json!({"id": user, "name": user}).to_string());
    tx.execute(
        "UPDATE hitl SET responded_at = ?4, responded_by = ?5, chosen_options = ?6, params_input = ?7 \
         WHERE run = ?1 AND task_id = ?2 AND map_index = ?3",
        params![
            key.run.0,
            &*key.task_id,
            key.map_index,
            response.responded_at.as_microsecond(),
            who,
            json!(response.chosen_options).to_string(),
            response.params_input.to_string(),
        ],
    )
    .map_err(|e| failed(&format!("cannot write the answer for {key}"), e))?;
    Ok(())
}

/// What an instance asks.
pub fn get(db: &Connection, key: &TiKey) -> Result<Option<HitlRequest>> {
    let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<HitlRequest> {
        let list = |value: Value| serde_json::from_value::<Vec<String>>(value).unwrap_or_default();
        let optional = |index: usize| -> rusqlite::Result<Option<Value>> {
            let text: Option<String> = row.get(index)?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        };
        let at: Option<i64> = row.get(7)?;
        let response = match at.and_then(|at| Timestamp::from_microsecond(at).ok()) {
            Some(responded_at) => Some(HitlResponse {
                responded_at,
                responded_by: optional(8)?.and_then(|who| who["id"].as_str().map(str::to_string)),
                chosen_options: optional(9)?.map(list).unwrap_or_default(),
                params_input: optional(10)?.unwrap_or_else(|| json!({})),
            }),
            None => None,
        };
        Ok(HitlRequest {
            key: key.clone(),
            subject: row.get(0)?,
            body: row.get(1)?,
            options: list(rows::json(row, 2)?),
            defaults: optional(3)?.map(list),
            multiple: row.get(4)?,
            params: serde_json::from_value(rows::json(row, 5)?).unwrap_or_default(),
            assigned_users: serde_json::from_value(rows::json(row, 6)?).unwrap_or_default(),
            response,
        })
    };
    db.prepare_cached(
        "SELECT subject, body, options, defaults, multiple, params, assigned_users, responded_at, responded_by, \
         chosen_options, params_input FROM hitl WHERE run = ?1 AND task_id = ?2 AND map_index = ?3",
    )
    .and_then(|mut s| s.query_row(params![key.run.0, &*key.task_id, key.map_index], read).optional())
    .map_err(|e| failed(&format!("cannot read what {key} asks"), e))
}
