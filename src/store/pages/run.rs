//! stub
use rusqlite::Connection;
/// stub
pub fn one(conn: &Connection, run: i64) -> crate::error::Result<Option<serde_json::Value>> {
    Ok(crate::store::run::get(conn, crate::model::RunId(run))?
        .map(|r| serde_json::json!({"dag_id": &*r.dag_id, "dag_run_id": &*r.run_id, "state": r.state.as_str()})))
}
