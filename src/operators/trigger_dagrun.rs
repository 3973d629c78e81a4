//! `TriggerDagRunOperator`: semantics 9.4.

use serde_json::{Value, json};

use super::{Arguments, arguments::parse_instant};
use crate::workload::{Inline, TriggerDagRun, Workload};

/// The workload of a `TriggerDagRunOperator`.
pub fn workload(args: &Arguments<'_>) -> Result<Workload, String> {
    let logical_date = match args.get("logical_date").or_else(|| args.get("execution_date")) {
        None => None,
        Some(Value::String(text)) => Some(
            parse_instant(text)
                .ok_or_else(|| format!("TriggerDagRunOperator: logical_date {text:?} is no date and time"))?,
        ),
        Some(_) => args.instant("logical_date")?,
    };
    let states = |name: &str, default: &str| -> Result<Vec<String>, String> {
        Ok(args.texts(name)?.unwrap_or_else(|| vec![default.to_string()]))
    };
    Ok(Workload::Inline(Inline::TriggerDagRun(Box::new(TriggerDagRun {
        trigger_dag_id: args.required("trigger_dag_id")?,
        trigger_run_id: args.text("trigger_run_id")?,
        conf: args.get("conf").cloned().unwrap_or(json!({})),
        logical_date,
        reset_dag_run: args.flag("reset_dag_run", false)?,
        skip_when_already_exists: args.flag("skip_when_already_exists", false)?,
        wait_for_completion: args.flag("wait_for_completion", false)?,
        deferrable: args.flag("deferrable", false)?,
        poke_interval: args.seconds("poke_interval")?.unwrap_or(60.0),
        allowed_states: states("allowed_states", "success")?,
        failed_states: states("failed_states", "failed")?,
        note: args.text("note")?,
    }))))
}
