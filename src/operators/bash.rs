//! `BashOperator`: semantics 9.2.

use serde_json::Value;

use super::Arguments;
use crate::{
    model::Dag,
    workload::{ShellCommand, Workload},
};

/// The workload of a `BashOperator`.
pub fn workload(_dag: &Dag, args: &Arguments<'_>) -> Result<Workload, String> {
    let skip_on_exit_code = match args.get("skip_on_exit_code") {
        Some(Value::Array(codes)) => codes.iter().filter_map(|c| c.as_i64().map(|c| c as i32)).collect(),
        Some(value) => value
            .get("value")
            .and_then(Value::as_array)
            .map(|codes| codes.iter().filter_map(|c| c.as_i64().map(|c| c as i32)).collect())
            .or_else(|| value.as_i64().map(|c| vec![c as i32]))
            .ok_or_else(|| {
                format!("BashOperator: skip_on_exit_code must be a number or a list of numbers, not {value}")
            })?,
        None => Vec::new(),
    };
    Ok(Workload::Shell(ShellCommand {
        command: args.required("bash_command")?,
        env: args.text_map("env")?,
        append_env: args.flag("append_env", false)?,
        cwd: args.text("cwd")?,
        skip_on_exit_code,
    }))
}
