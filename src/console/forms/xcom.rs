//! The form that writes an XCom.

use serde_json::Value;

use crate::{protocol::Command, store::screens::TiRef};

/// The value that was typed.
///
/// # Errors
/// What isn't JSON about it.
pub fn value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| {
        let quoted = Value::from(text.trim());
        format!("value: not JSON; a text is written {quoted} ({e})")
    })
}

/// Writes an XCom, or removes it.
pub fn command(ti: &TiRef, key: &str, value: Value, delete: bool) -> Command {
    Command::SetXcom {
        dag_id: ti.run.dag_id.clone(),
        run_id: ti.run.run_id.clone(),
        task_id: ti.task_id.clone(),
        map_index: ti.map_index,
        key: key.into(),
        value,
        delete,
    }
}
