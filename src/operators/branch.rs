//! Declarative branch and short circuit of TOML files.

use serde_json::Value;

use super::Arguments;
use crate::workload::{Inline, Workload};

/// `choose`: a template that gives one task id, several separated by commas or blanks, or a list.
pub fn choose(args: &Arguments<'_>) -> Result<Workload, String> {
    let task_ids = match args.get("choose") {
        Some(Value::String(text)) => text
            .split(|c: char| c == ',' || c.is_whitespace())
            .map(|id| id.trim_matches(|c| matches!(c, '[' | ']' | '\'' | '"')))
            .filter(|id| !id.is_empty() && *id != "None")
            .map(str::to_string)
            .collect(),
        _ => args.texts("choose")?.unwrap_or_default(),
    };
    Ok(Workload::Inline(Inline::Choose { task_ids }))
}

/// `condition`: a template; empty, `False`, `None`, `0`, `[]` and `{}` are false.
pub fn short_circuit(args: &Arguments<'_>) -> Result<Workload, String> {
    let go_on = match args.get("condition") {
        Some(Value::Bool(b)) => *b,
        Some(Value::Number(n)) => n.as_f64() != Some(0.0),
        Some(Value::String(s)) => !matches!(s.trim(), "" | "False" | "false" | "None" | "0" | "0.0" | "[]" | "{}"),
        Some(Value::Array(a)) => !a.is_empty(),
        Some(Value::Object(o)) => !o.is_empty(),
        Some(Value::Null) | None => false,
    };
    let ignore_downstream_trigger_rules = args.flag("ignore_downstream_trigger_rules", true)?;
    Ok(Workload::Inline(Inline::ShortCircuit { go_on, ignore_downstream_trigger_rules }))
}
